"""The pictures of a report, as data for its template: bars with intervals, and heat maps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from isoglot.evaluation.placement import ALL
from isoglot.evaluation.results import Comparison, Result
from isoglot.report.values import (
    format_interval,
    format_signed,
    format_value,
    is_significant,
    language_name,
    verdict,
)

_Row = TypeVar("_Row", Result, Comparison)
DEEP = 0.7
"""Share of a heat map's deepest colour above which text on it is written in the other ink."""
_MANY_COLUMNS = 16
"""Heat maps wider than this are folded but for the first, so that the page can be read past them."""


@dataclass(frozen=True)
class Bar:
    """One bar, in percent of the width of its picture.

    Attributes:
        series: Number of the model, for the colour.
        text: The value as shown.
        start: Where the bar begins.
        width: Length of the bar.
        low: Lower bound of the interval; None if there is none.
        high: Upper bound.
        note: What a pointer resting on the bar is told.
    """

    series: int
    text: str
    start: float
    width: float
    low: float | None
    high: float | None
    note: str


@dataclass(frozen=True)
class BarGroup:
    """The bars of one language, one for each model or pair of models."""

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
        zero: Where 0 is, in percent of the width.
        ends: What a bar to the left and to the right says; None if all bars go to the right.
    """

    title: str
    note: str
    groups: tuple[BarGroup, ...]
    zero: float = 0.0
    ends: tuple[str, str] | None = None

    @property
    def num_bars(self) -> int:
        """How many bars there are."""
        return sum(len(group.bars) for group in self.groups)


@dataclass(frozen=True)
class HeatCell:
    """One cell of a heat map.

    Attributes:
        text: The value as shown; empty if there is none.
        share: Depth of the colour, from 0 to 1.
        own: Whether both languages are the same.
        note: The value in full, with its interval, for a pointer or a finger on the cell.
        below: Whether the value is below 0, in the colour for that.
    """

    text: str
    share: float
    own: bool
    note: str
    below: bool = False

    @property
    def classes(self) -> str:
        """What the style of the page knows the cell by."""
        known = {"own": self.own, "deep": self.share > DEEP, "below": self.below}
        return " ".join(name for name, holds in known.items() if holds)


@dataclass(frozen=True)
class HeatMap:
    """A row for each language of the query, a column for each of the document.

    Attributes:
        title: Whose values these are.
        columns: Tags.
        rows: Tag and cells of each.
        names: Tag -> English name.
        folded: Whether to show it only when asked for.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[HeatCell, ...]], ...]
    names: dict[str, str]
    folded: bool = False


@dataclass(frozen=True)
class _Scale:
    """Where values lie between the left edge of a picture and the right."""

    bottom: float
    top: float

    def percent(self, value: float | None) -> float | None:
        return None if value is None else self.place(value)

    def place(self, value: float) -> float:
        share = (value - self.bottom) / (self.top - self.bottom)
        return round(100 * min(max(share, 0), 1), 2)


def bar_chart(
    title: str,
    note: str,
    records: Iterable[Result],
    models: Sequence[str],
    *,
    ceiling: float | None = None,
    ends: tuple[str, str] | None = None,
) -> BarChart | None:
    """Bars by language of the query.

    Args:
        title: What is shown.
        note: How to read it.
        records: Values of one measure by language; means over languages are skipped.
        models: Models in the order of their colours.
        ceiling: Value of a bar as wide as the picture; None takes the largest.
        ends: What a bar to the left and to the right of 0 says, of a measure that has both.

    Returns:
        The picture; None if there is no value.
    """
    number = {model: index for index, model in enumerate(models)}
    found = [r for r in records if r.query_language != ALL and not math.isnan(r.value) and r.model in number]
    if not found:
        return None
    scale = _scale(found, ceiling, both_sides=ends is not None)
    by_language: dict[str, dict[int, Bar]] = {}
    for record in found:
        bars = by_language.setdefault(record.query_language, {})
        bars[number[record.model]] = _bar(record, number[record.model], scale, record.model)
    return BarChart(title, note, _groups(by_language), scale.place(0), ends)


def difference_chart(title: str, note: str, rows: Iterable[Comparison]) -> BarChart | None:
    """Differences between two models by language of the query, to either side of 0.

    Args:
        title: What is shown.
        note: How to read it.
        rows: Comparisons of one model with one other in one measure; means over languages are skipped.

    Returns:
        The picture, with the verdict beside each value; None if there is no difference to show.
    """
    found = [row for row in rows if row.query_language != ALL and not math.isnan(row.value)]
    if not found:
        return None
    scale = _scale(found, None, both_sides=True)
    by_language = {row.query_language: {0: _difference_bar(row, scale)} for row in found}
    return BarChart(title, note, _groups(by_language), scale.place(0), ("lower", "higher"))


def _scale(rows: Sequence[Result | Comparison], ceiling: float | None, *, both_sides: bool) -> _Scale:
    edges = [edge for row in rows for edge in (row.value, row.low, row.high) if edge is not None]
    if both_sides:
        reach = max(map(abs, edges)) or 1.0
        return _Scale(-reach, reach)
    return _Scale(min(0.0, *edges), ceiling or max(*edges, 0.0) or 1.0)


