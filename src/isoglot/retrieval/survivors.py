"""The few scores that could matter to a query, and what they say of its highest wanted documents.

Where a model is good, few documents stand above a relevant one. One comparison per score then finds all of
them, and the rest is done on those few. A sample of the scores tells beforehand about how many there are; it
decides how the work is done and not what comes out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isoglot.retrieval.layout import Part, count_true
from isoglot.retrieval.selection import Selection
from isoglot.retrieval.targets import Counts, Targets, Vectors

Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

MIN_COLUMNS = 2_048
"""Fewer are compared with everything: that is as fast as choosing."""
_BAND_QUERIES = 64
"""Queries with about equally many survivors that are counted together."""
_RUN = 32
_NUM_RUNS = 16
"""A sample is so many runs of so many consecutive columns."""
_WORK_PER_SURVIVOR = 110
"""In comparisons of one score with one target."""


@dataclass(frozen=True, eq=False)
class Survivors:
    """The scores of some queries that reach each query's cut, query by query, in the order of the columns.

    Attributes:
        starts: (t + 1,) offsets of each query's survivors.
        columns: (m + 1,) columns of the scores; the last stands for none.
        scores: (m + 1,) the scores; -inf for none.
    """

    starts: Integers
    columns: Integers
    scores: Vectors

    def bands(self) -> Iterator[tuple[Integers, Integers]]:
        """Queries with about equally many survivors, (g,), and which these are, (g, W); m fills up."""
        sizes = np.diff(self.starts)
        by_size = np.argsort(sizes, kind="stable")
        for first in range(0, len(by_size), _BAND_QUERIES):
            queries = by_size[first : first + _BAND_QUERIES]
            across = np.arange(sizes[queries[-1]])
            at = self.starts[queries, None] + across
            yield queries, np.where(across < sizes[queries, None], at, len(self.columns) - 1)


def count_survivors(
    scores: Vectors, part: Part, targets: Targets, selection: Selection | None, buffer: Mask
) -> tuple[Counts, Mask]:
    """Counts for the wanted documents that stand high, and the best documents of each query.

    Args:
        scores: (t, columns) scores of some queries; -inf for wanted documents and what is no candidate.
        part: What the columns are.
        targets: (t, R) wanted documents.
        selection: Is offered the best documents; None if they are not asked for.
        buffer: Memory for at least t * columns comparisons.

    Returns:
        (t, R, blocks) counts and (t, R) which wanted documents stand too far down and have no right counts.
    """
    cuts, far = _choose_cuts(scores, targets, selection)
    survivors = _find(scores, cuts, buffer)
    above = _count(survivors, part, targets)
    if selection is not None:
        _offer(survivors, cuts, scores, part, selection)
    return above, far


def _choose_cuts(scores: Vectors, targets: Targets, selection: Selection | None) -> tuple[Vectors, Mask]:
    """(t,) the score from which on scores matter, and (t, R) which targets stand below it.

    The cut is where the work is least: on its survivors, and on comparing what is below with every score.
    """
    num_columns = scores.shape[1]
    sample = _sample(scores)
    scale = num_columns / sample.shape[1]
    cuts, base = np.full(len(scores), np.inf, np.float32), np.zeros(len(scores))
    if selection is not None:
        cuts, base = _cuts_of_selection(sample, scale, selection)
    real = targets.places >= 0
    if not targets.width:
        return cuts, real
    num_above = (count_true(sample[:, None] > targets.scores[:, :, None]) + 0.5) * scale
    work = _WORK_PER_SURVIVOR * np.maximum(num_above, base[:, None])
    work += num_columns * np.arange(targets.width - 1, -1, -1)
    nothing_near = _WORK_PER_SURVIVOR * base + num_columns * real.sum(axis=1)
    last_near = np.where(work.min(axis=1) < nothing_near, work.argmin(axis=1), -1)
    far = real & (np.arange(targets.width) > last_near[:, None])
    at = np.maximum(last_near, 0)[:, None]
    lowest_near = np.take_along_axis(targets.scores, at, 1)[:, 0]
    cuts = np.minimum(cuts, np.where(last_near < 0, np.float32(np.inf), lowest_near))
    return cuts, far


def _sample(scores: Vectors) -> Vectors:
    """(t, n) scores of some runs of columns, spread over all of them; n is a multiple of 8."""
    run = min(_RUN, scores.shape[1])
    step = max(scores.shape[1] // _NUM_RUNS, run)
    whole = scores[:, : scores.shape[1] // step * step].reshape(len(scores), -1, step)
    return whole[:, :_NUM_RUNS, :run].reshape(len(scores), -1)


def _cuts_of_selection(
    sample: Vectors, scale: float, selection: Selection
) -> tuple[Vectors, npt.NDArray[np.float64]]:
    """(t,) scores that the best documents reach, surely or in all likelihood, and about how many do."""
    expected = selection.depth / scale
    reserve = min(sample.shape[1], int(np.ceil(expected + 2 * np.sqrt(expected) + 1)))
    cuts = selection.bounds.copy()
    num_above = np.count_nonzero(sample > cuts[:, None], axis=1)
    loose = num_above > reserve
    if loose.any():
        cuts[loose] = np.partition(sample[loose], -reserve, axis=1)[:, -reserve]
    return cuts, scale * np.minimum(num_above, reserve)


def _find(scores: Vectors, cuts: Vectors, buffer: Mask) -> Survivors:
    mask = buffer[: scores.size].reshape(scores.shape)
    flat = np.flatnonzero(np.greater_equal(scores, cuts[:, None], out=mask))
    firsts = np.arange(len(scores) + 1) * scores.shape[1]
    starts = np.searchsorted(flat, firsts)
    columns = flat - np.repeat(firsts[:-1], np.diff(starts))
    return Survivors(
        starts, np.append(columns, 0), np.append(scores.reshape(-1).take(flat), np.float32(-np.inf))
    )


def _count(survivors: Survivors, part: Part, targets: Targets) -> Counts:
    """(t, R, blocks) survivors above each target; right for targets that are not below the cut.

    As targets descend, a score that is above some is above all that follow: to count how many targets each
    survivor is above is enough. Where there is no survivor it is none, which nothing sums up.
    """
    num_queries, width = targets.places.shape
    cells_of_query = part.num_blocks * (width + 1)
    blocks = part.column_blocks.take(survivors.columns).astype(np.int64) * (width + 1)
    cells = [
        (
            queries[:, None] * cells_of_query
            + blocks.take(at)
            + _num_beaten(survivors, queries, at, part, targets)
        ).ravel()
        for queries, at in survivors.bands()
    ]
    table = np.bincount(np.concatenate(cells), minlength=num_queries * cells_of_query)
    table = table.reshape(num_queries, part.num_blocks, width + 1)
    return np.cumsum(table[:, :, :0:-1], axis=2).transpose(0, 2, 1).astype(np.int32)


def _num_beaten(
    survivors: Survivors, queries: Integers, at: Integers, part: Part, targets: Targets
) -> npt.NDArray[np.uint8]:
    """(g, W) how many of the query's targets each survivor stands above."""
    thresholds = targets.scores[queries, :, None]
    values = survivors.scores.take(at)[:, None]
    beaten = values > thresholds
    tied = values == thresholds
    if tied.any():
        places = part.column_ties[survivors.columns[at]]
        beaten |= tied & (places[:, None] < targets.ties[queries, :, None])
    number: npt.NDArray[np.uint8] = np.add.reduce(beaten.view(np.uint8), axis=1, dtype=np.uint8)
    return number


def _offer(survivors: Survivors, cuts: Vectors, scores: Vectors, part: Part, selection: Selection) -> None:
    """Offers the survivors; where they are too few to hold all of the best, every score."""
    enough = np.diff(survivors.starts) + selection.num_reaching(cuts) >= selection.depth
    rows = part.column_rows.take(survivors.columns)
    for queries, at in survivors.bands():
        good = enough[queries]
        if at.shape[1] and good.any():
            selection.offer(queries[good], rows.take(at[good]), survivors.scores.take(at[good]))
    short = np.flatnonzero(~enough)
    if len(short):
        selection.offer(short, part.column_rows, scores[short])
