"""A model's vectors of groups: of each, the mean over its texts in one language, or in all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from isoglot.corpora.judgements import Rows
from isoglot.corpora.languages import match_languages
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError
from isoglot.retrieval.contents import Side, contents_of
from isoglot.retrieval.encode import normalize
from isoglot.training.text_vectors import TextVectors, Vectors

_ROWS_AT_ONCE = 65_536
"""Texts whose vectors are held before those of each group become one."""


@dataclass(frozen=True, eq=False)
class GroupVectors:
    """One vector for each of some groups.

    Attributes:
        groups: (G,) codes of the groups, ascending.
        vectors: (G, D) their vectors, which may be memory-mapped.
    """

    groups: Rows
    vectors: Vectors


def groups_of_split(corpus: ParallelCorpus, split: str) -> tuple[Rows, Rows]:
    """Groups of the queries of a split, and of the documents that it trains on: answers and hard negatives.

    Args:
        corpus: The corpus.
        split: Name of the split.

    Returns:
        Codes, ascending; a document without group has none.

    Raises:
        CorpusError: If there is no such split.
    """
    part = corpus.split(split)
    if part.groups is not None:
        queries, documents = part.groups, [part.groups]
    else:
        assert part.judgements is not None
        relevant = part.judgements.relevant()
        queries = corpus.query_groups[relevant.query_rows]
        documents = [corpus.document_groups[relevant.document_rows]]
    if split in corpus.negatives:
        documents.append(corpus.document_groups[corpus.negatives[split].document_rows])
    named = np.unique(np.concatenate(documents))
    return np.unique(queries), named[named >= 0]


@dataclass(frozen=True)
class Room:
    """Where arrays lie.

    Attributes:
        folder: The folder of files that are memory-mapped; None for memory.
    """

    folder: Path | None

    def array(self, name: str, shape: tuple[int, int]) -> Vectors:
        """A new array by that name."""
        if self.folder is None or 0 in shape:
            return np.empty(shape, np.float32)
        self.folder.mkdir(parents=True, exist_ok=True)
        return np.lib.format.open_memmap(self.folder / f"{name}.npy", "w+", np.float32, shape)


@dataclass(frozen=True, eq=False)
class TextReader:
    """Gives a teacher's vectors of the texts of a corpus.

    Attributes:
        teacher: Gives its vectors of any texts.
        corpus: Whose texts.
    """

    teacher: TextVectors
    corpus: ParallelCorpus

    def vectors(self, side: Side, rows: Rows) -> Vectors:
        """(n, D) vectors of rows that are all texts, of length 1 if the teacher compares by cosine."""
        (part,) = contents_of(self.corpus, side, rows)
        vectors = self.teacher.encode(side, part.distinct)
        return (normalize(vectors) if self.teacher.unit else vectors)[part.numbers]


def _source_rows(corpus: ParallelCorpus, side: Side, groups: Rows, language: str | None) -> tuple[Rows, Rows]:
    """Rows of the groups' texts in the source language, by group, and the group of each."""
    of_queries = side == "query"
    codes = corpus.query_groups if of_queries else corpus.document_groups
    media, medium = corpus.query_modalities if of_queries else corpus.document_modalities
    chosen = np.zeros(corpus.num_groups + 1, bool)  # the last place is for code -1
    chosen[groups] = True
    chosen = chosen[codes] & np.isin(medium, [code for code, name in enumerate(media) if name == "text"])
    if language is not None:
        names, spoken = corpus.query_languages if of_queries else corpus.document_languages
        source = match_languages([language], corpus.languages)
        chosen &= np.isin(spoken, [code for code, name in enumerate(names) if name in source])
    rows = np.flatnonzero(chosen).astype(np.int32)
    rows = rows[np.argsort(codes[rows], kind="stable")]
    return rows, codes[rows]


