"""Values by language of the query, and by pair of languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from isoglot.evaluation.placement import ALL, SETTINGS, Setting
from isoglot.evaluation.results import Result
from isoglot.report.blocks import Block
from isoglot.report.parts import Part
from isoglot.report.pictures import bar_chart
from isoglot.report.tables import Cell, TextTable, interval_cell, value_cell
from isoglot.report.values import TITLES, measure_title


def languages_block(part: Part, title: str, notes: Mapping[str, str]) -> Block:
    """Bars by language of the query, a picture for each setting, and the same as a table.

    Args:
        part: The part.
        title: The heading.
        notes: Setting -> how to read its picture.

    Returns:
        The block; empty where there is no language.
    """
    measure = part.main_measure
    of_setting = {
        setting: [r for r in part.of(setting, measure) if is_of_query_language(r)] for setting in SETTINGS
    }
    charts = (
        bar_chart(
            f"{TITLES[setting]} {measure_title(measure)}",
            notes[setting],
            records,
            part.models,
            ceiling=1.0,
        )
        for setting, records in of_setting.items()
    )
    return Block(
        title,
        charts=tuple(chart for chart in charts if chart),
        folded=(languages_table(part, of_setting),),
        models=part.models,
    )


def is_of_query_language(record: Result) -> bool:
    """Whether a record is of one language of the query, over all that its setting has it search."""
    if record.query_language == ALL:
        return False
    own = record.setting == "monolingual" and record.document_language == record.query_language
    return own or record.document_language == ALL


def languages_table(part: Part, of_setting: Mapping[Setting, list[Result]]) -> TextTable:
    """A line for each model and language of the query, a column for each setting.

    Args:
        part: The part.
        of_setting: Setting -> records of one measure, by language of the query.

    Returns:
        The table; empty where there is no language.
    """
    shown = {setting: records for setting, records in of_setting.items() if records}
    values = {
        (record.model, record.query_language, setting): record
        for setting, records in shown.items()
        for record in records
    }
    keys = dict.fromkeys((model, language) for model, language, _ in values)
    rows = tuple(
        (
            Cell(model),
            Cell(language),
            *(interval_cell(values.get((model, language, setting))) for setting in shown),
        )
        for model, language in sorted(keys, key=lambda key: (part.models.index(key[0]), key[1]))
    )
    measure = measure_title(part.main_measure)
    headings = (f"{TITLES[setting]} {measure}" for setting in shown)
    title = f"{measure} by language of the query"
    return TextTable(title, ("Model", "Query language", *headings), rows, "languages")


def matrix_table(title: str, records: Iterable[Result], models: Sequence[str], name: str) -> TextTable:
    """The numbers of heat maps: a line for each model and language of the query.

    Args:
        title: What the maps show.
        records: Values of one measure by pair of languages; means over languages are skipped.
        models: Models, in order.
        name: Name of the table's file.

    Returns:
        The table, a column for each language of the document.
    """
    found = {(r.model, r.query_language, r.document_language): r for r in records}
    found = {key: record for key, record in found.items() if ALL not in key[1:]}
    columns = sorted({document for _, _, document in found})
    queries = sorted({query for _, query, _ in found})
    present = {(model, query) for model, query, _ in found}
    rows = tuple(
        (
            Cell(model),
            Cell(query),
            *(value_cell(found.get((model, query, document))) for document in columns),
        )
        for model in models
        for query in queries
        if (model, query) in present
    )
    return TextTable(title, ("Model", "Query language", *columns), rows, name)
