"""Noise of seeds: as wide as its closed form says, also where a cell is missing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from isoglot.studies.noise import SeedNoise, draw_means
from isoglot.studies.series import Series

VALUES = np.random.default_rng(0).normal(0, 1, (4, 3))
VALUES[3, 2] = np.nan
SERIES = Series("a", ("xs", "s", "m", "l"), np.array([1.0, 2, 4, 8]), (0, 1, 2), VALUES)


def test_seeds_drawn_again_spread_like_what_they_are_drawn_from() -> None:
    (means,) = SeedNoise.of([SERIES], 20_000, 0).means
    tail = stats.t.ppf(0.975, 7) / stats.norm.ppf(0.975)
    expected = np.nanstd(VALUES, axis=1, ddof=1) * tail / np.sqrt(3)
    np.testing.assert_allclose(means.std(axis=0), expected, rtol=0.03)


def test_means_are_drawn_with_the_spread_of_all_sizes() -> None:
    ours, theirs = draw_means(SERIES, SERIES, 40_000, np.random.default_rng(0))
    expected = np.sqrt(SERIES.variance / SERIES.counts * 7 / 5)
    np.testing.assert_allclose(ours.std(axis=0), expected, rtol=0.05)
    np.testing.assert_allclose(ours.mean(axis=0), SERIES.means, atol=0.05)
    assert ours == pytest.approx(theirs)
