"""Clips of instruction videos: which of them are the same in several languages, and where their files lie."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from isoglot.corpora import ParallelCorpus, read_corpus, read_dataset, write_corpus
from isoglot.errors import ConfigError, CorpusError

from .published import how2, write_files

ENGLISH = how2(
    a=[(0.0, 2.0, "hello"), (2.0, 4.0, "we start")], b=[(1.0, 3.0, "cut the onion")], c=[(0, 1, "bye")]
)
GERMAN = how2(
    b=[(1.0, 3.04, "die Zwiebel schneiden")], a=[(0.0, 2.0, "hallo"), (2.0, 4.0, " ")], c=[(0, 1, "ade")]
)
NAME = "multi-howto100m"


def publish(folder: Path, **files: str) -> Path:
    return write_files(folder, {f"how2_{language}.json": text for language, text in files.items()})


def texts(corpus: ParallelCorpus) -> dict[str, str | None]:
    return dict(zip(*(corpus.queries[key].to_pylist() for key in ("query_id", "text")), strict=True))


def test_clips_are_parallel_by_number(tmp_path: Path) -> None:
    corpus = read_dataset(NAME, publish(tmp_path, en=ENGLISH, de=GERMAN))
    assert texts(corpus) == {
        "a.0.en": "hello", "a.0.de": "hallo", "a.1.en": "we start", "b.0.en": "cut the onion",
        "b.0.de": "die Zwiebel schneiden", "c.0.en": "bye", "c.0.de": "ade",
    }  # fmt: skip
    assert corpus.info.symmetric
    groups = corpus.queries["group_id"].to_pylist()
    assert groups == sorted(groups, key=groups.index)
    assert all(name.rsplit(".", 1)[0] == group for name, group in zip(texts(corpus), groups, strict=True))
    judged = corpus.judgements("train")
    assert np.diff(judged.indptr).tolist() == [2 if group != "a.1" else 1 for group in groups]


def test_english_tells_the_time_even_if_it_is_not_read(tmp_path: Path) -> None:
    source = publish(
        tmp_path, en=ENGLISH, de=GERMAN, fr=how2(a=[(0.0, 2.0, "salut"), (2.0, 4.0, "on commence")])
    )
    corpus = read_dataset(NAME, source, languages=["fr", "de"])
    assert corpus.languages == ("de", "fr")
    assert sorted(texts(corpus)) == ["a.0.de", "a.0.fr", "a.1.fr", "b.0.de", "c.0.de"]


def test_clips_of_other_times_are_refused_or_left_out(tmp_path: Path) -> None:
    late = how2(a=[(0.0, 2.0, "hallo"), (2.5, 4.0, "los"), (5.0, 6.0, "mehr")], d=[(0.0, 1.0, "fremd")])
    source = publish(tmp_path, en=ENGLISH, de=late)
    with pytest.raises(CorpusError, match="clips are not those of") as caught:
        read_dataset(NAME, source)
    assert [problem.split("how2_de.json:1: ")[1] for problem in caught.value.problems] == [
        f"video 'a': 2 of 3 clips are not those of {source}/how2_en.json, the first is number 1; mend it, or "
        "leave such clips out with skip_mismatches",
        f"video 'd' is not in {source}/how2_en.json; mend it, or leave such clips out with skip_mismatches",
    ]
    corpus = read_dataset(NAME, source, skip_mismatches=True)
    assert sorted(name for name in texts(corpus) if name.endswith("de")) == ["a.0.de"]
    assert corpus.info.description.endswith(" 3 clips in de were left out, as their timings differ.")


@pytest.mark.parametrize("direction", ["text_to_video", "video_to_text"])
def test_clips_are_videos_of_their_own(tmp_path: Path, direction: str) -> None:
    source = publish(tmp_path, en=ENGLISH, de=GERMAN)
    corpus = read_dataset(NAME, source, direction=direction)
    table = corpus.documents if direction == "text_to_video" else corpus.queries
    assert table["path"].to_pylist() == ["a/0.mp4", "a/1.mp4", "b/0.mp4", "c/0.mp4"]
    assert set(table["language"].to_pylist()) == {None if direction == "text_to_video" else "zxx"}
    assert not corpus.info.symmetric
    assert corpus.media_root is None
    other = corpus.queries if direction == "text_to_video" else corpus.documents
    assert other.num_rows == 7


def test_features_of_clips_may_lie_in_archives(tmp_path: Path) -> None:
    source = publish(tmp_path / "source", en=ENGLISH, de=GERMAN)
    for video, clips in (("a", 2), ("b", 1), ("c", 1)):
        np.savez(
            tmp_path / f"{video}.npz", **{str(clip): np.ones((2, 3), np.float32) for clip in range(clips)}
        )
    options = {"direction": "text_to_video", "files": "{video}.npz#{clip}"}
    corpus = read_dataset(NAME, source, media=str(tmp_path), **options)
    assert corpus.documents["path"].to_pylist() == ["a.npz#0", "a.npz#1", "b.npz#0", "c.npz#0"]
    assert corpus.media_root == str(tmp_path)
    again = read_corpus(write_corpus(corpus, tmp_path / "corpus"))
    assert again.documents["path"].to_pylist() == corpus.documents["path"].to_pylist()
    (tmp_path / "b.npz").unlink()
    with pytest.raises(CorpusError, match=r"holds no media file 'b\.npz'; put it there"):
        read_dataset(NAME, source, media=str(tmp_path), **options)


def test_the_first_videos_alone_can_be_read(tmp_path: Path) -> None:
    """What follows them is not read, so it may be damaged; and a file may hold them in another order."""
    source = publish(tmp_path, en=ENGLISH[: ENGLISH.index('"c"')], de=GERMAN[: GERMAN.index('"c"')])
    corpus = read_dataset(NAME, source, num_videos=2)
    assert sorted({name.split(".")[0] for name in texts(corpus)}) == ["a", "b"]
    assert read_dataset(NAME, source, num_videos=1).num_groups == 2
    with pytest.raises(CorpusError, match="is not one JSON object"):
        read_dataset(NAME, source)


def test_compressed_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "how2_en.json.gz").write_bytes(gzip.compress(ENGLISH.encode()))
    assert read_dataset(NAME, tmp_path).languages == ("en",)


@pytest.mark.parametrize(
    ("video", "message"),
    [
        ('"a": 3', "video 'a': must be an object with text, start and end, got int"),
        ('"a": {"text": ["x"], "start": [1]}', "video 'a': end must be lists"),
        (
            '"a": {"text": ["x"], "start": [1], "end": []}',
            "equally many, got 1 of text, 1 of start, 0 of end",
        ),
        ('"a": {"text": [3], "start": [1], "end": [2]}', "text must be a list of texts"),
        ('"a": {"text": ["x"], "start": ["1"], "end": [2]}', "start must be a list of seconds"),
        ('"a": {"text": ["x"], "start": [1], "end": [NaN]}', "end must be a list of seconds"),
        ('"a": {"text": ["x"], "start": [true], "end": [2]}', "start must be a list of seconds"),
        ('"a": {"text": ["\\ud800"], "start": [1], "end": [2]}', "half a surrogate pair"),
        ('"a b": {"text": ["x"], "start": [1], "end": [2]}', "must be a word without white space"),
        ('"../a": {"text": ["x"], "start": [1], "end": [2]}', "must lie below the folder of the media"),
        ('"b": {"text": ["x"], "start": [1], "end": [2]}', "video 'b' is there twice; remove one"),
        ('"a": {"text": ["x"]', "is not one JSON object"),
    ],
)
def test_bad_rows_are_reported_by_file_and_line(tmp_path: Path, video: str, message: str) -> None:
    good = json.dumps({"text": ["x"], "start": [1], "end": [2]})
    source = publish(tmp_path, en='{"b": ' + good + ",\n" + video + "}")
    with pytest.raises(CorpusError, match=rf"how2_en\.json:2: .*{message}"):
        read_dataset(NAME, source)


def test_what_cannot_be_asked_for(tmp_path: Path) -> None:
    source = publish(tmp_path / "english", en=ENGLISH)
    with pytest.raises(ConfigError, match=r"files must hold \{clip\}, such as '\{video\}\.mp4', got"):
        read_dataset(NAME, source, files="{video}.mp4")
    with pytest.raises(ConfigError, match="num_videos must be >= 0, got -1"):
        read_dataset(NAME, source, num_videos=-1)
    with pytest.raises(ConfigError, match="must be one of text_to_text, text_to_video, video_to_text"):
        read_dataset(NAME, source, direction="text_to_image")
    with pytest.raises(CorpusError, match="no clip has a text in the chosen languages"):
        read_dataset(NAME, publish(tmp_path / "empty", en=how2(a=[(0, 1, "")])))
    publish(tmp_path / "twice", en=ENGLISH, eng=ENGLISH)
    with pytest.raises(CorpusError, match=r"is in 'en', as .*how2_en.json is; leave one out"):
        read_dataset(NAME, tmp_path / "twice")
