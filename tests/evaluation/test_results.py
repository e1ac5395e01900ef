"""Results as files, as tables, and joined."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace

import pytest

from isoglot.errors import SearchError
from isoglot.evaluation import Result, Results, evaluate, join_results, read_results
from isoglot.evaluation.results import slug


@pytest.fixture(scope="module")
def results(tiny, vectors):
    return evaluate(vectors, tiny, measures=["AP", "R@10"], run_depth=3, num_resamples=20)


def _renamed(results, model):
    return Results(tuple(replace(record, model=model) for record in results.records), results.config)


def test_a_result_has_the_fields_of_the_contract():
    names = (
        "model corpus split setting query_language document_language query_modality document_modality measure"
    )
    assert [field.name for field in fields(Result)] == [*names.split(), "value", "num_queries", "low", "high"]


def test_results_survive_writing_and_reading(results, tmp_path):
    results.write(tmp_path / "out")
    again = read_results(tmp_path / "out")
    assert set(again.records) == set(results.records)
    assert again.config[0]["measures"] == ["AP", "R@10"]
    assert again.config[0]["num_texts_encoded"] == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "config.json",
        "per_query.parquet",
        "results.json",
        "runs",
    ]
    assert len(list((tmp_path / "out" / "runs").iterdir())) == 4
    assert read_results(tmp_path / "out" / "results.json").records == again.records


def test_the_same_evaluation_writes_the_same_bytes(tiny, vectors, results, tmp_path):
    results.write(tmp_path / "a")
    evaluate(vectors, tiny, measures=["AP", "R@10"], run_depth=3, num_resamples=20).write(tmp_path / "b")
    for name in ("results.json", "config.json", "runs/embeddings.tiny.de.trec"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", "must hold a list of records, got dict"),
        ("[{}]", "record 1 must have exactly"),
        ("[3]", r"see \['int'\]"),
        ("[", "cannot be read as JSON"),
    ],
)
def test_files_that_are_no_results_are_refused(tmp_path, content, message):
    (tmp_path / "results.json").write_text(content)
    with pytest.raises(SearchError, match=message):
        read_results(tmp_path)


def test_select_and_value_name_what_they_lack(results):
    with pytest.raises(SearchError, match="no field 'langauge'"):
        results.select(langauge="de")
    with pytest.raises(SearchError, match="0 values of"):
        results.value("multilingual", "nDCG@10")


def test_joined_models_stand_in_one_table_and_the_best_is_bold(results, tiny, embed_by_meaning):
    fair = _renamed(
        evaluate(embed_by_meaning(tiny, noise=0.1), tiny, measures=["AP"], num_resamples=10), "fair|er"
    )
    joined = join_results([results, fair])
    assert joined.models == ("embeddings", "fair|er")
    lines = joined.table().markdown().split("\n")
    assert lines[0].startswith(
        "| Model | Monolingual AP | Cross-lingual AP | Multilingual AP | Rank distance |"
    )
    best = next(line for line in lines if "fair" in line)
    assert best.startswith("| fair\\|er | **1.000** | **1.000** | **1.000** | **3.0** |")
    assert "**4.5**" not in next(line for line in lines if "embeddings" in line)
    assert "fair|er" in repr(joined.table())
    assert repr(results.table())[0] == "A"


def test_one_model_alone_has_no_best(results):
    assert "**" not in results.table().markdown()


def test_bias_has_a_line_for_each_language_and_one_for_all(results):
    table = results.bias()
    assert [row[2].text for row in table.rows] == ["ar", "de", "en", "zh", "all"]
    assert table.rows[-1][3].value == results.value("multilingual", "rank_distance")
    assert re.search(r"\| embeddings \| tiny \| all \|", table.markdown())


def test_two_evaluations_of_one_name_do_not_join(results):
    with pytest.raises(SearchError, match="distinct names"):
        join_results([results, results])
    with pytest.raises(SearchError, match="no results to join"):
        join_results([])


def test_records_are_one_a_line(results, tmp_path):
    results.write(tmp_path)
    lines = (tmp_path / "results.json").read_text("utf-8").split("\n")
    assert len(lines) == len(results) + 3
    assert json.loads(lines[1].rstrip(","))["corpus"] == "tiny"


def test_slugs_are_file_names():
    assert slug("intfloat/multilingual e5") == "intfloat-multilingual-e5"
    assert slug("../..") == "unnamed"
