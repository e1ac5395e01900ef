"""`isoglot evaluate` from a corpus folder to files and a table."""

from __future__ import annotations

import json

import pytest

from isoglot import cli
from isoglot.evaluation.reading import read_results
from isoglot.evaluation.trec import read_run
from isoglot.report.parts import build_parts

pytestmark = pytest.mark.usefixtures("own_cache")


def test_everything_is_written_and_the_table_printed(folders, capsys):
    out = folders / "out"
    arguments = [
        "evaluate",
        str(folders / "model"),
        str(folders / "toy"),
        "--split",
        "dev",
        "--out",
        str(out),
    ]
    assert cli.main([*arguments, "--measure", "AP", "--measure", "R@10", "--run-depth", "5"]) == 0
    assert "Multilingual" in capsys.readouterr().out
    results = read_results(out)
    assert results.models == ("model",)
    assert {record.measure for record in results.records} >= {"AP", "R@10", "rank_distance"}
    assert sorted(path.name for path in out.iterdir()) == [
        "config.json",
        "examples.json",
        "per_query.parquet",
        "report.html",
        "results.json",
        "runs",
        "tables",
    ]
    runs = sorted(path.name for path in (out / "runs").iterdir())
    assert runs == ["model.toy.de.trec", "model.toy.en.trec", "model.toy.th.trec"]
    assert len(next(iter(read_run(out / "runs" / runs[0])))[1]) == 5


def test_a_measure_other_than_the_usual_one_is_printed_and_reported(folders, capsys):
    out = folders / "other"
    arguments = [
        "evaluate",
        str(folders / "model"),
        str(folders / "toy"),
        "--split",
        "dev",
        "--out",
        str(out),
    ]
    assert cli.main([*arguments, "--measure", "nDCG@10"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    value = read_results(out).value("multilingual", "nDCG@10")
    assert f"{value:.4f}"[:5] in shown or f"{value:.3f}".lstrip("0") in shown
    (part,) = [part for part in build_parts(read_results(out)) if part.task == "retrieval"]
    assert part.main_measure == "nDCG@10"


def test_json_is_one_document(folders, capsys):
    out = folders / "json"
    arguments = ["evaluate", str(folders / "model"), str(folders / "toy"), "--split", "dev", "--json"]
    assert cli.main([*arguments, "--out", str(out), "--languages", "de,en", "--name", "mine"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["out"] == str(out)
    assert {row["model"] for row in document["results"]} == {"mine"}
    assert {row["setting"] for row in document["results"]} == {"monolingual", "cross_lingual", "multilingual"}
    assert set(read_results(out).config[0]["languages"]) == {"de", "en"}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"corpus": "no-such-corpus"}, "no-such-corpus"),
        ({"model": "no-such-model"}, "no-such-model: cannot be loaded"),
        ({"measure": "MAP"}, "unknown measure 'MAP'"),
        ({"split": "devel"}, "no split 'devel'"),
    ],
)
def test_bad_input_ends_with_code_2_and_says_what_to_change(folders, capsys, changed, message):
    given = {"model": str(folders / "model"), "corpus": str(folders / "toy"), "measure": "AP", "split": "dev"}
    given |= changed
    arguments = [
        "evaluate",
        given["model"],
        given["corpus"],
        "--measure",
        given["measure"],
        "--split",
        given["split"],
    ]
    assert cli.main([*arguments, "--out", str(folders / "never")]) == 2
    assert message in capsys.readouterr().err
    assert not (folders / "never").exists()


def _evaluate(folders, out, *more):
    base = ["evaluate", str(folders / "model"), str(folders / "toy"), "--split", "dev", "--measure", "AP"]
    return cli.main([*base, "--out", str(out), *more])


def test_a_second_evaluation_takes_its_vectors_from_the_cache(folders, tmp_path):
    for number, cached in enumerate((False, True)):
        assert _evaluate(folders, tmp_path / str(number)) == 0
        config = read_results(tmp_path / str(number)).config[0]
        assert (config["num_texts_encoded"] == 0) == cached
        assert (config["num_texts_from_cache"] > 0) == cached
    assert _evaluate(folders, tmp_path / "fresh", "--no-cache") == 0
    assert read_results(tmp_path / "fresh").config[0]["num_texts_encoded"] > 0


def test_models_are_compared_with_an_earlier_one(folders, tmp_path, capsys):
    assert _evaluate(folders, tmp_path / "old", "--name", "old") == 0
    baseline = ["--baseline", str(tmp_path / "old"), "--json"]
    capsys.readouterr()
    assert _evaluate(folders, tmp_path / "new", "--name", "new", *baseline) == 0
    rows = json.loads(capsys.readouterr().out)["comparisons"]
    assert {(row["model"], row["baseline"], row["value"], row["p_value"]) for row in rows} == {
        ("new", "old", 0.0, 1.0)
    }
    both = read_results(tmp_path / "new")
    assert both.models == ("new", "old")
    assert "old" in (tmp_path / "new" / "report.html").read_text("utf-8")


def test_a_model_is_not_compared_with_itself_and_its_results_are_kept(folders, tmp_path, capsys):
    assert _evaluate(folders, tmp_path / "old", "--name", "same") == 0
    assert _evaluate(folders, tmp_path / "new", "--name", "same", "--baseline", str(tmp_path / "old")) == 2
    assert "give the models distinct names" in capsys.readouterr().err
    assert read_results(tmp_path / "new").models == ("same",)


def test_transfer_is_measured_where_the_languages_are_named(folders, tmp_path, capsys):
    assert _evaluate(folders, tmp_path / "out", "--source", "en", "--unseen", "th,de") == 0
    measures = {record.measure for record in read_results(tmp_path / "out").records}
    assert {"AP_transfer_gap", "AP_unseen"} <= measures
    assert _evaluate(folders, tmp_path / "bad", "--source", "sw") == 2
    assert "sw" in capsys.readouterr().err


def test_results_are_also_written_for_mteb(folders, tmp_path):
    assert _evaluate(folders, tmp_path / "out", "--mteb", str(tmp_path / "mteb")) == 0
    assert list((tmp_path / "mteb").rglob("*.json"))
