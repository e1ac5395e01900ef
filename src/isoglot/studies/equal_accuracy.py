"""How much compute a scheme needs to be as good as a baseline: what a better one saves.

What lies between two sizes is read off a straight line over the logarithm of the compute. Beyond those that
were measured nothing is: such a ratio is a bound, and said to be one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from isoglot.errors import ConfigError
from isoglot.studies.noise import draw_means
from isoglot.studies.series import LEVEL, Floats, Series

NUM_RESAMPLES = 2000
_TAILS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)


@dataclass(frozen=True)
class ComputeRatio:
    """What a scheme needs to be as good as the baseline is at one size.

    Attributes:
        size: Name of the size of the baseline.
        value: Mean of the baseline there.
        compute: What the baseline takes there.
        times: Compute that the scheme needs, as a multiple of that; 0 if its cheapest size is as good, so
            that it needs `least` at most; infinite if none of its sizes is, so that it needs more than
            `most`, if that helps at all.
        least: What the cheapest size of the scheme takes, as a multiple.
        most: What its dearest size takes.
        low: Lower bound of the 95 % interval of `times`, with the spread over seeds of all sizes; None where
            a single seed allows none.
        high: Upper bound.
    """

    size: str
    value: float
    compute: float
    times: float
    least: float
    most: float
    low: float | None = None
    high: float | None = None

    @property
    def reached(self) -> bool:
        """Whether the scheme is as good at any of its sizes, or between two of them."""
        return self.times < float("inf")

    @property
    def bounded(self) -> bool:
        """Whether the ratio lies within what was measured, and is no bound."""
        return 0 < self.times < float("inf")


def compute_to_equal(
    series: Series,
    baseline: Series,
    *,
    higher_is_better: bool = True,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
) -> tuple[ComputeRatio, ...]:
    """The compute that a scheme needs for what a baseline reaches, as a multiple of the baseline's.

    Args:
        series: The scheme, over compute.
        baseline: What it is compared with, over compute.
        higher_is_better: Whether more of the value is better.
        num_resamples: Draws behind intervals; what the baseline reaches is as uncertain in them as what the
            scheme needs for it.
        seed: Of the draws.

    Returns:
        A ratio for each size of the baseline that is better than all its cheaper ones, ascending; the last is
        at its best.

    Raises:
        ConfigError: If the scheme has a single size, between which and another there could be a line.
    """
    if len(series.x) < 2:
        raise ConfigError("two sizes or more are needed to read the compute between them off a line")
    sign = 1.0 if higher_is_better else -1.0
    ours, theirs = sign * series.means, sign * baseline.means
    drawn = None
    if series.degrees and baseline.degrees:
        worlds = draw_means(series, baseline, num_resamples, np.random.default_rng(seed))
        drawn = sign * worlds[0], sign * worlds[1]
    found = []
    for place in _improvements(theirs):
        compute = float(baseline.x[place])
        bounds: tuple[float | None, float | None] = (None, None)
        if drawn is not None:
            ratios = needed(series.x, drawn[0], drawn[1][:, place]) / compute
            low, high = np.quantile(ratios, _TAILS, method="nearest")
            bounds = float(low), float(high)
        found.append(
            ComputeRatio(
                size=baseline.sizes[place],
                value=float(baseline.means[place]),
                compute=compute,
                times=float(needed(series.x, ours[None], theirs[place : place + 1])[0]) / compute,
                least=float(series.x[0]) / compute,
                most=float(series.x[-1]) / compute,
                low=bounds[0],
                high=bounds[1],
            )
        )
    return tuple(found)


def needed(x: Floats, means: Floats, targets: Floats) -> Floats:
    """The least compute at which a line through means is as good as a target.

    Args:
        x: (K,) compute, ascending.
        means: (m, K) more is better, in each of m worlds.
        targets: (m,) what is to be reached there.

    Returns:
        (m,) compute; 0 where the cheapest size is as good already, infinite where no size is.
    """
    reached = means >= targets[:, None]
    first, rows = reached.argmax(axis=1), np.arange(len(means))
    before = np.maximum(first - 1, 0)
    start, end = means[rows, before], means[rows, first]
    share = (targets - start) / np.where(first > 0, end - start, 1.0)
    between = np.where(first > 0, x[before] * (x[first] / x[before]) ** share, 0.0)
    return np.asarray(np.where(reached.any(axis=1), between, np.inf))


def _improvements(means: Floats) -> Iterator[int]:
    """Places of what is better than all before it."""
    best = -np.inf
    for place, mean in enumerate(means):
        if mean > best:
            best = mean
            yield place
