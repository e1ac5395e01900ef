"""Measures of bias and transfer as they stand in results: against their definitions, from runs and ranks."""

from __future__ import annotations

import numpy as np
import pytest

from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo
from isoglot.errors import ConfigError
from isoglot.evaluation import TransferLanguages, evaluate

LANGUAGES = ("ar", "de", "en", "zh")


@pytest.fixture(scope="module")
def pulled(tiny, embed_by_meaning):
    return evaluate(embed_by_meaning(tiny, pull=1.0), tiny, run_depth=10, num_resamples=20)


def _tops(results):
    """query_id -> ids of its first ten documents."""
    return {query: docs.tolist() for run in results.runs.values() for query, docs, _ in run}


def test_same_language_preference_is_what_the_runs_show(pulled):
    excess = {language: [] for language in LANGUAGES}
    for query, docs in _tops(pulled).items():
        group, _, language = query.partition(".")
        wrong = [doc for doc in docs if doc.partition(".")[0][1:] != group[1:]]
        if wrong:
            share = np.mean([doc.endswith(f".{language}") for doc in wrong])
            excess[language].append(share - 29 / 116)  # one answer in each language is not wrong
    for language, values in excess.items():
        found = pulled.value("multilingual", "same_language_preference@10", query_language=language)
        assert found == pytest.approx(np.mean(values))
    assert pulled.value("multilingual", "same_language_preference@10") > 0.3


def test_english_preference_leaves_out_queries_in_english(pulled):
    found = pulled.select(measure="english_preference@10", setting="multilingual")
    assert {record.query_language for record in found} == {"ar", "de", "zh", "*"}
    assert pulled.value("multilingual", "english_preference@10") < 0  # each pulls to its own


def test_first_results_are_of_four_kinds(pulled):
    kinds = [
        pulled.value("multilingual", f"{content}_content_{language}_language")
        for content in ("right", "wrong")
        for language in ("query", "other")
    ]
    assert sum(kinds) == pytest.approx(1)


def test_fair_vectors_show_no_preference(tiny, embed_by_meaning):
    results = evaluate(embed_by_meaning(tiny, noise=2.0), tiny, num_resamples=200)
    for measure in ("same_language_preference@10", "english_preference@10"):
        (record,) = results.select(
            measure=measure, setting="multilingual", query_language="*", document_language="*"
        )
        assert record.low < 0 < record.high
    rate = results.value("multilingual", "language_preference_rate")
    assert rate == pytest.approx(results.value("multilingual", "random_language_preference_rate"), abs=0.15)


def test_peer_is_left_out_where_it_is_constant_and_there_where_it_is_not(tiny, vectors, embed_by_meaning):
    assert not evaluate(vectors, tiny, num_resamples=5).select(measure="PEER@10")
    builder = CorpusBuilder(CorpusInfo("several"))
    for group in range(12):
        for language in ("de", "en"):
            builder.add_query(f"q{group}.{language}", f"g{group}", language, f"q {group} {language}")
            for copy in range(3):
                doc_id = f"d{group}.{copy}.{language}"
                builder.add_document(doc_id, f"g{group}", language, f"d {group} {copy} {language}")
        builder.judge_group("test", f"g{group}")
    corpus = builder.build()
    fair = evaluate(embed_by_meaning(corpus), corpus, num_resamples=5)
    unfair = evaluate(embed_by_meaning(corpus, pull=1.5), corpus, num_resamples=5)
    assert unfair.value("multilingual", "PEER@10") < fair.value("multilingual", "PEER@10") <= 1


def test_a_head_of_depth_0_leaves_out_what_looks_at_it(tiny, vectors, pulled):
    results = evaluate(vectors, tiny, head_depth=0, num_resamples=5)
    measures = {record.measure for record in results.records}
    assert {"AP", "rank_distance", "diagonal_excess"} <= measures
    assert not {name for name in measures if "preference" in name or name.startswith(("MRC", "lang_"))}
    assert results.examples == ()
    assert results.value("multilingual") == evaluate(vectors, tiny, num_resamples=5).value("multilingual")


def test_transfer_gap_and_means_follow_from_the_languages(tiny, vectors):
    transfer = TransferLanguages("en", low_resource=("ar",), unseen=("zh", "ar"))
    results = evaluate(vectors, tiny, measures=["AP"], transfer=transfer, num_resamples=50)
    for setting in ("monolingual", "multilingual"):
        by_language = {tag: results.value(setting, query_language=tag) for tag in LANGUAGES}
        others = np.mean([by_language[tag] for tag in ("ar", "de", "zh")])
        assert results.value(setting, "AP_transfer_gap") == pytest.approx(by_language["en"] - others)
        assert results.value(setting, "AP_low_resource") == pytest.approx(by_language["ar"])
        assert results.value(setting, "AP_unseen") == pytest.approx(
            np.mean([by_language["ar"], by_language["zh"]])
        )
    (gap,) = results.select(setting="multilingual", measure="AP_transfer_gap")
    assert gap.low <= gap.value <= gap.high
    assert gap.low < gap.high
    assert results.config[0]["transfer"] == {"source": "en", "low_resource": ("ar",), "unseen": ("ar", "zh")}


def test_a_language_of_transfer_that_the_corpus_lacks_is_refused(tiny, vectors):
    with pytest.raises(ConfigError, match="fr"):
        evaluate(vectors, tiny, transfer=TransferLanguages("fr"))
    with pytest.raises(ConfigError, match="sw"):
        evaluate(vectors, tiny, transfer=TransferLanguages("en", unseen=("sw",)))


def test_the_reason_for_refusing_peer_is_kept(tiny, vectors):
    config = evaluate(vectors, tiny, num_resamples=5).config[0]
    assert "use rank_distance" in config["refused_measures"]["PEER@10"]


def test_mean_rank_correlation_stands_beside_that_of_chance(tiny, embed_by_meaning):
    alike = evaluate(embed_by_meaning(tiny, noise=0.05), tiny, num_resamples=5)
    chance = alike.value("multilingual", "random_MRC@10")
    assert -1 < chance < 0
    assert alike.value("multilingual", "MRC@10") > 0.4
    rng = np.random.default_rng(0)
    noise = embed_by_meaning(tiny)
    noise.query_embeddings[:] = rng.standard_normal(noise.query_embeddings.shape)
    found = evaluate(noise, tiny, num_resamples=5).value("multilingual", "MRC@10")
    assert found == pytest.approx(chance, abs=0.1)
