"""MSR-VTT (1k-A) and VATEX: videos with captions in several languages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoglot.corpora.aligned import by_language, wanted_languages
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.datasets.video_files import check_files, file_for
from isoglot.corpora.delimited import read_delimited
from isoglot.corpora.fields import records_field, text_field, texts_field
from isoglot.corpora.media import CaptionedMedia, Captions, Direction, check_direction
from isoglot.corpora.sources import Member, decode_lines, read_bytes, read_members
from isoglot.corpora.squad import parse_json
from isoglot.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus

_DIRECTIONS: tuple[Direction, ...] = ("text_to_video", "video_to_text")
_SPLITS = {"training": "train", "validation": "validation", "public_test_english": "test"}
"""What VATEX calls its parts -> the names of the splits."""


def read_msr_vtt(
    source: Path,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    splits: Iterable[str] | None = None,
    direction: Direction = "text_to_video",
    captions: Captions = "first",
    files: str = "{video}.mp4",
    media: str | None = None,
) -> ParallelCorpus:
    """MSR-VTT, split 1k-A: the 1,000 videos of `MSRVTT_JSFUSION_test.csv` (video_id, sentence) as `test`.

    The sentence in that file is the one caption of the split 1k-A. The other 9,000 videos, of
    `MSRVTT_train.9k.csv` (or, of the older split, 7,010 of `MSRVTT_train.7k.csv`; video_id), are `train`. All
    captions of the videos, in other languages too, come from files in the layout of `videodatainfo.json`
    (`sentences`: `sen_id`, `video_id`, `caption`): `test_videodatainfo.json`,
    `train_val_videodatainfo.json` or `MSRVTT_data.json` in English, the same names with `.<language>` or
    `_<language>` before `.json` in others. A translation has the `sen_id` of its English sentence.

    The two English layouts are as published; the nine languages of Multi-HowTo100M (arXiv 2103.08849) are
    distributed in one of their own, which could not be seen, and need to be brought into this one.

    Args:
        source: Folder or archive.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all.
        splits: `train`, `test` or both; None reads what is there.
        direction: `text_to_video` or `video_to_text`.
        captions: `first` for one caption a video and language (in `test`, that of 1k-A and its translations),
            `all` for about 20.
        files: Names of the videos' files; features may stand in for them, such as `{video}.npy`, or
            `features.npz#{video}` for one archive.
        media: Folder of these files; None looks for them in the source.

    Returns:
        The corpus, judged by video.

    Raises:
        CorpusError: If a row is not as published, a sentence has no translation in one of the languages, or a
            video is missing; all problems at once.
        ConfigError: If there is no such direction, or files does not hold `{video}`.
    """
    check_direction(direction, _DIRECTIONS, info)
    check_files(files, ("video",))
    builder = CorpusBuilder(info)
    gallery = CaptionedMedia("video", builder)
    rows = _listed_videos(source, splits, builder)
    for split, listed in rows.items():
        for row, where in listed:
            video = row["video_id"].strip()
            gallery.add(video, file_for(files, video), split, where=where)
    sentences = _sentences(source, builder)
    kept = wanted_languages(languages, {"en", *sentences})
    whole = [split for split in rows if split != "test" or captions == "all"]
    _add_chosen(gallery, sentences, rows["test"] if "test" in rows and "test" not in whole else [], kept)
    videos = {row["video_id"].strip() for split in whole for row, _ in rows[split]}
    if videos:
        _add_all(gallery, sentences, videos, kept, str(source))
    return gallery.build(direction=direction, captions=captions, languages=kept, source=source, folder=media)


Rows = list[tuple[dict[str, str], str]]
"""Rows of a table, each with its place."""

_LISTS = {
    "test": (r"MSRVTT_JSFUSION_test\.csv", "MSRVTT_JSFUSION_test.csv", ("video_id", "sentence")),
    "train": (r"MSRVTT_train\.[79]k\.csv", "MSRVTT_train.9k.csv", ("video_id",)),
}
"""Split of 1k-A -> pattern, name and columns of the list of its videos."""


def _listed_videos(source: Path, splits: Iterable[str] | None, builder: CorpusBuilder) -> dict[str, Rows]:
    """The videos of each split that is read; without choice, of those that are there."""
    wanted = None if splits is None else {splits} if isinstance(splits, str) else set(splits)
    unknown = sorted((wanted or set()) - set(_LISTS))
    if unknown:
        raise CorpusError(f"no split {unknown[0]!r}; there is {', '.join(sorted(_LISTS))}")
    found: dict[str, Rows] = {}
    for split, (pattern, name, columns) in _LISTS.items():
        if wanted is not None and split not in wanted:
            continue
        members = read_members(source, pattern, name, required=wanted is not None)
        for member in members:
            rows = read_delimited(member, builder, delimiter=",", columns=columns)
            found[split] = [(row, member.at(line)) for line, row in rows]
    if not found:
        names = " or ".join(name for _, name, _ in _LISTS.values())
        raise CorpusError(f"{source}: holds no file {names}; give the data set as it was downloaded")
    return found


Sentences = dict[str, tuple[str, str, str]]
"""sen_id -> the video's id, the caption, and its place."""


