"""PEER: agreement with peer_measure and scipy, and what the test cannot tell."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from peer_measure import PEER, PEEREvaluator
from scipy.stats import chi2

from isoglot.errors import ConfigError, SearchError
from isoglot.evaluation.peer import chi_square_tail, equal_weights, peer
from isoglot.evaluation.preference import NOTHING, RankedLanguages, RelevantLanguages


def _case(document_languages, grades, rankings, num_languages):
    """Queries over one collection: (N,) languages, (Q, N) grades, (Q, k) rows."""
    queries, rows = np.nonzero(grades)
    num_queries = len(grades)
    languages = np.append(document_languages, NOTHING)[rankings]
    of_query = np.pad(grades, ((0, 0), (0, 1)))
    pool = np.bincount(document_languages, minlength=num_languages + 1)
    num_relevant = np.zeros((num_queries, num_languages + 1), np.int64)
    np.add.at(num_relevant, (queries, document_languages[rows]), 1)
    ranked = RankedLanguages(languages, np.take_along_axis(of_query, rankings, 1), pool, num_relevant)
    relevant = RelevantLanguages(
        np.zeros(num_queries, np.int64),
        num_languages,
        queries,
        np.ones(len(rows), np.int64),
        grades[queries, rows],
        document_languages[rows],
    )
    return ranked, relevant


def _by_peer_measure(document_languages, grades, rankings, weights):
    """What the package's evaluator gives; its provider does not work with current ir_measures."""
    mapping = {f"d{row:03}": str(language) for row, language in enumerate(document_languages)}
    qrels = {
        f"q{query:03}": {f"d{row:03}": int(grade) for row, grade in enumerate(of_query)}
        for query, of_query in enumerate(grades)
    }
    run = {
        f"q{query:03}": {f"d{row:03}": float(-rank) for rank, row in enumerate(ranking)}
        for query, ranking in enumerate(rankings)
    }
    cutoff = rankings.shape[1]
    measure = PEER(cutoff=cutoff, weights=weights, lang_mapping=mapping)
    evaluator = PEEREvaluator([measure], qrels, {0: [(cutoff, measure)]}, {0: mapping})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # 0 / 0 where all ranks are equal
        found = {value.query_id: value.value for value in evaluator.iter_calc(run)}
    return np.array([found[query] for query in qrels])


@settings(max_examples=250, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    num_languages=st.integers(2, 6),
    num_documents=st.integers(12, 60),
    depth=st.integers(2, 40),
    weights=st.sampled_from(
        [{1: 1.0}, {0: 0.0, 1: 0.5, 3: 0.5}, {0: 0.25, 1: 0.25, 2: 0.25, 3: 0.25}, {0: 1.0}]
    ),
)
def test_agrees_with_peer_measure_on_random_graded_runs(seed, num_languages, num_documents, depth, weights):
    rng = np.random.default_rng(seed)
    document_languages = np.append(rng.integers(0, num_languages, num_documents - 4), [0, 0, 0, 0])
    grades = rng.choice([0, 0, 1, 2, 3], (8, num_documents))
    grades[:, -4:] = [0, 1, 1, 3]  # the package needs a judged 0; two of grade 1 in one language
    if weights == {0: 1.0}:
        grades[0] = 0
    order = rng.permuted(np.tile(np.arange(num_documents), (8, 1)), axis=1)
    rankings = order[:, : min(depth, num_documents)]
    ranked, relevant = _case(document_languages, grades, rankings, num_languages)
    expected = _by_peer_measure(document_languages, grades, rankings, weights)
    try:
        values = peer(ranked, relevant, weights)
    except SearchError:
        assert weights == {0: 1.0}  # no two documents of one language are shown
        return
    known = ~np.isnan(expected)
    np.testing.assert_allclose(values[known], expected[known], rtol=1e-9, atol=1e-12)


