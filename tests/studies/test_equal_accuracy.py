"""Compute to equal accuracy: read off by hand, bounded where nothing was measured, intervals that cover."""

from __future__ import annotations

import numpy as np
import pytest

from isoglot.errors import ConfigError
from isoglot.studies.equal_accuracy import compute_to_equal, needed
from isoglot.studies.series import Series

X = np.array([1.0, 10.0, 100.0, 1000.0])
SIZES = ("xs", "s", "m", "l")
RNG = np.random.default_rng(0)


def series(means: np.ndarray | list[float], *, x: np.ndarray = X, noise: np.ndarray | float = 0.0) -> Series:
    values = np.broadcast_to(np.array(means)[:, None] + noise, (len(means), 3))
    return Series("", SIZES[: len(means)], x, (0, 1, 2), values)


def test_what_is_needed_lies_on_a_line_over_the_logarithm() -> None:
    means = np.tile([0.1, 0.3, 0.2, 0.5], (6, 1))
    targets = np.array([0.05, 0.1, 0.2, 0.3, 0.4, 0.51])
    expected = [0, 0, np.sqrt(10), 10, 10 ** (2 + 2 / 3), np.inf]
    np.testing.assert_allclose(needed(X, means, targets), expected)


def test_a_scheme_that_needs_half() -> None:
    found = compute_to_equal(series(np.log10(2 * X)), series(np.log10(X)))
    assert [each.size for each in found] == list(SIZES)
    assert [each.times for each in found] == pytest.approx([0, 0.5, 0.5, 0.5])
    last = found[-1]
    assert (last.value, last.compute, last.least, last.most) == (3, 1000, 1e-3, 1)
    assert last.bounded
    assert (last.low, last.high) == pytest.approx((0.5, 0.5))


def test_compute_counts_and_not_the_number_of_the_size() -> None:
    (*_, last) = compute_to_equal(series(np.log10(X), x=X * 3), series(np.log10(X)))
    assert (last.times, last.least, last.most) == pytest.approx((3, 3e-3, 3))


def test_beyond_what_was_measured_there_are_bounds_alone() -> None:
    better = compute_to_equal(series([0.6, 0.7, 0.8, 0.9]), series([0.1, 0.2, 0.3, 0.4]))[-1]
    assert (better.times, better.reached, better.bounded) == (0, True, False)
    assert better.high == 0
    worse = compute_to_equal(series([0.1, 0.2, 0.3, 0.35]), series([0.1, 0.2, 0.3, 0.4]))[-1]
    assert (worse.times, worse.reached, worse.bounded) == (np.inf, False, False)
    assert worse.low == np.inf


def test_only_what_the_baseline_cannot_have_for_less_is_asked_for() -> None:
    found = compute_to_equal(series([0.5, 0.5, 0.7, 0.9]), series([0.5, 0.4, 0.6, 0.6]))
    assert [each.size for each in found] == ["xs", "m"]


def test_less_may_be_better() -> None:
    found = compute_to_equal(series(-np.log10(2 * X)), series(-np.log10(X)), higher_is_better=False)
    assert found[-1].times == pytest.approx(0.5)
    assert found[-1].value == -3


def test_intervals_cover_what_is_true() -> None:
    covered = 0
    for number in range(100):
        noises = RNG.normal(0, 0.1, (2, 4, 3))
        ours, theirs = series(np.log10(2 * X), noise=noises[0]), series(np.log10(X), noise=noises[1])
        found = compute_to_equal(ours, theirs, num_resamples=200, seed=number)[-1]
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 0.5 <= found.high
    assert 90 <= covered <= 99


def test_what_seeds_share_is_no_doubt() -> None:
    same = series(np.log10(X), noise=RNG.normal(0, 0.05, (4, 3)))
    found = compute_to_equal(same, same)[-1]
    assert (found.times, found.low, found.high) == pytest.approx((1, 1, 1))


def test_one_seed_allows_no_interval_and_one_size_no_line() -> None:
    single = Series("", SIZES, X, (0,), np.log10(X)[:, None])
    found = compute_to_equal(single, single)
    assert [(each.times, each.low, each.high) for each in found[1:]] == [(1, None, None)] * 3
    with pytest.raises(ConfigError, match="two sizes or more"):
        compute_to_equal(series([0.5], x=X[:1]), single)
