"""Bootstrap intervals over groups: how far a mean would move with other questions of the same kind."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from isoglot.evaluation.measures import Floats

NUM_RESAMPLES = 1_000
_MAX_UNITS = 10_000


class GroupBootstrap:
    """Resamples groups of queries with replacement; translations of one query move together.

    Resampling queries one by one would take a question asked in eleven languages for eleven questions, and
    make intervals too narrow. Means under all resamples come from one matrix product of resampled weights
    with sums per group. Beyond 10,000 groups, groups are dealt at random into 10,000 bundles that are
    resampled as one, which leaves the interval's width as it is and bounds the memory.
    """

    def __init__(
        self, groups: npt.NDArray[np.integer], *, seed: int, num_resamples: int = NUM_RESAMPLES
    ) -> None:
        self._rng = np.random.default_rng(seed)
        self.num_resamples = num_resamples
        present, units = np.unique(groups, return_inverse=True)
        self.num_units = min(len(present), _MAX_UNITS)
        if len(present) > _MAX_UNITS:
            units = self._rng.permutation(len(present))[units] % _MAX_UNITS
        self._units = units

    @cached_property
    def _weights(self) -> npt.NDArray[np.float32]:
        """(resamples, units) how often each unit is drawn."""
        weights = np.empty((self.num_resamples, self.num_units), np.float32)
        for resample in range(self.num_resamples):
            drawn = self._rng.integers(0, self.num_units, self.num_units)
            weights[resample] = np.bincount(drawn, minlength=self.num_units)
        return weights

    def draws(self, queries: npt.NDArray[np.integer]) -> npt.NDArray[np.float32]:
        """(resamples, n) how often each resample draws each of some queries, for what is no mean."""
        return self._weights[:, self._units[queries]]

    def means(
        self, queries: npt.NDArray[np.int64], cells: npt.NDArray[np.int64], values: Floats
    ) -> npt.NDArray[np.float32]:
        """Means per cell under every resample.

        Args:
            queries: (n,) number of the query that each row of values belongs to.
            cells: (n,) cell of each row, from 0; such as the query's language.
            values: (n, measures) values.

        Returns:
            (resamples, cells, measures) means; NaN where a resample has no query for a cell.
        """
        num_cells = int(cells.max()) + 1
        at = self._units[queries] * num_cells + cells
        shape = (self.num_units, num_cells)
        columns = [np.bincount(at, column, shape[0] * shape[1]).reshape(shape) for column in values.T]
        columns.append(np.bincount(at, minlength=shape[0] * shape[1]).reshape(shape))
        sums = self._weights @ np.concatenate(columns, axis=1).astype(np.float32)
        sums = sums.reshape(self.num_resamples, len(columns), num_cells).transpose(0, 2, 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            means: npt.NDArray[np.float32] = sums[:, :, :-1] / sums[:, :, -1:]
        return means


def interval(resampled: npt.NDArray[np.floating]) -> tuple[Floats, Floats]:
    """Bounds of the central 95 % of resampled means, along the first axis; NaN is left out."""
    ordered = np.sort(resampled, axis=0)  # NaN comes last
    last = np.count_nonzero(~np.isnan(ordered), axis=0) - 1
    low, high = (_between(ordered, share * np.maximum(last, 0)) for share in (0.025, 0.975))
    return low, high


def _between(ordered: npt.NDArray[np.floating], place: Floats) -> Floats:
    """Values at fractional places along the first axis, by linear interpolation between neighbours."""
    below = np.floor(place).astype(np.int64)
    above = np.ceil(place).astype(np.int64)
    first, second = (np.take_along_axis(ordered, at[None], 0)[0].astype(np.float64) for at in (below, above))
    values: Floats = first + (second - first) * (place - below)
    return values


def macro(resampled: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(resamples,) mean over the cells of each resample; cells that a resample left empty do not count.

    Args:
        resampled: (resamples, cells) means, NaN where a resample has no query for a cell.

    Returns:
        Means; NaN where a resample left all cells empty.
    """
    present = ~np.isnan(resampled)
    with np.errstate(invalid="ignore"):
        means: npt.NDArray[np.float32] = np.where(present, resampled, 0.0).sum(axis=1) / present.sum(axis=1)
    return means.astype(np.float32)
