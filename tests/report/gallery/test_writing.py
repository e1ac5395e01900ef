"""Where a gallery goes, what of it is refused, and corpora whose media are not all there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from isoglot.corpora import read_corpus
from isoglot.errors import ConfigError, CorpusError
from isoglot.report.gallery import check_target, read_corpus_to_show, write_gallery
from isoglot.report.gallery import writing as writing_module


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_corpus_and_seed_give_the_same_bytes(scene_corpus, tmp_path):
    for out in ("one.html", "other.html"):
        write_gallery(scene_corpus, tmp_path / out, num_groups=2)
    one = (tmp_path / "one.html").read_bytes()
    assert one == (tmp_path / "other.html").read_bytes()
    write_gallery(scene_corpus, tmp_path / "seed.html", num_groups=2, seed=3)
    assert one != (tmp_path / "seed.html").read_bytes()
    for out in ("a", "b"):
        write_gallery(scene_corpus, tmp_path / out)
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_what_is_told_of_it(scene_corpus, tmp_path):
    found = write_gallery(scene_corpus, tmp_path / "deep/a.html")
    assert found.page == tmp_path / "deep/a.html"
    assert (found.num_groups, found.num_pairs, found.num_distractors) == (5, 2, 3)
    assert (found.num_media, found.problems) == (9, ())
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["a.html"]


def test_a_folder_holds_the_page_and_its_media(scene_corpus, tmp_path):
    found = write_gallery(scene_corpus, tmp_path / "a", split="train")
    assert found.page == tmp_path / "a/index.html"
    assert (found.num_groups, found.num_pairs) == (1, 0)
    written = files(tmp_path / "a")
    assert set(written) == {"index.html", "media/q/picture.png", "media/d/picture.png", "media/apart.png"}
    root = Path(scene_corpus.media_root)
    assert written["media/q/picture.png"] == (root / "q/picture.png").read_bytes()


def test_without_a_place_the_size_of_the_media_decides(scene_corpus, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert write_gallery(scene_corpus).page == Path("gallery.html")
    assert write_gallery(scene_corpus, max_embedded_bytes=1000).page == Path("gallery/index.html")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gallery", "gallery.html"]
    (tmp_path / "gallery/notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match="gallery: is there and is no gallery"):
        write_gallery(scene_corpus, max_embedded_bytes=1000)


def test_media_that_are_too_large_for_one_file_are_refused(scene_corpus, toy_corpus, tmp_path):
    with pytest.raises(ConfigError, match=r"take [\d,]+ bytes, and one file may hold 1,000; write to a fold"):
        write_gallery(scene_corpus, tmp_path / "a.html", max_embedded_bytes=1000)
    assert not list(tmp_path.iterdir())
    assert write_gallery(toy_corpus, tmp_path / "b.html", max_embedded_bytes=0).num_media == 0


def test_another_gallery_is_replaced_and_nothing_else(scene_corpus, tmp_path):
    out = tmp_path / "a"
    write_gallery(scene_corpus, out)
    write_gallery(scene_corpus, out, split="train")
    assert len(files(out)) == 4
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match="a: is there and is no gallery; choose another"):
        write_gallery(scene_corpus, out)
    (out / "notes.txt").unlink()
    (out / "index.html").write_text("<title>another page</title>", encoding="utf-8")
    with pytest.raises(ConfigError, match="is no gallery"):
        check_target(out)
    (tmp_path / "empty").mkdir()
    check_target(tmp_path / "empty")
    (tmp_path / "page.html").mkdir()
    with pytest.raises(ConfigError, match=r"page\.html: is a folder; name a file"):
        check_target(tmp_path / "page.html")
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match="file: is there and is no gallery"):
        check_target(tmp_path / "file")


def test_a_failure_leaves_nothing_behind(scene_corpus, tmp_path, monkeypatch):
    write_gallery(scene_corpus, tmp_path / "a", split="train")
    before = files(tmp_path / "a")

    def no_space(*_args):
        raise OSError("no space left")

    monkeypatch.setattr(writing_module.shutil, "copyfile", no_space)
    with pytest.raises(OSError, match="no space left"):
        write_gallery(scene_corpus, tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert files(tmp_path / "a") == before


def test_arguments_are_checked(scene_corpus, tmp_path):
    with pytest.raises(ConfigError, match="num_groups must be >= 1, got 0; seed must be >= 0, got -1"):
        write_gallery(scene_corpus, tmp_path / "a.html", num_groups=0, seed=-1)
    with pytest.raises(ConfigError, match=r"^max_embedded_bytes must be >= 0, got -9"):
        write_gallery(scene_corpus, tmp_path / "a.html", max_embedded_bytes=-9)
    with pytest.raises(CorpusError, match=r"has no split 'dev'; it has train, test"):
        write_gallery(scene_corpus, tmp_path / "a.html", split="dev")
    assert not list(tmp_path.iterdir())


def test_missing_and_damaged_media_have_a_note_in_their_place(scene_folder, tmp_path):
    (scene_folder / "media/q/picture.png").unlink()
    (scene_folder / "media/d/video.webm").write_bytes(b"damaged")
    with pytest.raises(CorpusError, match="does not match its checksum"):
        read_corpus(scene_folder)
    found = write_gallery(read_corpus_to_show(scene_folder), tmp_path / "a.html")
    assert sorted(found.problems) == [
        "d/video.webm: the file is not the one that corpus.json lists",
        "q/picture.png: the file is missing",
    ]
    page = found.page.read_text(encoding="utf-8")
    assert page.count("<strong>No image:</strong> the file is missing") == 4  # once as group, thrice in pairs
    assert page.count("<strong>No video:</strong> the file is not the one that corpus.json lists") == 2
    assert page.count("<video ") == 2


def test_everything_but_the_media_is_verified(scene_folder):
    assert read_corpus_to_show(scene_folder).queries.num_rows == 24
    assert read_corpus_to_show(scene_folder, languages=["ar"]).languages == ("ar", "zxx")
    table = scene_folder / "queries.parquet"
    content = table.read_bytes()
    table.write_bytes(content[:-1] + b"x")
    with pytest.raises(CorpusError, match=r"queries\.parquet:1: does not match its checksum"):
        read_corpus_to_show(scene_folder)
    table.unlink()
    with pytest.raises(CorpusError, match=r"queries\.parquet:1: is missing, but corpus\.json lists it"):
        read_corpus_to_show(scene_folder)
    manifest = json.loads((scene_folder / "corpus.json").read_text(encoding="utf-8"))
    (scene_folder / "corpus.json").write_text(json.dumps({**manifest, "checksums": {}}), encoding="utf-8")
    with pytest.raises(CorpusError, match=r"queries\.parquet:1: is missing; write the corpus again"):
        read_corpus_to_show(scene_folder)


def test_a_corpus_that_is_not_there(tmp_path):
    with pytest.raises(CorpusError, match="no-such: there is no such corpus folder, and no data set"):
        read_corpus_to_show("no-such")
    with pytest.raises(CorpusError, match=r"is no corpus folder, .*; write it with isoglot data build"):
        read_corpus_to_show(tmp_path)
