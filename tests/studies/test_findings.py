"""Findings and answers: made-up cells of known laws give back what was put in, in numbers and in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from isoglot.errors import ConfigError
from isoglot.studies import tables
from isoglot.studies.answers import answer_sentences
from isoglot.studies.encoding_cost import EncodingCost
from isoglot.studies.findings import Findings, Refused, find, size_of, value_of
from isoglot.studies.pictures import study_plots
from isoglot.studies.plots import draw_plot
from isoglot.studies.questions import AnswerConfig, ValueConfig

from .made_up import ANSWER, SIZES, build_record, build_results

Law = Callable[[float], float]


def findings(
    ap: dict[str, Law],
    *,
    spread: float = 0.002,
    sizes: int = 5,
    costs: tuple[str, ...] = (),
    seed: int = 0,
    num_seeds: int = 3,
    answer: AnswerConfig = ANSWER,
) -> Findings:
    """Cells of every arm, size and seed whose AP follows a law of the arm's own."""
    rng = np.random.default_rng(seed)
    records, results = [], {}
    for arm, law in ap.items():
        for size, x in list(SIZES.items())[:sizes]:
            for seed in range(num_seeds):
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
    return find(answer, records, lambda record: results[record.id], timed, num_resamples=100)


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
        "AP across languages: hybrid is better than monolingual, and nowhere worse; "
        "in the mean of 5 sizes 0.05"
    )
    assert sentences[0].endswith("p < 0.001; better by itself at each of them.")
    assert any("no difference found in how hybrid and monolingual scale" in each for each in sentences)
    assert any(each.startswith("toy multilingual rank_distance: hybrid is better") for each in sentences)
    (saving,) = [each for each in sentences if each.startswith("To be as good as")]
    assert re.fullmatch(
        r"To be as good as monolingual at its best \(xl: AP across languages 0\.70\d*\), hybrid needs "
        r"0\.3[78]\d* \(0\.\d* to 0\.\d*\) times its training operations\.",
        saving,
    )
    assert not any(each.startswith("training loss") for each in sentences)  # it does not compare
    assert found.values[2].crossings == {}
    assert found.values[2].fits.keys() == {"monolingual", "hybrid"}
    assert any("of hybrid rises towards 0.8" in each for each in sentences)


def test_a_scheme_that_pays_for_large_models() -> None:
    found = findings({"monolingual": lambda x: 0.5, "hybrid": lambda x: 0.5 + 0.1 * np.log10(x / 12e5)})
    (sentence, *_) = answer_sentences(found)
    assert "hybrid pays for large models and not for small ones" in sentence
    assert re.search(r"the turn at about 1\.[12]\d? M parameters \(95 % interval 1\.\d* M to 1\.", sentence)


def test_what_is_not_as_good_is_said_to_be_so_and_how_far_it_comes() -> None:
    found = findings({"monolingual": rising(0.8), "hybrid": rising(0.75)})
    worse = re.search(r"([\d.]+) worse \(([\d.]+) to ([\d.]+)\)", answer_sentences(found)[0])
    assert worse is not None
    middle, low, high = map(float, worse.groups())
    assert low < middle < high
    assert middle == pytest.approx(0.05, abs=0.005)
    (sentence,) = [each for each in answer_sentences(found) if "is not as good as" in each]
    assert "(xl: AP across languages 0.70" in sentence
    assert "with up to 1 times its training operations; as good as monolingual with less (l: " in sentence
    better = findings({"monolingual": rising(0.3), "hybrid": lambda x: 0.9})
    (sentence,) = [each for each in answer_sentences(better) if "To be as good as" in each]
    assert sentence.endswith("at most 0.00391 times its training operations: its cheapest size is that good.")
    assert "of hybrid" not in sentence


def test_reasons_that_hold_for_all_values_are_given_once() -> None:
    found = findings({"monolingual": rising(0.8), "hybrid": rising(0.85)}, num_seeds=1)
    (reason,) = [each for each in answer_sentences(found) if "two seeds" in each]
    assert reason == (
        "Whether monolingual differs from any arm is left open: two seeds or more are needed to tell a "
        "difference from luck."
    )
    flat = findings({"monolingual": lambda x: 0.5, "hybrid": lambda x: 0.5}, spread=0.0)
    (reason,) = [each for each in answer_sentences(flat) if "determine" in each]
    assert reason == (
        "How AP across languages of monolingual, hybrid scales is left open: the sizes do not determine the "
        "exponent."
    )

    assert not any("no difference found in how" in each for each in answer_sentences(flat))


def test_a_turn_outside_what_was_measured_is_open() -> None:
    found = findings({"monolingual": rising(0.8), "hybrid": rising(0.85)})
    crossing = found.values[0].crossings["hybrid"]
    assert not isinstance(crossing, Refused)
    turned = {"hybrid": replace(crossing, verdict="from", low=0.0, high=float("inf"))}
    found = replace(found, values=(replace(found.values[0], crossings=turned),))
    assert (
        "where it turns is open (95 % interval below all sizes measured to above all sizes measured)"
        in answer_sentences(found)[0]
    )


