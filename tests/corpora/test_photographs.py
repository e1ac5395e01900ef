"""Multi30K with photographs: joined by a list of files, split as Multi30K is, unpacked once."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from isoglot.corpora import ParallelCorpus, check_corpus, read_corpus, read_dataset, write_corpus
from isoglot.errors import ConfigError, CorpusError

from .published import write_files

HEADER = "file\tmulti30k_split\tmulti30k_line0\tflickr8k_split\tarchive\tpx\n"
LIST = {
    "10_a.jpg": ("train", 1),
    "11_b.jpg": ("val", 0),
    "12_c.jpg": ("none", -1),
    "13_d.jpg": ("test_2016_flickr", 1),
}
TEXTS = {
    "train": {"en": "a hen\na cat\na pig\n", "de": "ein Huhn\neine Katze\nein Schwein\n"},
    "val": {"en": "a cow\n", "de": "eine Kuh\n"},
    "test_2016_flickr": {"en": "a goat\na dog\n", "de": "eine Ziege\nein Hund\n"},
}
NAMES = {"train": (9, 10, 8), "val": (11,), "test_2016_flickr": (7, 13)}


def index(rows: dict[str, tuple[str, int]]) -> str:
    return HEADER + "".join(
        f"{file}\t{split}\t{line}\ttrain\tx.zip\t8\n" for file, (split, line) in rows.items()
    )


def published(folder: Path, **changed: str) -> Path:
    """Both data sets side by side; files of the given names have other content."""
    files = {"flickr8k-images/image_index.tsv": index(LIST)}
    for split, texts in TEXTS.items():
        files |= {f"multi30k/task1/raw/{split}.{tag}": text for tag, text in texts.items()}
        names = "".join(f"{name}.jpg\n" for name in NAMES[split])
        files[f"multi30k/task1/image_splits/{split}.txt"] = names
    files["multi30k/task2/raw/test_2016.1.en"] = "my goat\na dog\n"
    files["multi30k/task2/raw/test_2016.2.en"] = "our goat\nan old dog\n"
    for end, content in changed.items():
        files[next(file for file in files if Path(file).name == end)] = content
    return write_files(folder, dict(files))


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With photographs of one colour each, in two archives."""
    monkeypatch.setenv("ISOGLOT_CACHE", str(tmp_path / "cache"))
    folder = published(tmp_path / "source")
    for name, files in (("some.zip", list(LIST)[:2]), ("more.zip", list(LIST)[2:])):
        with zipfile.ZipFile(folder / "flickr8k-images" / name, "w") as archive:
            for file in files:
                archive.writestr(f"images/{file}", jpeg(int(file[:2])))
    return folder


def jpeg(level: int) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (8, 8), (level, level, level)).save(data, "JPEG")
    return data.getvalue()


def read(source: Path, **options: Any) -> ParallelCorpus:
    return read_dataset("multi30k-photographs", source, **options)


def texts(corpus: ParallelCorpus, side: str = "queries") -> list[str]:
    return list(getattr(corpus, side)["text"].to_pylist())


def test_photographs_have_the_captions_of_their_line(source: Path) -> None:
    corpus = read(source)
    asked = dict(zip(corpus.queries["query_id"].to_pylist(), texts(corpus), strict=True))
    assert asked == {
        "10.de": "eine Katze", "10.en": "a cat", "11.de": "eine Kuh", "11.en": "a cow",
        "13.de": "ein Hund", "13.en": "a dog",
    }  # fmt: skip
    assert set(corpus.splits) == {"train", "val", "test_2016_flickr"}
    judged = corpus.judgements("train")
    (row,) = set(judged.document_rows.tolist())
    assert corpus.document(row).path == "10_a.jpg"


def test_photographs_are_unpacked_once(source: Path, tmp_path: Path) -> None:
    corpus = read(source, splits=["val"])
    folder = Path(corpus.media_root or "")
    assert folder.is_relative_to(tmp_path / "cache")
    assert sorted(path.name for path in folder.iterdir()) == sorted(LIST)
    written = (folder / "11_b.jpg").stat().st_mtime_ns
    assert read(source).media_root == str(folder)
    assert (folder / "11_b.jpg").stat().st_mtime_ns == written
    (folder / "11_b.jpg").write_bytes(b"cut")
    (folder / "12_c.jpg").unlink()
    assert read(source).media_root == str(folder)
    assert (folder / "11_b.jpg").read_bytes() == jpeg(11)
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_other_photographs_are_another_folder(source: Path) -> None:
    before = read(source).media_root
    with zipfile.ZipFile(source / "flickr8k-images/some.zip", "w") as archive:
        for file in list(LIST)[:2]:
            archive.writestr(file, jpeg(200))
    assert read(source).media_root not in (None, before)


