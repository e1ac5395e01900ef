"""Thresholds and F1 against every possible threshold tried by scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from isoglot.errors import SearchError
from isoglot.retrieval.thresholds import best_f1_threshold, f1, precise_threshold, share


def test_a_threshold_that_can_be_checked_by_eye():
    scores = np.array([0.9, 0.8, 0.5, 0.3])
    # Taking one, two, three, four: F1 of 2/3, 1/2, 4/5, 2/3.
    threshold, value = best_f1_threshold(scores, np.array([True, False, True, False]))
    assert threshold == pytest.approx(0.4)
    assert value == pytest.approx(0.8)


def test_what_never_became_a_candidate_counts_as_missed():
    threshold, value = best_f1_threshold(np.array([2.0, 1.0]), np.array([True, False]), num_relevant=3)
    assert threshold == pytest.approx(1.5)
    assert value == pytest.approx(2 / 4)


def test_candidates_of_equal_score_are_taken_together():
    scores, relevant = np.array([0.5, 0.5, 0.5, 0.1]), np.array([True, False, False, False])
    assert best_f1_threshold(scores, relevant) == best_f1_threshold(scores, relevant[[1, 0, 2, 3]])
    assert best_f1_threshold(scores, relevant)[1] == pytest.approx(0.5)


def test_where_all_are_taken_the_threshold_is_the_lowest_score():
    assert best_f1_threshold(np.array([3.0, 1.0]), np.array([True, True])) == (1.0, 1.0)


def test_the_highest_of_several_best_thresholds_is_taken():
    threshold, value = best_f1_threshold(np.array([5.0, 4.0, 3.0, 2.0]), np.array([True, False, False, True]))
    assert (threshold, value) == (4.5, pytest.approx(2 / 3))


def test_a_threshold_between_neighbouring_numbers_takes_the_higher_one():
    high = np.float32(0.7)
    low = np.nextafter(high, np.float32(0))
    scores = np.array([high, low])
    threshold, _ = best_f1_threshold(scores, np.array([True, False]))
    assert (scores >= threshold).tolist() == [True, False]
    wide = np.array([np.nextafter(1.0, 2.0), 1.0])
    threshold, _ = best_f1_threshold(wide, np.array([True, False]))
    assert threshold == wide[0]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.9]), st.booleans()), min_size=1, max_size=15)
)
def test_no_threshold_is_better(candidates):
    scores = np.array([score for score, _ in candidates])
    relevant = np.array([right for _, right in candidates])
    tried = [f1_score(relevant, scores >= cut, zero_division=0.0) for cut in np.unique(scores)]
    threshold, value = best_f1_threshold(scores, relevant)
    assert value == pytest.approx(max(tried))
    assert f1_score(relevant, scores >= threshold, zero_division=0.0) == pytest.approx(value)


def test_a_precise_threshold_that_can_be_checked_by_eye():
    scores = np.array([0.9, 0.8, 0.5, 0.3, 0.1])
    relevant = np.array([False, True, True, True, False])
    # Taking one, two, ... five: precision of 0, 1/2, 2/3, 3/4, 3/5.
    assert precise_threshold(scores, relevant, 0.7) == (pytest.approx(0.2), 0.75)
    assert precise_threshold(scores, relevant, 0.5) == (0.1, 0.6)
    assert precise_threshold(scores, relevant, 0.8) == (None, 0.75)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.9]), st.booleans()), min_size=1, max_size=15),
    st.sampled_from([0.1, 0.5, 0.75, 1.0]),
)
def test_no_precise_threshold_takes_more(candidates, precision):
    scores = np.array([score for score, _ in candidates])
    relevant = np.array([right for _, right in candidates])
    tried = {cut: relevant[scores >= cut].mean() for cut in np.unique(scores)}
    kept = [cut for cut, value in tried.items() if value >= precision]
    threshold, value = precise_threshold(scores, relevant, precision)
    if threshold is None:
        assert not kept
        assert value == pytest.approx(max(tried.values()))
    else:
        assert (scores >= threshold).sum() == (scores >= min(kept)).sum()
        assert value == pytest.approx(relevant[scores >= threshold].mean())


def test_f1_is_0_of_nothing_and_unknown_of_the_unknown():
    np.testing.assert_allclose(f1(np.array([0.0, 1.0]), np.array([0, 2]), np.array([0, 1])), [0, 2 / 3])
    assert np.isnan(f1(np.float64(np.nan), np.float64(np.nan), np.float64(1)))
    assert share(np.float64(0), np.float64(0)) == 0


def test_a_threshold_needs_finite_candidates():
    with pytest.raises(SearchError, match="at least one candidate"):
        best_f1_threshold(np.zeros(0), np.zeros(0, bool))
    with pytest.raises(SearchError, match="finite, got nan"):
        best_f1_threshold(np.array([1.0, np.nan]), np.array([True, False]))
    with pytest.raises(SearchError, match="finite, got inf"):
        precise_threshold(np.array([1.0, np.inf]), np.array([True, False]), 0.5)
