"""`isoglot evaluate --perturb`."""

from __future__ import annotations

import json

import pytest

from isoglot import cli
from isoglot.cli.perturbing import parse_perturbing
from isoglot.evaluation.reading import read_results

pytestmark = pytest.mark.usefixtures("own_cache")


def _evaluate(folders, out, *more):
    base = ["evaluate", str(folders / "model"), str(folders / "toy"), "--split", "dev", "--measure", "AP"]
    return cli.main([*base, "--out", str(out), *more])


def test_curves_are_written_shown_and_printed(folders, tmp_path, capsys):
    synonyms = tmp_path / "en.json"
    synonyms.write_text(json.dumps({f"en{number}": ["other"] for number in range(60)}))
    dictionary = tmp_path / "en-de.txt"
    dictionary.write_text("".join(f"en{number} de{number}\n" for number in range(60)))
    more = ["--perturb", "typo,synonyms", "--perturb", "code_switch", "--strengths", "0.5,1"]
    more += ["--synonyms", f"en={synonyms}", "--dictionary", f"en:de={dictionary}"]
    assert _evaluate(folders, tmp_path / "out", *more) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("AP retained of perturbed queries" in line for line in lines)
    assert sum(line.split()[:2] == ["model", name] for line in lines for name in ("typo", "synonyms")) == 2
    assert max(map(len, lines)) <= 80
    results = read_results(tmp_path / "out")
    assert results.models[0] == "model"
    assert len(results.models) == 7
    assert (tmp_path / "out" / "report.html").read_text("utf-8").count('<svg class="plot"') == 3
    assert len(list((tmp_path / "out" / "runs").iterdir())) == 3
    assert (tmp_path / "out" / "tables" / "toy.dev.perturbed.md").is_file()


def test_json_has_the_curves(folders, tmp_path, capsys):
    assert _evaluate(folders, tmp_path / "out", "--perturb", "typo", "--json") == 0
    curves = json.loads(capsys.readouterr().out)["curves"]
    assert [curve["perturbation"] for curve in curves] == ["typo"]
    assert [point["strength"] for point in curves[0]["points"]] == [0.0, 0.1, 0.3, 0.5]


def test_a_second_model_is_compared_unperturbed_and_keeps_its_curves(folders, tmp_path):
    assert _evaluate(folders, tmp_path / "old", "--name", "old", "--perturb", "typo") == 0
    more = ["--name", "new", "--perturb", "typo", "--baseline", str(tmp_path / "old")]
    assert _evaluate(folders, tmp_path / "new", *more) == 0
    rows = read_results(tmp_path / "new").comparisons
    pairs = {(row.model, row.baseline) for row in rows}
    own = {(f"{name} + typo@{strength}", name) for name in ("old", "new") for strength in (0.1, 0.3, 0.5)}
    assert pairs == own | {("new", "old")}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--perturb", "tipo"], "unknown perturbation 'tipo'; did you mean typo?"),
        (["--perturb", "typo", "--strengths", "0.1,much"], "--strengths must be numbers"),
        (["--perturb", "typo", "--strengths", "2"], "strength must be from 0"),
        (["--perturb", "typo", "--perturb-side", "query"], "side must be one of queries"),
        (["--perturb", "synonyms"], "synonyms needs a table"),
        (["--perturb", "synonyms", "--synonyms", "table.json"], "--synonyms must be such as en=FILE"),
        (["--perturb", "code_switch", "--dictionary", "en=x.txt"], "--dictionary must be such as en:de=FILE"),
        (["--synonyms", "en=table.json"], "--synonyms is for --perturb synonyms; name what to perturb"),
        (["--perturb", "typo", "--dictionary", "en:de=x"], "--dictionary is for --perturb code_switch"),
        (["--strengths", "0.5"], "--strengths is for --perturb NAME"),
        (["--perturb-side", "both"], "--perturb-side is for --perturb NAME"),
        (["--perturb", ","], "no perturbation is named; there is typo"),
        (["--perturb", "typo,typo"], "perturbation 'typo' is given twice"),
        (["--perturb", "synonyms", "--synonyms", "en=none.json"], "none.json: there is no such file"),
        (["--perturb", "code_switch", "--dictionary", ":de=x.txt"], "--dictionary must be such as"),
        (["--perturb", "blur"], "blur perturbs image, and 'toy' has no query of that medium"),
        (["--perturb", "typo", "--task", "bitext"], "only retrieval is perturbed, and this is bitext"),
    ],
)
def test_bad_options_end_with_code_2_and_say_what_to_change(folders, tmp_path, capsys, more, message):
    assert _evaluate(folders, tmp_path / "never", *more) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "never").exists()


def test_all_that_is_wrong_is_said_at_once(folders, tmp_path, capsys):
    table = tmp_path / "en-de.txt"
    table.write_text("water\n")
    more = ["--perturb", "tipo,synonyms,code_switch", "--strengths", "0.1,much,2", "--perturb-side", "query"]
    more += ["--synonyms", "en", "--dictionary", f"en:de={table}"]
    assert _evaluate(folders, tmp_path / "never", *more) == 2
    told = capsys.readouterr().err
    for each in (
        "'much'",
        "got 2.0",
        "'query'",
        "'tipo'",
        "--synonyms must be",
        "en-de.txt:1: must be a word",
    ):
        assert each in told
    assert "needs a" not in told  # what was given and cannot be read is not missing


def test_tables_of_one_language_are_joined(tmp_path):
    for name, line in (("a.tsv", "film\tmovie\n"), ("b.tsv", "film\tmovie\tpicture\nend\tstop\n")):
        (tmp_path / name).write_text(line)
    files = [f"en={tmp_path / name}" for name in ("a.tsv", "b.tsv")]
    found = parse_perturbing(["synonyms"], "0.5,0.1", "both", files, None)
    assert found.strengths == (0.1, 0.5)
    assert found.tables.synonyms == {"en": {"film": ("movie", "picture"), "end": ("stop",)}}
    assert parse_perturbing(None, None, None, None, None) is None
