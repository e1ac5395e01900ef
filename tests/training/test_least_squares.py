"""Affine maps by least squares against plain solutions of the same problems."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoglot.training.least_squares import (
    AffineMap,
    Moments,
    orthogonal_map,
    ridge_maps,
    ridge_penalty,
)


def pairs(seed: int = 0, count: int = 60, source: int = 7, target: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Correlated vectors, both with a mean that is not 0."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, source)) @ rng.normal(size=(source, source)) + rng.normal(size=source)
    y = x @ rng.normal(size=(source, target)) + 0.5 * rng.normal(size=(count, target)) + 3
    return x, y


def rotation(seed: int, size: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))[0]


@pytest.mark.parametrize("centre", [True, False])
def test_ridge_regression_is_that_of_scikit_learn(centre: bool) -> None:
    from sklearn.linear_model import Ridge

    x, y = pairs()
    moments = Moments.of(x, y)
    ridges = (0.0, 1e-3, 0.1, 5.0)
    for ridge, fitted in zip(ridges, ridge_maps(moments, ridges, centre=centre), strict=True):
        alpha = ridge_penalty(moments, ridge, centre=centre)
        reference = Ridge(alpha=alpha, fit_intercept=centre).fit(x, y)
        np.testing.assert_allclose(fitted.weight, reference.coef_.T, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(fitted.bias, np.broadcast_to(reference.intercept_, 4), atol=1e-7)
        assert Moments.of(x, y).explained_variance(fitted) == pytest.approx(
            1 - ((reference.predict(x) - y) ** 2).sum() / ((y - y.mean(0)) ** 2).sum(), abs=1e-10
        )


def test_a_known_relation_is_recovered() -> None:
    x, _ = pairs()
    weight, bias = np.random.default_rng(1).normal(size=(7, 4)), np.arange(4.0)
    (fitted,) = ridge_maps(Moments.of(x, x @ weight + bias), [0.0])
    np.testing.assert_allclose(fitted.weight, weight, atol=1e-9)
    np.testing.assert_allclose(fitted.bias, bias, atol=1e-9)
    assert Moments.of(x, x @ weight + bias).explained_variance(fitted) == pytest.approx(1, abs=1e-12)


def test_directions_in_which_the_source_does_not_vary_get_no_weight() -> None:
    x, y = pairs()
    doubled = np.hstack([x, x[:, :2], np.ones((len(x), 1))])
    maps = [next(ridge_maps(Moments.of(each, y), [0.0])) for each in (x, doubled)]
    assert np.abs(maps[1].weight[-1]).max() < 1e-9
    np.testing.assert_allclose(maps[0].apply(x), maps[1].apply(doubled), atol=1e-7)


@given(st.integers(0, 60), st.integers(0, 1_000))
def test_moments_of_parts_add_up(cut: int, seed: int) -> None:
    x, y = pairs(seed)
    whole, parts = Moments.of(x, y), Moments.of(x[:cut], y[:cut]) + Moments.of(x[cut:], y[cut:])
    assert parts.count == whole.count
    for name in ("source_sum", "target_sum", "source_gram", "cross_gram", "target_square"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=1e-9, atol=1e-8)
    np.testing.assert_allclose(parts.centred.cross_gram, (x - x.mean(0)).T @ (y - y.mean(0)), atol=1e-6)


def test_the_squared_error_is_that_of_the_vectors() -> None:
    x, y = pairs()
    rng = np.random.default_rng(3)
    any_map = AffineMap(rng.normal(size=(7, 4)), rng.normal(size=4))
    wanted = ((any_map.apply(x) - y) ** 2).sum()
    assert Moments.of(x, y).squared_error(any_map) == pytest.approx(wanted, rel=1e-9)
    mean = AffineMap(np.zeros((7, 4)), y.mean(axis=0))
    assert Moments.of(x, y).explained_variance(mean) == pytest.approx(0, abs=1e-12)


def test_a_larger_penalty_makes_a_shorter_weight() -> None:
    maps = list(ridge_maps(Moments.of(*pairs()), (0.0, 0.01, 1.0, 100.0)))
    lengths = [float(np.linalg.norm(each.weight)) for each in maps]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[-1] < 0.1 * lengths[0]


@pytest.mark.parametrize(("source", "target"), [(5, 5), (5, 8), (8, 5)])
def test_an_orthogonal_map_is_one(source: int, target: int) -> None:
    x, y = pairs(source=source, target=target)
    weight = orthogonal_map(Moments.of(x, y)).weight
    product = weight @ weight.T if source <= target else weight.T @ weight
    np.testing.assert_allclose(product / product[0, 0], np.eye(min(source, target)), atol=1e-9)


def test_an_orthogonal_map_finds_a_rotation_with_scale_and_shift() -> None:
    x, _ = pairs(source=6)
    turned = rotation(2, 6)
    fitted = orthogonal_map(Moments.of(x, 2.5 * x @ turned + 1))
    np.testing.assert_allclose(fitted.weight, 2.5 * turned, atol=1e-8)
    np.testing.assert_allclose(fitted.apply(x), 2.5 * x @ turned + 1, atol=1e-7)
    uncentred = orthogonal_map(Moments.of(x, 2.5 * x @ turned), centre=False)
    np.testing.assert_allclose(uncentred.weight, 2.5 * turned, atol=1e-8)
    assert (uncentred.bias == 0).all()


def test_no_other_rotation_is_nearer() -> None:
    x, y = pairs(source=4, target=4)
    moments = Moments.of(x, y)
    best = orthogonal_map(moments)
    scale = np.linalg.norm(best.weight, 2)

    def error(weight: Any) -> float:
        return moments.squared_error(AffineMap(weight, y.mean(0) - x.mean(0) @ weight))

    others = [error(scale * rotation(seed, 4)) for seed in range(200)]
    assert error(best.weight) <= min(others)
    assert error(best.weight) <= min(error(factor * best.weight) for factor in (0.9, 0.99, 1.01, 1.1))
