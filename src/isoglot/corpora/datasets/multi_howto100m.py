"""Multi-HowTo100M: what is said in clips of instruction videos, in nine languages."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from isoglot.corpora.aligned import reference_language, wanted_languages
from isoglot.corpora.building import row_problems
from isoglot.corpora.clips import ClipCaptions, ClipTable
from isoglot.corpora.datasets.video_files import check_files, video_problems
from isoglot.corpora.json_objects import Entry, read_entries
from isoglot.corpora.languages import normalize_language
from isoglot.corpora.media import Direction, check_direction
from isoglot.corpora.sources import Blocks, stream_blocks
from isoglot.errors import ConfigError, CorpusError

if TYPE_CHECKING:
    from pathlib import Path

    from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus

_DIRECTIONS: tuple[Direction, ...] = ("text_to_text", "text_to_video", "video_to_text")
_PATTERN = r"how2_(?P<language>[a-z]{2,3})\.json"
_EXPECTED = "how2_<language>.json"
_KEYS = ("text", "start", "end")
_SECONDS = 0.05
"""How much a start or an end may differ between languages: less than two frames."""
_MOST_SECONDS = 1e7


def read_multi_howto100m(
    source: Path,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    direction: Direction = "text_to_text",
    num_videos: int = 0,
    skip_mismatches: bool = False,
    files: str = "{video}/{clip}.mp4",
    media: str | None = None,
) -> ParallelCorpus:
    """Multi-HowTo100M (arXiv 2103.08849) from `how2_<language>.json`, read as a stream.

    A file is one object: video_id -> `text`, `start` and `end`, lists of one length: what is said in each
    clip, and the seconds between which it is said. Clips are numbered from 0, as they stand in these lists. A
    clip says the same in two languages if it has the same number and its start and end are those of the
    English clip (of the first language of the alphabet where English is not there), up to a twentieth of a
    second. A clip whose text is empty in a language is not there in that language.

    A clip is a video of its own: a file cut out of it, or features of it, found by number. What is held in
    memory is the corpus, 16 bytes for each clip and the ids of the videos; of each file, one video. The whole
    set has more clips than fit, so read a number of videos.

    Args:
        source: Folder, archive or file; `.gz` and `.xz` are read as if unpacked.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all.
        direction: `text_to_text` (a symmetric corpus), `text_to_video` or `video_to_text`.
        num_videos: Videos to read, the first of the English file; 0 reads all.
        skip_mismatches: Whether clips whose timings differ from the English ones, and videos that are not in
            the English file, are left out, and counted in the corpus' description; if not, they are errors.
        files: Names of the clips' files; `{video}.npz#{clip}` for arrays of features in one archive a video.
        media: Folder of the clips' files; None looks for them in the source.

    Returns:
        The corpus, judged by clip in the split `train`.

    Raises:
        CorpusError: If a row is not as published; all problems at once.
        ConfigError: If there is no such direction, num_videos < 0, or files does not hold `{video}` and
            `{clip}`.
    """
    check_direction(direction, _DIRECTIONS, info)
    check_files(files, ("video", "clip"))
    if num_videos < 0:
        raise ConfigError(f"num_videos must be >= 0, got {num_videos}")
    there = _languages(source)
    kept = wanted_languages(languages, there)
    reading = _Reading(num_videos, skip_mismatches, files)
    reference = reference_language(there)
    order = [reference, *sorted(kept - {reference})]
    for language in order:
        for blocks in stream_blocks(source, _PATTERN, _EXPECTED):
            if there[language] == blocks.place:
                reading.read(blocks, language, keep=language in kept)
    if reading.problems:
        raise CorpusError(reading.problems)
    described = replace(info, description=info.description + reading.left_out())
    captions = [reading.captions[language] for language in order if language in kept]
    return reading.clips.build(described, captions, direction, files, source=source, media=media)


def _languages(source: Path) -> dict[str, str]:
    """Language -> place of its file; the files are not read."""
    found: dict[str, str] = {}
    problems = []
    for blocks in stream_blocks(source, _PATTERN, _EXPECTED):
        try:
            language = normalize_language(blocks.match["language"])
        except CorpusError as error:
            problems.append(f"{blocks.place}: {error}")
            continue
        if found.setdefault(language, blocks.place) != blocks.place:
            problems.append(f"{blocks.place}: is in {language!r}, as {found[language]} is; leave one out")
    if problems:
        raise CorpusError(problems)
    return found


@dataclass(frozen=True)
class _Video:
    """What one file says of a video: a text, a start and an end of each clip."""

    texts: list[str]
    starts: list[float]
    ends: list[float]


@dataclass
class _Reading:
    """What has been read of the files so far."""

    num_videos: int
    skip_mismatches: bool
    files: str
    clips: ClipTable = field(default_factory=ClipTable)
    captions: dict[str, ClipCaptions] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    _starts: array[float] = field(default_factory=lambda: array("d"))
    _ends: array[float] = field(default_factory=lambda: array("d"))
    _reference: str = ""

    def read(self, blocks: Blocks, language: str, *, keep: bool) -> None:
        """Reads a file, the one of the reference language first."""
        first = not self._reference
        self._reference = self._reference or blocks.place
        captions = self.captions.setdefault(language, ClipCaptions(language))
        seen: set[str] = set()
        found = 0
        try:
            for entry in read_entries(blocks.blocks, blocks.place):
                where = f"{blocks.place}:{entry.line}: video {entry.key!r}"
                if entry.key in seen:
                    self.problems.append(f"{where} is there twice; remove one")
                    continue
                seen.add(entry.key)
                video = _video(entry, where, self.problems)
                if first:
                    self._add_video(entry.key, video, where)
                if video is not None:
                    self._add_texts(entry.key, video, captions if keep else None, language, where)
                found += entry.key in self.clips.videos
                if self.num_videos and found >= (self.num_videos if first else len(self.clips.videos)):
                    break
        except CorpusError as error:
            self.problems.extend(error.problems)

    def left_out(self) -> str:
        """What was left out, for the description; "" if nothing was."""
        return "".join(
            f" {number:,} clips in {language} were left out, as their timings differ."
            for language, number in sorted(self.skipped.items())
        )

    def _add_video(self, name: str, video: _Video | None, where: str) -> None:
        self.problems.extend(f"{where}: {problem}" for problem in video_problems(self.files, name))
        self.clips.add(name, 0 if video is None else len(video.texts))
        if video is not None:
            self._starts.extend(video.starts)
            self._ends.extend(video.ends)

    def _add_texts(
        self, name: str, video: _Video, captions: ClipCaptions | None, language: str, where: str
    ) -> None:
        span = self.clips.videos.get(name)
        if span is None:
            if not self.num_videos:
                self._mismatch(language, len(video.texts), f"{where} is not in {self._reference}")
            return
        differing = self._differing(video, span)
        if differing:
            self._mismatch(
                language,
                len(differing),
                f"{where}: {len(differing):,} of {len(video.texts):,} clips are not those of "
                f"{self._reference}, the first is number {min(differing)}",
            )
        if captions is not None:
            for number, text in enumerate(video.texts):
                if number not in differing:
                    self._add_text(captions, span[number], text.strip(), where)

    def _add_text(self, captions: ClipCaptions, clip: int, text: str, where: str) -> None:
        if not text:
            return
        if not text.isascii():  # there is nothing else that could be wrong, and texts are many
            wrong = row_problems("clip", str(clip), text, "text", None, None)
            self.problems.extend(f"{where}: {problem}" for problem in wrong)
        captions.add(clip, text)

    def _differing(self, video: _Video, span: range) -> set[int]:
        """Numbers of the clips that are not in both files, or not at the same time."""
        common = min(len(span), len(video.texts))
        there = slice(span.start, span.start + common)
        times = (video.starts, self._starts), (video.ends, self._ends)
        late = [np.abs(np.array(own[:common]) - np.array(other[there])) > _SECONDS for own, other in times]
        beyond = range(common, max(len(span), len(video.texts)))
        return {*np.flatnonzero(late[0] | late[1]).tolist(), *beyond}

    def _mismatch(self, language: str, number: int, what: str) -> None:
        if self.skip_mismatches:
            self.skipped[language] = self.skipped.get(language, 0) + number
        else:
            self.problems.append(f"{what}; mend it, or leave such clips out with skip_mismatches")


def _video(entry: Entry, where: str, problems: list[str]) -> _Video | None:
    """What an entry says of its video; None, and problems, if it is not as published."""
    value = entry.value
    found = list(_entry_problems(value))
    if found:
        problems.extend(f"{where}: {problem}" for problem in found)
        return None
    return _Video(value["text"], value["start"], value["end"])


def _entry_problems(value: Any) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"must be an object with text, start and end, got {type(value).__name__}; mend it"
        return
    lists = {key: value[key] for key in _KEYS if isinstance(value.get(key), list)}
    if len(lists) < len(_KEYS):
        yield f"{', '.join(key for key in _KEYS if key not in lists)} must be lists; mend the record"
        return
    lengths = {key: len(items) for key, items in lists.items()}
    if len(set(lengths.values())) > 1:
        counted = ", ".join(f"{number:,} of {key}" for key, number in lengths.items())
        yield f"text, start and end must be equally many, got {counted}; mend the record"
    if not all(isinstance(item, str) for item in lists["text"]):
        yield "text must be a list of texts; mend the record"
    for key in ("start", "end"):
        if not all(map(_is_time, lists[key])):
            yield f"{key} must be a list of seconds; mend the record"


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _MOST_SECONDS
