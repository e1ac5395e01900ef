"""Curves over strength in the report, and the same as tables."""

from __future__ import annotations

from dataclasses import replace

import pytest

from isoglot.evaluation.curves import PERTURBATION, build_curves
from isoglot.evaluation.results import Comparison, Result, Results
from isoglot.report.curve_pictures import curve_chart
from isoglot.report.export import write_tables
from isoglot.report.html import render_html
from isoglot.report.robustness import retained_table, robustness_block, strengths_table

VALUES = {("m", "*"): 0.8, ("m", "de"): 0.9, ("m", "en"): 0.7}
VALUES |= {("m + typo@0.5", "*"): 0.4, ("m + typo@0.5", "de"): 0.6, ("m + typo@0.5", "en"): 0.2}
VALUES |= {("m + blur@1", "*"): 0.0, ("m + blur@1", "de"): 0.0, ("m + blur@1", "en"): 0.0}


def record(model, language, value):
    place = (model, "c", "test", "multilingual", language, "*", "text", "text", "AP")
    return Result(*place, value, 10, max(value - 0.1, 0), min(value + 0.1, 1))


def about(name, strength):
    told = {
        "name": name,
        "strength": strength,
        "side": "queries",
        "seed": 0,
        "meaning": "how <much>",
        "model": "m",
        "num_perturbed": 20,
        "num_changed": 15,
    }
    return {"model": f"m + {name}@{strength:g}", "corpus": "c", "split": "test", PERTURBATION: told}


@pytest.fixture(scope="module")
def results():
    place = ("m + typo@0.5", "m", "c", "test", "multilingual", "*", "*", "text", "text", "AP")
    return Results(
        tuple(record(model, language, value) for (model, language), value in VALUES.items()),
        ({"model": "m", "corpus": "c", "split": "test"}, about("typo", 0.5), about("blur", 1.0)),
        comparisons=(Comparison(*place, -0.4, 10, -0.5, -0.3, 0.01, 0.02),),
    )


def test_the_table_has_a_line_for_each_perturbation_and_strength(results):
    table = strengths_table(results)
    assert table.columns == (
        "Model",
        "Perturbation",
        "Strength",
        "Changed",
        "Multilingual",
        "Unperturbed",
        "Retained",
        "p",
    )
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["m", "typo", "0.5", "75 %", "0.400", "0.800", "50 %", "0.020"],
        ["m", "blur", "1", "75 %", "0.000", "0.800", "0 %", "–"],
    ]


def test_what_is_retained_has_a_line_for_each_perturbation_and_a_column_for_each_strength(results):
    table = retained_table(results)
    assert table.columns == ("Model", "Perturbation", "Unperturbed", "0.5", "1", "Changed")
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["m", "typo", "0.800", "50 %", "–", "75 %"],
        ["m", "blur", "0.800", "–", "0 %", "75 %"],
    ]
    assert table.title == "AP retained of perturbed queries, multilingual, by strength"


def test_numbers_of_strengths_do_not_run_into_each_other(results):
    curve = next(curve for curve in build_curves(results) if curve.perturbation == "typo")
    strengths = (0.0, 0.05, 0.1, 0.2, 0.95, 1.0)
    points = tuple(replace(curve.points[0], strength=strength) for strength in strengths)
    chart = curve_chart("typo", "", [replace(curve, points=points)], ("m",))
    assert [tick.text for tick in chart.across] == ["0", "", "0.1", "0.2", "", "1"]
    assert len({tick.place for tick in chart.across}) == 6


def test_lines_go_from_the_left_edge_down_to_the_value(results):
    typo = [curve for curve in build_curves(results) if curve.perturbation == "typo"]
    chart = curve_chart("typo", "", typo, ("m",))
    assert [tick.text for tick in chart.across] == ["0", "0.5"]
    assert [tick.text for tick in chart.up] == ["0.000", "0.200", "0.400", "0.600", "0.800", "1.000"]
    assert [line.mean for line in chart.lines] == [False, False, True]
    mean = chart.lines[-1]
    assert mean.path == "M36.0 42.0L306.0 106.0"  # 0.8 and 0.4 of a top at 1.0
    assert mean.band.startswith("M36.0 26.0L306.0 90.0L306.0 122.0L36.0 58.0")
    assert mean.note == "m, mean of the languages: 0.800 at 0, 0.400 at 0.5"
    assert chart.lines[0].band == ""
    assert chart.lines[0].note.startswith("m, German: ")


def test_without_intervals_there_is_no_band_and_all_zeros_are_at_the_bottom(results):
    curve = build_curves(results)[0]
    flat = replace(curve, points=tuple(replace(p, value=0.0, low=None, high=None) for p in curve.points))
    chart = curve_chart("typo", "", [flat], ("m",))
    assert chart.lines[0].band == ""
    assert chart.lines[0].path == "M36.0 170.0L306.0 170.0"


def test_the_page_shows_curves_once_and_perturbed_runs_nowhere_else(results, tmp_path):
    page = render_html(results)
    assert page.count('<svg class="plot"') == 2
    assert "how &lt;much&gt;" in page
    assert "m + typo@0.5" not in page
    assert "<title>m on c</title>" in page
    names = {path.name for path in write_tables(results, tmp_path)}
    assert {
        "c.test.perturbed.csv",
        "c.test.perturbed-by-language.md",
        "c.test.perturbed-retained.tex",
    } <= names


def test_what_was_not_perturbed_has_no_block(results):
    plain = replace(results, records=results.records[:3], config=results.config[:1], comparisons=())
    assert not robustness_block(plain)
    assert 'class="plot"' not in render_html(plain)
