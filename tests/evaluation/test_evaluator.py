"""The whole evaluation against ranking every collection by itself."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo
from isoglot.errors import ConfigError, CorpusError, SearchError
from isoglot.evaluation import evaluate, measure_run
from isoglot.evaluation.trec import Run
from isoglot.retrieval import Embeddings

LANGUAGES = ("ar", "de", "en", "zh")


def _normalized(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _run(vectors, query_language, document_languages):
    """The run of one language's queries on the documents of some languages, all documents ranked."""
    queries, documents = _normalized(vectors.query_embeddings), _normalized(vectors.document_embeddings)
    scores = {}
    for query_id, query in zip(vectors.query_ids, queries, strict=True):
        if query_id.endswith(query_language):
            found = (documents @ query).tolist()
            ranked = zip(vectors.doc_ids, found, strict=True)
            scores[query_id] = {doc: s for doc, s in ranked if doc.rpartition(".")[2] in document_languages}
    return Run.from_scores(scores)


def _expected(vectors, query_language, document_languages, measure):
    run = _run(vectors, query_language, document_languages)
    group = {query: query.partition(".")[0][1:] for query in run.query_ids}
    qrels = {q: {f"d{group[q]}.{language}": 1 for language in document_languages} for q in run.query_ids}
    return measure_run(qrels, run, [measure]).means()[measure]


@pytest.mark.parametrize("measure", ["AP", "nDCG@10", "R@5"])
def test_every_setting_has_the_value_of_its_own_trec_run(tiny, vectors, measure):
    results = evaluate(vectors, tiny, measures=[measure], num_resamples=10)
    own = [_expected(vectors, language, [language], measure) for language in LANGUAGES]
    crossed = {(q, d): _expected(vectors, q, [d], measure) for q in LANGUAGES for d in LANGUAGES if q != d}
    union = [_expected(vectors, language, LANGUAGES, measure) for language in LANGUAGES]
    assert results.value("monolingual", measure) == pytest.approx(np.mean(own))
    assert results.value("cross_lingual", measure) == pytest.approx(np.mean(list(crossed.values())))
    assert results.value("multilingual", measure) == pytest.approx(np.mean(union))
    for (query, document), value in crossed.items():
        found = results.value("cross_lingual", measure, query_language=query, document_language=document)
        assert found == pytest.approx(value)
    for language, value in zip(LANGUAGES, own, strict=True):
        assert results.value("monolingual", measure, query_language=language) == pytest.approx(value)


def test_a_pull_of_the_language_shows_as_bias(tiny, embed_by_meaning):
    fair = evaluate(embed_by_meaning(tiny), tiny, measures=["AP"], num_resamples=10)
    pulled = evaluate(embed_by_meaning(tiny, pull=1.5), tiny, measures=["AP"], num_resamples=10)
    for measure in ("rank_distance", "diagonal_excess", "worst_rank"):
        assert pulled.value("multilingual", measure) > 2 * fair.value("multilingual", measure)
    assert pulled.value("multilingual") < fair.value("multilingual")


def test_random_vectors_have_the_rank_distance_of_chance(build_parallel):
    corpus = build_parallel(100)
    rng = np.random.default_rng(0)
    ids = corpus.queries["query_id"].to_pylist(), corpus.documents["doc_id"].to_pylist()
    queries, documents = (rng.standard_normal((len(names), 64)).astype(np.float32) for names in ids)
    results = evaluate(Embeddings(ids[0], queries, ids[1], documents), corpus, num_resamples=10)
    chance = results.value("multilingual", "random_rank_distance")
    assert chance == pytest.approx(401 * 3 / 5)
    assert results.value("multilingual", "rank_distance") == pytest.approx(chance, rel=0.05)


def test_macro_averages_weigh_languages_alike_though_one_has_few_queries(embed_by_meaning):
    builder = CorpusBuilder(CorpusInfo("uneven"))
    for group in range(40):
        for language in ("de", "en"):
            if language == "en" or group < 4:
                builder.add_query(f"q{group}.{language}", f"g{group}", language, f"q {group} {language}")
            builder.add_document(f"d{group}.{language}", f"g{group}", language, f"d {group} {language}")
        builder.judge_group("test", f"g{group}")
    corpus = builder.build()
    results = evaluate(embed_by_meaning(corpus, noise=2.0), corpus, measures=["AP"], num_resamples=10)
    by_language = [results.value("multilingual", query_language=language) for language in ("de", "en")]
    assert by_language[0] != by_language[1]
    assert results.value("multilingual") == pytest.approx(np.mean(by_language))


