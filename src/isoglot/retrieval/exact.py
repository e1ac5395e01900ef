"""Exact search: one matrix product, from which come top-k runs and the ranks of all relevant documents.

The rank of a relevant document is one more than the number of documents above it, so ranking needs no sort:
it counts, per block of the collection (the documents of one language), the scores above that of each relevant
document. Ranks in every sub-collection, and in their union, are sums of those counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from isoglot.errors import SearchError
from isoglot.retrieval.layout import Collection, Tile

if TYPE_CHECKING:
    from torch import Tensor

Vectors = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int32]

_CHUNK_BYTES = 32 * 2**20
"""Scores held at a time: about what a last-level cache holds."""
_MIN_CHUNK_QUERIES = 64
"""Below this a matrix product loses speed; very large collections take more memory instead."""
_MASK_BYTES = 2**20
"""Comparisons held at a time by one thread: about what a second-level cache holds."""
_MAX_RELEVANT = 32
"""Relevant documents of a query that are compared at a time."""


@dataclass(frozen=True, eq=False)
class Wanted:
    """The documents of each query whose ranks are asked for, or that it must not find (CSR).

    Attributes:
        indptr: (Q + 1,) offsets; query i has `document_rows[indptr[i]:indptr[i + 1]]`.
        document_rows: (J,) rows of the document embeddings.
    """

    indptr: npt.NDArray[np.int64]
    document_rows: Rows


@dataclass(frozen=True, eq=False)
class TopDocuments:
    """The best documents of each query, best first; ties by `doc_id` as in `isoglot.retrieval.ties`.

    Attributes:
        document_rows: (Q, depth) rows of the document embeddings; -1 where a query has fewer candidates.
        scores: (Q, depth) scores; -inf there.
    """

    document_rows: Rows
    scores: Vectors


@dataclass(frozen=True, eq=False)
class Found:
    """What one pass over the scores gives.

    Attributes:
        counts_above: (J, blocks) documents of each block that stand above each wanted document; None if none
            was wanted.
        top: The best documents; None for depth 0.
    """

    counts_above: Counts | None
    top: TopDocuments | None


def count_above(
    query_embeddings: Vectors, collection: Collection, wanted: Wanted, *, excluded: Wanted | None = None
) -> Counts:
    """How many documents of each block stand above each wanted document.

    Args:
        query_embeddings: (Q, D).
        collection: The documents.
        wanted: Whose ranks are asked for.
        excluded: Documents that are no candidates for a query; none of them may be wanted.

    Returns:
        (J, blocks) counts. The sum over some blocks, plus 1, is the rank in the collection they make up.

    Raises:
        SearchError: If widths, numbers of queries or rows do not fit.
    """
    counts = scan(query_embeddings, collection, wanted=wanted, excluded=excluded).counts_above
    assert counts is not None
    return counts


def search(
    query_embeddings: Vectors, collection: Collection, depth: int, *, excluded: Wanted | None = None
) -> TopDocuments:
    """The best documents of each query.

    Args:
        query_embeddings: (Q, D).
        collection: The documents.
        depth: How many; at most the size of the collection is returned.
        excluded: Documents that are no candidates for a query.

    Returns:
        Rows and scores, best first.

    Raises:
        SearchError: If depth is below 1, or widths, numbers of queries or rows do not fit.
    """
    if depth < 1:
        raise SearchError(f"depth must be >= 1, got {depth}")
    top = scan(query_embeddings, collection, depth=depth, excluded=excluded).top
    assert top is not None
    return top


def scan(
    query_embeddings: Vectors,
    collection: Collection,
    *,
    wanted: Wanted | None = None,
    depth: int = 0,
    excluded: Wanted | None = None,
    chunk_bytes: int = _CHUNK_BYTES,
    on_progress: Callable[[int], None] | None = None,
) -> Found:
    """Counts and best documents in one pass over the scores, a chunk of queries at a time.

    Args:
        query_embeddings: (Q, D).
        collection: The documents.
        wanted: Whose ranks are asked for, if any.
        depth: How many best documents; 0 for none.
        excluded: Documents that are no candidates for a query.
        chunk_bytes: Memory for scores; what is found does not depend on it.
        on_progress: Told how many queries have been searched since it was last told.

    Returns:
        Counts and best documents.

    Raises:
        SearchError: If widths, numbers of queries or rows do not fit.
    """
    _check_fit(query_embeddings, collection, wanted)
    _check_fit(query_embeddings, collection, excluded)
    depth = min(depth, collection.num_documents)
    num_queries = len(query_embeddings)
    counts = (
        None if wanted is None else np.zeros((len(wanted.document_rows), collection.num_blocks), np.int32)
    )
    rows = np.full((num_queries, depth), -1, np.int32)
    scores_of_rows = np.full((num_queries, depth), -np.inf, np.float32)
    # Queries with equally many wanted documents go together, so that few comparisons are padding.
    order = np.arange(num_queries) if wanted is None else np.argsort(np.diff(wanted.indptr), kind="stable")
    with _threads() as pool:
        for chunk, scores in _score_chunks(query_embeddings, collection, order, excluded, chunk_bytes):
            if wanted is not None and counts is not None:
                _count_chunk(scores.numpy(), collection, wanted, chunk, counts, pool)
            if depth:
                rows[chunk], scores_of_rows[chunk] = _best(scores, collection, depth)
            if on_progress is not None:
                on_progress(len(chunk))
    return Found(counts, TopDocuments(rows, scores_of_rows) if depth else None)


def _check_fit(query_embeddings: Vectors, collection: Collection, pairs: Wanted | None) -> None:
    if query_embeddings.ndim != 2 or query_embeddings.shape[1] != collection.width:
        raise SearchError(
            f"query embeddings are of shape {query_embeddings.shape}, documents of width {collection.width}; "
            "encode both with the same model"
        )
    if pairs is None:
        return
    if len(pairs.indptr) != len(query_embeddings) + 1:
        raise SearchError(
            f"{len(query_embeddings)} queries, but documents of {len(pairs.indptr) - 1} are named"
        )
    rows = pairs.document_rows
    if len(rows) and not (rows.min() >= 0 and rows.max() < collection.num_documents):
        raise SearchError(f"document rows must be in 0..{collection.num_documents - 1}, got {rows.max()}")


@contextmanager
def _threads() -> Iterator[ThreadPoolExecutor]:
    import torch

    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        yield pool


@contextmanager
def fast_matmul() -> Iterator[None]:
    """Lets float32 matrix products take PyTorch's fastest kernel, where that is as exact; restored after.

    On most CPUs precision "medium" merely selects oneDNN, twice as fast and as exact as the default. Where it
    does round its operands to bfloat16, it is left alone.

    Yields:
        Nothing.
    """
    import torch

    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium" if _medium_is_exact() else "highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


@cache
def _medium_is_exact() -> bool:
    import torch

    before = torch.get_float32_matmul_precision()
    probe = torch.linspace(0.1, 1.7, 128 * 256).reshape(128, 256).sin()
    try:
        torch.set_float32_matmul_precision("medium")
        product = probe @ probe.T
    finally:
        torch.set_float32_matmul_precision(before)
    exact = probe.double() @ probe.double().T
    return bool((product - exact).abs().max() < 1e-5 * exact.abs().max())


def _score_chunks(
    query_embeddings: Vectors,
    collection: Collection,
    order: npt.NDArray[np.int64],
    excluded: Wanted | None,
    chunk_bytes: int,
) -> Iterator[tuple[npt.NDArray[np.int64], Tensor]]:
    """Queries and their (chunk, columns) scores; a chunk's scores are overwritten by the next."""
    import torch

    columns = collection.num_columns
    size = max(min(_MIN_CHUNK_QUERIES, chunk_bytes), chunk_bytes // (4 * columns))
    size = min(size, len(order))
    buffer = torch.empty(size, columns)
    documents = torch.from_numpy(collection.embeddings)
    padding = np.flatnonzero(collection.column_rows < 0)
    for start in range(0, len(order), size):
        chunk = order[start : start + size]
        scores = buffer[: len(chunk)]
        with fast_matmul():
            torch.mm(torch.from_numpy(query_embeddings[chunk]), documents.T, out=scores)
        scores.numpy()[:, padding] = -np.inf
        if excluded is not None:
            queries, rows = _pairs(excluded, chunk)
            scores.numpy()[queries, collection.row_columns[rows]] = -np.inf
        yield chunk, scores


def _pairs(wanted: Wanted, chunk: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], Rows]:
    """Place in the chunk, and document row, of each pair of the chunk's queries."""
    counts = wanted.indptr[chunk + 1] - wanted.indptr[chunk]
    return np.repeat(np.arange(len(chunk)), counts), wanted.document_rows[_flat(wanted, chunk, counts)]


