"""Real or luck: whether one model is better than another by more than other questions would have made it.

A paired randomisation test: if two models are alike, then swapping their values for a question changes
nothing but the sign of the difference. The observed mean is compared with those under random signs.
All queries of a group, translations of one question, are swapped together; swapped one by one, a question
asked in eleven languages would count as eleven, and luck would look real.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from isoglot.errors import SearchError
from isoglot.evaluation.intervals import NUM_RESAMPLES, GroupBootstrap, interval
from isoglot.evaluation.measures import Floats, Integers

NUM_ROUNDS = 10_000
_MAX_EXACT = 14
"""Up to this many groups, all sign patterns are tried."""
_MAX_UNITS = 10_000
_CHUNK_SIGNS = 1 << 22
"""Signs held at a time."""
_SAME = 1e-9
"""Means closer than this, in proportion, are equal: they are sums of the same numbers in another order."""


@dataclass(frozen=True, eq=False)
class Tested:
    """Mean differences, each with its interval and its test; NaN where there are no queries.

    Attributes:
        values: (n, measures) mean differences.
        low: (n, measures) lower bounds of their 95 % bootstrap intervals.
        high: (n, measures) upper bounds.
        p_values: (n, measures) two-sided: how often random signs make a mean as far from 0, or farther.
        num_queries: (n, measures) queries behind each; in an average over cells, their sum.
    """

    values: Floats
    low: Floats
    high: Floats
    p_values: Floats
    num_queries: Integers


@dataclass(frozen=True, eq=False)
class PairedTest:
    """What `paired_randomisation` finds.

    Attributes:
        cells: A row for each cell.
        averages: A row for each average over cells: macro averages.
        num_units: Groups (or, beyond 10,000, bundles of groups) whose signs were drawn.
        exact: Whether all sign patterns were tried.
    """

    cells: Tested
    averages: Tested
    num_units: int
    exact: bool


def paired_randomisation(
    groups: npt.NDArray[np.integer],
    cells: npt.NDArray[np.integer],
    differences: Floats,
    *,
    seed: int,
    num_rounds: int = NUM_ROUNDS,
    num_resamples: int = NUM_RESAMPLES,
    averages: npt.NDArray[np.bool_] | None = None,
) -> PairedTest:
    """Tests every cell, and macro averages over cells, at once.

    Up to 14 groups the test is exact; beyond, signs are drawn at random, and the observed ones count as one
    more round, so that p is never 0. Beyond 10,000 groups, groups are dealt at random into 10,000 bundles of
    one sign each: as valid, and no less powerful, in bounded memory.

    Args:
        groups: (n,) group of each row; its rows move together.
        cells: (n,) cell of each row, from 0: such as a pair of the query's and the document's language.
        differences: (n, measures) value of one model minus that of the other, before the same query; NaN
            where the query has no value.
        seed: Of signs and resamples.
        num_rounds: How often signs are drawn.
        num_resamples: How often groups are resampled for the intervals.
        averages: (averages, cells) which cells each average is over; None for one average over all. A cell
            without value for a measure is left out of its average.

    Returns:
        Values, intervals and p, for cells and averages.

    Raises:
        SearchError: If the arguments do not have one row each for every value, there is none, a cell is
            negative, or a difference is infinite.
    """
    _check(groups, cells, differences, num_rounds, averages)
    num_cells = int(cells.max()) + 1
    chosen = np.ones((1, num_cells), bool) if averages is None else averages
    generator = np.random.default_rng(seed)
    units, num_units = _units(groups, generator)
    means = _CellMeans.of(units, num_units, cells, num_cells, differences, chosen)
    exact = num_units <= _MAX_EXACT
    p_values = _exact_p(means) if exact else _random_p(means, num_rounds, generator)
    low, high = _intervals(groups, cells, differences, chosen, seed, num_resamples)
    counts = np.concatenate([means.counts, (chosen.astype(np.int64) @ means.counts)])
    parts = [
        Tested(means.observed[rows], low[rows], high[rows], p_values[rows], counts[rows])
        for rows in (slice(None, num_cells), slice(num_cells, None))
    ]
    return PairedTest(parts[0], parts[1], num_units, exact)


def _check(
    groups: npt.NDArray[np.integer],
    cells: npt.NDArray[np.integer],
    differences: Floats,
    num_rounds: int,
    averages: npt.NDArray[np.bool_] | None,
) -> None:
    problems = []
    if differences.ndim != 2 or not len(groups) == len(cells) == len(differences):
        problems.append(
            f"{len(groups)} groups, {len(cells)} cells and differences of shape {differences.shape}"
        )
    if not differences.size:
        problems.append("there is no difference to test")
    elif np.isinf(differences).any():
        problems.append(f"the difference in row {np.argwhere(np.isinf(differences))[0, 0]} is infinite")
    if cells.min(initial=0) < 0:
        problems.append(f"cells are numbered from 0, got {cells.min()}")
    elif averages is not None and averages.shape[1:] != (cells.max(initial=-1) + 1,):
        problems.append(f"averages of shape {averages.shape} for {cells.max(initial=-1) + 1} cells")
    if num_rounds < 1:
        problems.append(f"num_rounds must be >= 1, got {num_rounds}")
    if problems:
        raise SearchError("; ".join(problems))


def _units(groups: npt.NDArray[np.integer], generator: np.random.Generator) -> tuple[Integers, int]:
    """(n,) what each row's sign is drawn with, from 0, and how many there are."""
    present, units = np.unique(groups, return_inverse=True)
    if len(present) > _MAX_UNITS:
        units = generator.permutation(len(present))[units] % _MAX_UNITS
    return units, min(len(present), _MAX_UNITS)