def group_vectors(
    reader: TextReader, side: Side, groups: Rows, language: str | None, room: Room
) -> GroupVectors:
    """The vectors of groups: each the mean over the group's texts in the source language.

    Args:
        reader: Gives the vectors of texts.
        side: Whether the texts are queries or documents.
        groups: Codes of the groups.
        language: The source language, varieties included; None takes all.
        room: Where the vectors lie.

    Returns:
        Vectors of the groups that have such a text; of no width if none has.

    Raises:
        CorpusError: If the corpus has no text in the source language.
        SearchError: If the teacher's vectors are malformed.
    """
    rows, codes = _source_rows(reader.corpus, side, groups, language)
    found, starts = np.unique(codes, return_index=True)
    vectors = np.zeros((0, 0), np.float32)
    for first, last in _slabs(np.append(starts, len(rows))):
        span = slice(int(starts[first]), int(starts[last]) if last < len(starts) else len(rows))
        given = reader.vectors(side, rows[span])
        if not first:
            vectors = room.array(side, (len(found), given.shape[1]))
        vectors[first:last] = _means(given, starts[first:last] - starts[first], unit=reader.teacher.unit)
    return GroupVectors(found.astype(np.int32), vectors)


def _slabs(starts: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Ranges of groups with about `_ROWS_AT_ONCE` rows together, and at least one group each."""
    first = 0
    while first < len(starts) - 1:
        last = int(np.searchsorted(starts, starts[first] + _ROWS_AT_ONCE, "right")) - 1
        last = min(max(last, first + 1), len(starts) - 1)
        yield first, last
        first = last


def _means(vectors: Vectors, starts: npt.NDArray[np.int64], *, unit: bool) -> Vectors:
    """The mean of the rows from each start to the next, of length 1 if `unit`."""
    counts = np.diff(np.append(starts, len(vectors))).astype(np.float32)
    means: Vectors = np.divide(np.add.reduceat(vectors, starts), counts[:, None], dtype=np.float32)
    return normalize(means) if unit else means


def narrow(
    sides: Sequence[GroupVectors], width: int, full: int, room: Room, *, unit: bool
) -> list[GroupVectors]:
    """Vectors of queries and documents on their principal axes.

    Args:
        sides: Those of queries, then those of documents.
        width: How many axes.
        full: Width of the vectors.
        room: Where the new ones lie.
        unit: Whether they are scaled to length 1.

    Returns:
        The same groups with narrower vectors.

    Raises:
        ConfigError: If width is not between 1 and full.
    """
    if not 1 <= width < full:
        raise ConfigError(
            f"the student's width must be between 1 and the teacher's, {full}, got {width}; give the student "
            "embeddings of at most the teacher's width"
        )
    axes = principal_axes([part.vectors for part in sides], width)
    narrowed = []
    for side, part in zip(("query", "document"), sides, strict=True):
        vectors = room.array(f"{side}-{width}", (len(part.groups), width))
        for start in range(0, len(vectors), _ROWS_AT_ONCE):
            projected = part.vectors[start : start + _ROWS_AT_ONCE] @ axes
            vectors[start : start + _ROWS_AT_ONCE] = normalize(projected) if unit else projected
        narrowed.append(GroupVectors(part.groups, vectors))
    return narrowed


def principal_axes(parts: Sequence[Vectors], width: int) -> Vectors:
    """The directions that hold most of the squared length of vectors.

    They are taken about zero and not about the mean, so that what is kept is dot products between vectors,
    which is what they are compared by, as far as so many dimensions can.

    Args:
        parts: Arrays of shape (n, D), together one set of vectors.
        width: How many directions, at most D.

    Returns:
        (D, width) orthonormal columns, the most important first; the largest entry of each is positive.
    """
    gram = np.zeros((parts[0].shape[1], parts[0].shape[1]))
    for part in parts:
        for start in range(0, len(part), _ROWS_AT_ONCE):
            chunk = np.asarray(part[start : start + _ROWS_AT_ONCE], np.float64)
            gram += chunk.T @ chunk
    axes = np.linalg.eigh(gram).eigenvectors[:, ::-1][:, :width]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], 0)
    turned: Vectors = (axes * np.sign(largest)).astype(np.float32)
    return turned
