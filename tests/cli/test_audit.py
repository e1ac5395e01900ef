"""`isoglot audit`: language bias in words and numbers, of models, vectors and runs."""

from __future__ import annotations

import json

import pytest

from isoglot import cli

pytestmark = pytest.mark.usefixtures("own_cache")


def test_bias_is_printed_with_what_it_means(folders, capsys):
    assert cli.main(["audit", str(folders / "model"), str(folders / "toy"), "--split", "dev"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    for words in ("ranks apart", "Rank distance", "first page"):
        assert words in printed
    assert not (folders / "results").exists()


def test_json_holds_every_measure_of_bias_with_its_interval(folders, capsys):
    arguments = ["audit", str(folders / "model"), str(folders / "toy"), "--split", "dev", "--json"]
    assert cli.main(arguments) == 0
    document = json.loads(capsys.readouterr().out)
    rows = {row["measure"]: row for row in document["results"]}
    assert {"rank_distance", "diagonal_excess", "same_language_preference@10", "MRC@10"} <= rows.keys()
    assert rows["rank_distance"]["low"] <= rows["rank_distance"]["value"] <= rows["rank_distance"]["high"]
    assert all(row["meaning"].endswith(".") for row in rows.values())
    assert document["out"] is None


def test_runs_of_an_evaluation_can_be_audited(folders, capsys, tmp_path):
    base = [str(folders / "toy"), "--split", "dev"]
    whole = ["--run-depth", "1000", "--out", str(tmp_path / "out")]
    assert cli.main(["evaluate", str(folders / "model"), *base, *whole]) == 0
    values = []
    for model in (folders / "model", tmp_path / "out" / "runs"):
        capsys.readouterr()
        assert cli.main(["audit", str(model), *base, "--json"]) == 0
        rows = json.loads(capsys.readouterr().out)["results"]
        values.append({row["measure"]: row["value"] for row in rows})
    assert values[0] == pytest.approx(values[1])


def test_results_and_report_are_written_where_asked(folders, tmp_path):
    out = tmp_path / "out"
    arguments = ["audit", str(folders / "model"), str(folders / "toy"), "--split", "dev", "--out", str(out)]
    assert cli.main(arguments) == 0
    assert {"results.json", "report.html"} <= {path.name for path in out.iterdir()}
