"""The building block of a report: a heading, what to know, and tables or pictures."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate

from isoglot.evaluation.examples import Example
from isoglot.report.curve_pictures import CurveChart
from isoglot.report.pictures import BarChart, HeatMap
from isoglot.report.tables import TextTable

_MANY_BARS = 250
"""So many bars are five screens of a phone."""


@dataclass(frozen=True)
class Block:
    """What stands under one heading; whatever is empty is left out.

    Attributes:
        title: The heading.
        note: How to read it.
        tables: Tables to be seen at once.
        terms: What each line of the tables tells, in a sentence.
        charts: Bars.
        curves: Lines over strength.
        maps: Heat maps.
        examples: Model -> its worst queries.
        folded: Tables behind a line that opens them.
        exported: Tables that the page shows as pictures, and only files as tables.
        models: Models in the order of their colours; empty where no colour stands for a model.
    """

    title: str
    note: str = ""
    tables: tuple[TextTable, ...] = ()
    terms: tuple[tuple[str, str], ...] = ()
    charts: tuple[BarChart, ...] = ()
    curves: tuple[CurveChart, ...] = ()
    maps: tuple[HeatMap, ...] = ()
    examples: dict[str, tuple[Example, ...]] = field(default_factory=dict)
    folded: tuple[TextTable, ...] = ()
    exported: tuple[TextTable, ...] = ()
    models: tuple[str, ...] = ()

    @property
    def first_charts(self) -> tuple[BarChart, ...]:
        """The charts to be seen at once: the first, and more as long as one can scroll past them."""
        num_bars = list(accumulate(chart.num_bars for chart in self.charts))
        return self.charts[: max(1, bisect_right(num_bars, _MANY_BARS))]

    @property
    def more_charts(self) -> tuple[BarChart, ...]:
        """The other charts, behind a line that opens them."""
        return self.charts[len(self.first_charts) :]

    def __bool__(self) -> bool:
        tables = (*self.tables, *self.folded)
        return any(table.rows for table in tables) or bool(
            self.charts or self.curves or self.maps or self.examples
        )


def all_tables(blocks: Iterable[Block]) -> Iterator[TextTable]:
    """The tables of blocks that have rows and a name for their files, shown or not."""
    for block in blocks:
        for table in (*block.tables, *block.folded, *block.exported):
            if table.rows and table.name:
                yield table