def test_unpacked_photographs_are_used_where_they_lie(source: Path, tmp_path: Path) -> None:
    folder = source / "flickr8k-images"
    for name in ("some.zip", "more.zip"):
        with zipfile.ZipFile(folder / name) as archive:
            archive.extractall(folder)
        (folder / name).unlink()
    assert read(source).media_root == str(folder / "images")
    assert not (tmp_path / "cache").exists()
    assert read(source, media=str(folder / "images")).media_root == str(folder / "images")


def test_without_photographs_the_corpus_names_them_alone(tmp_path: Path) -> None:
    assert read(published(tmp_path)).media_root is None


def test_a_missing_photograph_is_named(source: Path) -> None:
    (source / "flickr8k-images/more.zip").unlink()
    with pytest.raises(CorpusError, match=r"holds no media file '13_d\.jpg'; put it there"):
        read(source)
    assert read(source, splits=["train", "val"]).documents.num_rows == 2


def test_a_built_folder_holds_the_photographs(source: Path, tmp_path: Path) -> None:
    corpus = read(source, splits=["test_2016_flickr"], distractors=True)
    back = read_corpus(write_corpus(corpus, tmp_path / "built"))
    assert check_corpus(tmp_path / "built").problems == ()
    assert sorted(path.name for path in (tmp_path / "built/media").iterdir()) == ["12_c.jpg", "13_d.jpg"]
    assert back.documents.to_pylist() == corpus.documents.to_pylist()


def test_only_chosen_splits_and_distractors_are_searched(source: Path) -> None:
    assert read(source, splits=["val"]).documents["path"].to_pylist() == ["11_b.jpg"]
    larger = read(source, splits=["val", "test_2016_flickr"], distractors=True)
    assert sorted(larger.documents["path"].to_pylist()) == ["11_b.jpg", "12_c.jpg", "13_d.jpg"]
    assert larger.document(larger.documents.num_rows - 1).group_id is None
    back = read(source, splits=["val"], direction="image_to_text")
    assert (back.queries["path"].to_pylist(), sorted(texts(back, "documents"))) == (
        ["11_b.jpg"],
        ["a cow", "eine Kuh"],
    )
    with pytest.raises(
        CorpusError, match="no photograph of split 'dev'; there is test_2016_flickr, train, val"
    ):
        read(source, splits=["dev"])


def test_texts_are_chosen_by_whether_their_line_has_a_photograph(source: Path) -> None:
    def english(**options: Any) -> list[str]:
        corpus = read(source, direction="text_to_text", languages=["en"], **options)
        assert corpus.info.symmetric
        return sorted(texts(corpus))

    assert english() == ["a cat", "a cow", "a dog"]
    assert english(lines="other") == ["a goat", "a hen", "a pig"]
    assert english(lines="other", splits=["train"]) == ["a hen", "a pig"]
    assert english(lines="all", splits="val") == ["a cow"]
    other = read(source, direction="text_to_text", lines="other")
    photographed = read(source)
    groups = set(photographed.queries["group_id"].to_pylist())
    assert not groups & set(other.queries["group_id"].to_pylist())


