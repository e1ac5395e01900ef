"""The gallery in headless Chromium: media play, controls filter, no request leaves it."""

from __future__ import annotations

import html
import json
import re
import subprocess
from pathlib import Path

import pytest

from isoglot.report.gallery import Gallery, write_gallery

from ..report.gallery.scenes import HOSTILE, scenes  # noqa: TID252

pytestmark = pytest.mark.browser
WATCH = """
<script>
window.failures = [];
addEventListener("error", event => failures.push(event.message ?? event.target.currentSrc), true);
addEventListener("securitypolicyviolation", event => failures.push(event.violatedDirective));
window.alert = () => failures.push("alert");
</script>
"""
PROBE = """
<script>
addEventListener("load", async () => {
  const said = {};
  const all = (name, inside = document) => [...inside.querySelectorAll(name)];
  const seen = name => all(name).filter(element => element.checkVisibility());
  const cards = () => seen(".card").map(card => card.querySelector(".name")?.textContent ?? "distractors");
  const set = (name, value) => {
    const field = form.elements[name];
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const choose = (...tags) => all("[name=language]").forEach(box => {
    if (box.checked !== tags.includes(box.value)) box.click();
  });
  try { %s } catch (error) { said.error = String(error); }
  const out = document.createElement("pre");
  out.id = "said";
  out.textContent = JSON.stringify(said);
  document.body.append(out);
});
</script>
"""


@pytest.fixture(scope="module")
def galleries(tmp_path_factory) -> dict[str, Gallery]:
    """The same corpus as one file, and as a folder."""
    folder = tmp_path_factory.mktemp("galleries")
    corpus = scenes(folder)
    (Path(str(corpus.media_root)) / "apart.png").write_bytes(b"no picture")
    return {name: write_gallery(corpus, folder / out) for name, out in (("file", "a.html"), ("folder", "a"))}


def ask(chromium: str, gallery: Gallery, folder: Path, script: str, *options: str) -> dict[str, object]:
    """What a script finds on a page, in the place where it was written; it fills the object `said`."""
    page = gallery.page.read_text(encoding="utf-8")
    return ask_page(chromium, page, gallery.page.with_name("asked.html"), folder, script, *options)


