"""Randomisation tests: exact cases, uniform p where models are alike, and what per-query flips get wrong."""

from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, kstest, permutation_test, ttest_1samp

from isoglot.errors import SearchError
from isoglot.evaluation.significance import benjamini_hochberg, holm, paired_randomisation


def _test(groups, cells, differences, **options):
    options = {"seed": 0, "num_rounds": 999, "num_resamples": 50} | options
    return paired_randomisation(
        np.asarray(groups), np.asarray(cells), np.asarray(differences, float), **options
    )


def _one_cell(groups, differences, **options):
    tested = _test(groups, np.zeros(len(groups), int), np.asarray(differences, float)[:, None], **options)
    return float(tested.cells.p_values[0, 0])


def test_by_hand_three_questions_all_better():
    # Of the 8 sign patterns, +++ and --- are as far from 0.
    assert _one_cell([0, 1, 2], [0.1, 0.2, 0.3]) == 2 / 8
    # +++ ---, and + + - with - - + where the last is 0.
    assert _one_cell([0, 1, 2], [0.1, 0.2, 0.0]) == 4 / 8


def test_translations_of_one_question_flip_together():
    assert _one_cell([5, 5, 5], [0.1, 0.2, 0.3]) == 1.0
    assert _one_cell([5, 5, 9], [0.3, 0.3, 0.1]) == 2 / 4


def test_models_that_do_not_differ_have_p_1():
    assert _one_cell(np.arange(40), np.zeros(40)) == 1.0
    assert _one_cell(np.arange(6), [0.1, -0.1, 0.7, -0.7, 0.2, -0.2]) == 1.0
    sums_to_a_rounding_error = np.tile([0.1, 0.2, -0.3], 8)
    assert 0 < abs(sums_to_a_rounding_error.sum()) < 1e-12
    assert _one_cell(np.arange(24), sums_to_a_rounding_error) == 1.0


@pytest.mark.parametrize("seed", range(4))
def test_exact_p_is_that_of_scipy(seed):
    differences = np.random.default_rng(seed).normal(0.3, 1, 9)
    expected = permutation_test(
        (differences,), np.mean, permutation_type="samples", vectorized=True, axis=0, alternative="two-sided"
    )
    assert _one_cell(np.arange(9), differences) == pytest.approx(expected.pvalue)


def test_cells_and_averages_by_enumeration():
    rng = np.random.default_rng(1)
    groups, cells = np.repeat(np.arange(7), 3), np.tile([0, 1, 2], 7)
    differences = rng.normal(0.4, 1, (21, 2))
    differences[cells == 1] *= 3
    tested = _test(groups, cells, differences)
    assert tested.exact
    assert tested.num_units == 7
    table = differences.reshape(7, 3, 2)
    signed = [
        np.mean(np.array(signs)[:, None, None] * table, 0) for signs in itertools.product([1, -1], repeat=7)
    ]
    for found, under in (
        (tested.cells, np.array(signed)),
        (tested.averages, np.mean(signed, 1, keepdims=True)),
    ):
        assert found.values == pytest.approx(under[0])
        assert found.p_values == pytest.approx((np.abs(under) >= np.abs(under[0]) - 1e-12).mean(axis=0))


def test_random_signs_come_near_the_exact_p():
    differences = np.random.default_rng(2).normal(0.25, 1, 15)
    signs = np.array(list(itertools.product([1, -1], repeat=15)))
    exact = (np.abs(signs @ differences) >= abs(differences.sum())).mean()
    assert 0.05 < exact < 0.95
    assert _one_cell(np.arange(15), differences, num_rounds=20_000) == pytest.approx(exact, abs=0.015)


def test_with_many_groups_p_is_that_of_the_t_test_and_never_0():
    differences = np.random.default_rng(3).normal(0.08, 1, 800)
    expected = ttest_1samp(differences, 0).pvalue
    assert _one_cell(np.arange(800), differences, num_rounds=5_000) == pytest.approx(expected, abs=0.01)
    assert _one_cell(np.arange(800), differences + 1) == 1 / 1_000


