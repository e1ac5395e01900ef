"""Pictures and videos with captions: both directions, choice of captions, files of the media, bad rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from isoglot.corpora import ParallelCorpus, drop_bad_media, read_corpus, read_dataset, write_corpus
from isoglot.errors import ConfigError, CorpusError

from .published import PUBLISHED, flickr, jsonl, picture, videodatainfo, write_files, write_media

DIRECTIONS = {
    "multi30k": ("text_to_image", "image_to_text"),
    "xtd10": ("text_to_image", "image_to_text"),
    "xm3600": ("text_to_image", "image_to_text"),
    "xflickr-co": ("text_to_image", "image_to_text"),
    "msr-vtt": ("text_to_video", "video_to_text"),
    "vatex": ("text_to_video", "video_to_text"),
}


def publish(name: str, folder: Path, **changed: str) -> Path:
    """The sample of a data set, with other content of the files of the given names."""
    files: dict[str, Any] = dict(PUBLISHED[name].files)
    for end, content in changed.items():
        files[next(file for file in files if Path(file).name == end)] = content
    return write_files(folder, files)


def rows(corpus: ParallelCorpus, side: str) -> dict[str, tuple[Any, ...]]:
    """Id -> language, modality, text, path."""
    table = corpus.queries if side == "query" else corpus.documents
    key = "query_id" if side == "query" else "doc_id"
    return {
        row[key]: (row["language"], row["modality"], row["text"], row["path"]) for row in table.to_pylist()
    }


@pytest.mark.parametrize("name", DIRECTIONS)
def test_both_directions_hold_the_same_captions(name: str, tmp_path: Path) -> None:
    source = publish(name, tmp_path)
    there, back = (read_dataset(name, source, direction=direction) for direction in DIRECTIONS[name])
    asked, told = rows(there, "query"), rows(back, "document")
    assert asked == told
    pictures, questions = rows(there, "document"), rows(back, "query")
    assert {key: value[1:] for key, value in pictures.items()} == {
        key: value[1:] for key, value in questions.items()
    }
    assert {value[0] for value in pictures.values()} == {None}
    assert {value[0] for value in questions.values()} == {"zxx"}
    assert not there.info.symmetric
    assert not back.info.symmetric
    assert (there.media_root, back.media_root) == (None, None)


def test_a_picture_is_relevant_to_its_captions_in_every_language(tmp_path: Path) -> None:
    source = publish("xm3600", tmp_path)
    corpus = read_dataset("xm3600", source, direction="image_to_text")
    found = corpus.judgements("test")
    names = corpus.documents["doc_id"].to_pylist()
    by_query = {
        corpus.query(row).query_id: [names[document] for document in found.document_rows[start:end]]
        for row, start, end in zip(found.query_rows, found.indptr[:-1], found.indptr[1:], strict=True)
    }
    assert by_query == {"a1": ["a1.en", "a1.en.2", "a1.tl"], "b2": ["b2.en", "b2.tl"]}


def test_first_captions(tmp_path: Path) -> None:
    source = publish("xm3600", tmp_path)
    assert sorted(rows(read_dataset("xm3600", source, captions="first"), "query")) == [
        "a1.en", "a1.tl", "b2.en", "b2.tl",
    ]  # fmt: skip
    with pytest.raises(ConfigError, match="'captions' of xm3600 must be one of first, all, got 'second'"):
        read_dataset("xm3600", source, captions="second")


def test_directions_of_another_medium_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="must be one of text_to_image, image_to_text, got 'text_to_video'"):
        read_dataset("xm3600", publish("xm3600", tmp_path), direction="text_to_video")
    with pytest.raises(ConfigError, match=r"must be one of text_to_text, .*, video_to_text, got 'to_text'"):
        read_dataset("xm3600", tmp_path, direction="to_text")


def test_a_picture_without_caption_stays_a_candidate_and_asks_nothing(tmp_path: Path) -> None:
    content = jsonl(picture("a1", en=["a dog"], de=[]), picture("b2", de=["eine Katze"]))
    source = publish("xm3600", tmp_path, **{"captions.jsonl": content})
    asked = read_dataset("xm3600", source, languages=["en"])
    assert sorted(rows(asked, "document")) == ["a1", "b2"]
    assert asked.document(1).group_id is None
    assert sorted(
        rows(read_dataset("xm3600", source, languages=["en"], direction="image_to_text"), "query")
    ) == ["a1"]


@pytest.mark.parametrize("direction", ["text_to_image", "image_to_text"])
def test_media_are_found_and_go_into_the_corpus_folder(direction: str, tmp_path: Path) -> None:
    source = publish("xm3600", tmp_path / "source")
    write_media(source / "deep/images", PUBLISHED["xm3600"].media)
    corpus = read_dataset("xm3600", source, direction=direction)
    assert corpus.media_root == str(source / "deep/images")
    back = read_corpus(write_corpus(corpus, tmp_path / "corpus"))
    assert back.queries.to_pylist() == corpus.queries.to_pylist()
    assert (tmp_path / "corpus/media/a1.jpg").read_text(encoding="utf-8") == "bytes of a1.jpg"


def test_a_folder_of_media_must_hold_them_all(tmp_path: Path) -> None:
    source = publish("xm3600", tmp_path / "source")
    folder = write_media(tmp_path / "pictures", ("a1.jpg",))
    with pytest.raises(CorpusError, match=r"pictures: holds no media file 'b2\.jpg'; put it there"):
        read_dataset("xm3600", source, media=str(folder))
    with pytest.raises(CorpusError, match="nowhere: there is no such folder of media"):
        read_dataset("xm3600", source, media=str(tmp_path / "nowhere"))
    bad = jsonl(picture("a1", en=["a dog"]), picture("b2", en=["a cat"]), picture("c d", en=["x"]))
    (source / "captions.jsonl").write_text(bad, encoding="utf-8")
    for tolerant in (False, True):
        with pytest.raises(CorpusError, match="must be a word without white space") as caught:
            read_dataset("xm3600", source, media=str(folder), skip_bad=tolerant)
        assert any("b2.jpg" in problem for problem in caught.value.problems)
    write_media(folder, ("b2.jpg",))
    publish("xm3600", source)
    assert read_dataset("xm3600", source, media=str(folder)).media_root == str(folder)


@pytest.mark.parametrize("name", [name for name in DIRECTIONS if PUBLISHED[name].media])
def test_a_set_with_missing_files_can_be_read_without_them(name: str, tmp_path: Path) -> None:
    source = publish(name, tmp_path / "source")
    (tmp_path / "media").mkdir()
    missing, *rest = PUBLISHED[name].media
    for file in rest:
        Image.new("RGB", (4, 4)).save(tmp_path / "media" / file, format="GIF")
    options = {"direction": DIRECTIONS[name][0], "media": str(tmp_path / "media")}
    with pytest.raises(CorpusError, match=f"media: holds no media file '{missing}'; put it there"):
        read_corpus(name, source=source, **options)
    corpus = read_corpus(name, source=source, skip_bad=True, **options)
    assert list(corpus.damaged) == [missing]
    with pytest.raises(CorpusError, match="holds no media file"):
        write_corpus(corpus, tmp_path / "corpus")
    part, skipped = drop_bad_media(corpus)
    assert skipped is not None
    assert (skipped.num_queries, skipped.num_documents) == (0, 1)
    assert missing not in part.documents["path"].to_pylist()
    assert read_corpus(write_corpus(part, tmp_path / "sound")).documents.num_rows == len(rest)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"image/locale": "en"},
            r"captions\.jsonl:2: 'image/key' must be a text that is not empty, got nothing",
        ),
        (picture("a1", en=["again"]), r"jsonl:2: image 'a1' is also at .*jsonl:1; remove one"),
        ({"image/key": "c", "en": ["x"]}, "2: 'en' must be an object, got a list with something else"),
        ({"image/key": "c", "en": {"caption": "x"}}, "2: en: 'caption' must be a list of texts"),
        (picture("c", en=[""]), "2: en: 'caption' must be a list of texts that are not empty"),
        (picture("c", klingon=["x"]), "2: 'klingon' is not a language tag"),
        (picture("../c", en=["x"]), r"2: path '\.\./c\.jpg' must lie below the folder of the media"),
        (picture("c d", en=["x"]), "2: .*must be a word without white space, got 'c d"),
    ],
)
def test_bad_rows_of_pictures(row: dict[str, Any], message: str, tmp_path: Path) -> None:
    content = jsonl(picture("a1", en=["a dog"]), row)
    with pytest.raises(CorpusError, match=message):
        read_dataset("xm3600", publish("xm3600", tmp_path, **{"captions.jsonl": content}))


def test_xflickrco_joins_languages_by_picture(tmp_path: Path) -> None:
    corpus = read_dataset("xflickr-co", publish("xflickr-co", tmp_path))
    assert rows(corpus, "query")["10.de"] == ("de", "text", "ein Hund", None)
    assert rows(corpus, "query")["10.en"] == ("en", "text", "a dog", None)
    twice = jsonl(flickr("10", "x"), flickr("10", "y"))
    (tmp_path / "annotations/de/test.jsonl").write_text(twice, encoding="utf-8")
    with pytest.raises(CorpusError, match=r"de/test\.jsonl:2: image '10' is also at .*:1; remove one"):
        read_dataset("xflickr-co", tmp_path)
    other = jsonl({**flickr("10", "x"), "img_path": "other.jpg"})
    (tmp_path / "annotations/de/test.jsonl").write_text(other, encoding="utf-8")
    with pytest.raises(CorpusError, match=r"image '10' is '10\.jpg' in 'test' here, 'other\.jpg' at"):
        read_dataset("xflickr-co", tmp_path)


def test_multi30k_names_of_pictures(tmp_path: Path) -> None:
    files = {
        "task1/raw/test.en": "a dog\na dog again\na cat\n",
        "task1/raw/test.de": "ein Hund\nnoch ein Hund\neine Katze\n",
        "task1/image_splits/test.txt": "COCO_1.jpg#11\nCOCO_1.jpg#12\nCOCO_2.jpg#13\n",
    }
    corpus = read_dataset("multi30k", write_files(tmp_path, files), direction="text_to_image")
    assert rows(corpus, "document") == {
        "COCO_1": (None, "image", None, "COCO_1.jpg"),
        "COCO_2": (None, "image", None, "COCO_2.jpg"),
    }
    assert rows(corpus, "query")["COCO_1.de.2"][2] == "noch ein Hund"
    (tmp_path / "task1/image_splits/test.txt").unlink()
    with pytest.raises(CorpusError, match=r"needs image_splits/test\.txt, which names the pictures"):
        read_dataset("multi30k", tmp_path, direction="text_to_image")
    assert read_dataset("multi30k", tmp_path).info.symmetric


def test_multi30k_first_captions_of_task_2(tmp_path: Path) -> None:
    files = {f"task2/raw/val.{number}.de": f"Hund {number}\nKatze {number}\n" for number in (2, 1)}
    files["task1/image_splits/val.txt"] = "10.jpg\n11.jpg\n"
    source = write_files(tmp_path, files)
    first = read_dataset("multi30k", source, task=2, captions="first", direction="text_to_image")
    assert first.queries["text"].to_pylist() == ["Hund 1", "Katze 1"]
    assert read_dataset("multi30k", source, task=2, direction="image_to_text").documents.num_rows == 4


def test_a_damaged_list_of_pictures_is_not_passed_over(tmp_path: Path) -> None:
    source = publish("multi30k", tmp_path)
    (source / "task1/image_splits/val.txt").rename(source / "task1/image_splits/val.txt.gz")
    with pytest.raises(CorpusError, match=r"val\.txt\.gz: is damaged"):
        read_dataset("multi30k", source)


def test_msr_vtt_takes_the_one_sentence_and_its_translation(tmp_path: Path) -> None:
    source = publish("msr-vtt", tmp_path)
    assert {key: value[2] for key, value in rows(read_dataset("msr-vtt", source), "query").items()} == {
        "video1.en": "a dog runs",
        "video1.de": "ein Hund rennt",
        "video2.en": "a cat, too",
        "video2.de": "auch eine Katze",
    }
    every = read_dataset("msr-vtt", source, captions="all", languages=["en"])
    assert sorted(rows(every, "query")) == ["video1.en", "video1.en.2", "video2.en"]


def test_msr_vtt_in_english_needs_the_list_alone(tmp_path: Path) -> None:
    name = "MSRVTT_JSFUSION_test.csv"
    source = write_files(tmp_path, {name: PUBLISHED["msr-vtt"].files[name]})
    assert read_dataset("msr-vtt", source).languages == ("en",)
    with pytest.raises(CorpusError, match=r"holds no videodatainfo\.json in 'en'; captions=all needs it"):
        read_dataset("msr-vtt", source, captions="all")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            videodatainfo((0, "video1", "ein Hund"), (2, "video1", "of another video")),
            r"test\.csv:3: the sentence of 'video2' has no 'de' translation",
        ),
        (
            videodatainfo((0, "video1", "ein Hund")),
            r"test\.csv:3: the sentence of 'video2' has no 'de' translation",
        ),
        (
            videodatainfo((0, "video1", "a"), (0, "video1", "b"), (2, "video2", "c")),
            "sentence 0 is another one at",
        ),
        ("[]", r"MSRVTT_data\.de\.json:1: must hold an object, got list"),
        ('{"sentences": [{"video_id": 1}]}', r"sentences\[0\]: 'video_id' must be a text"),
        ('{"sentences": 3}', "'sentences' must be a list of objects, got int"),
        (json.dumps({"sentences": [{"sen_id": None, "video_id": "v", "caption": "x"}]}), "'sen_id' must be"),
    ],
)
def test_msr_vtt_bad_captions(content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=message):
        read_dataset("msr-vtt", publish("msr-vtt", tmp_path, **{"MSRVTT_data.de.json": content}))


TRAINING = {
    "MSRVTT_train.9k.csv": "video_id\nvideo3\nvideo4\n",
    "train_val_videodatainfo.json": videodatainfo(
        (7, "video3", "a bird"), (8, "video3", "wings"), (9, "video4", "rain")
    ),
    "train_val_videodatainfo_de.json": videodatainfo((7, "video3", "ein Vogel"), (9, "video4", "Regen")),
}


def test_msr_vtt_has_a_training_split(tmp_path: Path) -> None:
    source = write_files(tmp_path, {**PUBLISHED["msr-vtt"].files, **TRAINING})
    both = read_dataset("msr-vtt", source)
    assert list(both.splits) == ["test", "train"]
    asked = {key: value[2] for key, value in rows(both, "query").items()}
    assert {key: text for key, text in asked.items() if key.startswith(("video3", "video4"))} == {
        "video3.en": "a bird",
        "video3.de": "ein Vogel",
        "video4.en": "rain",
        "video4.de": "Regen",
    }
    assert asked["video1.de"] == "ein Hund rennt"
    train = read_dataset("msr-vtt", source, splits=["train"], captions="all")
    assert set(train.splits) == {"train"}
    assert sorted(rows(train, "document")) == ["video3", "video4"]
    assert rows(train, "query")["video3.en.2"][2] == "wings"
    with pytest.raises(CorpusError, match="no split 'dev'; there is test, train"):
        read_dataset("msr-vtt", source, splits=["dev"])


def test_msr_vtt_needs_one_list_a_split(tmp_path: Path) -> None:
    source = write_files(
        tmp_path, {"MSRVTT_train.9k.csv": "video_id\nvideo3\n", "MSRVTT_train.7k.csv": "video_id\n"}
    )
    with pytest.raises(
        CorpusError, match=r"MSRVTT_train\.9k\.csv: holds the same part as .*7k\.csv; leave one"
    ):
        read_dataset("msr-vtt", source)
    with pytest.raises(CorpusError, match=r"holds no file MSRVTT_JSFUSION_test\.csv; give the data set"):
        read_dataset("msr-vtt", source, splits=["test"])
    (tmp_path / "none").mkdir()
    with pytest.raises(CorpusError, match=r"MSRVTT_JSFUSION_test\.csv or MSRVTT_train\.9k\.csv; give"):
        read_dataset("msr-vtt", tmp_path / "none")


@pytest.mark.parametrize("name", ["msr-vtt", "vatex"])
def test_features_stand_in_for_videos(name: str, tmp_path: Path) -> None:
    source = publish(name, tmp_path / "source")
    videos = sorted(rows(read_dataset(name, source), "document"))
    np.savez(tmp_path / "all.npz", **{video: np.ones((3, 4)) for video in videos})
    for video in videos:
        np.save(tmp_path / f"{video}.npy", np.ones((3, 4)))
    for files in ("{video}.npy", "all.npz#{video}"):
        corpus = read_dataset(name, source, files=files, media=str(tmp_path))
        paths = {key: value[3] for key, value in rows(corpus, "document").items()}
        assert paths == {video: files.replace("{video}", video) for video in videos}
        assert corpus.media_root == str(tmp_path)
        write_corpus(corpus, tmp_path / f"corpus-{len(files)}")
    with pytest.raises(ConfigError, match=r"files must hold \{video\}, such as .*, got 'all\.npz'"):
        read_dataset(name, source, files="all.npz")


def test_vatex_splits_and_lists_of_videos(tmp_path: Path) -> None:
    source = publish("vatex", tmp_path / "source")
    assert set(read_dataset("vatex", source, splits=["test"]).splits) == {"test"}
    with pytest.raises(CorpusError, match="no file of split 'dev'; there is test, validation"):
        read_dataset("vatex", source, splits=["dev"])
    chosen = tmp_path / "list.txt"
    chosen.write_text("b_000001_000011\n", encoding="utf-8")
    corpus = read_dataset("vatex", source, splits=["validation"], videos=str(chosen))
    assert sorted(rows(corpus, "query")) == [
        "b_000001_000011.en",
        "b_000001_000011.zh",
        "b_000001_000011.zh.2",
    ]
    chosen.write_text("b_000001_000011\nnone\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"list\.txt:2: video 'none' is not in the files that are read"):
        read_dataset("vatex", source, splits=["validation"], videos=str(chosen))
    with pytest.raises(CorpusError, match="there is no such list of videos"):
        read_dataset("vatex", source, videos=str(tmp_path / "no.txt"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", r"vatex_validation_v1\.0\.json:1: must hold a list, got dict"),
        ("[3]", r"json: \[0\]: must be an object, got int"),
        ('[{"videoID": "a"}]', r"\[0\]: 'enCap' must be a list of texts that are not empty, got nothing"),
        ('[{"videoID": "a", "enCap": ["x"], "chCap": "y"}]', r"\[0\]: 'chCap' must be a list of texts"),
        (
            '[{"videoID": "a", "enCap": ["x"]}, {"videoID": "a", "enCap": ["x"]}]',
            r"\[1\]: video 'a' is also at",
        ),
    ],
)
def test_vatex_bad_rows(content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=message):
        read_dataset("vatex", publish("vatex", tmp_path, **{"vatex_validation_v1.0.json": content}))
