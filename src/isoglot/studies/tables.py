"""The tables of a study: values, differences, fits, fronts, costs, and the cells with their commands."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace

from isoglot.report.tables import MISSING, Cell, TextTable
from isoglot.report.values import SIGNIFICANCE, format_p
from isoglot.studies.answers import (
    COST_TITLES,
    UNDETERMINED,
    format_number,
    format_ratio_interval,
    x_title,
)
from isoglot.studies.cells import CellRecord
from isoglot.studies.encoding_cost import EncodingCost
from isoglot.studies.equal_accuracy import ComputeRatio
from isoglot.studies.findings import Findings, Refused, ValueFindings, arm_name
from isoglot.studies.plots import short_number
from isoglot.studies.questions import AnswerConfig, ValueConfig
from isoglot.studies.scaling import Estimate, ScalingFit

_MEGA = 1 << 20
_OFTEN = 0.05
"""Share of resamples from which on it is worth a line that an arm is on a front."""


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


def ratios_table(findings: Findings) -> TextTable:
    """The compute that arms need to be as good as the baseline, size by size of it."""
    rows = []
    for found in findings.values:
        for arm, ratios in found.ratios.items():
            for each in () if isinstance(ratios, Refused) else ratios:
                number = each.times if each.bounded else None
                text = MISSING if number is None else f"{number:.3g}"
                rows.append(
                    (
                        Cell(found.value.name),
                        Cell(arm),
                        Cell(each.size),
                        Cell(format_number(each.value, found.value), each.value),
                        Cell(short_number(each.compute), each.compute),
                        Cell(text, number),
                        Cell(format_ratio_interval(each) or MISSING),
                        Cell(_ratio_note(each)),
                    )
                )
    baseline = findings.answer.baseline
    headings = (
        "Value", "Arm", f"As good as {baseline} at", "Mean", "Operations of that", "Times as many",
        "95 % interval", "Note",
    )  # fmt: skip
    return TextTable(f"Training operations to be as good as {baseline}", headings, tuple(rows), "ratios")


def _ratio_note(ratio: ComputeRatio) -> str:
    if ratio.bounded:
        return ""
    if ratio.reached:
        return f"at most {ratio.least:.3g}: its cheapest size is as good"
    return f"not reached with up to {ratio.most:.3g}"


def fits_table(findings: Findings) -> TextTable:
    """Power laws with offset, and where the sizes do not determine one."""
    rows = []
    for found in findings.values:
        for arm, fit in found.fits.items():
            if isinstance(fit, Refused):
                continue
            names = (Cell(found.value.name), Cell(arm))
            if not fit.determined:
                rows.append((*names, *[Cell(MISSING)] * 4, Cell(UNDETERMINED)))
                continue
            test = found.exponents.get(arm)
            tested = None if test is None or isinstance(test, Refused) or not test.determined else test
            p_value = None if tested is None else tested.p_value
            rows.append(
                (
                    *names,
                    *(_estimate(each) for each in (fit.offset, fit.amplitude, fit.exponent)),
                    Cell(MISSING if p_value is None else format_p(p_value), p_value),
                    Cell(_misfit_note(fit)),
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


def _misfit_note(fit: ScalingFit) -> str:
    if fit.misfit_p is None or fit.misfit_p >= SIGNIFICANCE:
        return ""
    return f"the wrong form, p {format_p(fit.misfit_p)}"


def fits_note(findings: Findings) -> str:
    """What is to be known of the power laws, and why some were not fitted, each reason once."""
    fits = [(found.value.name, arm, fit) for found in findings.values for arm, fit in found.fits.items()]
    reasons: dict[str, list[str]] = {}
    for name, arm, fit in fits:
        if isinstance(fit, Refused):
            reasons.setdefault(fit.reason, []).append(f"{name} of {arm}")
    lines = [] if sum(map(len, reasons.values())) == len(fits) else ["Intervals by bootstrap over seeds."]
    for reason, places in reasons.items():
        whose = "None" if len(places) == len(fits) else f"None for {', '.join(places)}"
        lines.append(f"{whose}: {reason}.")
    return " ".join(lines)


def _estimate(each: Estimate) -> Cell:
    if each.low is None or each.high is None:
        return Cell(f"{each.value:.3g}", each.value)
    return Cell(
        f"{each.value:.3g} ({each.low:.3g} to {each.high:.3g})", each.value, low=each.low, high=each.high
    )


def fronts_table(findings: Findings) -> TextTable:
    """Who is on which Pareto front, or nearly."""
    rows = []
    for found in findings.values:
        sign = 1.0 if found.value.higher_is_better else -1.0
        for cost, places in found.fronts.items():
            for each in places:
                if not each.on_front and not (each.share or 0.0) >= _OFTEN:
                    continue
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
    title = f"On the front, or on it in {_OFTEN:.0%} of resamples"
    return TextTable(title, headings, tuple(rows), "fronts")


def encoding_table(findings: Findings) -> TextTable:
    """What models cost to encode with, beside the reference; models of one make share a line."""
    alike: dict[EncodingCost, list[str]] = {}
    for cost in findings.costs:
        alike.setdefault(replace(cost, model=""), []).append(cost.model)
    rows = tuple(
        (
            Cell("; ".join(names)),
            Cell(cost.modality),
            Cell(str(cost.batch_size), cost.batch_size),
            Cell(f"{cost.p50_milliseconds:.2f}", cost.p50_milliseconds),
            Cell(f"{cost.p95_milliseconds:.2f}", cost.p95_milliseconds),
            Cell(short_number(cost.items_per_second), cost.items_per_second),
            Cell(f"{cost.times_reference:.2f}", cost.times_reference),
            Cell(short_number(cost.flops_per_item), cost.flops_per_item),
            Cell(f"{cost.index_bytes_per_document:,}", cost.index_bytes_per_document),
        )
        for cost, names in alike.items()
    )
    headings = (
        "Arm and size", "Medium", "Batch", "p50, ms", "p95, ms", "Items a second", "Time, of the reference's",
        "Operations an item", "Index bytes a document",
    )  # fmt: skip
    return TextTable("Encoding, side by side with the reference", headings, rows, "encoding")


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
    base = by_name.get(reference, [])
    rows = tuple(
        (
            Cell(name),
            *(_beside(_mean_of(read, own), _mean_of(read, base), show) for read, show in _TAKEN.values()),
        )
        for name, own in by_name.items()
    )
    title = f"Mean over seeds, and as a multiple of the reference, {reference}"
    return TextTable(title, ("Arm and size", *_TAKEN), rows, "compute")


def _mean_of(read: Callable[[CellRecord], float | None], records: Sequence[CellRecord]) -> float | None:
    given = [number for record in records if (number := read(record)) is not None]
    return statistics.mean(given) if given else None


def _beside(number: float | None, base: float | None, show: Callable[[float], str]) -> Cell:
    """A number, and how many times that of the reference it is."""
    if number is None:
        return Cell(MISSING)
    return Cell(f"{show(number)} ({number / base:.2f} ×)" if base else show(number), number)


def _of_parameters(name: str) -> Callable[[CellRecord], float | None]:
    return lambda record: None if record.parameters is None else float(getattr(record.parameters, name))


def _of_training(name: str) -> Callable[[CellRecord], float | None]:
    return lambda record: None if record.training is None else getattr(record.training, name)


def _of_meter(name: str, unit: float) -> Callable[[CellRecord], float | None]:
    def read(record: CellRecord) -> float | None:
        number = getattr(record.metered, name, None)
        return None if number is None else number / unit

    return read


_TAKEN: dict[str, tuple[Callable[[CellRecord], float | None], Callable[[float], str]]] = {
    "Parameters": (_of_parameters("total"), short_number),
    "without embeddings": (_of_parameters("without_embeddings"), short_number),
    "Training operations": (_of_training("flops"), short_number),
    "Tokens": (_of_training("tokens"), short_number),
    "Seconds of training": (lambda record: record.seconds.train, "{:.1f}".format),
    "Peak memory, MiB": (_of_meter("peak_memory_bytes", _MEGA), "{:,.0f}".format),
    "Energy, kJ": (_of_meter("energy_joules", 1000), "{:.2f}".format),
}
"""What the table of compute says of a cell, and how it is written."""


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