@dataclass(frozen=True, eq=False)
class _CellMeans:
    """Mean differences as a function of the signs of the units.

    Attributes:
        parts: (units, cells * measures) what each unit adds to the mean of each cell.
        averaging: (measures, averages, cells) weights of cells in averages.
        counts: (cells, measures) values in each cell.
    """

    parts: Floats
    averaging: Floats
    counts: Integers

    @staticmethod
    def of(
        units: Integers,
        num_units: int,
        cells: npt.NDArray[np.integer],
        num_cells: int,
        differences: Floats,
        averages: npt.NDArray[np.bool_],
    ) -> _CellMeans:
        known = ~np.isnan(differences)
        at = units * num_cells + cells
        counts = np.stack([np.bincount(cells[column], minlength=num_cells) for column in known.T], axis=1)
        sums = [
            np.bincount(at, np.where(present, column, 0.0), num_units * num_cells).reshape(
                num_units, num_cells
            )
            for column, present in zip(differences.T, known.T, strict=True)
        ]
        parts = np.stack(sums, axis=2) / np.maximum(counts, 1)
        weights = averages * (counts.T > 0)[:, None, :]
        averaging = weights / np.maximum(weights.sum(axis=2, keepdims=True), 1)
        return _CellMeans(parts.reshape(num_units, -1), averaging, counts)

    def under(self, signs: Floats) -> Floats:
        """(rounds, cells + averages, measures) means under signs (rounds, units)."""
        return self._with_averages(signs @ self.parts)

    def _with_averages(self, sums: Floats) -> Floats:
        cells = sums.reshape(len(sums), *self.counts.shape)
        averages: Floats = np.einsum("mac,rcm->ram", self.averaging, cells)
        return np.concatenate([cells, averages], axis=1)

    @cached_property
    def observed(self) -> Floats:
        """(cells + averages, measures) means as they are; NaN where there is no value."""
        empty = np.concatenate([self.counts == 0, self.averaging.sum(axis=2).T == 0])
        return np.where(empty, np.nan, self._with_averages(self.parts.sum(axis=0, keepdims=True))[0])

    @cached_property
    def bound(self) -> Floats:
        """(cells + averages, measures) how far from 0 a mean must be to be as far as observed, or farther."""
        rounding = self._with_averages(np.abs(self.parts).max(axis=0, keepdims=True))[0]
        bound: Floats = np.abs(np.nan_to_num(self.observed)) * (1 - _SAME) - rounding * _SAME
        return bound


def _exact_p(means: _CellMeans) -> Floats:
    num_units = len(means.parts)
    bits = np.arange(2**num_units)[:, None] >> np.arange(num_units) & 1
    return np.where(np.isnan(means.observed), np.nan, _as_far(means, _signs(bits)) / len(bits))


