"""Pareto fronts: which models nobody beats in accuracy without paying more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isoglot.errors import ConfigError
from isoglot.studies.series import Floats

NUM_RESAMPLES = 1000


@dataclass(frozen=True)
class Candidate:
    """One arm that may be chosen.

    Attributes:
        name: What it is called.
        cost: What it costs, > 0: operations, milliseconds.
        values: Its accuracy with each seed, more is better.
    """

    name: str
    cost: float
    values: tuple[float, ...]


@dataclass(frozen=True)
class Placed:
    """An arm and its place.

    Attributes:
        candidate: The arm.
        value: Mean over seeds.
        on_front: Whether no other is at least as good and as cheap, and better in one of the two.
        share: Share of resamples of seeds in which it is on the front: near 1 or 0 it is plain, between it is
            luck. None where an arm has a single seed.
    """

    candidate: Candidate
    value: float
    on_front: bool
    share: float | None


def pareto_front(
    candidates: Sequence[Candidate], *, num_resamples: int = NUM_RESAMPLES, seed: int = 0
) -> list[Placed]:
    """Places arms on the front of accuracy against cost.

    Args:
        candidates: The arms.
        num_resamples: How often the seeds of each arm are drawn again.
        seed: Of the draws.

    Returns:
        All arms, the cheapest first; of equally cheap ones the best first, then by name. Arms alike in both
        are all on the front, or none is.

    Raises:
        ConfigError: If there is no arm, one has no value, or a cost is not above 0.
    """
    problems = [] if candidates else ["no arms to choose from"]
    problems += [f"{each.name}: no value" for each in candidates if not each.values]
    problems += [
        f"{each.name}: cost must be > 0, got {each.cost}" for each in candidates if not each.cost > 0
    ]
    if problems:
        raise ConfigError("\n".join(problems))
    means = {each.name: float(np.mean(each.values)) for each in candidates}
    ordered = sorted(candidates, key=lambda each: (each.cost, -means[each.name], each.name))
    costs = np.array([each.cost for each in ordered])
    values = np.array([[means[each.name] for each in ordered]])
    share: Sequence[float | None] = [None] * len(ordered)
    if min(len(each.values) for each in ordered) > 1:
        generator = np.random.default_rng(seed)
        drawn = np.stack([_resampled(each.values, num_resamples, generator) for each in ordered], axis=1)
        share = [float(part) for part in undominated(costs, drawn).mean(axis=0)]
    front = undominated(costs, values)[0]
    return [
        Placed(each, means[each.name], bool(front[number]), share[number])
        for number, each in enumerate(ordered)
    ]


def undominated(costs: Floats, values: Floats) -> npt.NDArray[np.bool_]:
    """Who is on the front.

    Args:
        costs: (n,) less is better.
        values: (m, n) more is better, in each of m worlds.

    Returns:
        (m, n) True where nobody is at least as cheap and as good, and one of the two strictly.
    """
    cheaper, as_cheap = costs[:, None] < costs[None], costs[:, None] <= costs[None]
    better = values[:, :, None] > values[:, None, :]
    as_good = values[:, :, None] >= values[:, None, :]
    beaten = np.any((cheaper & as_good) | (as_cheap & better), axis=1)
    return np.asarray(~beaten)


def _resampled(values: tuple[float, ...], num_resamples: int, generator: np.random.Generator) -> Floats:
    """(resamples,) means of seeds drawn again, deviations stretched to what they are drawn from."""
    given = np.array(values)
    stretched = given.mean() + (given - given.mean()) * np.sqrt(len(given) / (len(given) - 1))
    means: Floats = generator.choice(stretched, (num_resamples, len(given))).mean(axis=1)
    return means