def test_independent_captions_are_added_once(source: Path) -> None:
    assert sorted(texts(read(source, captions="all", splits=["test_2016_flickr"]))) == [
        "a dog", "an old dog", "ein Hund",
    ]  # fmt: skip
    every = read(source, captions="all", splits="test_2016_flickr", direction="text_to_text", lines="all")
    assert texts(every).count("a dog") == 1
    assert {"my goat", "our goat", "an old dog"} <= set(texts(every))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"val.txt": "10.jpg\n"}, r"val\.txt:1: picture '10\.jpg' is in 'train' too; remove it there"),
        ({"val.txt": "12.jpg\n"}, r"index\.tsv:4: says 'none', but '12_c\.jpg' is in 'val'"),
        (
            {"train.txt": "10.jpg\n9.jpg\n8.jpg\n"},
            r"index\.tsv:2: '10_a\.jpg' is of line 2 of train\.txt, which says 9\.jpg",
        ),
        ({"val.de": "eine Kuh\nein Kalb\n"}, r"val\.de:2: 2 rows in 'de', but 1 in .*val\.en"),
        (
            {"image_index.tsv": index(LIST | {"14_e.jpg": ("val", 3)})},
            r"tsv:6: '14_e\.jpg' is of line 4 of val\.txt, which says nothing",
        ),
        (
            {"image_index.tsv": index(LIST | {"14_e.jpg": ("test_2017", 0)})},
            r"tsv:6: no captions or names of pictures of split 'test_2017'; add its files",
        ),
        (
            {"image_index.tsv": index(LIST | {"10_e.jpg": ("none", -1)})},
            r"tsv:6: is the same picture as .*tsv:2",
        ),
        (
            {"image_index.tsv": index(LIST | {"14_e.jpg": ("train", 1)})},
            r"tsv:6: is the same picture as .*tsv:2",
        ),
        (
            {"image_index.tsv": index({"../10_a.jpg": ("train", 1)})},
            r"tsv:2: file must be the name of a \.jpg file",
        ),
        (
            {"image_index.tsv": index({"10_a.jpg": ("train", -1)})},
            r"tsv:2: multi30k_line0 must be a line .* got '-1'",
        ),
        (
            {"image_index.tsv": "file\n"},
            r"tsv:1: no column 'multi30k_split', 'multi30k_line0'; there is file",
        ),
    ],
)
def test_files_that_do_not_agree(changed: dict[str, str], message: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=message):
        read(published(tmp_path, **changed))


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    rows = {"x y.jpg": ("val", 0), "10_a.jpg": ("train", 0), "11_b.jpg": ("nowhere", 0)}
    with pytest.raises(CorpusError, match="split 'nowhere'") as caught:
        read(published(tmp_path, **{"image_index.tsv": index(rows)}))
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lines": "some"}, "lines must be one of photographed, other, all, got 'some'"),
        ({"lines": "other"}, "lines = 'other' goes with direction = 'text_to_text', got 'text_to_image'"),
        (
            {"distractors": True, "direction": "image_to_text"},
            "distractors are photographs to be searched, with direction = 'text_to_image', got",
        ),
        ({"features": "a.npz", "media": "b"}, "media and features are both what stands for photographs"),
        ({"features": "a.npy"}, r"features must be an archive of arrays, \.npz, got 'a\.npy'"),
        ({"direction": "text_to_video"}, "direction of multi30k-photographs must be one of text_to_image"),
    ],
)
def test_options_that_do_not_go_together(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        read(tmp_path, **options)


def test_one_folder_for_everything(source: Path, tmp_path: Path) -> None:
    joined = tmp_path / "joined"
    for part in source.iterdir():
        shutil.copytree(part, joined, dirs_exist_ok=True)
    assert read(joined).documents.equals(read(source).documents)


@pytest.mark.slow
def test_the_published_files(shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not (shared_data / "flickr8k-images").is_dir():
        pytest.skip("no photographs")
    monkeypatch.setenv("ISOGLOT_CACHE", str(tmp_path))
    corpus = read(shared_data)
    assert (corpus.queries.num_rows, corpus.documents.num_rows) == (29_892, 7_473)
    counts = {
        name: len(np.unique(part.groups)) for name, part in corpus.splits.items() if part.groups is not None
    }
    assert counts == {"train": 6_988, "val": 242, "test_2016_flickr": 243}
    searched = read(shared_data, splits=["val", "test_2016_flickr"], distractors=True)
    trained = read(shared_data, splits=["train"])
    assert searched.documents.num_rows == 242 + 243 + 613
    assert not set(searched.documents["path"].to_pylist()) & set(trained.documents["path"].to_pylist())
    others = read(shared_data, direction="text_to_text", lines="other", splits=["train"])
    assert others.queries.num_rows == 4 * (29_000 - 6_988)
    seen = set(others.queries["group_id"].to_pylist())
    assert not seen & set(searched.documents["doc_id"].to_pylist())
    with Image.open(Path(corpus.media_root or "") / corpus.document(0).path) as picture:  # type: ignore[operator]
        assert picture.size in ((128, 128), (224, 224))


def test_ready_features_stand_in_place_of_photographs(source: Path, tmp_path: Path) -> None:
    archive = tmp_path / "features.npz"
    np.savez(archive, **{file: np.full(2, int(file[:2])) for file in LIST})
    options = {"splits": ["test_2016_flickr"], "distractors": True, "features": str(archive)}
    corpus = read(source, **options)
    paths = sorted(corpus.documents["path"].to_pylist())
    assert paths == ["features.npz#12_c.jpg", "features.npz#13_d.jpg"]
    assert corpus.media_root == str(tmp_path)
    write_corpus(corpus, tmp_path / "built")
    assert check_corpus(tmp_path / "built").problems == ()
    archive.unlink()
    with pytest.raises(CorpusError, match=r"holds no media file 'features\.npz"):
        read(source, **options)