def _sentences(source: Path, builder: CorpusBuilder) -> dict[str, Sentences]:
    """Language -> captions, of all files in the layout of `videodatainfo.json` that are there."""
    pattern = (
        r"(?P<name>(?:train_val_|test_)?videodatainfo|MSRVTT_data)(?:[._-](?P<language>[a-z]{2}))?\.json"
    )
    found: dict[str, Sentences] = {}
    parts: dict[str, list[Member]] = {}
    for member in read_members(source, pattern, "videodatainfo.json", required=False):
        parts.setdefault(member.match["name"], []).append(member)
    for members in parts.values():
        english = [member for member in members if member.match["language"] is None]
        others = [member for member in members if member.match["language"] is not None]
        for language, member in (
            *(("en", member) for member in english),
            *by_language(others, builder).items(),
        ):
            _add_sentences(member, found.setdefault(language, {}), builder)
    return found


def _add_sentences(member: Member, found: Sentences, builder: CorpusBuilder) -> None:
    content = _parse(member, dict, builder)
    rows = None if content is None else records_field(content, "sentences", member.place, builder)
    for index, row in enumerate(rows or ()):
        where = f"{member.place}: sentences[{index}]"
        video, caption = (
            text_field(row, "video_id", where, builder),
            text_field(row, "caption", where, builder),
        )
        sentence = row.get("sen_id")
        if not isinstance(sentence, int | str) or isinstance(sentence, bool):
            builder.problem(where, f"'sen_id' must be a number, got {sentence!r}; mend the record")
        elif video is not None and caption is not None:
            before = found.setdefault(str(sentence), (video, caption, where))
            if before[:2] != (video, caption):
                builder.problem(where, f"sentence {sentence} is another one at {before[2]}; remove one")


def _parse(member: Member, kind: type[dict[str, Any] | list[Any]], builder: CorpusBuilder) -> Any:
    """The JSON document of a file; None, and a problem, if it is none of that kind."""
    try:
        content = parse_json(member.data, member.place)
    except CorpusError as error:
        builder.problems.extend(error.problems)
        return None
    if isinstance(content, kind):
        return content
    wanted = "an object" if kind is dict else "a list"
    builder.problem(
        member.at(1), f"must hold {wanted}, got {type(content).__name__}; download the file again"
    )
    return None


def _add_chosen(
    gallery: CaptionedMedia,
    sentences: Mapping[str, Sentences],
    rows: Iterable[tuple[Mapping[str, str], str]],
    languages: Iterable[str],
) -> None:
    """Adds the one sentence of each video, and the ones of the same `sen_id` in the other languages."""
    ids = {
        (video, " ".join(caption.split())): sentence
        for sentence, (video, caption, _) in sentences.get("en", {}).items()
    }
    for row, where in rows:
        video, text = row["video_id"].strip(), " ".join(row["sentence"].split())
        for language in sorted(languages):
            if language == "en":
                gallery.caption(video, "en", text, where=where)
                continue
            translated = sentences[language].get(ids.get((video, text), ""))
            if translated is None or translated[0] != video:
                gallery.builder.problem(
                    where,
                    f"the sentence of {video!r} has no {language!r} translation of the same sen_id; add it "
                    "to the files of captions, or choose other languages",
                )
            else:
                gallery.caption(video, language, translated[1], where=translated[2])