def test_a_missing_value_counts_nowhere():
    groups, cells = np.repeat(np.arange(8), 2), np.tile([0, 1], 8)
    differences = np.random.default_rng(4).normal(size=(16, 2))
    holes = differences.copy()
    holes[[0, 5, 9], 0] = np.nan
    tested = _test(groups, cells, holes)
    for cell in (0, 1):
        kept = (cells == cell) & ~np.isnan(holes[:, 0])
        alone = _test(groups[kept], np.zeros(kept.sum(), int), holes[kept, :1])
        assert tested.cells.values[cell, 0] == pytest.approx(alone.cells.values[0, 0])
        assert tested.cells.p_values[cell, 0] == pytest.approx(alone.cells.p_values[0, 0])
        assert tested.cells.num_queries[cell].tolist() == [kept.sum(), 8]
    assert tested.cells.p_values[:, 1] == pytest.approx(
        _test(groups, cells, differences).cells.p_values[:, 1]
    )
    assert tested.averages.num_queries.tolist() == [[13, 16]]


def test_an_empty_cell_has_no_value_and_no_part_in_averages():
    differences = np.array([[0.2, np.nan], [0.4, 0.1], [0.3, np.nan], [0.1, 0.5]])
    tested = _test([0, 0, 1, 1], [0, 2, 0, 2], differences)
    assert np.isnan(tested.cells.values[1]).all()
    assert np.isnan(tested.cells.p_values[0, 1])
    assert np.isnan(tested.cells.low[0, 1])
    assert tested.averages.values == pytest.approx(np.array([[0.25, 0.3]]))


def test_averages_are_over_the_cells_named():
    averages = np.array([[True, True, False], [False, False, True]])
    differences = np.array([[0.1], [0.3], [0.8], [0.1], [0.3], [0.8]])
    tested = _test([0, 0, 0, 1, 1, 1], [0, 1, 2, 0, 1, 2], differences, averages=averages)
    assert tested.averages.values == pytest.approx(np.array([[0.2], [0.8]]))
    assert tested.averages.num_queries.tolist() == [[4], [2]]
    assert tested.averages.p_values.tolist() == [[0.5], [0.5]]


def _under_the_null(rng, num_groups, translations, shared):
    """Differences of two models that are alike, correlated within a group."""
    common = rng.normal(size=num_groups) * shared
    return (common[:, None] + rng.normal(size=(num_groups, translations))).ravel()


def test_p_is_uniform_where_models_are_alike_if_translations_move_together():
    rng = np.random.default_rng(6)
    groups, alone = np.repeat(np.arange(40), 5), np.arange(200)
    together, apart = [], []
    for trial in range(300):
        differences = _under_the_null(rng, 40, 5, shared=1.5)
        together.append(_one_cell(groups, differences, num_rounds=199, seed=trial, num_resamples=2))
        apart.append(_one_cell(alone, differences, num_rounds=199, seed=trial, num_resamples=2))
    assert kstest(together, "uniform").pvalue > 0.01
    assert np.mean(np.array(together) < 0.05) < 0.09
    assert np.mean(np.array(apart) < 0.05) > 0.2  # flipped one by one, luck looks real


def test_macro_averages_are_uniform_too_and_a_real_difference_is_found():
    rng = np.random.default_rng(7)
    groups, cells = np.repeat(np.arange(60), 4), np.tile(np.arange(4), 60)
    alike = np.stack([_under_the_null(rng, 60, 4, shared=1.0) for _ in range(300)], axis=1)
    luck = _test(groups, cells, alike, num_rounds=999, num_resamples=2).averages.p_values[0]
    assert kstest(luck, "uniform").pvalue > 0.01
    better = _test(groups, cells, alike + 0.6, num_rounds=999, num_resamples=2).averages.p_values[0]
    assert np.mean(better < 0.05) > 0.9


