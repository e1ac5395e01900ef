"""The three settings: a case ranked by hand, and agreement with ranking every collection by itself."""

from __future__ import annotations

import numpy as np
import pytest

from isoglot.errors import SearchError
from isoglot.evaluation.measures import parse_measures
from isoglot.evaluation.placement import Placement, language_slices, left_out, pooled
from isoglot.evaluation.settings import measure_settings


def _by_hand(*, no_language=False):
    """Two queries of one group (de, en) and one en query of another; blocks de, en, none.

    Query 0 (de): German answer with nothing above it in German and 1 in English; English answer with 2
    above it in each language. Query 1 (en): only an English answer, on top. Query 2 (en): only a German
    answer, below 3 German and 4 English documents.
    """
    none = 1 if no_language else 0
    return Placement(
        query_languages=("de", "en"),
        query_codes=np.array([0, 1, 1]),
        query_groups=np.array([0, 0, 1]),
        document_languages=("de", "en"),
        block_sizes=np.array([10, 10, none]),
        indptr=np.array([0, 2, 3, 4]),
        blocks=np.array([0, 1, 1, 0]),
        grades=np.array([1, 1, 1, 1]),
        counts_above=np.array([[0, 1, none], [2, 2, none], [0, 0, none], [3, 4, none]]),
        num_excluded=np.zeros(3, np.int64),
    )


def _values(placement, names=("AP",)):
    values = measure_settings(placement, parse_measures(names), num_resamples=50).values
    table = {(v.setting, v.query_language, v.document_language, v.measure): v for v in values}
    assert len(table) == len(values)
    return table


def test_a_case_ranked_by_hand():
    got = {key: v for key, v in _values(_by_hand()).items() if key[3] != "worst_rank"}
    pooled_de = (1 / 2 + 2 / 5) / 2
    pooled_en = (1 + 1 / 8) / 2
    expected = {
        ("monolingual", "de", "de", "AP"): (1.0, 1),
        ("monolingual", "en", "en", "AP"): (1.0, 1),
        ("monolingual", "*", "*", "AP"): (1.0, 2),
        ("cross_lingual", "de", "en", "AP"): (1 / 3, 1),
        ("cross_lingual", "en", "de", "AP"): (1 / 4, 1),
        ("cross_lingual", "*", "*", "AP"): ((1 / 3 + 1 / 4) / 2, 2),
        ("cross_lingual", "de", "*", "AP"): (1 / 3, 1),
        ("cross_lingual", "en", "*", "AP"): (1 / 4, 1),
        ("cross_lingual", "*", "de", "AP"): (1 / 4, 1),
        ("cross_lingual", "*", "en", "AP"): (1 / 3, 1),
        ("multilingual", "de", "*", "AP"): (pooled_de, 1),
        ("multilingual", "en", "*", "AP"): (pooled_en, 2),
        ("multilingual", "*", "*", "AP"): ((pooled_de + pooled_en) / 2, 3),
        ("multilingual", "de", "de", "AP"): (1 / 2, 1),
        ("multilingual", "de", "en", "AP"): (1 / 5, 1),
        ("multilingual", "en", "de", "AP"): (1 / 8, 1),
        ("multilingual", "en", "en", "AP"): (1.0, 1),
        ("multilingual", "*", "*", "diagonal_excess"): ((1 / 2 + 1) / 2 - (1 / 5 + 1 / 8) / 2, 4),
        ("multilingual", "de", "*", "rank_distance"): (3, 1),
        ("multilingual", "*", "*", "rank_distance"): (3, 1),
        ("multilingual", "de", "*", "random_rank_distance"): (7, 1),
        ("multilingual", "*", "*", "random_rank_distance"): (7, 1),
    }
    assert {key: v.value for key, v in got.items()} == pytest.approx({k: e[0] for k, e in expected.items()})
    assert {key: v.num_queries for key, v in got.items()} == {k: e[1] for k, e in expected.items()}


def test_documents_without_language_stand_in_every_collection():
    values = _values(_by_hand(no_language=True))
    assert values["monolingual", "de", "de", "AP"].value == 1 / 2
    assert values["cross_lingual", "de", "en", "AP"].value == 1 / 4
    assert values["multilingual", "de", "*", "AP"].value == (1 / 3 + 2 / 6) / 2


def test_a_relevant_document_without_language_counts_in_every_collection():
    placement = Placement(
        ("de",),
        np.array([0]),
        np.array([0]),
        ("de", "en"),
        np.array([5, 5, 5]),
        np.array([0, 1]),
        np.array([2]),
        np.array([1]),
        np.array([[0, 1, 2]]),
        np.zeros(1),
    )
    values = _values(placement)
    assert values["monolingual", "de", "de", "AP"].value == 1 / 3
    assert values["cross_lingual", "de", "en", "AP"].value == 1 / 4
    assert values["multilingual", "de", "*", "AP"].value == 1 / 4


def test_documents_that_all_have_no_language_give_the_multilingual_setting_alone():
    placement = Placement(
        ("de", "en"),
        np.array([0, 1]),
        np.array([0, 0]),
        (),
        np.array([5]),
        np.array([0, 1, 2]),
        np.array([0, 0]),
        np.array([1, 1]),
        np.array([[0], [1]]),
        np.zeros(2),
    )
    assert {key[:3] for key in _values(placement)} == {
        ("multilingual", "de", "*"),
        ("multilingual", "en", "*"),
        ("multilingual", "*", "*"),
    }


def test_queries_without_an_answer_in_a_collection_are_counted():
    placement = _by_hand()
    parts = [(part.document_language, part.queries) for part in language_slices(placement)]
    assert left_out(placement, parts) == [
        {"query_language": "en", "document_language": "de", "num_queries": 1},
        {"query_language": "en", "document_language": "en", "num_queries": 1},
    ]


def test_pooled_ranks_are_sums_over_blocks():
    part = pooled(_by_hand())
    assert part.ranked.ranks.tolist() == [2, 5, 1, 8]
    assert part.queries.tolist() == [0, 1, 2]


def test_intervals_are_the_same_for_the_same_seed_and_enclose_the_value():
    once, again = _values(_by_hand()), _values(_by_hand())
    assert once == again
    for value in once.values():
        if value.measure == "AP":
            assert value.low <= value.value + 1e-6
            assert value.value <= value.high + 1e-6


def test_counts_must_have_a_column_for_every_block():
    with pytest.raises(SearchError, match=r"counts must be of shape \(1, 2\)"):
        Placement(
            ("de",),
            np.zeros(1),
            np.zeros(1),
            ("de",),
            np.ones(2),
            np.arange(2),
            np.zeros(1),
            np.ones(1),
            np.ones((1, 1)),
            np.zeros(1),
        )
