"""The worst queries, and what stands above their answers."""

from __future__ import annotations

import numpy as np
import pytest

from isoglot.errors import SearchError
from isoglot.evaluation import evaluate, read_results
from isoglot.evaluation.examples import read_examples, worst_queries


def test_the_worst_of_each_language_in_turn_and_no_group_twice():
    ranks = np.array([9, 8, 7, 1, 6, 5])
    languages = np.array([0, 0, 0, 1, 1, 1])
    groups = np.array([0, 0, 1, 2, 3, 4])
    assert worst_queries(ranks, languages, groups, 3).tolist() == [0, 2, 4]
    assert worst_queries(ranks, languages, groups, 2).tolist() == [0, 4]
    assert worst_queries(np.ones(6, int), languages, groups).tolist() == []


@pytest.fixture(scope="module")
def results(tiny, embed_by_meaning):
    return evaluate(embed_by_meaning(tiny, pull=1.0, noise=1.0), tiny, run_depth=20, num_resamples=5)


def test_an_example_says_what_the_run_says(results):
    assert results.examples
    for example in results.examples:
        ranked = results.runs[f"embeddings.tiny.{example.query_language}"].to_scores()[example.query_id]
        found = list(ranked)
        group = example.query_id.partition(".")[0][1:]
        answers = [name for name in found if name.partition(".")[0][1:] == group]
        if answers:
            assert example.best.doc_id == answers[0]
            assert example.best.rank == found.index(answers[0]) + 1
        assert example.best.rank > 1
        assert example.best.relevant
        assert [placed.doc_id for placed in example.above] == found[: min(5, example.best.rank - 1)]
        assert [placed.rank for placed in example.above] == list(range(1, len(example.above) + 1))
        assert all(placed.doc_id.endswith(f".{placed.language}") for placed in example.above)
        assert example.query == f"question {group} {example.query_language}"


def test_examples_survive_writing_and_reading(results, tmp_path):
    results.write(tmp_path)
    assert read_results(tmp_path).examples == results.examples


@pytest.mark.parametrize(
    "content", ['{"0": 1}', "[1]", '[{"model": "m"}]', "[", '[{"best": {}, "above": []}]', "7"]
)
def test_bad_examples_are_refused(tmp_path, content):
    file = tmp_path / "examples.json"
    file.write_text(content, "utf-8")
    with pytest.raises(SearchError, match=r"examples\.json: cannot be read as a list of examples"):
        read_examples(file)
