"""Findings and answers: made-up cells of known laws give back what was put in, in numbers and in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from isoglot.errors import ConfigError
from isoglot.studies.answers import answer_sentences
from isoglot.studies.encoding_cost import EncodingCost
from isoglot.studies.findings import Findings, Refused, find, value_of
from isoglot.studies.pictures import study_plots
from isoglot.studies.plots import draw_plot
from isoglot.studies.questions import ValueConfig

from .made_up import ANSWER, SIZES, build_record, build_results

Law = Callable[[float], float]


def findings(
    ap: dict[str, Law], *, spread: float = 0.002, sizes: int = 5, costs: tuple[str, ...] = (), seed: int = 0
) -> Findings:
    """Cells of every arm, size and seed whose AP follows a law of the arm's own."""
    rng = np.random.default_rng(seed)
    records, results = [], {}
    for arm, law in ap.items():
        for size, x in list(SIZES.items())[:sizes]:
            for seed in range(3):
                record = build_record(arm, size, seed, loss=2 - law(x))
                records.append(record)
                values = [
                    ("cross_lingual", "*", "AP", law(x) + rng.normal(0, spread)),
                    ("multilingual", "*", "rank_distance", 200 * (1 - law(x)) + rng.normal(0, 100 * spread)),
                ]
                results[record.id] = build_results(record, values)
    timed = [
        EncodingCost(f"{arm}, {size}", "text", 1, 1.0, 2.0, 100.0, float(SIZES[size]), 1e6, 256, 9)
        for arm in costs
        for size in list(SIZES)[:sizes]
    ]
    return find(ANSWER, records, lambda record: results[record.id], timed, num_resamples=100)


def rising(offset: float, exponent: float = 0.4) -> Law:
    return lambda x: offset - 0.3 * (x / 16e5) ** -exponent


def test_a_scheme_that_pays_everywhere() -> None:
    found = findings({"monolingual": rising(0.8), "hybrid": rising(0.85)})
    main = found.values[0]
    assert list(main.series) == ["monolingual", "hybrid"]
    fit = main.fits["hybrid"]
    assert not isinstance(fit, Refused)
    assert fit.exponent.value == pytest.approx(0.4, abs=0.05)
    assert fit.offset.value == pytest.approx(0.85, abs=0.02)
    sentences = answer_sentences(found)
    assert sentences[0].startswith(
        "AP across languages: hybrid is better than monolingual, and nowhere worse; 0.05"
    )
    assert any("no difference found in how hybrid and monolingual scale" in each for each in sentences)
    assert any(each.startswith("toy multilingual rank_distance: hybrid is better") for each in sentences)
    assert not any(each.startswith("training loss") for each in sentences)  # it does not compare
    assert found.values[2].crossings == {}
    assert found.values[2].fits.keys() == {"monolingual", "hybrid"}
    assert any("of hybrid rises towards 0.8" in each for each in sentences)


def test_a_scheme_that_pays_for_large_models() -> None:
    found = findings({"monolingual": lambda x: 0.5, "hybrid": lambda x: 0.5 + 0.1 * np.log10(x / 12e5)})
    (sentence, *_) = answer_sentences(found)
    assert "hybrid pays for large models and not for small ones" in sentence
    assert re.search(r"the turn at about 1\.[12]\d? M parameters \(95 % interval 1\.\d* M to 1\.", sentence)


def test_luck_is_called_no_difference() -> None:
    found = findings({"monolingual": rising(0.8), "hybrid": rising(0.8)}, spread=0.02, seed=1)
    assert answer_sentences(found)[0].startswith(
        "AP across languages: no difference found between hybrid and monolingual;"
    )


def test_too_few_sizes_leave_scaling_open() -> None:
    found = findings({"monolingual": rising(0.8), "hybrid": rising(0.85)}, sizes=3)
    refused = found.values[0].fits["hybrid"]
    assert isinstance(refused, Refused)
    assert "needs 4 sizes or more, got 3" in refused.reason
    assert any("of hybrid scales is left open" in each for each in answer_sentences(found))


def test_fronts_against_training_and_against_queries() -> None:
    found = findings({"monolingual": rising(0.8), "hybrid": rising(0.85)}, costs=("monolingual", "hybrid"))
    fronts = found.values[0].fronts
    assert set(fronts) == {"training_flops", "query_time"}
    on_front = {each.candidate.name for each in fronts["training_flops"] if each.on_front}
    assert on_front == {f"hybrid, {size}" for size in SIZES}
    by_rank = found.values[1].fronts["training_flops"]
    assert {each.candidate.name for each in by_rank if each.on_front} == on_front
    assert "query_time" not in findings({"monolingual": rising(0.8)}, costs=()).values[0].fronts


def test_extrapolation_is_said_to_be_one() -> None:
    found = findings({"monolingual": rising(0.8)})
    found = replace(found, answer=replace(found.answer, extrapolate=(1e9,)))
    (sentence,) = [each for each in answer_sentences(found) if "AP across" in each and "extrapolated" in each]
    assert "at 1 G: 0.7" in sentence
    assert "extrapolated 39.1 times beyond what was measured" in sentence


def test_every_picture_can_be_drawn() -> None:
    found = findings({"monolingual": rising(0.8), "hybrid": rising(0.85)}, costs=("monolingual", "hybrid"))
    plots = list(study_plots(found))
    assert len(plots) == 2 * 3 + 1
    assert len({plot.name for plot in plots}) == len(plots)
    for plot in plots:
        assert draw_plot(plot).count("<circle") == 10


def test_failed_cells_are_told_and_all_failed_is_refused() -> None:
    record = build_record("monolingual", "xs", 0)
    results = build_results(
        record, [("cross_lingual", "*", "AP", 0.5), ("multilingual", "*", "rank_distance", 9)]
    )
    failed = build_record("hybrid", "xs", 0, error="no memory")
    found = find(ANSWER, [record, failed], lambda _: results)
    assert (found.num_cells, found.num_failed) == (1, 1)
    assert "1 of 2 cells failed" in answer_sentences(found)[-1]
    with pytest.raises(ConfigError, match="none of 1 cells finished"):
        find(ANSWER, [failed], lambda _: results)


def test_a_value_is_a_mean_over_languages_or_refused_with_what_there_is() -> None:
    record = build_record("monolingual", "xs", 0)
    rows = [
        ("multilingual", "hi", "AP", 0.2),
        ("multilingual", "sw", "AP", 0.4),
        ("multilingual", "*", "AP", 0.9),
    ]
    results = build_results(record, rows)
    assert value_of(ValueConfig("AP", languages=("hi", "sw")), record, results) == pytest.approx(0.3)
    assert value_of(ValueConfig("AP"), record, results) == 0.9
    with pytest.raises(ConfigError, match=r"has 0 values of .*nDCG@10.*; there is multilingual AP"):
        value_of(ValueConfig("nDCG@10"), record, results)
    silent = replace(record, losses=())
    with pytest.raises(ConfigError, match="logged no training loss"):
        value_of(ValueConfig("loss"), silent, results)
