"""Clips of videos with texts in many languages, in numbers that Python objects for each would not fit."""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from isoglot.corpora.building import sort_by_group
from isoglot.corpora.judgements import Split
from isoglot.corpora.languages import NO_LANGUAGE
from isoglot.corpora.media import Direction, find_media
from isoglot.corpora.parallel import DOCUMENT_SCHEMA, QUERY_SCHEMA, assemble
from isoglot.errors import CorpusError

if TYPE_CHECKING:
    from pathlib import Path

    from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus

Numbers = npt.NDArray[np.int32]

_TEXTS_AT_ONCE = 65_536


@dataclass
class ClipCaptions:
    """What is said in clips, in one language.

    Attributes:
        language: Its tag.
    """

    language: str
    _clips: array[int] = field(default_factory=lambda: array("i"))
    _pending: list[str] = field(default_factory=list)
    _chunks: list[pa.Array] = field(default_factory=list)

    def add(self, clip: int, text: str) -> None:
        """Adds the text of a clip, given by its number in a `ClipTable`; a clip has one at most."""
        self._clips.append(clip)
        self._pending.append(text)
        if len(self._pending) >= _TEXTS_AT_ONCE:
            self._flush()

    @property
    def clips(self) -> Numbers:
        """(n,) numbers of the clips with a text."""
        return np.array(self._clips, np.int32)

    @property
    def texts(self) -> pa.ChunkedArray:
        """(n,) their texts."""
        self._flush()
        return pa.chunked_array(self._chunks, pa.large_string())

    def _flush(self) -> None:
        if self._pending:
            self._chunks.append(pa.array(self._pending, pa.large_string()))
            self._pending = []


@dataclass
class ClipTable:
    """The clips of some videos, numbered through in the order in which the videos were added.

    Attributes:
        videos: Video -> the numbers of its clips.
    """

    videos: dict[str, range] = field(default_factory=dict)
    _num_clips: int = 0

    def add(self, video: str, num_clips: int) -> None:
        """Adds a video that is not there yet."""
        self.videos[video] = range(self._num_clips, self._num_clips + num_clips)
        self._num_clips += num_clips

    def build(
        self,
        info: CorpusInfo,
        captions: Sequence[ClipCaptions],
        direction: Direction,
        files: str,
        *,
        source: Path,
        media: str | None,
    ) -> ParallelCorpus:
        """The corpus of the clips that have a text.

        Args:
            info: What it says of itself.
            captions: The texts, one language each.
            direction: `text_to_text`, `text_to_video` or `video_to_text`.
            files: Names of the clips' files, with `{video}` and `{clip}`, the number within its video.
            source: Where the data set was read from; the files are looked for there.
            media: Folder of the files; every file must be in it. None looks for them in the source.

        Returns:
            The corpus, judged by clip in the split `train`; a group is `<video>.<clip>`, in every language.
            Files that are missing are `damaged` in it.

        Raises:
            CorpusError: If no clip has a text, or there is no such folder.
        """
        used = np.unique(np.concatenate([each.clips for each in captions]))
        if not len(used):
            raise CorpusError(f"{source}: no clip has a text in the chosen languages; choose others")
        names = self._names(used)
        texts = pa.concat_tables([_text_rows(each, names, used) for each in captions])
        info = replace(info, symmetric=direction == "text_to_text")
        paths = None if info.symmetric else self._paths(used, files)
        if direction == "video_to_text":
            queries, documents = _video_rows(names, paths, NO_LANGUAGE), texts
        else:
            queries, documents = texts, texts if info.symmetric else _video_rows(names, paths, None)
        corpus = assemble(info, queries, _as_documents(documents))
        split = Split(groups=np.arange(corpus.num_groups, dtype=np.int32))
        corpus = sort_by_group(replace(corpus, splits={"train": split}))
        if paths is None:
            return corpus
        root, missing = find_media(source, media, paths.to_pylist())
        return replace(corpus, media_root=root, damaged=missing)

    def _places(self, used: Numbers) -> tuple[pa.Array, Numbers]:
        """Of some clips, their videos and their numbers within them."""
        names = pa.array(list(self.videos), pa.large_string())
        starts = np.array([span.start for span in self.videos.values()], np.int64)
        sizes = np.array([len(span) for span in self.videos.values()], np.int64)
        # Videos without clips share the start of the next one, and are passed over.
        held = np.flatnonzero(sizes)
        at = held[np.searchsorted(starts[held], used, "right") - 1]
        return names.take(pa.array(at)), (used - starts[at]).astype(np.int32)

    def _names(self, used: Numbers) -> pa.Array:
        return _named("{video}.{clip}", *self._places(used))

    def _paths(self, used: Numbers, files: str) -> pa.Array:
        return _named(files, *self._places(used))


def _named(pattern: str, videos: pa.Array, numbers: Numbers) -> pa.Array:
    """The pattern for each clip."""
    values = {"{video}": videos, "{clip}": pa.array(numbers).cast(pa.large_string())}
    pieces = [piece for piece in re.split(r"(\{video\}|\{clip\})", pattern) if piece]
    return _joined(*(values.get(piece, _text(piece)) for piece in pieces))


def _joined(*parts: Any) -> pa.Array:
    """Texts that stand one after the other, row by row."""
    return pc.binary_join_element_wise(*parts, _text(""))


def _text(content: str) -> pa.Scalar:
    return pa.scalar(content, pa.large_string())


def _text_rows(captions: ClipCaptions, names: pa.Array, used: Numbers) -> pa.Table:
    """The texts of one language: ids, groups, language, medium, texts and no paths."""
    groups = names.take(pa.array(np.searchsorted(used, captions.clips)))
    ids = _joined(groups, _text(f".{captions.language}"))
    return _table(ids, groups, captions.language, "text", captions.texts, None)


def _video_rows(names: pa.Array, paths: pa.Array, language: str | None) -> pa.Table:
    return _table(names, names, language, "video", None, paths)


def _table(
    ids: pa.Array, groups: pa.Array, language: str | None, modality: str, texts: Any, paths: Any
) -> pa.Table:
    """Rows in the columns of queries."""
    rows = len(ids)
    columns = [ids, groups, _repeated(language, rows), _repeated(modality, rows), texts, paths]
    return pa.table(
        [pa.nulls(rows, pa.large_string()) if column is None else column for column in columns],
        names=QUERY_SCHEMA.names,
    ).cast(QUERY_SCHEMA)


def _repeated(tag: str | None, rows: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(rows, np.int16), mask=np.full(rows, tag is None)), pa.array([tag or ""])
    )


def _as_documents(queries: pa.Table) -> pa.Table:
    """The same rows as documents, without titles."""
    titles = pa.nulls(queries.num_rows, pa.large_string())
    return pa.table([*queries.columns, titles], names=DOCUMENT_SCHEMA.names)
