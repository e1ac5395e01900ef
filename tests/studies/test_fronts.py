"""Pareto fronts: by hand, with ties, and against the definition."""

from __future__ import annotations

import numpy as np
import pytest

from isoglot.errors import ConfigError
from isoglot.studies.fronts import Candidate, pareto_front, undominated


def test_a_front_that_one_can_see() -> None:
    arms = [
        Candidate("dear and bad", 10, (0.2,)),
        Candidate("cheap", 1, (0.3,)),
        Candidate("dear and good", 10, (0.9,)),
        Candidate("between", 5, (0.3,)),
    ]
    placed = pareto_front(arms)
    assert [each.candidate.name for each in placed] == ["cheap", "between", "dear and good", "dear and bad"]
    assert [each.on_front for each in placed] == [True, False, True, False]
    assert [each.share for each in placed] == [None] * 4


def test_arms_alike_in_both_stand_or_fall_together() -> None:
    twins = [Candidate("a", 1, (0.5,)), Candidate("b", 1, (0.5,))]
    assert [each.on_front for each in pareto_front(twins)] == [True, True]
    with_better = pareto_front([*twins, Candidate("c", 1, (0.6,))])
    assert [each.candidate.name for each in with_better if each.on_front] == ["c"]


def test_random_fronts_hold_by_definition() -> None:
    rng = np.random.default_rng(0)
    costs, values = rng.integers(1, 5, 12).astype(float), rng.integers(0, 4, (5, 12)).astype(float)
    found = undominated(costs, values)
    for row, front in zip(values, found, strict=True):
        for i in range(12):
            beaten = any(
                costs[j] <= costs[i] and row[j] >= row[i] and (costs[j] < costs[i] or row[j] > row[i])
                for j in range(12)
            )
            assert front[i] == (not beaten)


def test_luck_shows_in_the_share_of_resamples() -> None:
    plain = Candidate("plain", 1, (0.5, 0.5, 0.5))
    lucky = Candidate("lucky", 2, (0.2, 0.5, 0.81))
    sure = Candidate("sure", 3, (0.9, 0.91, 0.92))
    shares = {each.candidate.name: each.share for each in pareto_front([plain, lucky, sure])}
    assert shares["plain"] == 1
    assert shares["sure"] is not None
    assert shares["sure"] > 0.95
    assert shares["lucky"] is not None
    assert 0.2 < shares["lucky"] < 0.8


def test_what_has_no_place_is_refused() -> None:
    with pytest.raises(ConfigError, match="no arms"):
        pareto_front([])
    with pytest.raises(ConfigError, match=r"(?s)a: no value.*b: cost must be > 0, got 0"):
        pareto_front([Candidate("a", 1, ()), Candidate("b", 0, (0.5,))])
