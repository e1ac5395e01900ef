"""The tables of a study: values, differences, fits, fronts, costs, and the cells with their commands."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from isoglot.report.tables import MISSING, Cell, TextTable
from isoglot.report.values import format_p
from isoglot.studies.answers import COST_TITLES, format_number, x_title
from isoglot.studies.cells import CellRecord
from isoglot.studies.findings import Findings, Refused, ValueFindings, arm_name
from isoglot.studies.plots import short_number
from isoglot.studies.questions import AnswerConfig, ValueConfig
from isoglot.studies.scaling import Estimate

_MEGA = 1 << 20


def values_table(findings: Findings) -> TextTable:
    """Means over seeds with their standard deviations, a line for each arm and size."""
    main = findings.values[0]
    rows = []
    for arm, series in main.series.items():
        for size in series.sizes:
            cells = [_mean(found, arm, size) for found in findings.values]
            number = float(series.x[series.sizes.index(size)])
            place = (Cell(short_number(number), number),) if findings.answer.sizes else ()
            rows.append((Cell(arm), Cell(size), *place, *cells))
    across = (x_title(findings),) if findings.answer.sizes else ()
    headings = ("Arm", "Size", *across, *(found.value.name for found in findings.values))
    return TextTable("Mean over seeds ± standard deviation", headings, tuple(rows), "values")


def _mean(found: ValueFindings, arm: str, size: str) -> Cell:
    series = found.series[arm]
    row = series.values[series.sizes.index(size)]
    given = [float(number) for number in row if number == number]
    mean = statistics.mean(given)
    text = format_number(mean, found.value)
    if len(given) > 1:
        text += f" ± {format_number(statistics.stdev(given), found.value)}"
    return Cell(text, mean)


def differences_table(findings: Findings) -> TextTable:
    """What arms gain or lose against the baseline, size by size and over all; above 0 is to their favour."""
    rows = []
    for found in findings.values:
        for arm, crossing in found.crossings.items():
            if isinstance(crossing, Refused):
                continue
            for each in (*crossing.differences, crossing.overall):
                numbers = [_signed(number, found.value) for number in (each.value, each.low, each.high)]
                verdict = {1: "better", -1: "worse", 0: "no difference found"}[each.sign]
                rows.append(
                    (
                        Cell(found.value.name),
                        Cell(arm),
                        Cell(each.size),
                        Cell(numbers[0], each.value, low=each.low, high=each.high),
                        Cell(f"{numbers[1]} to {numbers[2]}"),
                        Cell(format_p(each.adjusted_p_value), each.adjusted_p_value),
                        Cell(verdict),
                    )
                )
    title = f"Gain over {findings.answer.baseline}, with the same seeds"
    headings = ("Value", "Arm", "Size", "Gain", "95 % interval", "Adjusted p", "Verdict")
    return TextTable(title, headings, tuple(rows), "differences")


def _signed(number: float, value: ValueConfig) -> str:
    text = format_number(number, value)
    return text if text.startswith("-") else f"+{text}"


def fits_table(findings: Findings) -> TextTable:
    """Power laws with offset, and why there is none."""
    rows = []
    for found in findings.values:
        for arm, fit in found.fits.items():
            names = (Cell(found.value.name), Cell(arm))
            if isinstance(fit, Refused):
                rows.append((*names, *[Cell(MISSING)] * 4, Cell(fit.reason)))
                continue
            test = found.exponents.get(arm)
            p_value = None if test is None or isinstance(test, Refused) else test.p_value
            told = "" if fit.determined else "the sizes do not determine the exponent"
            rows.append(
                (
                    *names,
                    *(_estimate(each) for each in (fit.offset, fit.amplitude, fit.exponent)),
                    Cell(MISSING if p_value is None else format_p(p_value), p_value),
                    Cell(told),
                )
            )
    title = f"y = offset + amplitude × (x / x₀)^-exponent, x in {x_title(findings)}, x₀ in the middle"
    headings = (
        "Value",
        "Arm",
        "Offset",
        "Amplitude",
        "Exponent",
        "p of another exponent than the baseline",
        "Note",
    )
    return TextTable(title, headings, tuple(rows), "fits")


def _estimate(each: Estimate) -> Cell:
    if each.low is None or each.high is None:
        return Cell(f"{each.value:.3g}", each.value)
    return Cell(
        f"{each.value:.3g} ({each.low:.3g} to {each.high:.3g})", each.value, low=each.low, high=each.high
    )


def fronts_table(findings: Findings) -> TextTable:
    """Who is on which Pareto front."""
    rows = []
    for found in findings.values:
        sign = 1.0 if found.value.higher_is_better else -1.0
        for cost, places in found.fronts.items():
            for each in places:
                share = MISSING if each.share is None else f"{each.share:.2f}"
                rows.append(
                    (
                        Cell(found.value.name),
                        Cell(COST_TITLES[cost]),
                        Cell(each.candidate.name),
                        Cell(short_number(each.candidate.cost), each.candidate.cost),
                        Cell(format_number(sign * each.value, found.value), sign * each.value),
                        Cell("on the front" if each.on_front else "beaten"),
                        Cell(share, each.share),
                    )
                )
    headings = (
        "Value",
        "Cost",
        "Arm and size",
        "Cost in numbers",
        "Mean",
        "Place",
        "Share of resamples on the front",
    )
    return TextTable("Pareto fronts", headings, tuple(rows), "fronts")


def encoding_table(findings: Findings) -> TextTable:
    """What models cost to encode with, beside the reference."""
    rows = tuple(
        (
            Cell(cost.model),
            Cell(cost.modality),
            Cell(str(cost.batch_size), cost.batch_size),
            Cell(f"{cost.p50_milliseconds:.2f}", cost.p50_milliseconds),
            Cell(f"{cost.p95_milliseconds:.2f}", cost.p95_milliseconds),
            Cell(short_number(cost.items_per_second), cost.items_per_second),
            Cell(f"{cost.times_reference:.2f}", cost.times_reference),
            Cell(short_number(cost.flops_per_item), cost.flops_per_item),
            Cell(f"{cost.index_bytes_per_document:,}", cost.index_bytes_per_document),
        )
        for cost in findings.costs
    )
    headings = (
        "Arm and size", "Medium", "Batch", "p50, ms", "p95, ms", "Items a second", "Time, of the reference's",
        "Operations an item", "Index bytes a document",
    )  # fmt: skip
    return TextTable("Encoding, side by side with the reference", headings, rows, "encoding")


@dataclass(frozen=True)
class _Trained:
    """What trainings of one arm and size took, in the mean over seeds."""

    name: str
    records: tuple[CellRecord, ...]

    def mean(self, numbers: Iterator[float | None]) -> float | None:
        given = [number for number in numbers if number is not None]
        return statistics.mean(given) if given else None

    @property
    def flops(self) -> float | None:
        return self.mean(r.training.flops if r.training else None for r in self.records)


def compute_table(answer: AnswerConfig, records: Sequence[CellRecord], reference: str) -> TextTable:
    """What trainings took, in the mean over seeds, and as a multiple of the reference's.

    Args:
        answer: How cells are read.
        records: The cells.
        reference: Arm and size that others are compared with.

    Returns:
        The table.
    """
    by_name: dict[str, list[CellRecord]] = {}
    for record in records:
        if record.finished:
            for point in record.points:
                by_name.setdefault(arm_name(answer, point), []).append(record)
    arms = [_Trained(name, tuple(each)) for name, each in by_name.items()]
    base = next((each.flops for each in arms if each.name == reference), None)
    headings = (
        "Arm and size", "Parameters", "without embeddings", "Training operations", "of the reference's",
        "Tokens", "Seconds of training", "Peak memory, MiB", "Energy, kJ",
    )  # fmt: skip
    rows = tuple(tuple(_compute_cells(each, base)) for each in arms)
    return TextTable(f"Compute; the reference is {reference}", headings, rows, "compute")


def _compute_cells(arm: _Trained, base: float | None) -> Iterator[Cell]:
    records = arm.records
    yield Cell(arm.name)
    yield _number(arm.mean(r.parameters.total if r.parameters else None for r in records))
    yield _number(arm.mean(r.parameters.without_embeddings if r.parameters else None for r in records))
    yield _number(arm.flops)
    ratio = arm.flops / base if arm.flops and base else None
    yield Cell(MISSING if ratio is None else f"{ratio:.2f}", ratio)
    yield _number(arm.mean(r.training.tokens if r.training else None for r in records))
    seconds = arm.mean(r.seconds.train for r in records)
    yield Cell(MISSING if seconds is None else f"{seconds:.1f}", seconds)
    peak = arm.mean(r.metered.peak_memory_bytes / _MEGA if r.metered else None for r in records)
    yield Cell(MISSING if peak is None else f"{peak:,.0f}", peak)
    energy = arm.mean(_kilojoules(r) for r in records)
    yield Cell(MISSING if energy is None else f"{energy:.2f}", energy)


def _kilojoules(record: CellRecord) -> float | None:
    joules = record.metered.energy_joules if record.metered else None
    return None if joules is None else joules / 1000


def _number(number: float | None) -> Cell:
    return Cell(MISSING) if number is None else Cell(short_number(number), number)


def cells_table(records: Sequence[CellRecord]) -> TextTable:
    """Every cell, how long it took, what became of it, and the command that repeats it."""
    rows = []
    for record in records:
        labels = "; ".join(", ".join(point.values()) for point in record.points)
        state = "finished"
        if record.error is not None:
            first, *_ = record.error.message.split("\n")
            state = f"failed: {record.error.type}: {first}"
        seconds = record.seconds.total
        rows.append(
            (
                Cell(record.id),
                Cell(labels),
                Cell(str(record.seed), record.seed),
                Cell(f"{seconds:.1f}", seconds),
                Cell(f"{record.seconds.overhead:.0%}", record.seconds.overhead),
                Cell(state),
                Cell(record.command),
            )
        )
    headings = ("Cell", "What", "Seed", "Seconds", "outside training and encoding", "State", "Command")
    return TextTable("Cells", headings, tuple(rows), "cells")
