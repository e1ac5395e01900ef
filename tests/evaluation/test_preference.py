"""Preference for a language: hand-made cases, all rankings of small pools, and ir_measures on the gains."""

from __future__ import annotations

import itertools

import ir_measures
import numpy as np
import pytest

from isoglot.errors import SearchError
from isoglot.evaluation.measures import NOT_RETRIEVED, Measure, RelevantRanks
from isoglot.evaluation.preference import (
    FIRST_RESULTS,
    NOTHING,
    RankedLanguages,
    RelevantLanguages,
    first_results,
    language_ndcg,
    language_preference,
    language_preference_rate,
    random_language_preference_rate,
    same_language_preference,
)

DE, EN, ZH, NONE = 0, 1, 2, 3


def _ranked(languages, grades, pool_sizes, num_relevant):
    return RankedLanguages(*map(np.array, (languages, grades, pool_sizes, num_relevant)))


def _one_query(languages, grades, pool_sizes=(4, 10, 6, 0), num_relevant=(2, 1, 1, 0)):
    return _ranked([languages], [grades], pool_sizes, [num_relevant])


def _rows(preference):
    return [values.tolist() for values in (preference.overall, preference.relevant, preference.irrelevant)]


def test_preference_is_the_share_of_the_head_minus_the_share_of_the_pool():
    ranked = _one_query([DE, DE, EN, DE], [1, 0, 1, 0])
    overall, relevant, irrelevant = _rows(same_language_preference(np.array([DE]), ranked))
    assert overall == [pytest.approx(3 / 4 - 4 / 20)]
    assert relevant == [pytest.approx(1 / 2 - 2 / 4)]
    assert irrelevant == [pytest.approx(2 / 2 - 2 / 16)]


def test_english_preference_counts_only_queries_in_other_languages():
    ranked = _ranked([[EN, DE], [EN, DE]], np.zeros((2, 2), int), [4, 10, 6, 0], np.zeros((2, 4), int))
    preference = language_preference(np.array([DE, EN]), ranked, EN)
    assert preference.overall[0] == pytest.approx(1 / 2 - 10 / 20)
    assert np.isnan(preference.overall[1])


def test_documents_without_language_and_places_without_document_are_left_out():
    with_them = _one_query([NONE, DE, EN, NOTHING], [0, 0, 0, 0], (4, 10, 6, 80))
    without = _one_query([DE, EN], [0, 0])
    query = np.array([DE])
    assert (
        _rows(same_language_preference(query, with_them))[0]
        == _rows(same_language_preference(query, without))[0]
    )


def test_a_query_without_anything_to_prefer_has_no_value():
    ranked = _one_query([DE, DE], [0, 0])
    assert np.isnan(same_language_preference(np.array([DE]), ranked).relevant).all()
    assert np.isnan(same_language_preference(np.array([NOTHING]), ranked).overall).all()
    only_german = _one_query([DE, DE], [1, 0], (4, 0, 0, 0), (2, 0, 0, 0))
    assert np.isnan(_rows(same_language_preference(np.array([DE]), only_german))).all()
    nothing_found = _one_query([NOTHING, NOTHING], [0, 0])
    assert np.isnan(_rows(same_language_preference(np.array([DE]), nothing_found))).all()


def test_candidates_may_differ_between_queries():
    ranked = _ranked([[DE], [DE]], [[0], [0]], [[4, 10, 6, 0], [3, 10, 6, 0]], np.zeros((2, 4), int))
    preference = same_language_preference(np.array([DE, DE]), ranked).overall
    assert preference.tolist() == [pytest.approx(1 - 4 / 20), pytest.approx(1 - 3 / 19)]


@pytest.mark.parametrize("depth", [1, 2, 4, 6])
def test_over_all_rankings_preference_is_zero_in_the_mean(depth):
    pool = np.array([[DE, 1], [DE, 0], [EN, 1], [EN, 0], [ZH, 1], [ZH, 0]])
    rankings = pool[np.array(list(itertools.permutations(range(6))))][:, :depth]
    num_relevant = np.tile([1, 1, 1, 0], (len(rankings), 1))
    ranked = RankedLanguages(rankings[:, :, 0], rankings[:, :, 1], np.array([2, 2, 2, 0]), num_relevant)
    asked = np.full(len(rankings), DE)
    for preference in (same_language_preference(asked, ranked), language_preference(asked, ranked, EN)):
        assert np.nanmean(_rows(preference), axis=1) == pytest.approx([0, 0, 0])


def test_in_random_order_preference_is_zero_but_for_chance():
    rng = np.random.default_rng(0)
    languages = np.repeat([DE, EN, ZH, NONE], [50, 300, 100, 40])
    relevant = np.zeros(len(languages), np.int64)
    relevant[[0, 1, 2, 60, 61, 360, 460]] = 1
    order = rng.permuted(np.tile(np.arange(len(languages)), (3_000, 1)), axis=1)[:, :200]
    num_relevant = np.tile(np.bincount(languages[relevant == 1], minlength=4), (len(order), 1))
    ranked = RankedLanguages(languages[order], relevant[order], np.bincount(languages), num_relevant)
    for values in _rows(same_language_preference(np.full(len(order), DE), ranked)):
        known = np.array(values)[~np.isnan(values)]
        assert abs(known.mean()) < 4 * known.std() / len(known) ** 0.5