def test_intervals_hold_the_true_difference_as_often_as_they_say():
    rng = np.random.default_rng(8)
    groups, cells = np.repeat(np.arange(80), 3), np.tile(np.arange(3), 80)
    differences = np.stack([_under_the_null(rng, 80, 3, shared=1.0) for _ in range(300)], axis=1) + 0.5
    tested = _test(groups, cells, differences, num_rounds=1, num_resamples=400)
    for found in (tested.cells, tested.averages):
        held = (found.low < 0.5) & (found.high > 0.5)
        assert 0.90 < held.mean() < 0.98


def test_the_same_seed_gives_the_same_p_and_another_seed_another():
    differences = np.random.default_rng(9).normal(0.1, 1, 60)
    first = _one_cell(np.arange(60), differences, seed=1)
    assert _one_cell(np.arange(60), differences, seed=1) == first
    assert len({_one_cell(np.arange(60), differences, seed=seed) for seed in range(5)}) > 1


def test_very_many_groups_are_bundled_in_bounded_memory():
    rng = np.random.default_rng(10)
    differences = rng.normal(0.004, 1, (100_000, 1))
    groups, cells = np.arange(100_000), np.zeros(100_000, int)
    expected = ttest_1samp(differences[:, 0], 0).pvalue
    tracemalloc.start()
    tested = _test(groups, cells, differences, num_rounds=2_000, num_resamples=2)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert tested.num_units == 10_000
    assert tested.cells.p_values[0, 0] == pytest.approx(expected, abs=0.04)
    assert peak_bytes < 200 * 2**20


@pytest.mark.parametrize(
    ("groups", "cells", "differences", "options", "said"),
    [
        ([0], [0, 0], [[1.0], [2.0]], {}, r"1 groups, 2 cells and differences of shape \(2, 1\)"),
        ([], [], np.zeros((0, 1)), {}, "there is no difference to test"),
        ([0, 1], [0, -1], [[1.0], [np.inf]], {}, "row 1 is infinite; cells are numbered from 0, got -1"),
        ([0], [0], [[1.0]], {"num_rounds": 0}, "num_rounds must be >= 1, got 0"),
        ([0], [0], [[1.0]], {"averages": np.ones((1, 2), bool)}, r"averages of shape \(1, 2\) for 1 cells"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(groups, cells, differences, options, said):
    with pytest.raises(SearchError, match=said):
        _test(np.array(groups, int), np.array(cells, int), differences, **options)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]).tolist() == [1.0, 1.0]


def test_benjamini_hochberg_by_hand():
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.02, 0.04, 0.04, 0.02])


P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=40)


@settings(max_examples=150, deadline=None)
@given(P_VALUES)
def test_benjamini_hochberg_is_that_of_scipy(p_values):
    assert benjamini_hochberg(p_values) == pytest.approx(false_discovery_control(p_values))


@settings(max_examples=150, deadline=None)
@given(P_VALUES)
def test_holm_rejects_what_its_steps_reject(p_values):
    """Go up from the smallest p; stop at the first that is above level / (number left)."""
    level, rejected = 0.05, set()
    for step, number in enumerate(np.argsort(p_values, kind="stable")):
        if p_values[number] * (len(p_values) - step) > level:
            break
        rejected.add(int(number))
    adjusted = holm(p_values)
    assert set(np.flatnonzero(adjusted <= level).tolist()) == rejected
    assert (adjusted >= benjamini_hochberg(p_values) - 1e-12).all()


def test_what_was_not_tested_is_not_counted():
    for correct in (holm, benjamini_hochberg):
        adjusted = correct([0.01, np.nan, 0.04])
        assert adjusted[[0, 2]].tolist() == correct([0.01, 0.04]).tolist()
        assert np.isnan(adjusted[1])
        with pytest.raises(SearchError, match=r"values from 0 to 1, got \[1.5\]"):
            correct([1.5])