def ask_page(
    chromium: str, page: str, file: Path, folder: Path, script: str, *options: str
) -> dict[str, object]:
    """What a script finds on a page, written to a file."""
    file.write_text(
        page.replace("<head>", f"<head>{WATCH}", 1).replace("</body>", f"{PROBE % script}</body>"), "utf-8"
    )
    command = [
        chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}",
        "--window-size=1200,900", "--virtual-time-budget=8000", *options, "--dump-dom", file.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found = re.search(r'<pre id="said">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stderr[-2000:]
    said: dict[str, object] = json.loads(html.unescape(found[1]))
    assert "error" not in said, said
    return said


MEASURE = """
const loaded = medium => new Promise(done => {
  if (medium.readyState >= 1) done();
  else for (const kind of ["loadedmetadata", "error"]) medium.addEventListener(kind, done);
});
all("img").forEach(image => { image.loading = "eager"; });
await Promise.all([...all("video, audio").map(loaded), ...all("img").map(image => image.decode())]);
said.pictures = all("img").map(image => image.naturalWidth);
said.videos = all("video").map(video => [video.videoWidth, video.videoHeight, video.duration]);
said.sounds = all("audio").map(sound => sound.duration);
said.controls = all("video, audio").every(medium => medium.controls);
said.notes = all(".absent").map(note => note.textContent);
said.failures = failures;
said.requests = performance.getEntriesByType("resource").map(entry => entry.name);
"""


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_pictures_videos_and_sounds_are_shown_and_nothing_else_is_loaded(chromium, galleries, tmp_path, kind):
    said = ask(chromium, galleries[kind], tmp_path, MEASURE)
    assert said["failures"] == []
    assert said["pictures"] == [64] * 10
    assert [video[:2] for video in said["videos"]] == [[64, 64]] * 4
    assert all(video[2] == pytest.approx(1.0, abs=0.15) for video in said["videos"])
    assert len(said["sounds"]) == 2
    assert all(0.3 < seconds < 4 for seconds in said["sounds"])
    assert said["controls"] is True
    assert len(said["notes"]) == 1
    assert "the file is no picture" in said["notes"][0]
    folder = galleries[kind].page.parent.as_uri()
    assert all(name.startswith((f"{folder}/media/", "data:")) for name in said["requests"])


def test_a_medium_that_the_browser_cannot_show_has_a_note(chromium, galleries, tmp_path):
    page = galleries["file"].page.read_text(encoding="utf-8")
    broken = re.sub(r"data:video/webm;base64,[^\"]*", "data:video/webm;base64,AAAA", page, count=1)
    broken = re.sub(r"data:image/png;base64,[^\"]*", "data:image/png;base64,AAAA", broken, count=1)
    said = ask_page(
        chromium, broken, tmp_path / "a.html", tmp_path,
        """
        await new Promise(done => setTimeout(done, 1500));
        said.notes = all(".absent").map(note => note.textContent).filter(text => text.startsWith("This"));
        said.videos = all("video").length;
        """,
    )  # fmt: skip
    shown = {"This browser does not show this picture.", "This browser does not show this video."}
    assert set(said["notes"]) == shown
    assert said["videos"] == 3


def test_filters(chromium, galleries, tmp_path):
    said = ask(
        chromium, galleries["file"], tmp_path,
        """
        said.all = cards();
        set("split", "train"); said.train = cards(); set("split", "");
        set("medium", "video"); said.video = cards(); set("medium", "");
        set("words", "DREI TÖNE"); said.words = cards(); said.hits = seen(".hit").length;
        set("words", "e · v"); said.name = cards();
        set("words", "sound.q.de"); said.unseen = cards();
        form.elements.ids.click(); said.id = [cards(), seen(".hit").length];
        set("words", "no such thing"); said.none = cards(); said.told = seen(".nothing").length;
        document.querySelector(".nothing button").click();
        await new Promise(done => setTimeout(done, 50));
        said.again = cards().length; said.count = form.elements.told.value;
        """,
    )  # fmt: skip
    pairs = ["picture · picture", "picture · video"]
    assert set(said["all"]) == {"picture", "video", "sound", HOSTILE, "near", *pairs, "distractors"}
    assert said["train"] == ["picture"]
    assert said["video"] == ["video", "picture · video"]
    assert said["words"] == ["sound"]
    assert said["hits"] == 2
    assert said["name"] == ["picture · video"]
    assert (said["unseen"], said["id"]) == ([], [["sound"], 1])
    assert (said["none"], said["told"]) == ([], 1)
    assert (said["again"], said["count"]) == (8, "8 of 8 cards")


def test_languages_to_read_and_words_of_another_one(chromium, galleries, tmp_path):
    said = ask(
        chromium, galleries["file"], tmp_path,
        """
        const languages = () => [...new Set(seen(".texts .item").map(item => item.dataset.language))].sort();
        choose("ar", "zh");
        said.read = languages(); said.media = seen("video").length; said.cards = cards();
        said.chosen = form.elements.chosen.value;
        set("words", "three tones"); said.found = cards(); said.still = languages();
        choose(); set("words", ""); said.all = languages();
        """,
    )  # fmt: skip
    assert said["read"] == ["ar", "zh"]
    assert said["media"] == 4
    assert "near" not in said["cards"]
    assert "distractors" in said["cards"]
    assert said["chosen"] == "ar, zh"
    assert said["found"] == ["sound"]
    assert said["still"] == ["ar", "zh"]
    assert said["all"] == ["ar", "de", "en", "hi", "zh"]


def test_what_is_looked_for_is_not_left_behind_a_line(chromium, tmp_path, monkeypatch):
    monkeypatch.setattr("isoglot.report.gallery.page.NUM_OPEN", 2)
    gallery = write_gallery(scenes(tmp_path), tmp_path / "a.html")
    said = ask(
        chromium, gallery, tmp_path,
        """
        const open = () => all(".more").filter(more => more.open && more.checkVisibility()).length;
        said.before = open();
        set("words", "一个红色的大圆"); said.found = [open(), seen(".hit").length];
        """,
    )  # fmt: skip
    assert said == {"before": 0, "found": [6, 8]}  # both sides of a group and of two pairs


def test_right_to_left_is_right(chromium, galleries, tmp_path):
    said = ask(
        chromium, galleries["file"], tmp_path,
        """
        const ends = text => {
          const range = document.createRange();
          range.selectNodeContents(text);
          const inner = range.getBoundingClientRect(), outer = text.getBoundingClientRect();
          const gaps = [inner.left - outer.left, outer.right - inner.right];
          return [getComputedStyle(text).direction, ...gaps.map(Math.round)];
        };
        for (const tag of ["ar", "de"]) said[tag] = all(`.texts .said[lang=${tag}]`).map(ends);
        """,
    )  # fmt: skip
    assert len(said["ar"]) == 17
    for direction, left, right in said["ar"]:
        assert (direction, right) == ("rtl", 0)
        assert left > 20
    assert {(direction, left) for direction, left, _ in said["de"]} == {("ltr", 0)}


def test_the_keyboard_reaches_every_control(chromium, galleries, tmp_path):
    said = ask(
        chromium, galleries["file"], tmp_path,
        """
        said.unreached = [];
        const kinds = ["input", "select", "button", "summary", "video", "audio"];
        said.hidden = seen(".row-id").length;
        for (const control of all(kinds.map(kind => `form ${kind}, .card ${kind}`).join() + ", .scroll")) {
          control.closest("details")?.setAttribute("open", "");
          control.focus();
          const reached = document.activeElement === control && control.tabIndex >= 0;
          if (!reached) said.unreached.push(control.outerHTML);
        }
        const field = form.elements.words, rule = getComputedStyle(field);
        field.focus(); said.outline = rule.outlineStyle;
        form.requestSubmit(); said.stays = location.href.endsWith(".html");
        form.elements.ids.click(); said.ids = seen(".row-id").length > 0;
        """,
    )  # fmt: skip
    assert said == {"unreached": [], "outline": "solid", "stays": True, "hidden": 0, "ids": True}


@pytest.mark.parametrize("width", [360, 1200])
def test_nothing_is_wider_than_the_screen(chromium, galleries, tmp_path, width):
    page = html.escape(galleries["file"].page.read_text(encoding="utf-8"))
    frame = f'<iframe style="width:{width}px;height:800px;border:0" srcdoc="{page}"></iframe>'
    holder = f"<!doctype html><html><head></head><body>{frame}</body></html>"
    said = ask_page(
        chromium, holder, tmp_path / "a.html", tmp_path,
        """
        const inner = document.querySelector("iframe").contentDocument;
        all("details", inner).forEach(found => { found.open = true; });
        said.inner = inner.documentElement.clientWidth;
        said.wide = inner.documentElement.scrollWidth;
        said.cards = all(".card", inner).length;
        """,
    )  # fmt: skip
    assert said["inner"] == pytest.approx(width, abs=20)
    assert said["wide"] <= said["inner"]
    assert said["cards"] == 8


@pytest.mark.parametrize(("scheme", "colour"), [(1, "rgb(255, 255, 255)"), (0, "rgb(15, 19, 24)")])
def test_dark_and_light_follow_the_system(chromium, galleries, tmp_path, scheme, colour):
    said = ask(
        chromium, galleries["file"], tmp_path,
        "said.colour = getComputedStyle(document.body).backgroundColor;",
        f"--blink-settings=preferredColorScheme={scheme}",
    )  # fmt: skip
    assert said["colour"] == colour
