"""Differences between models, and whether they are more than luck."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from isoglot.evaluation.placement import ALL, SETTINGS
from isoglot.evaluation.results import Comparison
from isoglot.report.blocks import Block
from isoglot.report.parts import Part
from isoglot.report.pictures import BarChart, difference_chart, difference_maps
from isoglot.report.tables import Cell, TextTable, language_cell
from isoglot.report.values import (
    SIGNIFICANCE,
    TITLES,
    format_interval,
    format_p,
    format_signed,
    measure_title,
    verdict,
)

_NOTE = (
    "Difference: the model minus the baseline, with its 95 % interval. p: how often chance alone makes a "
    "difference as large; adjusted for all languages and pairs tested together. A difference is called "
    f"better or worse only if its adjusted p is below {SIGNIFICANCE}."
)
_HEADINGS = ("Setting", "Model", "Baseline", "Measure")
_NUMBERS = ("Difference", "95 % interval", "p", "Adjusted p", "Verdict")


def comparison_blocks(part: Part) -> Iterator[Block]:
    """Differences of macro averages, and by language and pair of languages; nothing without comparisons.

    Args:
        part: The part.

    Yields:
        What goes under each heading.
    """
    rows = sorted(part.comparisons, key=lambda row: (row.model, row.baseline, _place(row)))
    macro = [row for row in rows if row.query_language == row.document_language == ALL]
    shown = [row for row in macro if row.measure == part.main_measure] or macro
    if macro:
        yield Block(
            "Is the difference real?",
            _NOTE,
            (comparison_table("Differences between models", shown, "comparisons"),),
            folded=(comparison_table("Differences in every measure", macro, "comparisons-all-measures"),),
        )
    main = [row for row in rows if row.measure == part.main_measure]
    by_language = [row for row in main if is_by_query_language(row)]
    pairs = [row for row in main if not in_matrix(row) and row.setting != "multilingual"]
    maps = difference_maps(pairs)
    if by_language or maps:
        yield Block(
            f"Differences in {measure_title(part.main_measure)} by language",
            "The word behind a value, and the star in a map, mark an adjusted p below "
            f"{SIGNIFICANCE}; elsewhere no difference is shown. Map: a row is the query's language, a column "
            "that of the collection.",
            charts=tuple(_charts(by_language)),
            maps=maps,
            folded=(_languages_table(by_language),),
            exported=(_pairs_table(main),),
        )


def is_by_query_language(row: Comparison) -> bool:
    """Whether a comparison is of one language of the query, over all that its setting has it search."""
    if row.query_language == ALL:
        return False
    own = row.setting == "monolingual" and row.document_language == row.query_language
    return own or row.document_language == ALL


def in_matrix(row: Comparison) -> bool:
    """Whether a comparison is of a cell of the language matrix."""
    return row.setting == "multilingual" and row.document_language != ALL


def comparison_table(title: str, rows: Iterable[Comparison], name: str) -> TextTable:
    """Differences of macro averages.

    Args:
        title: What it shows.
        rows: The comparisons.
        name: Name of the table's file.

    Returns:
        The table, a line each.
    """
    return TextTable(
        title,
        (*_HEADINGS, *_NUMBERS),
        tuple((*_names(row), *_numbers(row)) for row in rows),
        name,
    )


def _languages_table(rows: Iterable[Comparison]) -> TextTable:
    return TextTable(
        "Differences between models by language of the query",
        (*_HEADINGS, "Query language", *_NUMBERS),
        tuple((*_names(row), Cell(row.query_language), *_numbers(row)) for row in rows),
        "comparisons-by-language",
    )


def _pairs_table(rows: Iterable[Comparison]) -> TextTable:
    of_pairs = [row for row in rows if ALL not in (row.query_language, row.document_language)]
    return TextTable(
        "Differences between models by pair of languages",
        (*_HEADINGS, "Query language", "Document language", *_NUMBERS),
        tuple(
            (
                *_names(row),
                Cell(language_cell(row.query_language)),
                Cell(language_cell(row.document_language)),
                *_numbers(row),
            )
            for row in of_pairs
        ),
        "comparisons-by-pair",
    )


def _names(row: Comparison) -> tuple[Cell, ...]:
    setting = TITLES.get(row.setting, row.setting)
    return Cell(setting), Cell(row.model), Cell(row.baseline), Cell(measure_title(row.measure))


def _numbers(row: Comparison) -> tuple[Cell, ...]:
    text = format_signed(row.value, row.measure)
    difference = Cell(text, row.value, low=row.low, high=row.high)
    p_values = (Cell(format_p(p), p) for p in (row.p_value, row.adjusted_p_value))
    return difference, Cell(format_interval(row)), *p_values, Cell(verdict(row))


def _charts(rows: Iterable[Comparison]) -> Iterator[BarChart]:
    found: dict[tuple[str, str, str], list[Comparison]] = {}
    for row in rows:
        found.setdefault((row.model, row.baseline, row.setting), []).append(row)
    for (model, baseline, setting), of_two in found.items():
        chart = difference_chart(f"{TITLES.get(setting, setting)}: {model} minus {baseline}", "", of_two)
        if chart:
            yield chart


def _place(row: Comparison) -> tuple[int, str, str]:
    names: tuple[str, ...] = SETTINGS
    number = names.index(row.setting) if row.setting in names else len(names)
    return number, row.query_language, row.document_language
