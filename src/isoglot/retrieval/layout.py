"""How document embeddings lie in memory for exact search: by block, each block padded to whole words."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from isoglot.errors import SearchError
from isoglot.retrieval.ties import tie_ranks

_WORD = 8
"""Columns that are counted together."""
_SEGMENT_WORDS = 255
_TILE_WORDS = 4096


@dataclass(frozen=True, eq=False)
class Tile:
    """A run of columns that is compared at once.

    Attributes:
        columns: The columns; starts and ends on whole words.
        segments: First word of each segment, from the start of the tile; a segment lies in one block and has
            at most 255 words.
        block_segments: First segment of each block that has columns in the tile.
        blocks: Those blocks.
    """

    columns: slice
    segments: npt.NDArray[np.int64]
    block_segments: npt.NDArray[np.int64]
    blocks: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Collection:
    """Documents laid out for exact search; build with `lay_out`.

    The columns of a score matrix are the documents sorted by block (the documents of one language, say), with
    padding so that each block begins on a word of eight columns.

    Attributes:
        embeddings: (columns, D) document embeddings; zeros in padding.
        column_rows: (columns,) document row of each column, -1 in padding.
        row_columns: (N,) column of each document row.
        column_ties: (columns,) place among documents of equal score, the lower standing higher; padding last.
        block_columns: (blocks + 1,) first column of each block.
    """

    embeddings: npt.NDArray[np.float32]
    column_rows: npt.NDArray[np.int32]
    row_columns: npt.NDArray[np.int32]
    column_ties: npt.NDArray[np.int32]
    block_columns: npt.NDArray[np.int64]

    @property
    def num_documents(self) -> int:
        """Documents, padding not counted."""
        return len(self.row_columns)

    @property
    def num_columns(self) -> int:
        """Columns, padding counted."""
        return len(self.column_rows)

    @property
    def num_blocks(self) -> int:
        """Blocks, empty ones counted."""
        return len(self.block_columns) - 1

    @property
    def width(self) -> int:
        """Dimension of the embeddings."""
        return int(self.embeddings.shape[1])

    @cached_property
    def tiles(self) -> tuple[Tile, ...]:
        """The columns, cut so that a tile's comparisons fit a cache."""
        edges = self.block_columns // _WORD
        segments = np.array(
            [
                (word, block)
                for block, (start, stop) in enumerate(itertools.pairwise(edges))
                for word in range(start, stop, _SEGMENT_WORDS)
            ],
            np.int64,
        ).reshape(-1, 2)
        per_tile = max(1, _TILE_WORDS // _SEGMENT_WORDS)
        stops = np.append(segments[1:, 0], edges[-1])
        tiles = []
        for first in range(0, len(segments), per_tile):
            words, blocks = segments[first : first + per_tile].T
            stop = stops[min(first + per_tile, len(segments)) - 1]
            present, block_segments = np.unique(blocks, return_index=True)
            columns = slice(int(words[0]) * _WORD, int(stop) * _WORD)
            tiles.append(Tile(columns, words - words[0], block_segments, present))
        return tuple(tiles)

    @cached_property
    def tile_columns(self) -> int:
        """Columns of the widest tile."""
        return max(int(tile.columns.stop - tile.columns.start) for tile in self.tiles)


def lay_out(
    document_embeddings: npt.NDArray[np.float32],
    doc_ids: Sequence[str] | pa.ChunkedArray,
    blocks: npt.NDArray[np.integer] | None = None,
    num_blocks: int | None = None,
) -> Collection:
    """A collection from document embeddings.

    Args:
        document_embeddings: (N, D).
        doc_ids: (N,) ids; they decide ties.
        blocks: (N,) block of each document, from 0; None puts all in one.
        num_blocks: How many blocks there are, if some at the end may be empty.

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
    sizes = np.bincount(codes, minlength=num_blocks or 1)
    edges = np.concatenate([[0], np.cumsum(-(-sizes // _WORD) * _WORD)])
    order = np.argsort(codes, kind="stable")
    within = np.arange(num_documents) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    row_columns = np.empty(num_documents, np.int32)
    row_columns[order] = edges[codes[order]] + within
    column_rows = np.full(edges[-1], -1, np.int32)
    column_rows[row_columns] = np.arange(num_documents)
    embeddings = np.zeros((len(column_rows), document_embeddings.shape[1]), np.float32)
    embeddings[row_columns] = document_embeddings
    ties = np.full(len(column_rows), num_documents, np.int32)
    ties[row_columns] = tie_ranks(doc_ids)
    return Collection(embeddings, column_rows, row_columns, ties, edges.astype(np.int64))
