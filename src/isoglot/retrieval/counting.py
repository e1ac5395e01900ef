"""Counting the scores above those of the wanted documents, without sorting and without missing a tie."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from isoglot.retrieval.layout import Part
from isoglot.retrieval.selection import Selection
from isoglot.retrieval.survivors import MIN_COLUMNS, count_survivors
from isoglot.retrieval.targets import Counts, Targets, Vectors

Mask = npt.NDArray[np.bool_]

_TILE_QUERIES = 128
_MASK_BYTES = 2**19
"""Comparisons held at a time by one thread: what a second-level cache holds beside scores."""
_MAX_TARGETS = 32
"""Wanted documents of a query that are compared at a time."""


def count_chunk(
    scores: Vectors,
    part: Part,
    targets: Targets,
    counts: Counts,
    selection: Selection | None,
    buffer: Mask,
) -> None:
    """Counts what stands above each wanted document, and offers the selection what is best.

    Args:
        scores: (c, columns) scores of a chunk of queries; -inf for wanted documents, for padding and for what
            is no candidate.
        part: What the columns are.
        targets: (c, R) wanted documents, of this part or another.
        counts: (J, blocks) counts for all wanted documents, which are added to.
        selection: The best documents of these queries so far; None if they are not asked for.
        buffer: Memory for `num_comparisons` of so many columns.
    """
    if selection is not None and part.num_columns < MIN_COLUMNS:
        selection.offer(slice(None), part.column_rows, scores)
        selection = None
    for number, strip in enumerate(targets.strips(_MAX_TARGETS)):
        above = np.zeros((*strip.places.shape, part.num_blocks), np.int32)
        far = strip.places >= 0
        if part.num_columns >= MIN_COLUMNS:
            for first in range(0, len(scores), _TILE_QUERIES):
                tile = slice(first, first + _TILE_QUERIES)
                chosen = selection[tile] if selection is not None and number == 0 else None
                above[tile], far[tile] = count_survivors(scores[tile], part, strip[tile, :], chosen, buffer)
        _count_far(scores, part, strip, above, far, buffer)
        counts[strip.places[strip.places >= 0]] += above[strip.places >= 0]


def num_comparisons(num_columns: int) -> int:
    """How many comparisons are held at a time."""
    return max(_MASK_BYTES, max(_TILE_QUERIES, _MAX_TARGETS) * num_columns)


def _count_far(scores: Vectors, part: Part, targets: Targets, above: Counts, far: Mask, buffer: Mask) -> None:
    """Writes counts for targets that stand far down; in `far` they are the last of each query."""
    num_far = np.count_nonzero(far, axis=1)
    for number in np.unique(num_far[num_far > 0]).tolist():
        queries = np.flatnonzero(num_far == number)
        last = slice(-number, None)
        size = max(1, _MASK_BYTES // (number * part.num_columns))
        for first in range(0, len(queries), size):
            some = queries[first : first + size]
            above[some, last] = _compare_all(scores, some, part, targets[some, last], buffer)


def _compare_all(
    scores: Vectors, queries: npt.NDArray[np.int64], part: Part, targets: Targets, buffer: Mask
) -> Counts:
    """(g, R, blocks) documents above each of the (g, R) targets of some queries."""
    together = queries[-1] - queries[0] == len(queries) - 1
    values = scores[slice(queries[0], queries[-1] + 1) if together else queries][:, None]
    thresholds = targets.scores[:, :, None]
    shape = (*targets.places.shape, part.num_columns)
    mask = buffer[: int(np.prod(shape))].reshape(shape)
    above = part.count_by_block(np.greater(values, thresholds, out=mask))
    if np.equal(values, thresholds, out=mask).any():
        query, target, column = np.nonzero(mask)
        higher = part.column_ties[column] < targets.ties[query, target]
        block = part.column_blocks[column]
        np.add.at(above, (query[higher], target[higher], block[higher]), 1)
    return above
