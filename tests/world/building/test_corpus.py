"""The folder as a whole: the same bytes for the same seed, no problem in it, and nothing overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from isoglot.corpora import check_corpus
from isoglot.errors import CorpusError
from isoglot.world.building import TASKS, build_world_corpus, corpus


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("task", TASKS)
def test_the_same_seed_gives_the_same_bytes_and_another_does_not(task: str, tmp_path: Path) -> None:
    options = {"groups": 10, "languages": ["en", "sw"], "task": task, "side": 32}
    if task in ("retrieval", "tagging"):
        options["modalities"] = "text,image,audio"
    for name in ("one", "two"):
        build_world_corpus(tmp_path / name, **options)
    other = build_world_corpus(tmp_path / "other", **options, seed=1)
    written = content(tmp_path / "one")
    assert written == content(tmp_path / "two")
    others = content(tmp_path / "other")
    assert written["queries.parquet"] != others["queries.parquet"]
    assert not {written[name] for name in written if name.startswith("media/")} & set(others.values())
    assert other.info.licence == "Apache-2.0"
    assert f"task={task} groups=10 seed=1" in other.info.description
    assert check_corpus(tmp_path / "other").problems == ()


def test_videos_are_the_same_bytes_too(folder: Path, tmp_path: Path) -> None:
    build_world_corpus(tmp_path / "again", groups=40, languages="sw,de,en", side=32, held_out_styles="night")
    again = content(tmp_path / "again")
    assert again == content(folder)
    assert any(name.endswith(".webm") for name in again)


def test_a_written_corpus_has_no_problem(folder: Path) -> None:
    report = check_corpus(folder)
    assert report.problems == ()
    assert report.counts["splits"] == {"dev": 4, "test": 6, "train": 30}


def test_languages_leave_the_other_texts_and_the_files_as_they_are(folder: Path, tmp_path: Path) -> None:
    few = build_world_corpus(tmp_path / "few", groups=40, languages="en", side=32, held_out_styles="night")
    assert few.languages == ("en", "zxx")
    of_all, of_one = content(folder), content(tmp_path / "few")
    assert {k: v for k, v in of_all.items() if k.startswith("media/")} == {
        k: v for k, v in of_one.items() if k.startswith("media/")
    }


def test_a_corpus_folder_is_replaced_and_nothing_else_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"groups": 10, "languages": "en", "modalities": "text"}
    build_world_corpus(tmp_path / "corpus", **options)
    again = build_world_corpus(tmp_path / "corpus", **options, seed=5, explicit_qrels=True)
    assert "seed=5" in again.info.description
    assert (tmp_path / "corpus/qrels/test.tsv").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").touch()
    monkeypatch.setattr(corpus, "_make", lambda *_: pytest.fail("refused only after the work"))
    with pytest.raises(CorpusError, match="mine: is there and is no corpus folder"):
        build_world_corpus(tmp_path / "mine", **options)
    assert (tmp_path / "mine/letter.txt").exists()


def test_texts_alone_need_no_folder_and_are_the_same_with_one(tmp_path: Path) -> None:
    options = {"groups": 12, "languages": "en,sw", "modalities": "text"}
    in_memory, written = build_world_corpus(**options), build_world_corpus(tmp_path / "corpus", **options)
    assert in_memory.queries.equals(written.queries)
    assert in_memory.documents.equals(written.documents)
    assert in_memory.media_root is None
