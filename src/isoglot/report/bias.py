"""Whom a search favours: every measure of language bias, what it tells, and pictures by language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from isoglot.evaluation.bias import meaning
from isoglot.evaluation.placement import ALL
from isoglot.evaluation.results import Results
from isoglot.report.blocks import Block
from isoglot.report.parts import Part, build_parts
from isoglot.report.pictures import BarChart, bar_chart
from isoglot.report.tables import Cell, Places, TextTable, bias_of_part, interval_cell, mark_best
from isoglot.report.values import aim, base_name, bias_order, is_bias, is_rank, is_signed, measure_title

_BIAS_NOTES = {
    "rank_distance": "Ranks from the best to the worst placed translation of the answer; shorter is fairer.",
}
_PICTURED = frozenset(
    {
        "rank_distance", "same_language_preference", "english_preference", "language_preference_rate",
        "PEER", "MRC",
    }
)  # fmt: skip
"""Measures of bias with a picture by language; the others have a column in the table below."""
_AIM_WORDS = {"higher": "higher is better", "lower": "lower is fairer", "zero": "0 is fair", "none": ""}


def bias_blocks(part: Part) -> Iterator[Block]:
    """Language bias of a pooled collection.

    Args:
        part: The part.

    Yields:
        Macro averages with what they tell, and values by language; empty without a pooled collection.
    """
    whole = measures_of_parts([part])
    yield Block(
        "Whom the search favours",
        "Macro averages in the pool of all languages, with the half width of the 95 % interval.",
        # The sentences stand below the numbers: beside them they would push them off a phone.
        tables=(TextTable(whole.title, whole.columns[:-1], tuple(row[:-1] for row in whole.rows)),),
        terms=tuple((row[0].text, row[-1].text) for row in whole.rows if row[-1].text),
        exported=(whole,),
    )
    names = _names(part)
    charts = (_chart(part, name) for name in names if base_name(name) in _PICTURED)
    yield Block(
        "Language bias by language of the query",
        charts=tuple(chart for chart in charts if chart),
        folded=(bias_of_part(part),) if names else (),
        models=part.models,
    )


def bias_measures_table(results: Results) -> TextTable:
    """Every measure of language bias, with the sentence on what it tells.

    Args:
        results: The results.

    Returns:
        The table: a line for each measure (of each corpus and direction, if there are several), a column for
        each model with macro averages and their intervals, the best marked.
    """
    return measures_of_parts(build_parts(results))


def measures_of_parts(parts: Sequence[Part]) -> TextTable:
    """The table of every measure of language bias, of parts that searched a pooled collection.

    Args:
        parts: Corpora and directions.

    Returns:
        The table.
    """
    places = Places.of(parts)
    models = tuple(dict.fromkeys(model for part in parts for model in part.models))
    rows: list[tuple[Cell, ...]] = []
    for part in parts:
        for name in _names(part):
            records = [part.macro(model, "multilingual", name) for model in models]
            if any(records):
                marked = mark_best([(interval_cell(record),) for record in records], [("multilingual", name)])
                told = Cell(_AIM_WORDS[aim(name)]), Cell(meaning(name) or "")
                numbers = (row[0] for row in marked)
                rows.append((Cell(measure_title(name)), *places.cells(part), *numbers, *told))
    headings = ("Measure", *places.headings, *models, "Good", "Meaning")
    return TextTable("Language bias", headings, tuple(rows), "bias")


def _names(part: Part) -> list[str]:
    """Measures of bias, in the order in which they are explained."""
    present = dict.fromkeys(record.measure for record in part.records if record.setting == "multilingual")
    return sorted(filter(is_bias, present), key=bias_order)


def _chart(part: Part, name: str) -> BarChart | None:
    records = [r for r in part.of("multilingual", name) if r.document_language == ALL]
    ends = None
    if is_signed(name):
        favoured = "English" if name.startswith("english") else "own language"
        ends = (f"less {favoured}", f"more {favoured}")
    note = _BIAS_NOTES.get(name) or meaning(name) or ""
    ceiling = None if is_rank(name) else 1.0
    return bar_chart(measure_title(name), note, records, part.models, ceiling=ceiling, ends=ends)
