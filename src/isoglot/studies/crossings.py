"""From which size on one scheme pays, if from any: differences by size, and where they turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from isoglot.errors import ConfigError
from isoglot.evaluation.significance import holm
from isoglot.studies.series import LEVEL, Floats, Series, paired_difference

NUM_RESAMPLES = 2000
Verdict = Literal[
    "everywhere", "from", "up_to", "somewhere", "mixed", "on_average", "nowhere", "no_difference"
]


@dataclass(frozen=True)
class SizeDifference:
    """What the scheme has more at one size; above 0 is to its favour.

    Attributes:
        size: Name of the size.
        x: The size.
        value: Mean difference over seeds.
        low: Lower bound of the 95 % interval, by Student's t with the spread of all sizes.
        high: Upper bound.
        adjusted_p_value: Two-sided, by Holm (1979) over the sizes.
    """

    size: str
    x: float
    value: float
    low: float
    high: float
    adjusted_p_value: float

    @property
    def sign(self) -> int:
        """1 if the scheme is better by more than luck, -1 if it is worse, 0 if no difference is shown."""
        if not self.adjusted_p_value < 1 - LEVEL:
            return 0
        return 1 if self.value > 0 else -1


@dataclass(frozen=True)
class Crossing:
    """Where one scheme begins to pay.

    Attributes:
        verdict: `everywhere` better, shown at some size or over all of them together, and worse nowhere;
            `nowhere` better, and worse somewhere; `from` worse at small sizes and better at large ones;
            `up_to` the other way round; `somewhere` shown to be better at a size or more, and at no size to
            be worse, in no order; `mixed` shown to be both, in no order; `on_average` shown to be better
            over all sizes together, though its mean is not at each; `no_difference` shown at any size, nor
            over all together.
        differences: At each size, ascending.
        overall: Mean difference over the sizes, with the name `all`.
        at: Size where the mean difference, a straight line over the logarithm of the size from one to the
            next, turns; None where the verdict is neither `from` nor `up_to`, or the turn is outside.
        low: Lower bound of its 95 % interval; 0 below all sizes measured, infinite above.
        high: Upper bound.
    """

    verdict: Verdict
    differences: tuple[SizeDifference, ...]
    overall: SizeDifference
    at: float | None = None
    low: float | None = None
    high: float | None = None


def find_crossing(
    series: Series,
    baseline: Series,
    *,
    higher_is_better: bool = True,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
) -> Crossing:
    """Compares a scheme with a baseline over sizes, the same seeds with each other.

    Args:
        series: The scheme.
        baseline: What it is compared with.
        higher_is_better: Whether more of the value is better.
        num_resamples: Draws behind the interval of the turn.
        seed: Of the draws.

    Returns:
        Where the scheme pays.

    Raises:
        ConfigError: If they share no size and seed, or no size has two seeds.
    """
    paired = paired_difference(series, baseline)
    if not paired.degrees:
        raise ConfigError("two seeds or more are needed to tell a difference from luck")
    means = paired.means if higher_is_better else -paired.means
    errors = np.sqrt(paired.variance / paired.counts)
    p_values = holm(_p(means, errors, paired.degrees))
    reach = stats.t.ppf((1 + LEVEL) / 2, paired.degrees)
    differences = tuple(
        SizeDifference(*row)
        for row in zip(
            paired.sizes,
            map(float, paired.x),
            map(float, means),
            map(float, means - reach * errors),
            map(float, means + reach * errors),
            map(float, p_values),
            strict=True,
        )
    )
    overall = _overall(paired, means, errors, reach)
    verdict = _verdict([each.sign for each in differences], means, overall.sign)
    if verdict not in ("from", "up_to"):
        return Crossing(verdict, differences, overall)
    draws = means + errors * np.random.default_rng(seed).standard_t(
        paired.degrees, (num_resamples, len(means))
    )
    rising = verdict == "from"
    turns = np.array([_turn(paired.x, row if rising else -row) for row in draws])
    low, high = np.quantile(turns, ((1 - LEVEL) / 2, (1 + LEVEL) / 2), method="nearest")
    at = _turn(paired.x, means if rising else -means)
    inside = bool(np.isfinite(at)) and at > 0
    return Crossing(verdict, differences, overall, at if inside else None, float(low), float(high))


def _p(means: Floats, errors: Floats, degrees: int) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(errors > 0, np.abs(means) / errors, np.where(means == 0, 0.0, np.inf))
    p_values: Floats = 2 * stats.t.sf(distance, degrees)
    return p_values


def _overall(paired: Series, means: Floats, errors: Floats, reach: float) -> SizeDifference:
    mean = float(means.mean())
    error = float(np.sqrt((errors**2).sum())) / len(means)
    p_value = float(_p(np.array([mean]), np.array([error]), paired.degrees)[0])
    middle = float(np.exp(np.log(paired.x).mean()))
    return SizeDifference("all", middle, mean, mean - reach * error, mean + reach * error, p_value)


def _verdict(signs: list[int], means: Floats, overall: int) -> Verdict:
    shown = {sign for sign in signs if sign}
    if not shown:
        better: Verdict = "everywhere" if (means >= 0).all() else "on_average"
        together: dict[int, Verdict] = {1: better, -1: "nowhere", 0: "no_difference"}
        return together[overall]
    if shown == {-1}:
        return "nowhere"
    # Where the scheme is worse: shown so if that is shown anywhere, else by the means.
    worse = [sign < 0 for sign in signs] if -1 in shown else [mean < 0 for mean in means]
    if not any(worse):
        return "everywhere"
    first, last = signs.index(1), len(signs) - 1 - signs[::-1].index(1)
    if not any(worse[first:]):
        return "from"
    if not any(worse[: last + 1]):
        return "up_to"
    return "mixed" if -1 in shown else "somewhere"


def _turn(x: Floats, means: Floats) -> float:
    """Size behind which all differences are above 0; 0 if they are everywhere, infinite if not at the end."""
    below = np.flatnonzero(means <= 0)
    if not len(below):
        return 0.0
    last = int(below[-1])
    if last == len(x) - 1:
        return float("inf")
    start, end = means[last], means[last + 1]
    share = -start / (end - start)
    return float(x[last] * (x[last + 1] / x[last]) ** share)
