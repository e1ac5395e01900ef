"""What a report shows of perturbed queries: curves over strength, and the same as tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from isoglot.evaluation.curves import (
    PERTURBATION,
    Curve,
    build_curves,
    mean_curves,
    perturbation_title,
    shown_measure,
)
from isoglot.evaluation.placement import SETTINGS
from isoglot.evaluation.results import Results
from isoglot.report.blocks import Block
from isoglot.report.curve_pictures import CurveChart, curve_chart
from isoglot.report.tables import MISSING, Cell, TextTable
from isoglot.report.values import TITLES, direction_title, format_p, format_value, measure_title

_NOTE = (
    "{measure}, {setting}. Bold: the mean of the languages, with its 95 % interval; thin: each language "
    "of the query. Strength 0 is the collection as it is. Retained: the value as a share of that at strength "
    "0. Changed: the share of all queries, or documents, that were changed at the largest strength; a "
    "perturbation changes only what it can, so some languages may stay as they are. p: of the difference to "
    "strength 0, by a paired randomisation test."
)


def robustness_block(results: Results) -> Block:
    """Curves of every perturbation in the main measure, in the pool of all languages where that was measured.

    Args:
        results: Results on one corpus and split, with perturbed ones among them.

    Returns:
        The block; empty where nothing was perturbed.
    """
    title = "Perturbed queries"
    measure, setting = _shown(results)
    if not setting:
        return Block(title)
    curves = build_curves(results, measure, setting)
    models = tuple(dict.fromkeys(curve.model for curve in curves))
    return Block(
        title,
        _NOTE.format(measure=measure_title(measure), setting=TITLES[setting].lower()),
        tables=(retained_table(results, measure),),
        curves=tuple(_charts(results, curves, models)),
        folded=(strengths_table(results, measure), languages_table(curves)),
        models=models,
    )


def strengths_table(results: Results, measure: str | None = None) -> TextTable:
    """Macro averages: a line for each perturbation and strength, a column for each setting.

    Args:
        results: Results with perturbed ones among them.
        measure: What to show; None takes `shown_measure`.

    Returns:
        The table; what is retained, and p, are of the last setting that there is.
    """
    measure = shown_measure(results) if measure is None else measure
    found = {name: mean_curves(build_curves(results, measure, name)) for name in SETTINGS}
    shown = {name: curves for name, curves in found.items() if curves}
    last = next(reversed(shown), "")
    several = _has_several_directions(curve for curves in shown.values() for curve in curves)
    cells: dict[tuple[str, ...], dict[str, Cell]] = {}
    for setting, curves in shown.items():
        for curve in curves:
            for point in curve.points[1:]:
                row = cells.setdefault((*_place(curve, several), f"{point.strength:g}"), {})
                row["clean" + setting] = _value(curve.points[0].value, measure)
                row[setting] = _value(point.value, measure)
                row["changed"] = _share(point.changed)
                if setting == last:
                    row["retained"] = _share(point.retained)
                    p_value = point.adjusted_p
                    row["p"] = Cell(MISSING) if p_value is None else Cell(format_p(p_value), p_value)
    names = ["changed", *shown, "clean" + last, "retained", "p"]
    return TextTable(
        f"{measure_title(measure)} of perturbed queries",
        (
            *_headings(several),
            "Strength",
            "Changed",
            *(TITLES[setting] for setting in shown),
            "Unperturbed",
            "Retained",
            "p",
        ),
        tuple(
            (*map(Cell, key), *(row.get(column, Cell(MISSING)) for column in names))
            for key, row in cells.items()
        ),
        "perturbed",
    )


def retained_table(results: Results, measure: str | None = None) -> TextTable:
    """What is left of macro averages: a line for each perturbation, a column for each strength.

    Args:
        results: Results with perturbed ones among them.
        measure: What to show; None takes `shown_measure`.

    Returns:
        The table, of the last setting that there is, with the share changed at the largest strength; narrow
        enough for a terminal.
    """
    measure = shown_measure(results) if measure is None else measure
    found = {name: mean_curves(build_curves(results, measure, name)) for name in SETTINGS}
    setting = next((name for name in reversed(SETTINGS) if found[name]), SETTINGS[-1])
    curves = found[setting]
    several = _has_several_directions(curves)
    strengths = sorted({point.strength for curve in curves for point in curve.points[1:]})
    rows = []
    for curve in curves:
        values = {point.strength: point for point in curve.points}
        cells = (_share(values[each].retained) if each in values else Cell(MISSING) for each in strengths)
        clean, changed = _value(curve.points[0].value, measure), _share(curve.points[-1].changed)
        rows.append((*map(Cell, _place(curve, several)), clean, *cells, changed))
    return TextTable(
        f"{measure_title(measure)} retained of perturbed queries, {TITLES[setting].lower()}, by strength",
        (*_headings(several), "Unperturbed", *(f"{each:g}" for each in strengths), "Changed"),
        tuple(rows),
        "perturbed-retained",
    )


def languages_table(curves: Sequence[Curve]) -> TextTable:
    """A line for each perturbation and language of the query, a column for each strength.

    Args:
        curves: Of one measure and setting.

    Returns:
        The table, with what the largest strength retains.
    """
    strengths = sorted({point.strength for curve in curves for point in curve.points})
    several = _has_several_directions(curves)
    rows = []
    for curve in curves:
        values = {point.strength: point for point in curve.points}
        cells = [
            _value(values[each].value, curve.measure) if each in values else Cell(MISSING)
            for each in strengths
        ]
        language = "mean" if curve.query_language == "*" else curve.query_language
        rows.append(
            (*map(Cell, _place(curve, several)), Cell(language), *cells, _share(curve.points[-1].retained))
        )
    measure = measure_title(curves[0].measure) if curves else ""
    headings = (
        *_headings(several),
        "Query language",
        *(f"{each:g}" for each in strengths),
        "Retained at the last",
    )
    return TextTable(
        f"{measure} by strength and language of the query", headings, tuple(rows), "perturbed-by-language"
    )


def _has_several_directions(curves: Iterable[Curve]) -> bool:
    return len({(curve.query_modality, curve.document_modality) for curve in curves}) > 1


def _headings(several: bool) -> tuple[str, ...]:
    return ("Model", "Direction", "Perturbation") if several else ("Model", "Perturbation")


def _place(curve: Curve, several: bool) -> tuple[str, ...]:
    direction = direction_title(curve.query_modality, curve.document_modality)
    return (curve.model, *([direction] if several else []), curve.perturbation)


def _shown(results: Results) -> tuple[str, str]:
    """The measure and the setting that pictures show; empty where nothing was perturbed."""
    measure = shown_measure(results)
    there = (setting for setting in reversed(SETTINGS) if build_curves(results, measure, setting))
    return measure, next(there, "")


def _charts(results: Results, curves: Sequence[Curve], models: Sequence[str]) -> Iterator[CurveChart]:
    meanings = {
        perturbation_title(entry[PERTURBATION]): str(entry[PERTURBATION]["meaning"])
        for entry in results.config
        if entry.get(PERTURBATION)
    }
    several = _has_several_directions(curves)
    keys = dict.fromkeys((c.perturbation, c.query_modality, c.document_modality) for c in curves)
    for name, *media in keys:
        chosen = [
            c for c in curves if (c.perturbation, c.query_modality, c.document_modality) == (name, *media)
        ]
        title = f"{name}, {direction_title(*media)}" if several else name
        yield curve_chart(title, f"Strength: {meanings[name]}.", chosen, models)


def _value(value: float, measure: str) -> Cell:
    return Cell(format_value(value, measure), value)


def _share(share: float | None) -> Cell:
    return Cell(MISSING) if share is None else Cell(f"{100 * share:.0f} %", share)
