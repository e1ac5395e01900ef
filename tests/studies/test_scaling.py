"""Scaling: intervals that cover what is true, a test that keeps its level, no silent extrapolation."""

from __future__ import annotations

import numpy as np
import pytest

from isoglot.errors import ConfigError
from isoglot.studies.scaling import compare_exponents, fit_scaling
from isoglot.studies.series import Series

NUM_SIZES, NUM_SEEDS = 5, 3
X = 3e5 * 4.0 ** np.arange(NUM_SIZES)
SCALE = float(np.exp(np.log(X).mean()))
TRUE = (0.5, 0.3, 0.4)


def curve(offset: float, amplitude: float, exponent: float, x: np.ndarray = X) -> np.ndarray:
    return offset + amplitude * (x / SCALE) ** -exponent


def drawn(name: str, means: np.ndarray, spread: float, rng: np.random.Generator) -> Series:
    noise = rng.normal(0, spread, (len(means), NUM_SEEDS)) if spread else np.zeros((len(means), NUM_SEEDS))
    sizes = tuple(f"size-{number}" for number in range(len(means)))
    return Series(name, sizes, X[: len(means)], tuple(range(NUM_SEEDS)), means[:, None] + noise)


def test_known_parameters_come_back_with_intervals_around_them() -> None:
    fit = fit_scaling(drawn("a", curve(*TRUE), 0.002, np.random.default_rng(0)), offset_range=(0, np.inf))
    for found, true in zip((fit.offset, fit.amplitude, fit.exponent), TRUE, strict=True):
        assert found.value == pytest.approx(true, rel=0.05)
        assert found.low is not None
        assert found.high is not None
        assert found.low < found.value < found.high
    assert fit.determined
    assert fit.misfit_p is not None
    assert fit.misfit_p > 0.05


def test_the_same_seed_gives_the_same_intervals() -> None:
    series = drawn("a", curve(*TRUE), 0.002, np.random.default_rng(0))
    assert fit_scaling(series, seed=1).exponent == fit_scaling(series, seed=1).exponent


def test_one_seed_allows_no_interval() -> None:
    series = Series("a", tuple("abcde"), X, (0,), curve(*TRUE)[:, None])
    fit = fit_scaling(series)
    assert fit.exponent.low is None
    assert fit.band(X) is None
    assert fit.misfit_p is None
    assert str(fit.predict(1e6)) == f"{fit.predict(1e6).value.value:.4g}"


def test_what_is_no_power_law_is_told() -> None:
    zigzag = curve(*TRUE) + 0.05 * np.array([1, -1, 1, -1, 1])
    fit = fit_scaling(drawn("a", zigzag, 0.002, np.random.default_rng(0)))
    assert fit.misfit_p is not None
    assert fit.misfit_p < 0.001


def test_an_exponent_that_luck_decides_is_not_determined() -> None:
    fit = fit_scaling(drawn("a", curve(*TRUE), 0.15, np.random.default_rng(0)))
    assert not fit.law.at_bound[0]
    assert fit.resampled is not None
    assert 0.025 < fit.resampled.at_bound.mean() < 1
    assert not fit.determined
    assert not fit_scaling(drawn("a", np.full(5, 0.5), 0, np.random.default_rng(0))).determined


def test_too_few_sizes_are_refused() -> None:
    series = drawn("a", curve(*TRUE)[:3], 0.01, np.random.default_rng(0))
    with pytest.raises(ConfigError, match=r"needs 4 sizes or more, got 3"):
        fit_scaling(series)


def test_beyond_the_sizes_measured_only_when_asked_and_marked() -> None:
    fit = fit_scaling(drawn("a", curve(*TRUE), 0.002, np.random.default_rng(0)))
    inside = fit.predict(float(X[2]))
    assert not inside.extrapolated
    assert inside.value.value == pytest.approx(curve(*TRUE)[2], abs=0.005)
    with pytest.raises(ConfigError, match=r"2 times beyond the sizes measured.*set extrapolate"):
        fit.predict(2 * float(X[-1]))
    beyond = fit.predict(2 * float(X[-1]), extrapolate=True)
    assert beyond.extrapolated
    assert beyond.factor_beyond == pytest.approx(2)
    assert "extrapolated 2 times beyond what was measured" in str(beyond)
    assert fit.predict(float(X[0]) / 4, extrapolate=True).factor_beyond == pytest.approx(4)
    with pytest.raises(ConfigError, match="size must be > 0, got 0"):
        fit.predict(0)


def test_exponents_that_differ_are_told_apart_and_equal_ones_are_not() -> None:
    rng = np.random.default_rng(3)
    first = drawn("a", curve(0.5, 0.3, 0.8), 0.002, rng)
    test = compare_exponents(first, drawn("b", curve(0.5, 0.3, 0.4), 0.002, rng), num_resamples=200)
    assert test.differs
    assert test.difference.value == pytest.approx(0.4, abs=0.1)
    assert test.p_value == pytest.approx(1 / 201)
    same = compare_exponents(first, drawn("b", curve(0.2, 0.5, 0.8), 0.002, rng), num_resamples=200)
    assert not same.differs
    assert same.difference.low is not None
    assert same.difference.high is not None
    assert same.difference.low < 0 < same.difference.high


def test_series_that_cannot_be_compared_are_refused() -> None:
    rng = np.random.default_rng(0)
    first = drawn("a", curve(*TRUE), 0.01, rng)
    with pytest.raises(ConfigError, match="a and b must have the same sizes and seeds"):
        compare_exponents(first, drawn("b", curve(*TRUE)[:4], 0.01, rng))
    single = Series("a", first.sizes, X, (0,), first.values[:, :1])
    with pytest.raises(ConfigError, match="two seeds or more"):
        compare_exponents(single, single)


@pytest.mark.slow
def test_intervals_cover_the_truth_and_the_test_keeps_its_level() -> None:
    rng = np.random.default_rng(1)
    rounds = 150
    covered, rejected = np.zeros(4), 0
    for number in range(rounds):
        first, second = (drawn(name, curve(*TRUE), 0.003, rng) for name in "ab")
        test = compare_exponents(first, second, offset_range=(0, np.inf), num_resamples=300, seed=number)
        far = test.first.predict(float(X[-1]) * 2, extrapolate=True).value
        truth = (*TRUE, float(curve(*TRUE, x=X[-1:] * 2)[0]))
        found = (test.first.offset, test.first.amplitude, test.first.exponent, far)
        for place, (each, true) in enumerate(zip(found, truth, strict=True)):
            assert each.low is not None
            assert each.high is not None
            covered[place] += each.low <= true <= each.high
        rejected += test.differs
    assert (covered / rounds >= 0.88).all(), covered / rounds
    assert (covered / rounds <= 0.995).all(), covered / rounds
    assert rejected / rounds <= 0.1
