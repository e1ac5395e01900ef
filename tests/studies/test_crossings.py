"""Where a scheme pays: every verdict, turns that lie between sizes, luck called luck."""

from __future__ import annotations

import numpy as np
import pytest

from isoglot.errors import ConfigError
from isoglot.studies.crossings import find_crossing
from isoglot.studies.series import Series

X = np.array([1.0, 10.0, 100.0, 1000.0])
SIZES = ("xs", "s", "m", "l")


def series(name: str, means: list[float], *, spread: float = 0.01, seed: int = 0) -> Series:
    noise = np.random.default_rng(seed).normal(0, spread, (4, 3))
    return Series(name, SIZES, X, (0, 1, 2), np.array(means)[:, None] + noise - noise.mean(axis=1)[:, None])


BASE = series("base", [0.5, 0.5, 0.5, 0.5], seed=1)


@pytest.mark.parametrize(
    ("gains", "verdict"),
    [
        ([0.1, 0.1, 0.1, 0.1], "everywhere"),
        ([0.001, 0.001, 0.001, 0.1], "everywhere"),
        ([-0.1, -0.1, -0.1, -0.1], "nowhere"),
        ([-0.1, -0.1, 0.1, 0.1], "from"),
        ([-0.002, 0.1, 0.1, 0.1], "from"),
        ([0.1, 0.1, -0.1, -0.1], "up_to"),
        ([0.1, -0.1, 0.1, -0.1], "mixed"),
        ([0.1, -0.001, 0.1, -0.001], "somewhere"),
        ([0.001, -0.001, 0.001, -0.001], "no_difference"),
        ([0.012, 0.012, 0.012, 0.012], "everywhere"),
        ([0.016, 0.016, 0.016, -0.002], "on_average"),
        ([-0.012, -0.012, -0.012, -0.012], "nowhere"),
    ],
)
def test_verdicts(gains: list[float], verdict: str) -> None:
    found = find_crossing(series("new", [0.5 + gain for gain in gains]), BASE)
    assert found.verdict == verdict
    assert [each.value for each in found.differences] == pytest.approx(gains)


def test_the_turn_lies_where_the_line_crosses_zero() -> None:
    found = find_crossing(series("new", [0.4, 0.4, 0.6, 0.6]), BASE)
    assert found.at == pytest.approx(np.sqrt(10 * 100))
    assert found.low is not None
    assert found.high is not None
    assert 10 < found.low < found.at < found.high < 100
    other_way = find_crossing(series("new", [0.6, 0.6, 0.4, 0.4]), BASE)
    assert other_way.verdict == "up_to"
    assert other_way.at == pytest.approx(np.sqrt(10 * 100))


def test_less_may_be_better() -> None:
    fairer = series("new", [0.4] * 4)
    assert find_crossing(fairer, BASE).verdict == "nowhere"
    found = find_crossing(fairer, BASE, higher_is_better=False)
    assert found.verdict == "everywhere"
    assert found.overall.value == pytest.approx(0.1)


def test_luck_alone_is_rarely_taken_for_a_difference() -> None:
    rng = np.random.default_rng(0)
    wrong = 0
    for _ in range(200):
        ours, theirs = (
            Series(name, SIZES, X, (0, 1, 2), 0.5 + rng.normal(0, 0.01, (4, 3))) for name in ("a", "b")
        )
        wrong += find_crossing(ours, theirs, num_resamples=10).verdict != "no_difference"
    assert wrong <= 200 * 0.14  # two families of tests at 5 % each, over all sizes and size by size


def test_one_seed_is_refused() -> None:
    single = Series("a", SIZES, X, (0,), np.full((4, 1), 0.5))
    with pytest.raises(ConfigError, match="two seeds or more"):
        find_crossing(single, single)
