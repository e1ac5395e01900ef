"""How document embeddings lie in memory for exact search: part by part, each part sorted by block.

A collection is searched some thousand documents at a time, in the order in which their vectors are stored. So
a file of vectors that is memory-mapped is read once from its beginning to its end, and never held whole.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from isoglot.errors import SearchError
from isoglot.retrieval.adapters import Similarity
from isoglot.retrieval.encode import normalize
from isoglot.retrieval.mapped import release
from isoglot.retrieval.ties import tie_ranks

PART_DOCUMENTS = 16_384
"""Documents that are searched at a time: few enough that a chunk of their scores fits a cache."""
_WORD = 8
"""Comparisons that are counted together."""
_MAX_WORDS = 255
"""Words that can be added up without a byte overflowing."""
_EVEN_BYTES = np.uint64(0x00FF00FF00FF00FF)
_ONES = np.uint64(0x0001000100010001)


@dataclass(frozen=True, eq=False)
class Part:
    """Consecutive documents of a collection, laid out for exact search.

    The columns of a score matrix are these documents sorted by block (the documents of one language, say),
    with padding so that each block begins on a word of eight columns.

    Attributes:
        embeddings: (columns, D) document embeddings; zeros in padding.
        first_row: Row of the first document in the collection.
        column_rows: (columns,) document row of each column, -1 in padding.
        row_columns: (n,) column of each document, from `first_row` on.
        column_ties: (columns,) place among documents of equal score, the lower standing higher; padding last.
        column_blocks: (columns,) block of each column.
        block_columns: (blocks + 1,) first column of each block.
    """

    embeddings: npt.NDArray[np.float32]
    first_row: int
    column_rows: npt.NDArray[np.int32]
    row_columns: npt.NDArray[np.int32]
    column_ties: npt.NDArray[np.int32]
    column_blocks: npt.NDArray[np.int32]
    block_columns: npt.NDArray[np.int64]

    @property
    def num_columns(self) -> int:
        """Columns, padding counted."""
        return len(self.column_rows)

    @property
    def num_blocks(self) -> int:
        """Blocks, empty ones counted."""
        return len(self.block_columns) - 1

    @cached_property
    def padding(self) -> npt.NDArray[np.int64]:
        """Columns without a document."""
        return np.flatnonzero(self.column_rows < 0)

    @cached_property
    def segments(self) -> npt.NDArray[np.int64]:
        """First word of each segment: a segment lies in one block and has at most 255 words."""
        edges = self.block_columns // _WORD
        return np.concatenate(
            [np.arange(start, stop, _MAX_WORDS) for start, stop in itertools.pairwise(edges)]
        )

    @cached_property
    def present_blocks(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Blocks that have documents here, and the first segment of each."""
        blocks = self.column_blocks[self.segments * _WORD].astype(np.int64)
        present, first = np.unique(blocks, return_index=True)
        return present, first.astype(np.int64)

    def count_by_block(self, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
        """(..., blocks) how many of (..., columns) are true."""
        sums = _add_bytes(np.add.reduceat(mask.view(np.uint64), self.segments, axis=-1))
        present, first = self.present_blocks
        counts = np.zeros((*mask.shape[:-1], self.num_blocks), np.int32)
        counts[..., present] = np.add.reduceat(sums, first, axis=-1)
        return counts

    def columns_of(self, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Column of each document row, of any shape; -1 for rows of other parts and for row -1."""
        at = rows - self.first_row
        here = (at >= 0) & (at < len(self.row_columns))
        return np.where(here, self.row_columns[np.where(here, at, 0)], -1).astype(np.int32)


@dataclass(frozen=True, eq=False)
class Collection:
    """Documents to be searched; build with `lay_out`.

    Attributes:
        document_embeddings: (N, D) vectors as they were given, in memory or memory-mapped.
        doc_ids: (N,) ids.
        blocks: (N,) block of each document.
        num_blocks: Blocks, empty ones counted.
        ties: (N + 1,) place of each document among those of equal score, the lower standing higher; the last
            stands for no document, below all.
        similarity: If cosine, vectors are scaled to length 1 as they are read.
        part_documents: Documents that are searched at a time.
    """

    document_embeddings: npt.NDArray[np.floating]
    doc_ids: Sequence[str] | pa.ChunkedArray
    blocks: npt.NDArray[np.int64]
    num_blocks: int
    ties: npt.NDArray[np.int32]
    similarity: Similarity
    part_documents: int

    @property
    def num_documents(self) -> int:
        """Documents."""
        return len(self.blocks)

    @property
    def num_parts(self) -> int:
        """Parts in which the documents are searched."""
        return -(-self.num_documents // self.part_documents)

    @property
    def max_columns(self) -> int:
        """No part has more columns."""
        documents = min(self.part_documents, self.num_documents)
        return documents + min(documents, self.num_blocks) * (_WORD - 1)

    @property
    def width(self) -> int:
        """Dimension of the embeddings."""
        return int(self.document_embeddings.shape[1])

    def parts(self) -> Iterator[Part]:
        """The documents, laid out part by part.

        Yields:
            Parts, in the order of the documents; only one need be in memory at a time.

        Raises:
            SearchError: If a vector is not finite; names the document.
        """
        if self.num_parts == 1:
            yield self._only_part
            return
        for first in range(0, self.num_documents, self.part_documents):
            yield self._part(first)

    def vectors(self, rows: npt.NDArray[np.integer] | slice) -> npt.NDArray[np.float32]:
        """Vectors of some documents, as they are searched.

        Args:
            rows: (n,) document rows, or a slice of them.

        Returns:
            (n, D) vectors.

        Raises:
            SearchError: If one is not finite; names the document.
        """
        found = np.asarray(self.document_embeddings[rows], np.float32)
        release(self.document_embeddings)
        with np.errstate(over="ignore", invalid="ignore"):
            suspect = not np.isfinite(found.sum())
        if suspect and not (finite := np.isfinite(found).all(axis=1)).all():
            row = int(np.arange(self.num_documents)[rows][np.argmin(finite)])
            raise SearchError(
                f"the vector of document {str(self.doc_ids[row])!r} is not finite; encode it again"
            )
        return normalize(found) if self.similarity == "cosine" else found

    @cached_property
    def _only_part(self) -> Part:
        return self._part(0)

    def _part(self, first: int) -> Part:
        rows = slice(first, min(first + self.part_documents, self.num_documents))
        blocks = self.blocks[rows]
        num_rows = len(blocks)
        sizes = np.bincount(blocks, minlength=self.num_blocks)
        edges = np.concatenate([[0], np.cumsum(-(-sizes // _WORD) * _WORD)]).astype(np.int64)
        order = np.argsort(blocks, kind="stable")
        within = np.arange(num_rows) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        row_columns = np.empty(num_rows, np.int32)
        row_columns[order] = edges[blocks[order]] + within
        column_rows = np.full(edges[-1], -1, np.int32)
        column_rows[row_columns] = np.arange(rows.start, rows.stop)
        embeddings = np.zeros((len(column_rows), self.width), np.float32)
        embeddings[row_columns] = self.vectors(rows)
        column_blocks = np.repeat(np.arange(self.num_blocks, dtype=np.int32), np.diff(edges))
        return Part(embeddings, first, column_rows, row_columns, self.ties[column_rows], column_blocks, edges)


def lay_out(
    document_embeddings: npt.NDArray[np.floating],
    doc_ids: Sequence[str] | pa.ChunkedArray,
    blocks: npt.NDArray[np.integer] | None = None,
    num_blocks: int | None = None,
    *,
    similarity: Similarity = "dot",
    part_documents: int = PART_DOCUMENTS,
) -> Collection:
    """A collection from document embeddings.

    Args:
        document_embeddings: (N, D); if memory-mapped, they are read as they are searched.
        doc_ids: (N,) ids; they decide ties.
        blocks: (N,) block of each document, from 0; None puts all in one.
        num_blocks: How many blocks there are, if some at the end may be empty.
        similarity: "cosine" scales each vector to length 1 as it is read; "dot" leaves it as it is.
        part_documents: Documents that are searched at a time; what is found does not depend on it.

    Returns:
        The collection.

    Raises:
        SearchError: If there is no document, or lengths do not fit.
    """
    if document_embeddings.ndim != 2 or not len(document_embeddings):
        raise SearchError(f"need (documents, dimension) embeddings, got shape {document_embeddings.shape}")
    num_documents = len(document_embeddings)
    codes = np.zeros(num_documents, np.int64) if blocks is None else blocks.astype(np.int64)
    if not len(doc_ids) == len(codes) == num_documents:
        raise SearchError(f"{num_documents} document embeddings, {len(doc_ids)} ids, {len(codes)} blocks")
    if part_documents < 1:
        raise SearchError(f"part_documents must be >= 1, got {part_documents}")
    ties = np.append(tie_ranks(doc_ids), np.int32(num_documents))
    number = max(int(codes.max()) + 1, num_blocks or 1)
    return Collection(document_embeddings, doc_ids, codes, number, ties, similarity, part_documents)


def count_true(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    """How many are true along the last axis, which has whole words and at most 255 of them."""
    return _add_bytes(np.add.reduce(mask.view(np.uint64), axis=-1))


def _add_bytes(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.int32]:
    """The sum of the eight bytes of each word.

    Eight bytes of a mask are added as one integer; no byte overflows in a sum of at most 255 words.
    """
    pairs = (words & _EVEN_BYTES) + ((words >> np.uint64(8)) & _EVEN_BYTES)
    sums: npt.NDArray[np.int32] = ((pairs * _ONES) >> np.uint64(48)).astype(np.int32)
    return sums