def test_by_hand_two_languages_in_two_blocks():
    document_languages = np.array([0, 0, 1, 1])
    ranked, relevant = _case(document_languages, np.ones((1, 4), np.int64), np.array([[0, 1, 2, 3]]), 2)
    statistic = 3 * (2 * 1**2 + 2 * 1**2) / (2 * 1.5**2 + 2 * 0.5**2)
    assert peer(ranked, relevant, {1: 1.0}) == pytest.approx([chi2.sf(statistic, 1)])


def test_a_fair_order_has_a_higher_probability_than_one_block_after_another():
    document_languages = np.repeat([0, 1], 8)
    fair = np.arange(16).reshape(2, 8).T.reshape(1, 16)
    blocks = np.arange(16)[None]
    grades = np.ones((2, 16), np.int64)
    ranked, relevant = _case(document_languages, grades, np.concatenate([fair, blocks]), 2)
    values = peer(ranked, relevant, {1: 1.0})
    assert values[0] > 0.5
    assert values[1] < 0.01


def test_in_random_order_probabilities_are_spread_evenly():
    rng = np.random.default_rng(0)
    document_languages = np.repeat([0, 1, 2], 40)
    rankings = rng.permuted(np.tile(np.arange(120), (2_000, 1)), axis=1)
    ranked, relevant = _case(document_languages, np.ones((2_000, 120), np.int64), rankings, 3)
    deciles = np.histogram(peer(ranked, relevant, {1: 1.0}), bins=10, range=(0, 1))[0]
    assert np.abs(deciles - 200).max() < 4.5 * 200**0.5


def test_one_document_per_language_is_refused():
    document_languages = np.arange(11)
    rng = np.random.default_rng(0)
    rankings = rng.permuted(np.tile(np.arange(11), (5, 1)), axis=1)
    ranked, relevant = _case(document_languages, np.ones((5, 11), np.int64), rankings, 11)
    with pytest.raises(SearchError, match=r"at no weighted grade \(1\).*p is the same for every ranking"):
        peer(ranked, relevant, {0: 0.0, 1: 1.0})
    package = _by_peer_measure(document_languages, np.ones((5, 11), np.int64), rankings, {0: 0.0, 1: 1.0})
    assert package == pytest.approx([0.4405] * 5, abs=1e-4)


def test_where_all_ranks_are_equal_nothing_speaks_against_fairness():
    grades = np.array([[0, 0, 1, 1, 0, 0], [1, 1, 0, 0, 0, 0]])
    document_languages = np.array([0, 0, 0, 1, 1, 1])
    rankings = np.array([[0, 1, 2], [0, 3, 1]])
    ranked, relevant = _case(document_languages, grades, rankings, 2)
    assert peer(ranked, relevant, {1: 1.0}).tolist() == [1.0, 1.0]


def test_a_ranking_that_holds_more_than_is_judged_is_refused():
    ranked, relevant = _case(np.array([0, 0, 1]), np.ones((1, 3), np.int64), np.array([[0, 1, 2]]), 2)
    fewer = RelevantLanguages(
        relevant.query_languages, 2, *(values[:2] for values in (relevant.queries, relevant.ranks)),
        relevant.grades[:2], relevant.languages[:2],
    )  # fmt: skip
    with pytest.raises(SearchError, match="query 0 has more documents of grade 1 than are judged so"):
        peer(ranked, fewer, {1: 1.0})


def test_weights_are_checked_all_at_once():
    ranked, relevant = _case(np.array([0, 0, 1]), np.ones((1, 3), np.int64), np.array([[0, 1, 2]]), 2)
    with pytest.raises(ConfigError, match=r"grade 1 must be >= 0, got -0.5; weights of PEER must sum to 1"):
        peer(ranked, relevant, {1: -0.5, 2: 0.5})
    assert equal_weights(relevant) == {1: 1.0}


@settings(max_examples=200, deadline=None)
@given(st.floats(0, 1_000), st.integers(1, 200))
def test_the_tail_of_chi_square_is_that_of_scipy(statistic, freedom):
    tail = chi_square_tail(np.array([statistic]), np.array([freedom]))
    assert tail == pytest.approx([chi2.sf(statistic, freedom)], rel=1e-9, abs=1e-300)
