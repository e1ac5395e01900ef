"""Bootstrap intervals over groups."""

from __future__ import annotations

import numpy as np
import pytest

from isoglot.evaluation.intervals import GroupBootstrap, interval, macro


def _half_width(values, groups):
    zeros = np.zeros(len(values), np.int64)
    resampled = GroupBootstrap(groups, seed=0).means(np.arange(len(values)), zeros, values[:, None])
    low, high = interval(resampled[:, 0, 0])
    return (high - low) / 2


def test_the_interval_of_independent_queries_is_that_of_the_normal_distribution():
    values = np.random.default_rng(0).normal(size=2_000)
    assert _half_width(values, np.arange(2_000)) == pytest.approx(1.96 * values.std() / 2_000**0.5, rel=0.1)


def test_translations_of_one_query_count_as_one():
    values = np.random.default_rng(0).normal(size=200)
    alone = _half_width(values, np.arange(200))
    copied = np.repeat(values, 11)
    assert _half_width(copied, np.repeat(np.arange(200), 11)) == pytest.approx(alone, rel=0.02)
    assert _half_width(copied, np.arange(2_200)) < alone / 2


def test_very_many_groups_are_bundled_without_changing_the_width():
    values = np.random.default_rng(1).normal(size=25_000)
    bootstrap = GroupBootstrap(np.arange(25_000), seed=0)
    assert bootstrap.num_units == 10_000
    assert _half_width(values, np.arange(25_000)) == pytest.approx(
        1.96 * values.std() / 25_000**0.5, rel=0.15
    )


def test_means_are_weighted_by_how_often_a_group_is_drawn():
    bootstrap = GroupBootstrap(np.array([5, 5, 9]), seed=3, num_resamples=200)
    means = bootstrap.means(np.arange(3), np.array([0, 1, 0]), np.array([[1.0], [4.0], [3.0]]))[:, :, 0]
    assert set(np.unique(means[:, 0])) == {1.0, 2.0, 3.0}
    assert np.nanmin(means[:, 1]) == np.nanmax(means[:, 1]) == 4.0
    assert np.isnan(means[:, 1]).tolist() == (means[:, 0] == 3.0).tolist()


def test_a_macro_mean_skips_cells_that_a_resample_left_empty():
    assert macro(np.array([[1.0, 3.0], [np.nan, 3.0]], np.float32)).tolist() == [2.0, 3.0]


def test_an_interval_of_equal_values_has_no_width():
    assert _half_width(np.full(20, 0.5), np.arange(20)) == 0


def test_bounds_are_percentiles_of_what_is_there():
    rng = np.random.default_rng(0)
    resampled = rng.normal(size=(300, 7)).astype(np.float32)
    resampled[rng.random(resampled.shape) < 0.2] = np.nan
    resampled[1:, 5] = np.nan
    resampled[:, 6] = np.nan
    low, high = interval(resampled)
    expected = np.nanpercentile(resampled[:, :6].astype(np.float64), [2.5, 97.5], axis=0)
    np.testing.assert_allclose([low[:6], high[:6]], expected, atol=1e-6)
    assert np.isnan([low[6], high[6]]).all()
    assert low[5] == high[5] == resampled[0, 5]
