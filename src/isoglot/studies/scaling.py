"""How a value grows with size: a power law with intervals, what it says elsewhere, and whether two differ.

Intervals are by bootstrap over seeds (`isoglot.studies.noise`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import stats

from isoglot.errors import ConfigError
from isoglot.studies.noise import SeedNoise
from isoglot.studies.power_laws import (
    ANY_OFFSET,
    NUM_PARAMETERS,
    PowerLaws,
    fit_one_exponent,
    fit_power_laws,
)
from isoglot.studies.series import LEVEL, Floats, Series

NUM_RESAMPLES = 1000
_FLAT = 1e-9
"""Amplitude, in terms of the offset, of a value that is the same at all sizes but for rounding."""
_TAILS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)


@dataclass(frozen=True)
class Estimate:
    """A number with its interval.

    Attributes:
        value: The number.
        low: Lower bound of the 95 % interval; None where a single seed allows none.
        high: Upper bound.
    """

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Prediction:
    """What a curve says of a size.

    Attributes:
        x: The size.
        value: The value there, with its interval: that of the curve, not of a single seed.
        factor_beyond: How many times farther than the sizes measured: 1 within their range, 2 for twice the
            largest or half the smallest.
    """

    x: float
    value: Estimate
    factor_beyond: float

    @property
    def extrapolated(self) -> bool:
        """Whether no size like it was measured."""
        return self.factor_beyond > 1

    def __str__(self) -> str:
        text = f"{self.value.value:.4g}"
        if self.value.low is not None and self.value.high is not None:
            text += f" ({self.value.low:.4g} to {self.value.high:.4g})"
        if self.extrapolated:
            text += f", extrapolated {self.factor_beyond:.3g} times beyond what was measured"
        return text


@dataclass(frozen=True, eq=False)
class ScalingFit:
    """A power law fitted to a series.

    Attributes:
        series: What was fitted.
        law: The curve, one.
        resampled: The curve of each resample of seeds; None where no size has two seeds.
        misfit_p: How often chance alone makes means lie so far from a power law, by an F test against the
            spread over seeds; below 0.05 the form is wrong. None without spread, or without a size to spare.
    """

    series: Series
    law: PowerLaws
    resampled: PowerLaws | None
    misfit_p: float | None

    @property
    def offset(self) -> Estimate:
        """What the value tends to as size grows: itself an extrapolation."""
        return self._estimate("offset")

    @property
    def amplitude(self) -> Estimate:
        """The value over the offset, in the middle of the sizes (`law.scale`)."""
        return self._estimate("amplitude")

    @property
    def exponent(self) -> Estimate:
        """How fast the value tends to the offset."""
        return self._estimate("exponent")

    @property
    def determined(self) -> bool:
        """Whether the sizes determine the exponent: the value changes, and all is clear of the limits."""
        flat = abs(float(self.law.amplitude[0])) <= _FLAT * abs(self.law.offset[0])
        if flat or bool(self.law.at_bound[0]):
            return False
        if self.resampled is None:
            return True
        return float(np.mean(self.resampled.at_bound)) < _TAILS[0]

    def predict(self, x: float, *, extrapolate: bool = False) -> Prediction:
        """What the curve says of a size.

        Args:
            x: The size.
            extrapolate: Whether it may be one beyond those measured; the result is then marked as such.

        Returns:
            The value with its interval.

        Raises:
            ConfigError: If the size is not above 0, or is beyond those measured without `extrapolate`.
        """
        if not 0 < x < np.inf:
            raise ConfigError(f"size must be > 0, got {x}")
        low, high = self.series.x[0], self.series.x[-1]
        beyond = float(max(1.0, x / high, low / x))
        if beyond > 1 and not extrapolate:
            raise ConfigError(
                f"{x:.4g} is {beyond:.3g} times beyond the sizes measured, {low:.4g} to {high:.4g}; measure "
                "it, or set extrapolate, which marks the result"
            )
        value = float(self.law.values([x])[0, 0])
        if self.resampled is None:
            return Prediction(x, Estimate(value), beyond)
        bounds = np.quantile(self.resampled.values([x])[:, 0], _TAILS)
        return Prediction(x, Estimate(value, *map(float, bounds)), beyond)

    def band(self, x: Floats) -> Floats | None:
        """(2, n) bounds of the curve at (n,) sizes; None where a single seed allows none."""
        if self.resampled is None:
            return None
        bounds: Floats = np.quantile(self.resampled.values(x), _TAILS, axis=0)
        return bounds

    def _estimate(self, name: str) -> Estimate:
        value = float(getattr(self.law, name)[0])
        if self.resampled is None:
            return Estimate(value)
        return Estimate(value, *map(float, np.quantile(getattr(self.resampled, name), _TAILS)))


def fit_scaling(
    series: Series,
    *,
    offset_range: tuple[float, float] = ANY_OFFSET,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
) -> ScalingFit:
    """Fits a power law with an offset.

    Args:
        series: Values over sizes and seeds.
        offset_range: Least and greatest offset, such as (0, 1) for a measure that cannot leave it.
        num_resamples: Resamples of seeds, for intervals.
        seed: Of the resamples.

    Returns:
        The fit.

    Raises:
        ConfigError: If there are too few sizes.
    """
    weights = series.counts
    law = fit_power_laws(series.x, series.means[None], weights, offset_range=offset_range)
    resampled = None
    if series.degrees:
        noise = SeedNoise.of([series], num_resamples, seed).means[0]
        resampled = fit_power_laws(series.x, series.means + noise, weights, offset_range=offset_range)
    given = offset_range[0] == offset_range[1]
    return ScalingFit(series, law, resampled, _misfit_p(series, law, NUM_PARAMETERS - given))


def _misfit_p(series: Series, law: PowerLaws, num_parameters: int) -> float | None:
    spare = len(series.x) - num_parameters
    if not series.degrees or spare < 1 or not series.variance > 0:
        return None
    return float(stats.f.sf(float(law.squares[0]) / spare / series.variance, spare, series.degrees))


@dataclass(frozen=True, eq=False)
class ExponentTest:
    """Whether two series scale differently.

    Attributes:
        first: Fit of the one.
        second: Fit of the other.
        difference: Exponent of the first minus that of the second.
        p_value: How often two curves of one exponent, with the same seeds' noise, are improved as much or
            more by an exponent of their own each; two-sided.
    """

    first: ScalingFit
    second: ScalingFit
    difference: Estimate
    p_value: float

    @property
    def determined(self) -> bool:
        """Whether the sizes determine both exponents; if not, the difference says nothing."""
        return self.first.determined and self.second.determined

    @cached_property
    def differs(self) -> bool:
        """Whether they do, at the level of 5 %."""
        return self.p_value < 1 - LEVEL


def compare_exponents(
    first: Series,
    second: Series,
    *,
    offset_range: tuple[float, float] = ANY_OFFSET,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
) -> ExponentTest:
    """Tests whether one series tends to its offset faster than another, at the level of 5 %.

    The null hypothesis is one exponent for both, with offsets and amplitudes of their own. Under it, curves
    are drawn with the deviations of the seeds that were seen, the same seeds for both; statistic is the gain
    in squares of an exponent each, over the spread within sizes (an F ratio whose law is simulated). Where
    sizes of both differ a little, as counted compute does, the test takes their geometric mean.

    Args:
        first: The one.
        second: The other, over the same sizes and seeds.
        offset_range: Least and greatest offset.
        num_resamples: How often curves are drawn.
        seed: Of the draws.

    Returns:
        The test.

    Raises:
        ConfigError: If sizes or seeds differ, there are too few sizes, or no size has two seeds.
    """
    if first.sizes != second.sizes or first.seeds != second.seeds:
        raise ConfigError(f"{first.name} and {second.name} must have the same sizes and seeds to be compared")
    if not first.degrees or not second.degrees:
        raise ConfigError(f"{first.name} and {second.name} need two seeds or more of a size to be compared")
    fits = [
        fit_scaling(each, offset_range=offset_range, num_resamples=num_resamples, seed=seed)
        for each in (first, second)
    ]
    assert fits[0].resampled is not None
    assert fits[1].resampled is not None
    x = np.sqrt(first.x * second.x)
    weights = np.minimum(first.counts, second.counts)
    shared = _Gain(x, weights, offset_range)
    noise = SeedNoise.of([first, second], num_resamples, seed)
    gain, common = shared.of([first.means[None], second.means[None]])
    drawn = [law.values(x) + each for law, each in zip(common, noise.means, strict=True)]
    ratios = shared.of(drawn)[0] / np.maximum(sum(noise.squares), np.finfo(float).tiny)
    observed = _observed_ratio(float(gain[0]), first, second)
    farther = int(np.count_nonzero(ratios >= observed * (1 - 1e-9)))
    between = fits[0].resampled.exponent - fits[1].resampled.exponent
    difference = fits[0].exponent.value - fits[1].exponent.value
    low, high = map(float, np.quantile(between, _TAILS))
    return ExponentTest(
        fits[0], fits[1], Estimate(difference, low, high), (farther + 1) / (num_resamples + 1)
    )


def _observed_ratio(gain: float, first: Series, second: Series) -> float:
    squares = sum(float(np.nansum((each.values - each.means[:, None]) ** 2)) for each in (first, second))
    return gain / max(squares, float(np.finfo(float).tiny))


@dataclass(frozen=True, eq=False)
class _Gain:
    """What an exponent of its own for each curve takes from the squares of a shared one."""

    x: Floats
    weights: Floats
    offset_range: tuple[float, float]

    def of(self, means: list[Floats]) -> tuple[Floats, list[PowerLaws]]:
        """(m,) gains, and the curves of one exponent."""
        common = fit_one_exponent(self.x, means, self.weights, offset_range=self.offset_range)
        own = [fit_power_laws(self.x, y, self.weights, offset_range=self.offset_range) for y in means]
        gains: Floats = np.maximum(sum(law.squares for law in common) - sum(law.squares for law in own), 0.0)
        return gains, common