def _groups(by_language: dict[str, dict[int, Bar]]) -> tuple[BarGroup, ...]:
    return tuple(
        BarGroup(tag, language_name(tag), tuple(bars[number] for number in sorted(bars)))
        for tag, bars in sorted(by_language.items())
    )


def _bar(record: Result | Comparison, series: int, scale: _Scale, whose: str) -> Bar:
    signed = scale.bottom == -scale.top
    text = (format_signed if signed else format_value)(record.value, record.measure)
    interval = format_interval(record)
    note = f"{whose}, {record.query_language}: {text}"
    note += f" (95 % interval {interval})" if interval else ""
    note += f", {record.num_queries:,} queries"
    ends = sorted((scale.place(0), scale.place(record.value)))
    low, high = scale.percent(record.low), scale.percent(record.high)
    return Bar(series, text, ends[0], round(ends[1] - ends[0], 2), low, high, note)


def _difference_bar(row: Comparison, scale: _Scale) -> Bar:
    bar = _bar(row, 0, scale, f"{row.model} minus {row.baseline}")
    found = verdict(row)
    text, note = f"{bar.text} {found}" if is_significant(row) else bar.text, f"{bar.note}: {found}"
    return Bar(0 if is_significant(row) else 7, text, bar.start, bar.width, bar.low, bar.high, note)


def heat_maps(
    records: Iterable[Result], models: Sequence[str], *, least_top: float = 0.25
) -> tuple[HeatMap, ...]:
    """A heat map of each model's values by pair of languages, all with the same colours.

    Args:
        records: Values of one measure, by language of query and document; means over languages are skipped.
        models: Models, in order.
        least_top: Value of the deepest colour at the least, so that noise around 0 does not glow.

    Returns:
        The pictures; none for a model without pairs.
    """
    pairs = _pairs(records)
    top = max([least_top, *(record.value for record in pairs if not math.isnan(record.value))])
    found: list[HeatMap] = []
    for model in models:
        cells = {
            (r.query_language, r.document_language): _heat_cell(r, top) for r in pairs if r.model == model
        }
        if cells:
            found.append(_heat_map(model, cells, folded=bool(found)))
    return tuple(found)


def difference_maps(rows: Iterable[Comparison]) -> tuple[HeatMap, ...]:
    """A heat map of each two models' differences by pair of languages, with a star where they are real.

    Args:
        rows: Comparisons in one measure, by language of query and document; means over languages are skipped.

    Returns:
        The pictures, all with the same colours.
    """
    pairs = _pairs(rows)
    reach = max([0.05, *(abs(row.value) for row in pairs if not math.isnan(row.value))])
    found: list[HeatMap] = []
    for model, baseline in dict.fromkeys((row.model, row.baseline) for row in pairs):
        of_two = (row for row in pairs if (row.model, row.baseline) == (model, baseline))
        cells = {(r.query_language, r.document_language): _difference_cell(r, reach) for r in of_two}
        found.append(_heat_map(f"{model} minus {baseline}", cells, folded=bool(found)))
    return tuple(found)


def _pairs(records: Iterable[_Row]) -> list[_Row]:
    return [r for r in records if ALL not in (r.query_language, r.document_language)]


def _heat_map(title: str, cells: dict[tuple[str, str], HeatCell], *, folded: bool) -> HeatMap:
    columns = tuple(sorted({document for _, document in cells}))
    rows = tuple(
        (query, tuple(cells.get((query, document), _no_cell(query, document)) for document in columns))
        for query in sorted({query for query, _ in cells})
    )
    names = {tag: language_name(tag) for pair in cells for tag in pair}
    return HeatMap(title, columns, rows, names, folded and len(columns) > _MANY_COLUMNS)


def _no_cell(query: str, document: str) -> HeatCell:
    return HeatCell("", 0.0, query == document, "")


def _heat_cell(record: Result, top: float) -> HeatCell:
    own = record.query_language == record.document_language
    if math.isnan(record.value):
        return _no_cell(record.query_language, record.document_language)
    share = round(min(max(record.value / top, 0.0), 1.0), 2)
    return HeatCell(_short(record.value), share, own, _in_full(format_value(record.value, ""), record))


def _difference_cell(row: Comparison, reach: float) -> HeatCell:
    own = row.query_language == row.document_language
    if math.isnan(row.value):
        return _no_cell(row.query_language, row.document_language)
    star = "*" if is_significant(row) else ""
    note = f"{_in_full(format_signed(row.value, ''), row)}, {verdict(row)}"
    return HeatCell(
        f"{_short(row.value)}{star}", round(abs(row.value) / reach, 2), own, note, below=row.value < 0
    )


def _in_full(text: str, record: Result | Comparison) -> str:
    interval = format_interval(record)
    return f"{text} ({interval})" if interval else text


def _short(value: float) -> str:
    """Two decimals without the leading zero."""
    text = f"{value:.2f}"
    if text in ("1.00", "-1.00"):
        return text[:-1]
    return text.replace("0.", ".", 1) if abs(value) < 1 else text
