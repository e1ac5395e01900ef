"""`isoglot data show`."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from isoglot.cli import main
from isoglot.corpora import CorpusBuilder, CorpusInfo, write_corpus

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two groups with a picture each; one picture is none."""
    image = pytest.importorskip("PIL.Image")
    builder = CorpusBuilder(CorpusInfo("pictures"))
    for number in range(2):
        group = f"g{number}"
        for language in ("de", "en"):
            builder.add_query(f"{group}.{language}", group, language, f"text {number} in {language}")
        builder.add_document(group, group, None, None, modality="image", path=f"{group}.png")
        builder.judge_group("test" if number else "train", group)
    media = tmp_path / "media"
    media.mkdir()
    image.new("RGB", (8, 8), "red").save(media / "g0.png")
    (media / "g1.png").write_text("no picture", encoding="utf-8")
    return write_corpus(replace(builder.build(), media_root=str(media)), tmp_path / "corpus")


def test_a_page_and_a_count_of_what_cannot_be_shown(corpus, tmp_path, capsys):
    out = tmp_path / "page.html"
    assert main(["data", "show", str(corpus), "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert f"{out}: 2 groups, 2 media files\n" in said.err
    assert "1 of 2 media files cannot be shown:\n  g1.png: the file is no picture" in said.err
    assert "text 1 in de" in out.read_text(encoding="utf-8")


def test_as_json(corpus, tmp_path, capsys):
    assert main(["data", "show", str(corpus), "--out", str(tmp_path / "gallery"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    problems = found.pop("problems")
    assert found == {
        "page": str(tmp_path / "gallery/index.html"),
        "num_groups": 2,
        "num_pairs": 0,
        "num_distractors": 0,
        "num_media": 2,
    }
    assert [problem.partition(":")[0] for problem in problems] == ["g1.png"]
    assert (tmp_path / "gallery/media/g0.png").exists()


def test_options_choose(corpus, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["data", "show", str(corpus), "--split", "train", "--languages", "en"]) == 0
    page = (tmp_path / "gallery.html").read_text(encoding="utf-8")
    assert "text 0 in en" in page
    assert "text 1 in en" not in page
    assert "text 0 in de" not in page
    assert main(["data", "show", str(corpus), "--groups", "1", "--seed", "4"]) == 0
    page = (tmp_path / "gallery.html").read_text(encoding="utf-8")
    assert page.count("<article") == 1
    assert "with seed 4" in page


def test_many_problems_are_counted(corpus, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(import_module("isoglot.cli.show"), "_MAX_TOLD", 1)
    (corpus / "media/g0.png").unlink()
    assert main(["data", "show", str(corpus), "--out", str(tmp_path / "a.html")]) == 0
    assert "2 of 2 media files cannot be shown" in (said := capsys.readouterr().err)
    assert "... and 1 more; they are on the page" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "there is no such corpus folder, and no data set 'nowhere'"),
        (["{corpus}/qrels"], "is no corpus folder, it has no corpus.json; write it with isoglot data build"),
        (["{corpus}", "--split", "dev"], "has no split 'dev'; it has test, train"),
        (["{corpus}", "--languages", "cy"], "no text in language 'cy'; there is"),
        (["nowhere", "--out", "{corpus}"], "is there and is no gallery"),
        (["{corpus}", "--out", "a.html", "--max-embedded-megabytes", "0"], "write to a folder instead"),
        (["{corpus}", "--groups", "0"], "--groups"),
    ],
)
def test_bad_input_is_exit_code_2(arguments, message, corpus, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert main(["data", "show", *(argument.format(corpus=corpus) for argument in arguments)]) == 2
    assert message in capsys.readouterr().err
    assert [path for path in sorted(tmp_path.rglob("*")) if "cache" not in path.parts] == before
