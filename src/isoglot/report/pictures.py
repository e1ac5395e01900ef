"""The pictures of a report, as data for its template: bars with intervals, and heat maps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import langcodes

from isoglot.evaluation.results import Result
from isoglot.evaluation.settings import ALL
from isoglot.report.tables import format_value


@dataclass(frozen=True)
class Bar:
    """One bar, in percent of the width of its picture.

    Attributes:
        series: Number of the model, for the colour.
        text: The value as shown.
        width: Length of the bar.
        low: Lower bound of the interval; None if there is none.
        high: Upper bound.
        note: What a pointer resting on the bar is told.
    """

    series: int
    text: str
    width: float
    low: float | None
    high: float | None
    note: str


@dataclass(frozen=True)
class BarGroup:
    """The bars of one language, one for each model."""

    tag: str
    name: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class BarChart:
    """Bars by language.

    Attributes:
        title: What is shown.
        note: How to read it.
        groups: The bars of each language.
    """

    title: str
    note: str
    groups: tuple[BarGroup, ...]


@dataclass(frozen=True)
class HeatCell:
    """One cell of a heat map.

    Attributes:
        text: The value as shown; empty if there is none.
        share: Depth of the colour, from 0 to 1.
        own: Whether both languages are the same.
        note: What a pointer resting on the cell is told.
    """

    text: str
    share: float
    own: bool
    note: str


@dataclass(frozen=True)
class HeatMap:
    """A row for each language of the query, a column for each of the document."""

    model: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[HeatCell, ...]], ...]


def language_name(tag: str) -> str:
    """The language's English name."""
    return langcodes.Language.get(tag).display_name()


def bar_chart(
    title: str, note: str, records: Iterable[Result], models: Sequence[str], *, ceiling: float | None = None
) -> BarChart | None:
    """Bars by language of the query.

    Args:
        title: What is shown.
        note: How to read it.
        records: Values of one measure by language; means over languages are skipped.
        models: Models in the order of their colours.
        ceiling: Value of a bar as wide as the picture; None takes the largest.

    Returns:
        The picture; None if there is no value.
    """
    by_language: dict[str, dict[str, Result]] = {}
    for record in records:
        if record.query_language != ALL:
            by_language.setdefault(record.query_language, {})[record.model] = record
    if not by_language:
        return None
    every = [record for found in by_language.values() for record in found.values()]
    top = ceiling or max(max(record.value, record.high or 0) for record in every) or 1.0
    groups = tuple(
        BarGroup(
            tag,
            language_name(tag),
            tuple(_bar(found[model], number, top) for number, model in enumerate(models) if model in found),
        )
        for tag, found in sorted(by_language.items())
    )
    return BarChart(title, note, groups)


def _bar(record: Result, series: int, top: float) -> Bar:
    def percent(value: float | None) -> float | None:
        return None if value is None else round(100 * min(max(value / top, 0), 1), 2)

    text = format_value(record.value, record.measure)
    note = f"{record.model}, {record.query_language}: {text}"
    if record.low is not None and record.high is not None:
        bounds = (format_value(bound, record.measure) for bound in (record.low, record.high))
        note += f" (95 % interval {' to '.join(bounds)})"
    note += f", {record.num_queries:,} queries"
    return Bar(series, text, percent(record.value) or 0.0, percent(record.low), percent(record.high), note)


def heat_map(model: str, records: Iterable[Result], top: float) -> HeatMap | None:
    """A heat map of one model's values by pair of languages.

    Args:
        model: The model.
        records: Values, by language of query and document; means over languages are skipped.
        top: Value of the deepest colour, the same in all maps that are to be compared.

    Returns:
        The picture; None if there is no pair.
    """
    pairs = {
        (record.query_language, record.document_language): record
        for record in records
        if record.model == model and ALL not in (record.query_language, record.document_language)
    }
    if not pairs:
        return None
    columns = tuple(sorted({document for _, document in pairs}))
    rows = tuple(
        (query, tuple(_heat_cell(pairs.get((query, document)), query, document, top) for document in columns))
        for query in sorted({query for query, _ in pairs})
    )
    return HeatMap(model, columns, rows)


def _heat_cell(record: Result | None, query: str, document: str, top: float) -> HeatCell:
    if record is None or math.isnan(record.value):
        return HeatCell("", 0.0, query == document, f"no query in {query} with an answer in {document}")
    share = round(min(max(record.value / top, 0.0), 1.0), 3) if top else 0.0
    text = f"{record.value:.2f}".removeprefix("0") if record.value < 0.995 else "1.0"
    names = f"query in {language_name(query)}, answer in {language_name(document)}"
    return HeatCell(text, share, query == document, f"{names}: {record.value:.3f}")
