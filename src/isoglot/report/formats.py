"""A table as Markdown, as CSV and as LaTeX: whatever its cells hold, it stays a table."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from isoglot.report.tables import Cell, TextTable

_MARKDOWN = re.compile(r"[\\|`*<>\[\]&~]|(?<!\w)_|_(?!\w)")
_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%",
    "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"{\char34}", "–": "--", "…": r"\dots{}",
    "±": r"$\pm$", "→": r"$\to$", "−": "$-$", "[": "{[}", "]": "{]}",
}  # fmt: skip
_LATEX_SPECIAL = re.compile("|".join(re.escape(character) for character in _LATEX))
_SIGN = re.compile(r"^[-+](?=\d)")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_markdown(table: TextTable) -> str:
    """GitHub's Markdown, the best values in bold; without the title.

    Args:
        table: The table.

    Returns:
        A line per row. Nothing in a cell is read as markup, or turns the writing direction of the line.
    """
    words = table.words
    shown = [[_markdown(heading) for heading in table.columns]]
    shown.append(["---" if is_words else "---:" for is_words in words])
    shown += [[_markdown_cell(cell) for cell in row] for row in table.rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in shown)


def to_csv(table: TextTable) -> str:
    """CSV as RFC 4180 has it: quoted where need be, lines ended by carriage return and line feed.

    Numbers come in full; a column with intervals is followed by two more, its bounds. What a spreadsheet
    would take for a formula gets an apostrophe before it.

    Args:
        table: The table.

    Returns:
        A line of headings, and one per row; empty where there is no value.
    """
    bounded = [any(row[i].low is not None for row in table.rows) for i in range(len(table.columns))]
    lines = [_csv_headings(table.columns, bounded)]
    lines += [_csv_row(row, bounded, table.words) for row in table.rows]
    file = io.StringIO()
    csv.writer(file).writerows(lines)
    return file.getvalue()


def to_latex(table: TextTable) -> str:
    r"""A LaTeX tabular with the rules of booktabs, the best values in bold.

    Set it with `\usepackage{booktabs}` inside a table of your own. Texts in other scripts need XeLaTeX or
    LuaLaTeX with a font that has them.

    Args:
        table: The table.

    Returns:
        The lines, everything in a cell escaped; the title is a comment.
    """
    alignment = "".join("l" if is_words else "r" for is_words in table.words)
    lines = [f"% {_plain(table.title)}", rf"\begin{{tabular}}{{{alignment}}}", r"\toprule"]
    lines += [_latex_row([latex_text(heading) for heading in table.columns]), r"\midrule"]
    lines += [_latex_row([_latex_cell(cell) for cell in row]) for row in table.rows]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def latex_text(text: str) -> str:
    """A text as LaTeX sets it as it stands."""
    escaped = _LATEX_SPECIAL.sub(lambda found: _LATEX[found[0]], _SIGN.sub(_mathematical, _plain(text)))
    return escaped.replace("\0", "$")


def _mathematical(sign: re.Match[str]) -> str:
    return f"\0{sign[0]}\0"  # A sign of mathematics, not a hyphen; NUL cannot be in a plain text.


def _plain(text: str) -> str:
    """Without what is not seen but acts: control characters, line ends, marks of writing direction."""
    return "".join(_seen(character) for character in text)


def _seen(character: str) -> str:
    if character.isspace() or character in "\u2028\u2029":
        return " "
    odd = unicodedata.category(character) in ("Cc", "Cf", "Cs") and character not in "\u200c\u200d"
    return "" if odd else character


def _markdown(text: str) -> str:
    return _MARKDOWN.sub(lambda found: f"\\{found[0]}", _plain(text))


def _markdown_cell(cell: Cell) -> str:
    return f"**{_markdown(cell.text)}**" if cell.best else _markdown(cell.text)


def _latex_cell(cell: Cell) -> str:
    return rf"\textbf{{{latex_text(cell.text)}}}" if cell.best else latex_text(cell.text)


def _latex_row(cells: list[str]) -> str:
    return rf"{' & '.join(cells)} \\"


def _csv_headings(columns: tuple[str, ...], bounded: list[bool]) -> list[str]:
    found = []
    for heading, has_bounds in zip(columns, bounded, strict=True):
        found += [heading, f"{heading} low", f"{heading} high"] if has_bounds else [heading]
    return [_csv_text(heading) for heading in found]


def _csv_row(row: tuple[Cell, ...], bounded: list[bool], words: tuple[bool, ...]) -> list[str]:
    found = []
    for cell, has_bounds, is_words in zip(row, bounded, words, strict=True):
        found.append(_csv_text(cell.text) if is_words else _csv_number(cell.value))
        found += [_csv_number(cell.low), _csv_number(cell.high)] if has_bounds else []
    return found


def _csv_number(value: float | None) -> str:
    return "" if value is None else repr(value)


def _csv_text(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