def test_the_first_result_is_of_one_of_four_kinds():
    ranked = _ranked(
        [[DE], [EN], [DE], [EN], [NONE], [NOTHING]],
        [[2], [1], [0], [0], [1], [0]],
        [9, 9, 9, 9],
        np.ones((6, 4), int),
    )
    table = np.stack(list(first_results(np.full(6, DE), ranked).values()), axis=1)
    assert table[:4].tolist() == np.eye(4).tolist()
    assert np.isnan(table[4:]).all()
    assert tuple(first_results(np.full(6, DE), ranked)) == FIRST_RESULTS


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"languages": [[4, 0]]}, r"codes of languages go from -1 to 3, got 4 for query 0 at rank 1"),
        ({"grades": [[1]]}, r"two tables of one shape, got \(1, 2\) and \(1, 1\)"),
        ({"num_relevant": [[1, 1, 1]]}, r"pool sizes must be of shape"),
        ({"num_relevant": [[5, 0, 0, 0]]}, "query 0 has more relevant documents in language 0 than the pool"),
    ],
)
def test_tables_that_do_not_fit_are_refused(change, said):
    whole = {
        "languages": [[0, 1]],
        "grades": [[0, 0]],
        "pool_sizes": [4, 4, 4, 0],
        "num_relevant": [[1, 1, 1, 0]],
    }
    with pytest.raises(SearchError, match=said):
        _ranked(**{**whole, **change})


def test_codes_of_queries_that_do_not_fit_are_refused():
    ranked = _one_query([DE], [0])
    with pytest.raises(SearchError, match="1 queries are ranked, but 2 have languages"):
        same_language_preference(np.array([DE, EN]), ranked)
    with pytest.raises(SearchError, match="go from -1 to 2, got 3"):
        first_results(np.array([NONE]), ranked)
    with pytest.raises(SearchError, match="no language 3"):
        language_preference(np.array([DE]), ranked, NONE)


def _relevant(query_languages, rows):
    """Rows of (query, rank, grade, language)."""
    queries, ranks, grades, languages = np.array(rows).T
    return RelevantLanguages(np.array(query_languages), 3, queries, ranks, grades, languages)


def test_language_preference_rate_asks_which_translation_comes_first():
    relevant = _relevant(
        [DE, DE, DE, DE, DE],
        [
            (0, 5, 1, DE), (0, 9, 1, EN),
            (1, 5, 1, EN), (1, 9, 1, DE),
            (2, 1, 1, NONE), (2, 7, 1, DE), (2, 8, 1, ZH),
            (3, 1, 1, DE),
            (4, NOT_RETRIEVED, 1, DE), (4, NOT_RETRIEVED, 1, EN),
        ],
    )  # fmt: skip
    rate = language_preference_rate(relevant)
    assert rate[:3].tolist() == [1, 0, 1]
    assert np.isnan(rate[3:]).all()
    by_chance = random_language_preference_rate(relevant)
    assert by_chance[[0, 1, 2, 4]].tolist() == [0.5] * 4
    assert np.isnan(by_chance[3])


def test_over_all_rankings_language_preference_rate_is_the_share_of_answers():
    languages = np.array([DE, EN, EN, ZH])
    ranks = np.array(list(itertools.permutations([1, 2, 3, 4])))
    queries = np.repeat(np.arange(len(ranks)), 4)
    relevant = RelevantLanguages(
        np.full(len(ranks), EN),
        3,
        queries,
        ranks.ravel(),
        np.ones_like(queries),
        np.tile(languages, len(ranks)),
    )
    assert language_preference_rate(relevant).mean() == pytest.approx(0.5)
    assert random_language_preference_rate(relevant).mean() == pytest.approx(0.5)


def test_lang_ndcg_by_hand():
    relevant = _relevant(
        [DE, DE, DE], [(0, 1, 1, EN), (0, 2, 1, DE), (1, 1, 1, DE), (1, 2, 1, EN), (2, 3, 1, NONE)]
    )
    ideal = 2 + 1 / np.log2(3)
    assert language_ndcg(relevant, 10) == pytest.approx([(1 + 2 / np.log2(3)) / ideal, 1, 1 / np.log2(4)])


def _random_relevant(seed):
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 6, 40)
    queries = np.repeat(np.arange(40), counts)
    ranks = np.concatenate([rng.choice(30, number, replace=False) + 1 for number in counts])
    return RelevantLanguages(
        rng.integers(0, 3, 40),
        3,
        queries,
        ranks,
        rng.integers(1, 4, len(queries)),
        rng.integers(0, 4, len(queries)),
    )


@pytest.mark.parametrize("seed", range(3))
def test_lang_ndcg_is_ndcg_of_ir_measures_on_the_gains(seed):
    relevant = _random_relevant(seed)
    readable = relevant.own | (relevant.languages == NONE)
    qrels, run = [], []
    rows = zip(relevant.queries, relevant.ranks, relevant.grades * np.where(readable, 2, 1), strict=True)
    for query, rank, gain in rows:
        qrels.append(ir_measures.Qrel(str(query), f"d{rank}", int(gain)))
    run = [
        ir_measures.ScoredDoc(str(query), f"d{rank}", -rank) for query in range(40) for rank in range(1, 31)
    ]
    expected = {int(m.query_id): m.value for m in ir_measures.iter_calc([ir_measures.nDCG @ 10], qrels, run)}
    assert language_ndcg(relevant, 10) == pytest.approx([expected[query] for query in range(40)])


def test_lang_ndcg_with_equal_weights_is_ndcg():
    relevant = _random_relevant(7)
    ranked = RelevantRanks.from_pairs(relevant.queries, relevant.ranks, relevant.grades, 40)
    same = language_ndcg(relevant, 10, own_weight=3, other_weight=3)
    assert same == pytest.approx(Measure("nDCG", 10)(ranked))
    with pytest.raises(SearchError, match="weights must be 1 or more, got 2 and 0"):
        language_ndcg(relevant, 10, other_weight=0)