def _add_all(
    gallery: CaptionedMedia,
    sentences: Mapping[str, Sentences],
    videos: set[str],
    languages: Iterable[str],
    place: str,
) -> None:
    """Adds every caption of the chosen videos."""
    for language in sorted(languages):
        if language not in sentences:
            gallery.builder.problem(
                place,
                f"holds no videodatainfo.json in {language!r}; captions=all needs it, and the split train",
            )
        for video, caption, where in sentences.get(language, {}).values():
            if video in videos:
                gallery.caption(video, language, caption, where=where)


def read_vatex(
    source: Path,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    splits: Iterable[str] | None = None,
    direction: Direction = "text_to_video",
    captions: Captions = "all",
    videos: str | None = None,
    files: str = "{video}.mp4",
    media: str | None = None,
) -> ParallelCorpus:
    """VATEX (arXiv 1904.03493) from `vatex_{training,validation,public_test_english}_v<version>.json`.

    A record is a video: `videoID`, ten captions in English under `enCap` and ten in Chinese under `chCap`,
    which the public test file lacks. The splits that retrieval papers report (1,500 videos each for
    development and test, both out of `validation`) are lists of ids: give one as `videos`. Keys as several
    public readers of the published files have them.

    Args:
        source: Folder, archive or file.
        info: What the corpus says of itself.
        languages: Tags to read; None reads both.
        splits: `train`, `validation`, `test` or some of them; None reads all that is there.
        direction: `text_to_video` or `video_to_text`.
        captions: Which captions of each language are read.
        videos: File with the ids of the videos to read, one a line; None reads all.
        files: Names of the videos' files; features may stand in for them, as the published `{video}.npy` do.
        media: Folder of these files; None looks for them in the source.

    Returns:
        The corpus, judged by video in the published splits.

    Raises:
        CorpusError: If a row is not as published, or a listed video or a file of one is missing; all problems
            at once.
        ConfigError: If there is no such direction, or files does not hold `{video}`.
    """
    check_direction(direction, _DIRECTIONS, info)
    check_files(files, ("video",))
    builder = CorpusBuilder(info)
    gallery = CaptionedMedia("video", builder)
    pattern = rf"vatex_(?P<split>{'|'.join(_SPLITS)})_v(?P<version>[0-9.]+)\.json"
    members = read_members(source, pattern, "vatex_{training,validation,...}_v<version>.json")
    kept_splits = _choose(splits, [_SPLITS[member.match["split"]] for member in members])
    listed = None if videos is None else _listed(videos, builder)
    for member in members:
        split = _SPLITS[member.match["split"]]
        for index, row in enumerate(_parse(member, list, builder) or () if split in kept_splits else ()):
            _add_video(gallery, row, split, f"{member.place}: [{index}]", listed, files)
    for name, where in (listed or {}).items():
        if name not in gallery:
            builder.problem(where, f"video {name!r} is not in the files that are read; remove the line")
    kept = wanted_languages(languages, gallery.languages)
    return gallery.build(direction=direction, captions=captions, languages=kept, source=source, folder=media)


def _choose(splits: Iterable[str] | None, there: list[str]) -> list[str]:
    """The splits to read, all of which must be there."""
    wanted = there if splits is None else [splits] if isinstance(splits, str) else list(splits)
    for split in wanted:
        if split not in there:
            raise CorpusError(f"no file of split {split!r}; there is {', '.join(sorted(there))}")
    return wanted


def _listed(videos: str, builder: CorpusBuilder) -> dict[str, str]:
    """Ids of a list, each with its place."""
    if not Path(videos).is_file():
        raise CorpusError(f"{videos}: there is no such list of videos")
    lines = decode_lines(read_bytes(Path(videos)), videos, builder.problems)
    return {line.strip(): f"{videos}:{number}" for number, line in enumerate(lines, start=1) if line.strip()}


def _add_video(
    gallery: CaptionedMedia, row: Any, split: str, where: str, listed: Mapping[str, str] | None, files: str
) -> None:
    if not isinstance(row, dict):
        gallery.builder.problem(where, f"must be an object, got {type(row).__name__}; mend the record")
        return
    name = text_field(row, "videoID", where, gallery.builder)
    if name is None or (listed is not None and name not in listed):
        return
    gallery.add(name, file_for(files, name), split, where=where)
    for language, key in (("en", "enCap"), ("zh", "chCap")):
        if language == "en" or key in row:
            for text in texts_field(row, key, where, gallery.builder) or ():
                gallery.caption(name, language, text, where=where)
