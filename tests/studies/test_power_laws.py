"""Power laws: known curves come back, bounds hold, and scipy finds nothing better."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

from isoglot.errors import ConfigError
from isoglot.studies.power_laws import fit_one_exponent, fit_power_laws

X = np.geomspace(3e5, 1e8, 6)
SCALE = float(np.exp(np.log(X).mean()))
ONES = np.ones(6)


def curve(offset: float, amplitude: float, exponent: float) -> np.ndarray:
    return offset + amplitude * (X / SCALE) ** -exponent


@settings(max_examples=40, deadline=None)
@given(st.floats(-1, 3), st.floats(0.1, 2), st.booleans(), st.floats(0.05, 2))
def test_a_curve_without_noise_comes_back(offset: float, size: float, rises: bool, exponent: float) -> None:
    amplitude = -size if rises else size
    law = fit_power_laws(X, curve(offset, amplitude, exponent)[None], ONES)
    assert law.exponent[0] == pytest.approx(exponent, rel=1e-4)
    assert law.offset[0] == pytest.approx(offset, abs=1e-3)
    assert law.amplitude[0] == pytest.approx(amplitude, rel=1e-3)
    np.testing.assert_allclose(law.values(X)[0], curve(offset, amplitude, exponent), atol=1e-6)


def test_scipy_from_many_starts_finds_nothing_better() -> None:
    rng = np.random.default_rng(0)
    y = curve(0.02, 1.0, 0.6) + rng.normal(0, 0.05, (12, 6))
    weights = np.array([1, 2, 3, 3, 2, 1.0])
    laws = fit_power_laws(X, y, weights, offset_range=(0.0, np.inf))
    for row, squares in zip(y, laws.squares, strict=True):
        found = [
            least_squares(
                lambda p, row=row: (p[0] + p[1] * (X / SCALE) ** -np.exp(p[2]) - row) * np.sqrt(weights),
                [0.1, 1.0, np.log(start)],
                bounds=([0, -np.inf, np.log(0.01)], [np.inf, np.inf, np.log(8)]),
            )
            for start in (0.1, 0.5, 2.0)
        ]
        assert squares <= 2 * min(each.cost for each in found) * (1 + 1e-6)
    assert (laws.offset >= 0).all()
    assert (laws.offset == 0).any()


def test_a_given_offset_needs_a_size_less() -> None:
    few = slice(0, 3)
    y = curve(0.3, 1.0, 0.5)[few]
    law = fit_power_laws(X[few], y[None], ONES[few], offset_range=(0.3, 0.3))
    assert law.exponent[0] == pytest.approx(0.5, rel=1e-4)
    with pytest.raises(ConfigError, match=r"needs 4 sizes or more, got 3; add sizes"):
        fit_power_laws(X[few], y[None], ONES[few])


def test_curves_that_share_an_exponent() -> None:
    first, second = fit_one_exponent(X, [curve(0, 1, 0.3)[None], curve(1, 2, 0.3)[None]], ONES)
    assert first.exponent[0] == second.exponent[0] == pytest.approx(0.3, rel=1e-4)
    assert (first.offset[0], second.offset[0]) == pytest.approx((0, 1), abs=1e-3)
    compromise, _ = fit_one_exponent(X, [curve(0, 1, 0.3)[None], curve(1, 2, 0.9)[None]], ONES)
    assert 0.3 < compromise.exponent[0] < 0.9


def test_a_step_is_known_to_be_beyond_what_sizes_determine() -> None:
    step = np.array([1.0, 0, 0, 0, 0, 0])
    straight = np.log(X)
    laws = fit_power_laws(X, np.stack([step, straight, curve(0, 1, 0.5)]), ONES)
    assert laws.at_bound.tolist() == [True, True, False]
