"""Tables for a terminal, a notebook, a README, a paper: rows of text, the best value of a column marked."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from isoglot.evaluation.placement import ALL, SETTINGS
from isoglot.evaluation.results import Result, Results
from isoglot.report.formats import to_csv, to_latex, to_markdown
from isoglot.report.parts import Part, build_parts
from isoglot.report.values import (
    TITLES,
    aim,
    bias_order,
    direction_title,
    format_signed,
    format_value,
    is_bias,
    is_rank,
    is_signed,
    measure_title,
)

if TYPE_CHECKING:
    from rich.table import Table

MISSING = "–"
_BIAS = ("rank_distance", "diagonal_excess")
"""What says in one number whom a search favours."""
_USUAL_BIAS = ("rank_distance", "random_rank_distance", "worst_rank", "AP")


@dataclass(frozen=True)
class Cell:
    """One entry of a table.

    Attributes:
        text: What is shown.
        value: The number behind it, to sort by; None for words.
        best: Whether it is the best of its column.
        low: Lower bound of the value's 95 % interval; None if it has none, or it is not shown.
        high: Upper bound.
    """

    text: str
    value: float | None = None
    best: bool = False
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class TextTable:
    """A table that prints itself in a terminal and in a notebook.

    Attributes:
        title: What it shows.
        columns: Headings.
        rows: Entries, row by row.
        name: What its file is called; empty for a table that no report has.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    name: str = ""

    @property
    def words(self) -> tuple[bool, ...]:
        """Which columns hold words and not numbers."""
        return tuple(
            all(row[column].value is None and row[column].text != MISSING for row in self.rows)
            for column in range(len(self.columns))
        )

    def markdown(self) -> str:
        """The table in Markdown, the best values in bold; without the title."""
        return to_markdown(self)

    def csv(self) -> str:
        """The table as CSV: numbers in full, the bounds of intervals in columns of their own."""
        return to_csv(self)

    def latex(self) -> str:
        r"""The table as a LaTeX tabular with booktabs' rules, the best values in bold."""
        return to_latex(self)

    def __rich__(self) -> Table:
        """The table as rich draws it."""
        from rich import box
        from rich.table import Table
        from rich.text import Text

        # Few lines and little padding: settings and bias fit the 80 columns of a plain terminal.
        table = Table(title=self.title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for heading, is_words in zip(self.columns, self.words, strict=True):
            justify: Literal["left", "right"] = "left" if is_words else "right"
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
    """Macro averages of the three settings and the bias, a line per model, corpus and direction.

    Args:
        results: The results.
        measure: What to show of the settings.

    Returns:
        The table. The best of several models on a corpus is marked.
    """
    return settings_of_parts(build_parts(results), measure)


def settings_of_parts(
    parts: Sequence[Part], measure: str = "AP", *, whole: bool = True, corpus: bool = False
) -> TextTable:
    """The table of settings, of parts that have the measure.

    Args:
        parts: Corpora and directions.
        measure: What to show of the settings.
        whole: Whether to show all settings, even one that nothing was measured in.
        corpus: Whether to name the corpus though there is but one.

    Returns:
        The table; corpus and direction are columns of it where there are several.
    """
    settings = [name for name in SETTINGS if whole or any(part.of(name, measure) for part in parts)]
    of_bias = [name for name in _BIAS if any(part.of("multilingual", name) for part in parts)]
    columns = [(setting, measure) for setting in settings]
    columns += [("multilingual", name) for name in of_bias]
    places = Places.of(parts, corpus=corpus)
    rows: list[tuple[Cell, ...]] = []
    for part in parts:
        found = {model: [part.macro(model, *column) for column in columns] for model in part.models}
        kept = {model: row for model, row in found.items() if any(row)}
        numbers = mark_best([[value_cell(record) for record in row] for row in kept.values()], columns)
        rows += [(Cell(model), *places.cells(part), *row) for model, row in zip(kept, numbers, strict=True)]
    name = measure_title(measure)
    headings = (f"{TITLES[setting]} {name}" for setting in settings)
    return TextTable(
        f"{name} by setting" + (", and language bias (lower is fairer)" if of_bias else ""),
        ("Model", *places.headings, *headings, *map(measure_title, of_bias)),
        tuple(rows),
        "settings",
    )


@dataclass(frozen=True)
class Places:
    """Which columns tell parts apart.

    Attributes:
        corpus: Whether there is one for the corpus.
        direction: Whether there is one for the direction between media.
    """

    corpus: bool
    direction: bool

    @classmethod
    def of(cls, parts: Sequence[Part], *, corpus: bool = False) -> Places:
        """Those that are needed; `corpus` wants the first in any case."""
        corpora = {(part.corpus, part.split) for part in parts}
        directions = {(part.query_modality, part.document_modality) for part in parts}
        return cls(corpus or len(corpora) > 1, len(directions) > 1)

    @property
    def headings(self) -> tuple[str, ...]:
        """The headings of these columns."""
        return (*(["Corpus"] if self.corpus else []), *(["Direction"] if self.direction else []))

    def cells(self, part: Part, *, split: bool = True) -> tuple[Cell, ...]:
        """What a part has in these columns; `split` names the split behind the corpus."""
        corpus = f"{part.corpus}/{part.split}" if split else part.corpus
        direction = direction_title(part.query_modality, part.document_modality)
        return (
            *([Cell(corpus)] if self.corpus else []),
            *([Cell(direction)] if self.direction else []),
        )


def bias_table(results: Results) -> TextTable:
    """Language bias by language of the query.

    Args:
        results: The results.

    Returns:
        The table: rank distance, what chance would give, worst rank, pooled AP, and preferences where the
        results have them.
    """
    parts = build_parts(results)
    present = _pooled_measures(parts)
    preferences = (name for name in present if is_signed(name) and name not in _BIAS)
    return bias_by_language(parts, (*_USUAL_BIAS, *preferences), corpus=True)


def bias_of_part(part: Part) -> TextTable:
    """Every measure of language bias by language of the query, of one part.

    Args:
        part: Of a corpus that has a pooled collection.

    Returns:
        The table; without rows if the part has no such measure.
    """
    present = _pooled_measures([part])
    first = [name for name in _USUAL_BIAS if name in present]
    others = {name for name in present if is_bias(name)} - {*first, "diagonal_excess"}
    return bias_by_language([part], (*first, *sorted(others, key=bias_order)))


def bias_by_language(parts: Sequence[Part], measures: Sequence[str], *, corpus: bool = False) -> TextTable:
    """Values in the pooled collection by language of the query.

    Args:
        parts: Corpora and directions.
        measures: What to show.
        corpus: Whether to name the corpus though there is but one.

    Returns:
        The table, with a line for the macro average after the languages of each model.
    """
    places = Places.of(parts, corpus=corpus)
    rows: list[tuple[Cell, ...]] = []
    for part in parts:
        for model, values in _pooled(part, measures).items():
            languages = dict.fromkeys(language for language, _ in values if language != ALL)
            for language in (*languages, ALL):
                numbers = (value_cell(values.get((language, name))) for name in measures)
                where = places.cells(part, split=False)
                rows.append((Cell(model), *where, Cell(language_cell(language)), *numbers))
    titles = {"random_rank_distance": "By chance", "AP": "Multilingual AP"}
    headings = (titles.get(name, measure_title(name)) for name in measures)
    return TextTable(
        "Language bias in the pooled collection",
        ("Model", *places.headings, "Query language", *headings),
        tuple(rows),
        "bias-by-language",
    )


def _pooled_measures(parts: Iterable[Part]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(r.measure for part in parts for r in part.records if r.setting == "multilingual")
    )


def _pooled(part: Part, names: Iterable[str]) -> dict[str, dict[tuple[str, str], Result]]:
    """Model -> language of the query and measure -> value of the pooled collection."""
    found: dict[str, dict[tuple[str, str], Result]] = {}
    for name in names:
        for record in part.of("multilingual", name):
            if record.document_language == ALL:
                found.setdefault(record.model, {})[record.query_language, name] = record
    return {model: found[model] for model in part.models if model in found}


def language_cell(tag: str) -> str:
    """A language's tag; `all` for the macro average."""
    return "all" if tag == ALL else tag


def value_cell(record: Result | None, *, signed: bool = False) -> Cell:
    """A value as it is shown, without its interval."""
    if record is None:
        return Cell(MISSING)
    form = format_signed if signed else format_value
    return Cell(form(record.value, record.measure), record.value)


def interval_cell(record: Result | None) -> Cell:
    """A value with the half width of its interval, if it has one."""
    cell = value_cell(record, signed=record is not None and is_signed(record.measure))
    if record is None or record.low is None or record.high is None:
        return cell
    half = max(record.high - record.value, record.value - record.low)
    width = format_value(half, record.measure)
    width = f"{half:,.0f}" if is_rank(record.measure) and "." not in cell.text else width
    return replace(cell, text=f"{cell.text} ± {width}", low=record.low, high=record.high)


def mark_best(rows: Sequence[Sequence[Cell]], columns: Sequence[tuple[str, str]]) -> list[tuple[Cell, ...]]:
    """Marks the best value of each column, if there are two or more.

    Args:
        rows: The numbers of a table.
        columns: Setting and measure of each column.

    Returns:
        The rows with the best of each column marked; all of them if several are equal.
    """
    marked = [list(row) for row in rows]
    for column, (_, measure) in enumerate(columns):
        winner = _best((row[column].value for row in rows), measure)
        for row in marked:
            if winner is not None and row[column].value == winner:
                row[column] = replace(row[column], best=True)
    return [tuple(row) for row in marked]


def _best(values: Iterable[float | None], measure: str) -> float | None:
    """The best of several values; None if there is nothing to compare."""
    present = [value for value in values if value is not None]
    wanted = aim(measure)
    if len(present) < 2 or wanted == "none":
        return None
    if wanted == "zero":
        return min(present, key=abs)
    return min(present) if wanted == "lower" else max(present)
