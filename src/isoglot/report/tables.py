"""Tables for a terminal, a notebook and a README: rows of text, the best value of a column marked."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from isoglot.evaluation.results import LOWER_IS_BETTER, Result, Results
from isoglot.evaluation.settings import ALL, SETTINGS

if TYPE_CHECKING:
    from rich.table import Table

TITLES = {
    "monolingual": "Monolingual",
    "cross_lingual": "Cross-lingual",
    "multilingual": "Multilingual",
    "rank_distance": "Rank distance",
    "worst_rank": "Worst rank",
    "diagonal_excess": "Diagonal excess",
}
_MISSING = "–"


@dataclass(frozen=True)
class Cell:
    """One entry of a table.

    Attributes:
        text: What is shown.
        value: The number behind it, to sort by; None for words.
        best: Whether it is the best of its column.
    """

    text: str
    value: float | None = None
    best: bool = False


@dataclass(frozen=True)
class TextTable:
    """A table that prints itself in a terminal and in a notebook.

    Attributes:
        title: What it shows.
        columns: Headings.
        rows: Entries, row by row.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def markdown(self) -> str:
        """The table in Markdown, the best values in bold; without the title."""
        shown = [[_escape(heading) for heading in self.columns]]
        shown.append(["---" if _is_words(self.rows, i) else "---:" for i in range(len(self.columns))])
        shown += [
            [f"**{_escape(cell.text)}**" if cell.best else _escape(cell.text) for cell in row]
            for row in self.rows
        ]
        return "\n".join(f"| {' | '.join(cells)} |" for cells in shown)

    def __rich__(self) -> Table:
        """The table as rich draws it."""
        from rich import box
        from rich.table import Table
        from rich.text import Text

        # Few lines and little padding: settings and bias fit the 80 columns of a plain terminal.
        table = Table(title=self.title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for number, heading in enumerate(self.columns):
            words = _is_words(self.rows, number)
            justify: Literal["left", "right"] = "left" if words else "right"
            table.add_column("\n".join(heading.split()), justify=justify, overflow="fold")
        for row in self.rows:
            table.add_row(*(Text(cell.text, style="bold green" if cell.best else "") for cell in row))
        return table

    def __repr__(self) -> str:
        """The table as plain text."""
        from rich.console import Console

        console = Console(file=io.StringIO(), width=120, color_system=None)
        with console.capture() as capture:
            console.print(self)
        return capture.get().rstrip("\n")

    def _repr_markdown_(self) -> str:
        return self.markdown()


def settings_table(results: Results, measure: str = "AP") -> TextTable:
    """Macro averages of the three settings and the bias, a line per model and corpus.

    Args:
        results: The results.
        measure: What to show of the settings.

    Returns:
        The table. The best of several models on a corpus is marked.
    """
    columns = [(setting, measure) for setting in SETTINGS]
    columns += [("multilingual", name) for name in ("rank_distance", "diagonal_excess")]
    several = len(results.corpora) > 1
    rows = []
    for corpus, split in dict.fromkeys((record.corpus, record.split) for record in results.records):
        found = [
            [macro_value(results, model, corpus, split, *column) for column in columns]
            for model in results.models
        ]
        best = [
            _best(values, name) for values, (_, name) in zip(zip(*found, strict=True), columns, strict=True)
        ]
        for model, values in zip(results.models, found, strict=True):
            if any(value is not None for value in values):
                cells = (
                    number_cell(value, name, best=value is not None and value == winner)
                    for value, (_, name), winner in zip(values, columns, best, strict=True)
                )
                rows.append((Cell(model), *([Cell(f"{corpus}/{split}")] if several else []), *cells))
    headings = ["Model", *(["Corpus"] if several else [])]
    headings += [f"{TITLES[setting]} {measure}" for setting in SETTINGS]
    return TextTable(
        f"{measure} by setting, and language bias (lower is fairer)",
        (*headings, "Rank distance", "Diagonal excess"),
        tuple(rows),
    )


def bias_table(results: Results) -> TextTable:
    """Language bias by language of the query.

    Args:
        results: The results.

    Returns:
        The table: rank distance, what chance would give, worst rank, and pooled AP.
    """
    names = ("rank_distance", "random_rank_distance", "worst_rank", "AP")
    rows = []
    for model, corpus, split in dict.fromkeys((r.model, r.corpus, r.split) for r in results.records):
        of_all = results.select(
            model=model, corpus=corpus, split=split, setting="multilingual", document_language=ALL
        )
        values = {(record.query_language, record.measure): record.value for record in of_all}
        languages = dict.fromkeys(record.query_language for record in of_all if record.query_language != ALL)
        for language in (*languages, ALL):
            numbers = (number_cell(values.get((language, name)), name) for name in names)
            rows.append((Cell(model), Cell(corpus), Cell("all" if language == ALL else language), *numbers))
    return TextTable(
        "Language bias in the pooled collection",
        ("Model", "Corpus", "Query language", "Rank distance", "By chance", "Worst rank", "Multilingual AP"),
        tuple(rows),
    )


def macro_value(
    results: Results, model: str, corpus: str, split: str, setting: str, measure: str
) -> float | None:
    """The macro average of a measure in a setting; None if there is none."""
    found = macro_record(results, model, corpus, split, setting, measure)
    return None if found is None else found.value


def macro_record(
    results: Results, model: str, corpus: str, split: str, setting: str, measure: str
) -> Result | None:
    """The record of a macro average; None if there is none."""
    found = results.select(
        model=model,
        corpus=corpus,
        split=split,
        setting=setting,
        measure=measure,
        query_language=ALL,
        document_language=ALL,
    )
    return found[0] if found else None


def number_cell(value: float | None, measure: str, *, best: bool = False) -> Cell:
    """A value as it is shown: ranks with thousands separated, everything else with three decimals."""
    if value is None:
        return Cell(_MISSING)
    return Cell(format_value(value, measure), value, best)


def format_value(value: float, measure: str) -> str:
    """A value in words: ranks to the unit above 100, to a tenth below; everything else to a thousandth."""
    if not measure.endswith(("rank_distance", "worst_rank")):
        return f"{value:.3f}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _best(values: Iterable[float | None], measure: str) -> float | None:
    """The best of several values; None if there is nothing to compare."""
    present = [value for value in values if value is not None]
    if len(present) < 2:
        return None
    if measure == "diagonal_excess":
        return min(present, key=abs)
    return min(present) if measure in LOWER_IS_BETTER else max(present)


def _is_words(rows: Sequence[Sequence[Cell]], column: int) -> bool:
    return all(row[column].value is None and row[column].text != _MISSING for row in rows)


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")