def test_no_curve_that_is_not_determined_is_extrapolated() -> None:
    found = findings({"monolingual": lambda x: 0.5}, spread=0.0)
    found = replace(found, answer=replace(found.answer, extrapolate=(1e9,)))
    assert not any("extrapolated" in each for each in answer_sentences(found) if "AP across" in each)


def test_a_known_offset_needs_a_size_less() -> None:
    value = replace(ANSWER.values[0], offset=0.8)
    found = findings({"monolingual": rising(0.8)}, sizes=3, answer=replace(ANSWER, values=(value,)))
    fit = found.values[0].fits["monolingual"]
    assert not isinstance(fit, Refused)
    assert fit.offset.value == 0.8
    assert fit.exponent.value == pytest.approx(0.4, abs=0.05)
    assert fit.misfit_p is not None


def test_tables_hold_what_was_found_and_nothing_twice() -> None:
    found = findings({"monolingual": rising(0.8), "hybrid": rising(0.85)}, costs=("monolingual", "hybrid"))
    ratios = tables.ratios_table(found)
    assert [row[2].text for row in ratios.rows if row[0].text == "AP across languages"] == list(SIZES)
    assert ratios.rows[0][7].text == "at most 1: its cheapest size is as good"
    encoding = tables.encoding_table(found)
    assert [row[0].text for row in encoding.rows] == [
        f"monolingual, {size}; hybrid, {size}" for size in SIZES
    ]
    places = {row[5].text for row in tables.fronts_table(found).rows}
    assert "on the front" in places
    assert tables.fits_note(found) == "Intervals by bootstrap over seeds."
    few = findings({"monolingual": rising(0.8), "hybrid": rising(0.85)}, sizes=2)
    assert tables.fits_table(few).rows == ()
    assert tables.fits_note(few).startswith("None: a power law of 3 numbers needs 4 sizes or more, got 2")
    record = build_record("monolingual", "s", 0)
    (row, other) = tables.compute_table(
        ANSWER, [build_record("monolingual", "xs", 0), record], "monolingual, xs"
    ).rows
    assert [cell.text for cell in other] == [
        "monolingual, s", "400 k (4.00 ×)", "200 k (4.00 ×)", "2.4 M (4.00 ×)", "1 k (1.00 ×)",
        "2.0 (1.00 ×)", "1,024 (1.00 ×)", "–",
    ]  # fmt: skip
    assert row[1].text == "100 k (1.00 ×)"


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
    assert any("of monolingual, hybrid scales is left open" in each for each in answer_sentences(found))


def test_fronts_against_training_and_against_queries() -> None:
    found = findings({"monolingual": rising(0.8), "hybrid": rising(0.85)}, costs=("monolingual", "hybrid"))
    fronts = found.values[0].fronts
    assert set(fronts) == {"training_flops", "query_time"}
    on_front = {each.candidate.name for each in fronts["training_flops"] if each.on_front}
    assert on_front == {f"hybrid, {size}" for size in SIZES}
    by_rank = found.values[1].fronts["training_flops"]
    assert {each.candidate.name for each in by_rank if each.on_front} == on_front
    assert "query_time" not in findings({"monolingual": rising(0.8)}, costs=()).values[0].fronts


def test_the_sentence_of_a_front_has_values_as_they_are() -> None:
    by_rank = replace(ANSWER, values=ANSWER.values[1:2])
    found = findings({"monolingual": rising(0.8), "hybrid": rising(0.85)}, answer=by_rank)
    (sentence,) = [each for each in answer_sentences(found) if each.startswith("On the front")]
    assert re.search(r"hybrid, xl \(49\.\d for 154 M operations, in 100% of resamples\)", sentence)


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


@pytest.mark.parametrize(
    ("x", "size"),
    [
        ("parameters", 400_000),
        ("parameters_without_embeddings", 200_000),
        ("training_flops", 2.4e6),
        ("training_tokens", 1000),
        ("batch_size", 8),
        ("value", 0.25),
    ],
)
def test_curves_run_over_whatever_is_asked_for(x: Any, size: float) -> None:
    record = replace(build_record("hybrid", "s", 0), values={"share": 0.25})
    assert size_of(replace(ANSWER, x=x, sizes="share"), record) == size


def test_a_size_that_a_cell_does_not_have_is_refused() -> None:
    record = build_record("hybrid", "s", 0)
    with pytest.raises(ConfigError, match="has no value above 0; choose another x"):
        size_of(replace(ANSWER, x="value"), replace(record, values={"size": "large"}))
    with pytest.raises(ConfigError, match="has no training_flops above 0"):
        size_of(replace(ANSWER, x="training_flops"), replace(record, training=None))
