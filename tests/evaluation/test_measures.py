"""Measures: hand-made cases, and agreement with ir_measures on random graded runs with ties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isoglot.errors import ConfigError, SearchError
from isoglot.evaluation.measures import NOT_RETRIEVED, RelevantRanks, parse_measure, parse_measures
from isoglot.evaluation.trec import Run, measure_run, measure_run_with_ir_measures

NAMES = (
    "AP",
    "AP@1",
    "AP@3",
    "R@1",
    "R@5",
    "success@1",
    "success@5",
    "RR",
    "nDCG",
    "nDCG@3",
    "nDCG@10",
)
NAMES += ("P@1", "P@5", "Rprec")


def _ranked(*queries):
    """Each query as a list of (rank, grade)."""
    numbers = [number for number, found in enumerate(queries) for _ in found]
    ranks = [rank for found in queries for rank, _ in found]
    grades = [grade for found in queries for _, grade in found]
    return RelevantRanks.from_pairs(np.array(numbers), np.array(ranks), np.array(grades), len(queries))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AP", (1 / 1 + 2 / 4) / 3),
        ("AP@3", (1 / 1) / 3),
        ("R@3", 1 / 3),
        ("R@4", 2 / 3),
        ("P@4", 2 / 4),
        ("P@10", 2 / 10),
        ("Rprec", 1 / 3),
        ("RR", 1.0),
        ("success@1", 1.0),
        ("nDCG@4", (1 + 2 / math.log2(5)) / (2 + 1 / math.log2(3) + 1 / math.log2(4))),
    ],
)
def test_a_query_with_hits_at_1_and_4_and_one_miss(name, value):
    ranked = _ranked([(4, 2), (NOT_RETRIEVED, 1), (1, 1)])
    assert parse_measure(name)(ranked)[0] == pytest.approx(value)


def test_a_perfect_ranking_has_value_1_everywhere():
    ranked = _ranked([(1, 3), (2, 1)])
    for name in ("AP", "RR", "nDCG", "nDCG@1", "R@2", "P@2", "success@1", "Rprec"):
        assert parse_measure(name)(ranked)[0] == 1


def test_nothing_retrieved_has_value_0_everywhere():
    ranked = _ranked([(NOT_RETRIEVED, 1)], [(1, 1)])
    for name in NAMES:
        assert parse_measure(name)(ranked)[0] == 0
        assert parse_measure(name)(ranked)[1] > 0


@st.composite
def _judged_runs(draw):
    """Graded qrels and a run whose scores take few values, so that they tie."""
    docs = [f"d{number}" for number in range(draw(st.integers(1, 12)))]
    grades = st.dictionaries(st.sampled_from(docs), st.integers(-1, 3), min_size=1)
    scores = st.dictionaries(st.sampled_from(docs), st.sampled_from([0.0, 0.25, 0.5, 1.0, -1.0]), min_size=1)
    queries = [f"q{number}" for number in range(draw(st.integers(1, 4)))]
    qrels = {query: draw(grades) for query in queries}
    run = {query: draw(scores) for query in draw(st.sets(st.sampled_from(queries), min_size=1))}
    return qrels, run


@settings(max_examples=400, deadline=None)
@given(_judged_runs())
def test_measures_agree_with_ir_measures(case):
    assert _agrees(*case)


@pytest.mark.slow
@settings(max_examples=3_000, deadline=None)
@given(_judged_runs())
def test_measures_agree_with_ir_measures_on_thousands_of_runs(case):
    assert _agrees(*case)


def _agrees(qrels, scores):
    run = Run.from_scores(scores)
    judged = [query for query in scores if max(qrels[query].values()) > 0]
    if not judged:
        with pytest.raises(SearchError, match="different corpora"):
            measure_run(qrels, run, NAMES)
        return True
    ours = measure_run(qrels, run, NAMES)
    oracle = measure_run_with_ir_measures(qrels, run, NAMES)
    for name in NAMES:
        np.testing.assert_allclose(ours.values[name], oracle[name], atol=1e-12, err_msg=name)
    return True


def test_rr_with_a_cutoff_is_rr_or_0():
    ranked = _ranked([(2, 1)], [(3, 1)], [(4, 1)])
    assert parse_measure("RR@3")(ranked).tolist() == [1 / 2, 1 / 3, 0]


@pytest.mark.parametrize(
    "name", ["AP", "AP@20", "nDCG@10", "R@100", "success@1", "RR", "RR@10", "P@5", "Rprec"]
)
def test_a_measure_prints_as_it_is_read(name):
    assert str(parse_measure(name)) == name


@pytest.mark.parametrize(
    ("name", "hint"),
    [("MAP", "AP"), ("ndcg@10", "nDCG@k"), ("R", "R@k"), ("AP@0", "AP@k"), ("Rprec@5", "Rprec")],
)
def test_an_unknown_measure_names_the_nearest(name, hint):
    with pytest.raises(ConfigError, match=f"unknown measure '{name}'; did you mean '{hint}'"):
        parse_measure(name)


def test_measures_do_not_repeat_and_are_not_none():
    assert [str(measure) for measure in parse_measures(["RR", "AP", "RR"])] == ["RR", "AP"]
    with pytest.raises(ConfigError, match="no measure"):
        parse_measures([])


def test_a_query_without_relevant_documents_is_refused():
    with pytest.raises(SearchError, match="query 1 has no relevant document"):
        RelevantRanks.from_pairs(np.array([0, 2]), np.array([1, 1]), np.array([1, 1]), 3)
    with pytest.raises(SearchError, match="start at 1"):
        _ranked([(0, 1)])


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), highest=st.sampled_from([3, 1_000, 2**62]))
def test_pairs_in_any_order_are_sorted_by_query_and_rank(seed, highest):
    rng = np.random.default_rng(seed)
    queries = np.append(np.arange(5), rng.integers(0, 5, 30))
    ranks = rng.integers(1, highest + 1, 35)
    ranks[rng.random(35) < 0.3] = NOT_RETRIEVED
    grades = rng.integers(1, 4, 35)
    ranked = RelevantRanks.from_pairs(queries, ranks, grades, 5)
    order = np.lexsort((ranks, queries))
    assert ranked.ranks.tolist() == ranks[order].tolist()
    assert ranked.grades.tolist() == grades[order].tolist()
    assert ranked.ideal_grades.tolist() == grades[np.lexsort((-grades, queries))].tolist()
