"""Language bias: hand-made cases, and random rankings with a known expectation."""

from __future__ import annotations

import numpy as np
import pytest

from isoglot.errors import SearchError
from isoglot.evaluation.bias import (
    MEANINGS,
    diagonal_excess,
    meaning,
    random_rank_distance,
    rank_spread,
)
from isoglot.evaluation.measures import RelevantRanks
from isoglot.evaluation.preference import FIRST_RESULTS


def _ranked(*queries):
    numbers = np.repeat(np.arange(len(queries)), [len(ranks) for ranks in queries])
    ranks = np.concatenate(queries)
    return RelevantRanks.from_pairs(numbers, ranks, np.ones(len(ranks), np.int64), len(queries))


def test_rank_distance_is_largest_minus_smallest_rank():
    spread = rank_spread(_ranked([7, 3, 12], [5], [1, 2]))
    assert spread.queries.tolist() == [0, 2]
    assert spread.rank_distance.tolist() == [9, 1]
    assert spread.worst_rank.tolist() == [12, 2]


def test_rank_distance_needs_two_relevant_documents():
    with pytest.raises(SearchError, match="two relevant documents"):
        rank_spread(_ranked([4], [1]))


@pytest.mark.parametrize(("documents", "relevant"), [(50, 2), (200, 5), (1_000, 11)])
def test_random_order_has_the_expected_rank_distance(documents, relevant):
    rng = np.random.default_rng(0)
    queries = [rng.choice(documents, relevant, replace=False) + 1 for _ in range(4_000)]
    distances = rank_spread(_ranked(*queries)).rank_distance
    standard_error = distances.std() / len(queries) ** 0.5
    assert abs(distances.mean() - random_rank_distance(documents, relevant)) < 4 * standard_error


def test_random_order_on_xquad_r_has_rank_distance_10846():
    assert round(float(random_rank_distance(13_014, 11))) == 10_846


def test_diagonal_excess_is_the_mean_of_the_diagonal_minus_the_rest():
    assert diagonal_excess(np.array([[0.9, 0.3], [0.1, 0.7]])) == pytest.approx(0.6)
    assert diagonal_excess(np.array([[0.9, np.nan], [0.1, 0.7]])) == pytest.approx(0.7)
    assert diagonal_excess(np.full((3, 3), 0.4)) == pytest.approx(0)


def test_diagonal_excess_needs_two_languages():
    with pytest.raises(SearchError, match="pairs of two languages"):
        diagonal_excess(np.array([[0.5]]))


@pytest.mark.parametrize(
    ("measure", "family"),
    [
        ("rank_distance", "rank_distance"),
        ("worst_rank", "worst_rank"),
        ("random_rank_distance", "random_rank_distance"),
        ("diagonal_excess", "diagonal_excess"),
        ("same_language_preference@10", "same_language_preference"),
        ("same_language_preference_relevant@10", "same_language_preference_relevant"),
        ("english_preference@10", "english_preference"),
        ("english_preference_relevant@10", "english_preference_relevant"),
        ("language_preference_rate", "language_preference_rate"),
        ("lang_nDCG@10", "lang_nDCG"),
        ("PEER@20", "PEER"),
        ("MRC@10", "MRC"),
        ("AP_transfer_gap", "transfer_gap"),
        ("nDCG@10_low_resource", "low_resource"),
        ("AP_unseen", "unseen"),
    ],
)
def test_every_measure_of_bias_says_in_one_sentence_what_it_tells(measure, family):
    said = meaning(measure)
    assert said == MEANINGS[family]
    assert said.endswith(".")
    assert said.count(". ") == 0


def test_other_measures_have_no_meaning_here():
    assert meaning("nDCG@10") is None


def test_the_first_results_have_meanings():
    assert set(FIRST_RESULTS) <= set(MEANINGS)
