"""A TREC run in place of a model: the same values as the search that it was made by."""

from __future__ import annotations

import numpy as np
import pytest

from isoglot.errors import SearchError
from isoglot.evaluation import Run, evaluate, read_run
from isoglot.evaluation.loading import load_model

BIAS = ("rank_distance", "worst_rank")


@pytest.fixture(scope="module")
def complete(tiny, vectors):
    """The results of a search, with every document in its runs."""
    return evaluate(vectors, tiny, run_depth=tiny.documents.num_rows, num_resamples=20)


def _values(results):
    return {
        (r.setting, r.query_language, r.document_language, r.measure): (r.value, r.num_queries)
        for r in results.records
    }


def test_complete_runs_have_every_value_of_the_search(tiny, complete, tmp_path):
    complete.write(tmp_path)
    again = evaluate(tmp_path / "runs", tiny, num_resamples=20)
    found, expected = _values(again), _values(complete)
    assert found.keys() == expected.keys()
    assert {key: value[0] for key, value in found.items()} == pytest.approx(
        {key: value[0] for key, value in expected.items()}
    )
    assert again.config[0]["num_relevant_not_retrieved"] == 0


def test_what_a_short_run_does_not_hold_has_no_rank(tiny, vectors, complete):
    short = evaluate(vectors, tiny, run_depth=5, num_resamples=5)
    run = load_runs(short)
    results = evaluate(run, tiny, measures=["AP@5", "R@100", "nDCG"], num_resamples=5)
    exact = evaluate(vectors, tiny, measures=["AP@5", "R@5"], num_resamples=5)
    assert results.value("multilingual", "AP@5") == pytest.approx(exact.value("multilingual", "AP@5"))
    assert results.value("multilingual", "R@100") == pytest.approx(exact.value("multilingual", "R@5"))
    assert results.config[0]["num_relevant_not_retrieved"] > 0
    # A lower bound: what is missing counts as if it came next.
    assert results.value("multilingual", "worst_rank") <= 6
    for measure in BIAS:
        assert results.value("multilingual", measure) <= exact.value("multilingual", measure)


def load_runs(results):
    from isoglot.evaluation.trec import join_runs

    return join_runs(list(results.runs.values()))


def test_a_query_that_the_run_does_not_hold_has_found_nothing(tiny, complete):
    run = load_runs(complete)
    kept = {query: dict(zip(docs, scores, strict=True)) for query, docs, scores in run}
    gone = [query for query in kept if query.endswith(".de")]
    for query in gone:
        del kept[query]
    results = evaluate(Run.from_scores(kept), tiny, num_resamples=5)
    assert results.value("multilingual", query_language="de") == 0
    assert results.value("multilingual", query_language="en") == complete.value(
        "multilingual", query_language="en"
    )
    assert results.config[0]["num_queries_not_in_run"] == len(gone)


def test_own_texts_in_a_run_are_passed_over(build_parallel, embed_by_meaning):
    corpus = build_parallel(10, symmetric=True)
    vectors = embed_by_meaning(corpus)
    exact = evaluate(vectors, corpus, num_resamples=5)
    documents = vectors.document_embeddings / np.linalg.norm(vectors.document_embeddings, axis=1)[:, None]
    queries = vectors.query_embeddings / np.linalg.norm(vectors.query_embeddings, axis=1)[:, None]
    scores = {
        name: dict(zip(vectors.doc_ids, (documents @ query).tolist(), strict=True))
        for name, query in zip(vectors.query_ids, queries, strict=True)
    }
    found = evaluate(Run.from_scores(scores), corpus, num_resamples=5)
    assert found.value("multilingual") == pytest.approx(exact.value("multilingual"))


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ({"q0.de": {"nowhere": 1.0}}, "holds document 'nowhere', which 'tiny' does not have"),
        ({"q99.de": {"d0.de": 1.0}}, "holds query 'q99.de', which 'tiny' does not have"),
    ],
)
def test_a_run_of_another_corpus_is_refused(tiny, scores, message):
    with pytest.raises(SearchError, match=message):
        evaluate(Run.from_scores(scores), tiny)


def test_a_run_without_a_query_of_the_split_is_refused(toy_corpus):
    query = toy_corpus.queries["query_id"][int(toy_corpus.judgements("train").query_rows[0])].as_py()
    document = toy_corpus.documents["doc_id"][0].as_py()
    with pytest.raises(SearchError, match=r"no query of the run .* is judged in this split"):
        evaluate(Run.from_scores({query: {document: 1.0}}), toy_corpus, split="dev")


def test_a_folder_of_runs_or_one_run_is_loaded_by_its_path(complete, tmp_path):
    complete.write(tmp_path)
    files = sorted((tmp_path / "runs").iterdir())
    folder, name = load_model(tmp_path / "runs")
    assert name == "runs"
    assert len(folder) == sum(len(read_run(file)) for file in files)
    assert load_model(files[0])[0].query_ids == read_run(files[0]).query_ids


def test_runs_that_share_a_query_or_are_missing_are_refused(complete, tmp_path):
    complete.write(tmp_path)
    runs = tmp_path / "runs"
    first = sorted(runs.iterdir())[0]
    (runs / "again.trec").write_bytes(first.read_bytes())
    with pytest.raises(SearchError, match=r"two runs hold query 'q0\.ar'"):
        load_model(runs)
    with pytest.raises(SearchError, match=r"nowhere\.trec: no such run"):
        load_model(tmp_path / "nowhere.trec")
