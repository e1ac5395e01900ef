"""A series: one value over sizes, and at each size over seeds. What fits and comparisons are made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from isoglot.errors import ConfigError

Floats = npt.NDArray[np.float64]
LEVEL = 0.95
"""Of all intervals."""


@dataclass(frozen=True)
class Point:
    """One value of one cell.

    Attributes:
        x: Size: parameters, compute, pairs of a batch, share of the data. Points of one size may differ a
            little, as counted compute does from seed to seed; `size` says what belongs together.
        size: Name of the size.
        seed: Seed of the cell.
        value: The value.
    """

    x: float
    size: str
    seed: int
    value: float


@dataclass(frozen=True, eq=False)
class Series:
    """Values of one scheme (or whatever else is compared) over sizes and seeds.

    Attributes:
        name: What the series is called.
        sizes: (K,) names of the sizes.
        x: (K,) sizes, ascending; the mean over the seeds.
        seeds: (S,) seeds, ascending.
        values: (K, S); NaN where a cell failed.
    """

    name: str
    sizes: tuple[str, ...]
    x: Floats
    seeds: tuple[int, ...]
    values: Floats

    @classmethod
    def of(cls, name: str, points: Iterable[Point]) -> Series:
        """The series of some points.

        Args:
            name: What the series is called.
            points: Its points, in any order.

        Returns:
            The series.

        Raises:
            ConfigError: If there is no point, a size is not above 0, a value is not finite, or two points are
                of one size and seed.
        """
        given = list(points)
        problems = [] if given else ["no points"]
        problems += [f"size must be > 0, got {p.x} ({p.size})" for p in given if not 0 < p.x < np.inf]
        problems += [f"{p.size}, seed {p.seed}: {p.value}" for p in given if not np.isfinite(p.value)]
        if len({(p.size, p.seed) for p in given}) < len(given):
            problems.append("two points of one size and seed")
        if problems:
            raise ConfigError("\n".join(f"series {name!r}: {problem}" for problem in problems))
        xs: dict[str, list[float]] = {}
        for point in given:
            xs.setdefault(point.size, []).append(point.x)
        sizes = sorted(xs, key=lambda size: (np.mean(xs[size]), size))
        seeds = sorted({point.seed for point in given})
        values = np.full((len(sizes), len(seeds)), np.nan)
        for point in given:
            values[sizes.index(point.size), seeds.index(point.seed)] = point.value
        x = np.array([np.mean(xs[size]) for size in sizes])
        return cls(name, tuple(sizes), x, tuple(seeds), values)

    @property
    def counts(self) -> Floats:
        """(K,) seeds of each size."""
        counts: Floats = np.sum(np.isfinite(self.values), axis=1, dtype=np.float64)
        return counts

    @property
    def means(self) -> Floats:
        """(K,) mean over the seeds of each size."""
        return np.asarray(np.nanmean(self.values, axis=1), np.float64)

    @property
    def degrees(self) -> int:
        """Degrees of freedom of the spread over seeds: values minus sizes."""
        return int(self.counts.sum()) - len(self.x)

    @property
    def variance(self) -> float:
        """Variance over seeds, the same taken to hold at all sizes; NaN if no size has two seeds."""
        if not self.degrees:
            return float("nan")
        return float(np.nansum((self.values - self.means[:, None]) ** 2)) / self.degrees

    def intervals(self) -> Floats:
        """(2, K) bounds of the mean at each size, by Student's t with the spread over seeds of all sizes."""
        if not self.degrees:
            return np.full((2, len(self.x)), np.nan)
        quantile = float(stats.t.ppf((1 + LEVEL) / 2, self.degrees))
        reach = quantile * np.sqrt(self.variance / self.counts)
        return np.stack([self.means - reach, self.means + reach])


def paired_difference(series: Series, baseline: Series) -> Series:
    """What one series has more than another, size by size and seed by seed.

    Args:
        series: The one.
        baseline: The other.

    Returns:
        The differences, over the sizes of the baseline, where both have a value.

    Raises:
        ConfigError: If they share no size and seed.
    """
    shared = [size for size in baseline.sizes if size in series.sizes]
    both = [seed for seed in baseline.seeds if seed in series.seeds]
    values = _part(series, shared, both) - _part(baseline, shared, both)
    known = np.flatnonzero(np.isfinite(values).any(axis=1)) if values.size else np.array([], np.int64)
    if not len(known):
        raise ConfigError(f"{series.name} and {baseline.name} share no size and seed; run them on the same")
    x = np.array([baseline.x[baseline.sizes.index(size)] for size in shared])
    return Series(
        f"{series.name} minus {baseline.name}",
        tuple(shared[number] for number in known),
        x[known],
        tuple(both),
        values[known],
    )


def _part(series: Series, sizes: list[str], seeds: list[int]) -> Floats:
    rows = [series.sizes.index(size) for size in sizes]
    columns = [series.seeds.index(seed) for seed in seeds]
    part: Floats = series.values[np.ix_(rows, columns)]
    return part