def _random_p(means: _CellMeans, num_rounds: int, generator: np.random.Generator) -> Floats:
    num_units = len(means.parts)
    farther = np.zeros(means.observed.shape)
    step = max(1, _CHUNK_SIGNS // max(num_units, means.observed.size))
    for start in range(0, num_rounds, step):
        bits = generator.integers(0, 2, (min(step, num_rounds - start), num_units), np.int8)
        farther += _as_far(means, _signs(bits))
    return np.where(np.isnan(means.observed), np.nan, (farther + 1) / (num_rounds + 1))


def _signs(bits: npt.NDArray[np.integer]) -> Floats:
    """1 for 0 and -1 for 1."""
    return np.asarray(1 - 2 * bits, np.float64)


def _as_far(means: _CellMeans, signs: Floats) -> Floats:
    """(cells + averages, measures) how many sign patterns have means as far from 0 as observed."""
    farther: Floats = (np.abs(means.under(signs)) >= means.bound).sum(axis=0)
    return farther


def _intervals(
    groups: npt.NDArray[np.integer],
    cells: npt.NDArray[np.integer],
    differences: Floats,
    averages: npt.NDArray[np.bool_],
    seed: int,
    num_resamples: int,
) -> tuple[Floats, Floats]:
    """Two (cells + averages, measures): bounds of the bootstrap intervals."""
    bootstrap = GroupBootstrap(groups, seed=seed, num_resamples=num_resamples)
    resampled = np.full((num_resamples, averages.shape[1], differences.shape[1]), np.nan)
    for columns, rows in _alike(np.isnan(differences)):
        if len(rows):
            means = bootstrap.means(rows, cells[rows].astype(np.int64), differences[np.ix_(rows, columns)])
            resampled[:, : means.shape[1], columns] = means
    present = ~np.isnan(resampled)
    sums = np.einsum("ac,rcm->ram", averages, np.where(present, resampled, 0.0))
    with np.errstate(invalid="ignore", divide="ignore"):
        averaged = sums / np.einsum("ac,rcm->ram", averages, present.astype(np.float64))
    everything = np.concatenate([resampled, averaged], axis=1).reshape(num_resamples, -1)
    low, high = np.full((2, everything.shape[1]), np.nan)
    known = ~np.isnan(everything).all(axis=0)
    if known.any():
        low[known], high[known] = interval(everything[:, known])
    shape = (-1, differences.shape[1])
    return low.reshape(shape), high.reshape(shape)


def _alike(missing: npt.NDArray[np.bool_]) -> list[tuple[Integers, Integers]]:
    """Columns that lack the same rows, and the rows that they have."""
    patterns, which = np.unique(missing, axis=1, return_inverse=True)
    return [
        (np.flatnonzero(which == number), np.flatnonzero(~pattern))
        for number, pattern in enumerate(patterns.T)
    ]


def holm(p_values: npt.ArrayLike) -> Floats:
    """Adjusted p of Holm (1979): below 0.05, the chance of even one false find among all tests is below 5 %.

    Args:
        p_values: (n,) p of tests of one family, such as all languages of a measure; NaN is no test.

    Returns:
        (n,) adjusted p; NaN stays.

    Raises:
        SearchError: If a p is not between 0 and 1.
    """
    given, order, ascending = _sorted(p_values)
    remaining = np.arange(len(ascending), 0, -1)
    return _placed(given, order, np.maximum.accumulate(np.minimum(ascending * remaining, 1.0)))


def benjamini_hochberg(p_values: npt.ArrayLike) -> Floats:
    """Adjusted p of Benjamini and Hochberg (1995): of finds below 0.05, 5 % at most are false in the mean.

    Args:
        p_values: (n,) p of tests of one family; NaN is no test.

    Returns:
        (n,) adjusted p; NaN stays.

    Raises:
        SearchError: If a p is not between 0 and 1.
    """
    given, order, ascending = _sorted(p_values)
    scaled = ascending * len(ascending) / np.arange(1, len(ascending) + 1)
    return _placed(given, order, np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0))


def _sorted(p_values: npt.ArrayLike) -> tuple[Floats, Integers, Floats]:
    """All p, and the numbers of those that are tests by ascending p, and these p."""
    given = np.asarray(p_values, np.float64)
    if given.ndim != 1 or (given < 0).any() or (given > 1).any():
        raise SearchError(f"p must be a list of values from 0 to 1, got {given.tolist()}")
    tests = np.flatnonzero(~np.isnan(given))
    order = tests[np.argsort(given[tests], kind="stable")]
    return given, order, given[order]


def _placed(given: Floats, order: Integers, adjusted: Floats) -> Floats:
    placed = np.full(len(given), np.nan)
    placed[order] = adjusted
    return placed
