"""The page: nothing of a corpus is taken for markup, every text has its language and direction."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser

import pytest

from isoglot.corpora import CorpusBuilder, CorpusInfo
from isoglot.report.gallery import page as page_module
from isoglot.report.gallery import write_gallery
from isoglot.report.gallery.counts import count
from isoglot.report.gallery.page import direction, own_name

from .scenes import HOSTILE, LANGUAGES

OWN_ELEMENTS = {
    "html", "head", "meta", "title", "link", "style", "body", "header", "h1", "h2", "h3", "h4", "span", "bdi",
    "p", "dl", "dt", "dd", "details", "summary", "div", "table", "thead", "tbody", "tfoot", "tr", "th", "td",
    "form", "label", "input", "select", "option", "output", "fieldset", "legend", "button", "main", "section",
    "article", "ul", "li", "figure", "figcaption", "img", "video", "audio", "code", "strong", "br", "script",
}  # fmt: skip


class Reader(HTMLParser):
    """Every element of a page with its attributes, and the text of those of the class `said`."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[tuple[dict[str, str | None], str]] = []
        self._said: dict[str, str | None] | None = None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if "said" in (dict(attrs).get("class") or "").split():
            self._said = dict(attrs)

    def handle_data(self, data):
        if self._said is not None:
            self.said.append((self._said, data))
            self._said = None

    def with_name(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag == name]


@pytest.fixture(scope="module")
def written(scene_corpus, tmp_path_factory) -> dict[str, Reader]:
    """The page as one file, and as a folder."""
    folder = tmp_path_factory.mktemp("pages")
    outs = {"file": folder / "a.html", "folder": folder / "a"}
    pages = {name: write_gallery(scene_corpus, out).page for name, out in outs.items()}
    return {name: Reader(page.read_text(encoding="utf-8")) for name, page in pages.items()}


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_nothing_of_the_corpus_is_markup(written, kind):
    page = written[kind]
    assert {tag for tag, _ in page.elements} <= OWN_ELEMENTS
    assert len(page.with_name("script")) == 1
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert "a large red <b>circle</b>" in {text for _, text in page.said}
    assert any(video["aria-label"] == "video video.q" for video in page.with_name("video"))
    assert any(image["alt"] == f"image {HOSTILE}.q" for image in page.with_name("img"))


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_every_text_has_its_language_and_direction(written, kind):
    said = written[kind].said
    found = Counter(attributes["lang"] for attributes, _ in said)
    texts = {attributes["lang"]: attributes["dir"] for attributes, _ in said}
    assert texts == {"ar": "rtl", "de": "ltr", "en": "ltr", "hi": "ltr", "zh": "ltr"}
    assert found["de"] == 2 * 4 + 2 * 4  # on both sides of four groups, and in the four sides of two pairs
    assert found["ar"] == found["de"] + 1  # a distractor


def test_media_are_in_the_file_or_beside_it(written):
    def addresses(page):
        return {
            attributes["src"]
            for tag in ("img", "video", "audio")
            for attributes in page.with_name(tag)
            if attributes["src"] is not None
        }

    inside, beside = addresses(written["file"]), addresses(written["folder"])
    assert len(inside) == len(beside) == 9
    assert {address.partition(";")[0] for address in inside} == {
        "data:image/png", "data:video/webm", "data:audio/wav",
    }  # fmt: skip
    assert "media/q/sound.wav" in beside
    assert all(address.startswith("media/") for address in beside)


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_nothing_is_asked_of_anybody(written, kind):
    page = written[kind]
    policy = next(meta["content"] for meta in page.with_name("meta") if "http-equiv" in meta)
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    assert "http" not in policy
    links = [value for _, attributes in page.elements for key, value in attributes.items() if key == "href"]
    assert links == ["data:,"]


def test_how_much_is_shown_of_how_much(scene_corpus, tmp_path):
    page = write_gallery(scene_corpus, tmp_path / "a.html", num_groups=3, seed=7).page
    words = " ".join(page.read_text(encoding="utf-8").split())
    told = "3 of 5 groups, 1 of 2 labelled pairs, 1 of 3 distractors, drawn evenly with seed 7"
    assert told in words


def test_many_texts_lie_behind_a_line_and_long_ones_open(tmp_path, monkeypatch):
    monkeypatch.setattr(page_module, "NUM_OPEN", 2)
    builder = CorpusBuilder(CorpusInfo("many"))
    for number in range(5):
        builder.add_query(f"q{number}", "q", "en", f"query {number} " + "long " * 100 * (number == 0))
    builder.add_document("d", "q", "en", "document", title="heading of it")
    builder.judge_group("test", "q")
    page = write_gallery(builder.build(), tmp_path / "a.html").page.read_text(encoding="utf-8")
    assert "<summary>3 more</summary>" in page
    assert page.count('class="clamp"') == 1
    assert page.index("heading of it") < page.index(">document<")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "ltr"),
        ("مرحبا", "rtl"),
        ("ABC مرحبا بالعالم", "rtl"),
        ("a long sentence that names مرحبا", "ltr"),
        ("שלום 2026", "rtl"),
        ("2026", "auto"),
        ("", "auto"),
    ],
)
def test_direction_is_that_of_most_letters(text, expected):
    assert direction(text) == expected


def test_languages_are_called_what_they_call_themselves():
    assert [own_name(tag) for tag in ("ar", "de", "zh-Hant", "x")] == [
        "العربية", "Deutsch", "中文（繁體）", "x",
    ]  # fmt: skip


def test_counts(scene_corpus):
    counts = count(scene_corpus)
    assert counts.columns == (
        ("queries", "text"), ("queries", "image"), ("queries", "audio"), ("queries", "video"),
        ("documents", "text"), ("documents", "image"), ("documents", "audio"), ("documents", "video"),
    )  # fmt: skip
    assert list(counts.rows) == [*LANGUAGES, None]
    assert counts.rows["en"] == (4, 0, 0, 0, 6, 0, 0, 0)
    assert counts.rows[None] == (0, 2, 1, 1, 0, 3, 1, 1)
    assert counts.totals == (20, 2, 1, 1, 23, 3, 1, 1)
    assert counts.splits == {
        "train": "1 group; every document of a group is relevant to every query of it",
        "test": "3 groups; every document of a group is relevant to every query of it; 2 paraphrase pairs",
    }
