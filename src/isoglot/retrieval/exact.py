"""Exact search: one matrix product, from which come top-k runs and the ranks of all relevant documents.

The rank of a relevant document is one more than the number of documents above it, so ranking needs no sort:
it counts, per block of the collection (the documents of one language), the scores above that of each relevant
document. Ranks in every sub-collection, and in their union, are sums of those counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import numpy.typing as npt

from isoglot.errors import SearchError
from isoglot.retrieval.counting import count_chunk, num_comparisons
from isoglot.retrieval.layout import Collection, Part
from isoglot.retrieval.selection import Selection, TopDocuments
from isoglot.retrieval.targets import (
    Counts,
    Rows,
    Targets,
    Vectors,
    Wanted,
    order_targets,
    rank_among_themselves,
)
from isoglot.retrieval.workers import Memory, start_workers

_CHUNK_BYTES = 32 * 2**20
"""Scores held at a time: about what a last-level cache holds."""
_MIN_CHUNK_QUERIES = 64
"""Below this a matrix product loses speed."""

Integers = npt.NDArray[np.int64]


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
        SearchError: If widths, numbers of queries or rows do not fit, or a vector is not finite.
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
        SearchError: If depth is below 1, widths, numbers of queries or rows do not fit, or a vector is not
            finite.
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
    """Counts and best documents in one pass over the documents, a part at a time.

    Args:
        query_embeddings: (Q, D).
        collection: The documents.
        wanted: Whose ranks are asked for, if any.
        depth: How many best documents; 0 for none.
        excluded: Documents that are no candidates for a query.
        chunk_bytes: Memory for scores; what is found does not depend on it.
        on_progress: Told how many queries' worth of work has been done since it was last told.

    Returns:
        Counts and best documents.

    Raises:
        SearchError: If widths, numbers of queries or rows do not fit, or a vector is not finite.
    """
    _check_fit(query_embeddings, collection, wanted)
    _check_fit(query_embeddings, collection, excluded)
    import torch

    num_queries = len(query_embeddings)
    asked = wanted or Wanted(np.zeros(num_queries + 1, np.int64), np.zeros(0, np.int32))
    # Queries with equally many wanted documents go together, so that few comparisons are padding.
    order = np.argsort(np.diff(asked.indptr), kind="stable")
    num_threads = torch.get_num_threads()
    size = _chunk_queries(num_queries, collection, chunk_bytes // num_threads, num_threads)
    chunks = [slice(first, first + size) for first in range(0, num_queries, size)]
    counts = np.zeros((len(asked.document_rows), collection.num_blocks), np.int32)
    selection = Selection.empty(num_queries, min(depth, collection.num_documents), collection.ties)
    targets: dict[int, Targets] = {}
    tell = _teller(num_queries, collection.num_parts * len(chunks), on_progress)

    def search_chunk(part: Part, chunk: slice, memory: Memory) -> None:
        queries = order[chunk]
        scores = _score(query_embeddings[queries], part, memory)
        if excluded is not None:
            _remove(scores, part, excluded.rows(excluded.places(queries)))
        if chunk.start not in targets:
            if collection.num_parts == 1:
                found = _targets_in(scores, part, queries, collection, asked)
            else:
                found = _find_targets(query_embeddings, queries, collection, asked)
            rank_among_themselves(found, collection, counts)
            targets[chunk.start] = found
        chosen = selection[chunk] if depth else None
        _take_out(scores, part, targets[chunk.start], chosen)
        count_chunk(scores, part, targets[chunk.start], counts, chosen, memory.comparisons)

    columns = collection.max_columns
    with fast_matmul(), start_workers(size, columns, num_comparisons(columns), num_threads) as workers:
        for part in collection.parts():
            for _ in workers.run(partial(search_chunk, part), chunks):
                tell()
    top = selection.top.take(np.argsort(order)) if depth else None
    return Found(None if wanted is None else counts, top)


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


def _chunk_queries(num_queries: int, collection: Collection, chunk_bytes: int, num_threads: int) -> int:
    """Queries whose scores with a part of the collection one thread holds at a time."""
    size = max(min(_MIN_CHUNK_QUERIES, chunk_bytes), chunk_bytes // (4 * collection.max_columns))
    return max(1, min(size, -(-num_queries // num_threads)))


def _score(query_embeddings: Vectors, part: Part, memory: Memory) -> Vectors:
    """(c, columns) scores of some queries, in the thread's memory."""
    import torch

    flat = memory.scores.reshape(-1)[: len(query_embeddings) * part.num_columns]
    scores = flat.reshape(len(query_embeddings), part.num_columns)
    documents = torch.from_numpy(part.embeddings)
    torch.mm(torch.from_numpy(query_embeddings), documents.T, out=torch.from_numpy(scores))
    scores[:, part.padding] = -np.inf
    return scores


def _remove(scores: Vectors, part: Part, rows: Rows) -> None:
    """Takes document rows, (c, R) with -1 for none, out of the scores."""
    columns = part.columns_of(rows)
    queries, at = np.nonzero(columns >= 0)
    scores[queries, columns[queries, at]] = -np.inf


def _targets_in(
    scores: Vectors, part: Part, queries: Integers, collection: Collection, wanted: Wanted
) -> Targets:
    """The wanted documents of some queries, by their scores in the part that holds all documents."""
    places = wanted.places(queries)
    rows = wanted.rows(places)
    found = np.take_along_axis(scores, np.maximum(part.columns_of(rows), 0), 1)
    return order_targets(places, rows, found, collection)


def _find_targets(
    query_embeddings: Vectors, queries: Integers, collection: Collection, wanted: Wanted
) -> Targets:
    """The wanted documents of some queries, by products with these documents alone.

    A product's value does not depend on what else is multiplied with it in one call.
    """
    import torch

    places = wanted.places(queries)
    rows = wanted.rows(places)
    found = np.zeros(rows.shape, np.float32)
    for first in range(0, len(queries) if rows.size else 0, _MIN_CHUNK_QUERIES):
        part = slice(first, first + _MIN_CHUNK_QUERIES)
        distinct, at = np.unique(rows[part], return_inverse=True)
        documents = torch.from_numpy(collection.vectors(np.maximum(distinct, 0)))
        product = torch.from_numpy(query_embeddings[queries[part]]) @ documents.T
        found[part] = np.take_along_axis(product.numpy(), at.reshape(rows[part].shape), 1)
    return order_targets(places, rows, found, collection)


def _take_out(scores: Vectors, part: Part, targets: Targets, selection: Selection | None) -> None:
    """Takes the wanted documents, which are ranked among themselves, out of the scores; offers them."""
    _remove(scores, part, targets.rows)
    if selection is not None and targets.width:
        here = (part.columns_of(targets.rows) >= 0) & ~targets.repeated
        known = np.where(here, targets.scores, np.float32(-np.inf))
        selection.offer(slice(None), targets.rows, known)


def _teller(
    num_queries: int, num_steps: int, on_progress: Callable[[int], None] | None
) -> Callable[[], None]:
    """A function that, called after each step, tells how many queries' worth of work it was."""
    done = 0

    def tell() -> None:
        nonlocal done
        done += 1
        if on_progress is not None:
            on_progress(done * num_queries // num_steps - (done - 1) * num_queries // num_steps)

    return tell