def test_languages_select_queries_and_documents(tiny, vectors):
    results = evaluate(vectors, tiny, languages=["de", "zh"], measures=["AP"], num_resamples=10)
    expected = np.mean([_expected(vectors, language, ("de", "zh"), "AP") for language in ("de", "zh")])
    assert results.value("multilingual") == pytest.approx(expected)
    assert results.config[0]["num_documents"] == 60


def test_runs_hold_the_pooled_top_of_each_language(tiny, vectors):
    results = evaluate(vectors, tiny, run_depth=7, num_resamples=10)
    assert sorted(results.runs) == [f"embeddings.tiny.{language}" for language in LANGUAGES]
    run = results.runs["embeddings.tiny.de"]
    whole = _run(vectors, "de", LANGUAGES)
    assert run.query_ids == whole.query_ids
    for (_, found, _), (_, ranked, _) in zip(run, whole, strict=True):
        assert found.tolist() == ranked[:7].tolist()


def test_a_text_is_not_an_answer_to_itself_in_a_symmetric_corpus(build_parallel, embed_by_meaning):
    corpus = build_parallel(20, symmetric=True)
    vectors = embed_by_meaning(corpus)
    results = evaluate(vectors, corpus, measures=["AP", "R@100"], run_depth=100, num_resamples=10)
    assert {record.setting for record in results.records} == {"cross_lingual", "multilingual"}
    assert results.value("multilingual", "R@100") == 1
    assert results.value("multilingual", "random_rank_distance") == pytest.approx(80 * 2 / 4)
    for query, found, _ in results.runs["embeddings.tiny.de"]:
        assert len(found) == 79
        assert query.replace("q", "d") not in found


def test_queries_without_relevant_documents_are_left_out_and_counted():
    builder = CorpusBuilder(CorpusInfo("gaps"))
    for name, language in (("1", "de"), ("2", "de"), ("3", "en")):
        builder.add_query(f"q{name}", f"g{name}", language, f"question {name}")
        builder.add_document(f"d{name}", f"g{name}", language, f"answer {name}")
        builder.judge("test", f"q{name}", f"d{name}", 0 if name == "2" else 1)
    vectors = Embeddings(
        ["q1", "q2", "q3"], np.eye(3, dtype=np.float32), ["d1", "d2", "d3"], np.eye(3, dtype=np.float32)
    )
    results = evaluate(vectors, builder.build(), num_resamples=10)
    assert results.config[0]["num_queries_without_relevant_document"] == 1
    assert results.value("monolingual") == 1
    assert {record.setting for record in results.records} == {"monolingual", "multilingual"}
    assert not results.select(measure="rank_distance")
    assert results.config[0]["left_out"] == [
        {"query_language": "de", "document_language": "en", "num_queries": 1},
        {"query_language": "en", "document_language": "de", "num_queries": 1},
    ]


def test_a_split_without_relevant_documents_is_refused():
    builder = CorpusBuilder(CorpusInfo("bare"))
    builder.add_query("q", "g", "de", "question")
    builder.add_document("d", "g", "de", "answer")
    builder.judge("test", "q", "d", 0)
    vectors = Embeddings(["q"], np.ones((1, 2), np.float32), ["d"], np.ones((1, 2), np.float32))
    with pytest.raises(CorpusError, match="no query with a relevant document"):
        evaluate(vectors, builder.build())
    with pytest.raises(CorpusError, match="no split 'dev'"):
        evaluate(vectors, builder.build(), split="dev")
    with pytest.raises(ConfigError, match="unknown measure 'MAP'"):
        evaluate(vectors, builder.build(), measures=["MAP"])


def test_a_missing_vector_is_named(tiny, vectors):
    short = Embeddings(
        vectors.query_ids[1:], vectors.query_embeddings[1:], vectors.doc_ids, vectors.document_embeddings
    )
    with pytest.raises(SearchError, match=f"no vector for query '{vectors.query_ids[0]}'"):
        evaluate(short, tiny)


def test_the_result_is_the_same_from_a_file(tiny, vectors, tmp_path):
    vectors.write(tmp_path / "mine.npz")
    from_file = evaluate(tmp_path / "mine.npz", tiny, num_resamples=10)
    assert from_file.models == ("mine",)
    assert [r.value for r in from_file.records] == [
        r.value for r in evaluate(vectors, tiny, num_resamples=10).records
    ]


def test_measuring_does_not_import_torch():
    code = (
        "import sys, isoglot.evaluation, isoglot.evaluation.trec, isoglot.report.html;"
        "assert 'torch' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
