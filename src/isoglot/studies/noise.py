"""What luck could have made of series: deviations of their seeds drawn again, or means by their spread.

With three seeds a plain bootstrap is far too sure of itself: it takes the spread of three values for that of
all there could be. So deviations from the mean of each size are stretched to the spread that they are drawn
from, and to Student's t for so few of them. That serves what depends on all sizes, as a curve does. What
depends on two or three of them is drawn with the spread over seeds of all sizes together (`draw_means`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from isoglot.studies.series import LEVEL, Floats, Series


@dataclass(frozen=True, eq=False)
class SeedNoise:
    """Deviations of seeds, drawn again: the same seeds for all series, so that what they share stays shared.

    Attributes:
        means: For each series, (resamples, K) deviation of the mean of each size.
        squares: For each series, (resamples,) sum of squares within sizes.
    """

    means: list[Floats]
    squares: list[Floats]

    @staticmethod
    def of(several: Sequence[Series], num_resamples: int, seed: int) -> SeedNoise:
        """Draws seeds for each size, with replacement.

        Args:
            several: Series; those of as many sizes and seeds are drawn alike.
            num_resamples: How often.
            seed: Of the draws.

        Returns:
            The noise.
        """
        means, squares = [], []
        for series in several:
            shape = series.values.shape
            drawn = np.random.default_rng(seed).integers(0, shape[1], (num_resamples, *shape))
            deviations = np.nan_to_num(_stretched(series))
            picked = np.take_along_axis(np.broadcast_to(deviations, drawn.shape), drawn, axis=2)
            mean = picked.mean(axis=2)
            means.append(mean)
            squares.append(((picked - mean[..., None]) ** 2).sum(axis=(1, 2)))
        return SeedNoise(means, squares)


def _stretched(series: Series) -> Floats:
    """(K, S) deviations from the mean of each size, as wide as what they are drawn from."""
    counts = series.counts[:, None]
    spread = np.sqrt(np.where(counts > 1, counts / np.maximum(counts - 1, 1), 1.0))
    # A cell that is missing counts as no deviation, so those that are there stand for it.
    spread = spread * np.sqrt(series.values.shape[1] / counts)
    tail = (1 + LEVEL) / 2
    tails = stats.t.ppf(tail, series.degrees) / stats.norm.ppf(tail)
    deviations: Floats = (series.values - series.means[:, None]) * spread * tails
    return deviations


def draw_means(
    series: Series, baseline: Series, num_resamples: int, generator: np.random.Generator
) -> tuple[Floats, Floats]:
    """Means of two series as they could be: Student's t, with the spread over seeds of all sizes together.

    Args:
        series: The one.
        baseline: The other; what luck of a size and seed the two share stays shared.
        num_resamples: How often.
        generator: Of the draws.

    Returns:
        (resamples, K) means of the one and of the other; each needs a size of two seeds.
    """
    own = generator.standard_normal((num_resamples, len(series.x)))
    theirs = generator.standard_normal((num_resamples, len(baseline.x)))
    shared = _correlation(series, baseline)
    for place, size in enumerate(series.sizes):
        if size in baseline.sizes:
            same = theirs[:, baseline.sizes.index(size)]
            own[:, place] = shared * same + np.sqrt(1 - shared**2) * own[:, place]
    degrees = min(series.degrees, baseline.degrees)
    tails = np.sqrt(degrees / generator.chisquare(degrees, (num_resamples, 1)))
    drawn = [
        each.means + tails * noise * np.sqrt(each.variance / each.counts)
        for each, noise in ((series, own), (baseline, theirs))
    ]
    return drawn[0], drawn[1]


def _correlation(series: Series, baseline: Series) -> float:
    """Of the deviations of equal sizes and seeds, over all of them; 0 where there are none, or no spread."""
    sizes = [size for size in series.sizes if size in baseline.sizes]
    seeds = [seed for seed in series.seeds if seed in baseline.seeds]
    parts = []
    for each in (series, baseline):
        rows = [each.sizes.index(size) for size in sizes]
        columns = [each.seeds.index(seed) for seed in seeds]
        parts.append((each.values - each.means[:, None])[np.ix_(rows, columns)].ravel())
    known = np.isfinite(parts[0]) & np.isfinite(parts[1])
    ours, theirs = parts[0][known], parts[1][known]
    scale = float(np.sqrt((ours @ ours) * (theirs @ theirs)))
    return float(np.clip(ours @ theirs / scale, -1, 1)) if scale else 0.0
