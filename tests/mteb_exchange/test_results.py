"""Results in MTEB's format, read back by MTEB itself."""

from __future__ import annotations

import json

import pytest

from isoglot.errors import SearchError
from isoglot.evaluation.results import Result, Results
from isoglot.mteb_exchange import to_task_results, write_task_results

mteb = pytest.importorskip("mteb")

LANGUAGES = ("de", "en")


def _record(setting, query, document, measure, value, **changed):
    fields = {
        "model": "m",
        "corpus": "xquad-r",
        "split": "test",
        "setting": setting,
        "query_language": query,
        "document_language": document,
        "query_modality": "text",
        "document_modality": "text",
        "measure": measure,
        "value": value,
        "num_queries": 7,
        "low": value - 0.01,
        "high": value + 0.01,
    }
    return Result(**(fields | changed))


@pytest.fixture
def results():
    records = []
    for number, query in enumerate(LANGUAGES):
        for measure in ("nDCG@10", "AP", "Rprec", "success@1"):
            records.append(_record("multilingual", query, "*", measure, 0.2 + number / 10))
            records.append(_record("monolingual", query, query, measure, 0.6 + number / 10))
        records.append(_record("multilingual", query, "*", "rank_distance", 40.5 + number))
        records.append(_record("multilingual", query, "*", "random_rank_distance", 50.0, low=None, high=None))
        records += [_record("multilingual", query, document, "AP", 0.1) for document in LANGUAGES]
    records.append(_record("cross_lingual", "de", "en", "AP", 0.123456789))
    for measure in ("nDCG@10", "AP", "rank_distance"):
        records.append(_record("multilingual", "*", "*", measure, 0.25))
    records.append(_record("multilingual", "*", "*", "diagonal_excess", 0.07))
    records.append(_record("cross_lingual", "*", "*", "AP", 0.123456789))
    records.append(_record("monolingual", "de", "de", "spearman", 0.5, corpus="sts"))
    config = {"corpus": "xquad-r", "corpus_version": "1", "corpus_checksums": {"queries.parquet": "ab"}}
    return Results(tuple(records), (config,))


def _entries(path, split="test"):
    result = mteb.TaskResult.from_disk(path, load_historic_data=False)
    return result, {entry["hf_subset"]: entry for entry in result.scores[split]}


def test_each_setting_is_a_file_that_mteb_reads(results, tmp_path):
    files = write_task_results(results, tmp_path, revision="abc")
    folder = tmp_path / "results" / "local__m" / "abc"
    names = ("XquadRPooledRetrieval", "XquadRMonolingualRetrieval", "XquadRCrossLingualRetrieval")
    assert files == [folder / f"{name}.json" for name in names]
    pooled, entries = _entries(files[0])
    assert (pooled.task_name, len(pooled.dataset_revision)) == (names[0], 40)
    assert {name: entry["languages"] for name, entry in entries.items()} == {
        "de": ["deu-Latn"],
        "en": ["eng-Latn"],
    }
    german = entries["de"]
    assert german["main_score"] == german["ndcg_at_10"] == 0.2
    assert (german["map"], german["r_precision"], german["hit_rate_at_1"]) == (0.2, 0.2, 0.2)
    assert (german["ndcg_at_10_low"], german["ndcg_at_10_high"]) == (0.19, 0.21)
    assert german["ndcg_at_10_num_queries"] == 7
    assert pooled.get_score() == pytest.approx(0.25)
    assert pooled.get_score(languages=["eng"]) == pytest.approx(0.3)


def test_our_bias_numbers_stand_beside(results, tmp_path):
    _, entries = _entries(write_task_results(results, tmp_path)[0])
    assert (entries["de"]["rank_distance"], entries["en"]["rank_distance"]) == (40.5, 41.5)
    assert [entries[name]["diagonal_excess"] for name in LANGUAGES] == [0.07, 0.07]
    assert entries["de"]["map_only_en"] == 0.1
    assert entries["de"]["random_rank_distance"] == 50
    assert "random_rank_distance_low" not in entries["de"]


def test_pairs_are_subsets_of_two_languages_and_ap_the_main_score_without_ndcg(results, tmp_path):
    _, entries = _entries(write_task_results(results, tmp_path)[2])
    assert list(entries) == ["de-en"]
    assert entries["de-en"]["languages"] == ["deu-Latn", "eng-Latn"]
    assert entries["de-en"]["main_score"] == 0.123457  # MTEB rounds to six digits.


def test_mtebs_cache_finds_model_and_task(results, tmp_path):
    write_task_results(results, tmp_path, revision="abc")
    meta = json.loads((tmp_path / "results/local__m/abc/model_meta.json").read_text())
    assert (meta["name"], meta["revision"]) == ("local/m", "abc")
    found = mteb.ResultCache(tmp_path).load_task_result("XquadRPooledRetrieval", "local/m", "abc")
    assert found.get_score() == pytest.approx(0.25)
    assert "sts" not in {path.name.lower()[:3] for path in (tmp_path / "results/local__m/abc").iterdir()}


def test_a_model_keeps_its_organization(results):
    named = Results(tuple(_record("multilingual", "de", "*", "AP", 0.5, model="org/name") for _ in "a"))
    (task,) = to_task_results(named)["org/name"]
    assert task.dataset_revision == "1"
    assert set(to_task_results(results)) == {"m"}


def test_directions_between_media_are_tasks_of_their_own():
    media = {"corpus": "xtd10", "query_modality": "text", "document_modality": "image"}
    results = Results((_record("multilingual", "de", "*", "R@10", 0.5, **media),))
    (task,) = to_task_results(results)["m"]
    assert task.task_name == "Xtd10PooledT2IRetrieval"
    assert task.scores["test"][0]["recall_at_10"] == 0.5


def test_without_a_ranking_there_is_nothing_to_export():
    results = Results((_record("monolingual", "de", "de", "spearman", 0.5),))
    with pytest.raises(SearchError, match="nothing to export"):
        to_task_results(results)
