"""MRC@k: hand-made cases, scipy's Spearman, and random rankings with a known expectation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from isoglot.errors import ConfigError, SearchError
from isoglot.evaluation.consistency import random_rank_correlation, rank_correlation


def _pair(left, right, cutoff):
    return rank_correlation(np.array([left, right]), cutoff, np.array([7, 7]), np.array([0, 1]))


def _by_scipy(left, right, cutoff):
    union = list(dict.fromkeys([*left[:cutoff], *right[:cutoff]]))
    places = [
        [ranking.index(row) if row in ranking else len(ranking) for row in union] for ranking in (left, right)
    ]
    return spearmanr(*places).statistic


def test_the_same_ranking_correlates_fully_and_a_reversed_one_inversely():
    assert _pair([4, 2, 9, 1], [4, 2, 9, 1], 3).tolist() == [1, 1]
    assert _pair([1, 2, 3], [3, 2, 1], 3).tolist() == [-1, -1]


def test_documents_out_of_sight_are_tied_behind():
    # Union 0 1 2 3: ranks 1 2 3.5 3.5 on the left and 1 3.5 2 3.5 ... on the right.
    left, right = [0, 1], [0, 2]
    expected = np.corrcoef([1, 2, 3], [1, 3, 2])[0, 1]
    assert _pair(left, right, 2) == pytest.approx([expected, expected])
    apart = np.corrcoef([1, 2, 3.5, 3.5], [3.5, 3.5, 1, 2])[0, 1]
    assert _pair([0, 1], [2, 3], 2) == pytest.approx([apart, apart])


def test_a_deeper_list_tells_what_is_out_of_sight_apart():
    left, right = [0, 1, 2, 3], [2, 3, 1, 0]
    assert _pair(left, right, 2)[0] == pytest.approx(np.corrcoef([1, 2, 3, 4], [4, 3, 1, 2])[0, 1])


@pytest.mark.parametrize(("cutoff", "depth"), [(2, 2), (5, 5), (5, 8), (10, 25)])
def test_agrees_with_scipy(cutoff, depth):
    rng = np.random.default_rng(cutoff)
    rankings = rng.permuted(np.tile(np.arange(25), (60, 1)), axis=1)[:, :depth]
    groups, languages = np.repeat(np.arange(20), 3), np.tile([0, 1, 2], 20)
    values = rank_correlation(rankings, cutoff, groups, languages)
    for query in range(60):
        partners = [other for other in range(60) if other // 3 == query // 3 and other != query]
        pairs = [_by_scipy(rankings[query].tolist(), rankings[other].tolist(), cutoff) for other in partners]
        assert values[query] == pytest.approx(np.mean(pairs))


def test_short_rankings_agree_with_scipy():
    left, right = [0, 1, 2, -1], [2, 5, -1, -1]
    known = [[row for row in ranking if row >= 0] for ranking in (left, right)]
    assert _pair(left, right, 4)[0] == pytest.approx(_by_scipy(*known, 4))


def test_only_queries_of_one_group_and_another_language_are_compared():
    rankings = np.array([[0, 1], [1, 0], [0, 1], [5, 6]])
    values = rank_correlation(rankings, 2, np.array([3, 3, 3, 8]), np.array([0, 1, 1, 0]))
    assert values[:3] == pytest.approx([0, -1, 1])
    assert np.isnan(values[3])


def test_a_ranking_with_one_document_has_no_correlation():
    assert np.isnan(_pair([0, -1], [0, -1], 2)).all()


def test_the_order_of_queries_does_not_matter():
    rng = np.random.default_rng(5)
    rankings = rng.permuted(np.tile(np.arange(12), (40, 1)), axis=1)[:, :6]
    groups, languages = np.repeat(np.arange(10), 4), np.tile(np.arange(4), 10)
    order = rng.permutation(40)
    values = rank_correlation(rankings, 4, groups, languages)
    assert rank_correlation(rankings[order], 4, groups[order], languages[order]) == pytest.approx(
        values[order]
    )


@pytest.mark.parametrize(
    ("documents", "cutoff", "depth"), [(30, 3, 30), (30, 3, 3), (30, 3, 10), (12, 10, 12), (8, 5, 6)]
)
def test_random_rankings_have_the_known_expectation(documents, cutoff, depth):
    rng = np.random.default_rng(0)
    rankings = rng.permuted(np.tile(np.arange(documents), (20_000, 1)), axis=1)[:, :depth]
    values = rank_correlation(rankings, cutoff, np.repeat(np.arange(10_000), 2), np.tile([0, 1], 10_000))[::2]
    expected = random_rank_correlation(documents, cutoff, depth)
    assert abs(values.mean() - expected) < 4 * values.std() / len(values) ** 0.5


def test_chance_is_far_below_zero_for_short_lists_of_many():
    assert random_rank_correlation(10**6, 20, 10**6) == pytest.approx(-3 / 4, abs=0.01)
    assert random_rank_correlation(10**6, 20, 20) == pytest.approx(-6 / 7, abs=0.01)
    assert random_rank_correlation(10, 10, 10) == 0


def test_arguments_that_do_not_fit_are_refused():
    with pytest.raises(ConfigError, match="got k = 1 and depth 2"):
        _pair([0, 1], [1, 0], 1)
    with pytest.raises(ConfigError, match="got k = 3 and depth 2"):
        _pair([0, 1], [1, 0], 3)
    with pytest.raises(ConfigError, match="k = 5, depth 3, 10 documents"):
        random_rank_correlation(10, 5, 3)
    with pytest.raises(SearchError, match="the ranking of query 1 holds a document twice"):
        _pair([0, 1], [1, 1], 2)
    with pytest.raises(SearchError, match="2 rankings, but 1 groups"):
        rank_correlation(np.array([[0, 1], [1, 0]]), 2, np.array([0]), np.array([0, 1]))