def _flat(
    wanted: Wanted, chunk: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Positions in `wanted.document_rows` of the chunk's pairs, query by query."""
    before = np.cumsum(counts) - counts
    return np.arange(counts.sum()) - np.repeat(before, counts) + np.repeat(wanted.indptr[chunk], counts)


def _count_chunk(
    scores: Vectors,
    collection: Collection,
    wanted: Wanted,
    chunk: npt.NDArray[np.int64],
    counts: Counts,
    pool: ThreadPoolExecutor,
) -> None:
    """Counts for the chunk's wanted documents, written into `counts`."""
    per_query = wanted.indptr[chunk + 1] - wanted.indptr[chunk]
    widest = int(per_query.max(initial=0))
    if not widest:
        return
    at = np.full((len(chunk), widest), -1, np.int64)
    at[np.arange(widest) < per_query[:, None]] = _flat(wanted, chunk, per_query)
    mask_row = min(widest, _MAX_RELEVANT) * collection.tile_columns
    size = max(1, _MASK_BYTES // mask_row)

    def count(start: int) -> None:
        queries = slice(start, start + size)
        num = int(per_query[queries].max())
        for first in range(0, num, _MAX_RELEVANT):
            part = at[queries, first : min(first + _MAX_RELEVANT, num)]
            columns = np.where(part < 0, -1, collection.row_columns[wanted.document_rows[part]])
            above = _count_block(scores[queries], collection, columns)
            counts[part[part >= 0]] = above[part >= 0]

    for _ in pool.map(count, range(0, len(chunk), size)):
        pass


def _count_block(scores: Vectors, collection: Collection, columns: npt.NDArray[np.int32]) -> Counts:
    """(c, R, blocks) documents above each of (c, R) columns; what is said of column -1 is 0."""
    thresholds = np.take_along_axis(scores, np.maximum(columns, 0), 1)
    thresholds = np.where(columns < 0, np.inf, thresholds).astype(np.float32)[:, :, None]
    own_ties = np.where(columns < 0, -1, collection.column_ties[columns])[:, :, None]
    above = np.zeros((*columns.shape, collection.num_blocks), np.int32)
    for tile in collection.tiles:
        part = scores[:, None, tile.columns]
        mask = np.greater(part, thresholds)
        _add_counts(_sum_words(mask, tile), tile, above)
        np.equal(part, thresholds, out=mask)
        own = np.count_nonzero((columns >= tile.columns.start) & (columns < tile.columns.stop))
        if _sum_words(mask, tile).view(np.uint8).sum() > own:
            mask &= collection.column_ties[tile.columns] < own_ties
            _add_counts(_sum_words(mask, tile), tile, above)
    return above


def _sum_words(mask: npt.NDArray[np.bool_], tile: Tile) -> npt.NDArray[np.int64]:
    """(c, R, segments) sums of (c, R, columns), in eight lanes of a byte each.

    Eight bytes of the mask are added as one integer; no lane overflows, as a segment has at most 255 words.
    """
    return np.add.reduceat(mask.view(np.int64), tile.segments, axis=-1)


def _add_counts(words: npt.NDArray[np.int64], tile: Tile, above: Counts) -> None:
    """Adds the sums per segment to the counts per block, (c, R, blocks)."""
    lanes = words.view(np.uint8).reshape(*words.shape, 8)
    per_segment = lanes.sum(axis=-1, dtype=np.int32)
    above[:, :, tile.blocks] += np.add.reduceat(per_segment, tile.block_segments, axis=-1)


def _best(scores: Tensor, collection: Collection, depth: int) -> tuple[Rows, Vectors]:
    """(c, depth) rows and scores of the best documents of each query, ties in order."""
    import torch

    more = min(depth + 1, scores.shape[1])
    top, at = (found.numpy() for found in torch.topk(scores, more, dim=1))
    columns, values = at[:, :depth].copy(), top[:, :depth].copy()
    # Which of the documents that tie at the cut torch keeps is chance: those queries are looked at whole.
    cut_in_tie = (top[:, -1] == top[:, depth - 1]) & np.isfinite(top[:, -1]) if more > depth else np.zeros(0)
    for query in np.flatnonzero(cut_in_tie):
        row = scores[query].numpy()
        candidates = np.flatnonzero(row >= top[query, -1])
        order = np.lexsort((collection.column_ties[candidates], -row[candidates]))[:depth]
        columns[query], values[query] = candidates[order], row[candidates[order]]
    order = np.lexsort((collection.column_ties[columns], -values), axis=-1)
    columns, values = np.take_along_axis(columns, order, 1), np.take_along_axis(values, order, 1)
    return np.where(np.isneginf(values), -1, collection.column_rows[columns]).astype(np.int32), values
