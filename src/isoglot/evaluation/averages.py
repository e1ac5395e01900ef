"""Macro averages over languages and over pairs of languages, written beside what they are means of."""

from __future__ import annotations

from collections.abc import Sequence

from isoglot.evaluation.cells import Cell, Ledger, macro_average
from isoglot.evaluation.placement import ALL


def write_with_averages(ledger: Ledger, measure: str, cells: Sequence[Cell]) -> None:
    """Writes the values of all pairs of languages, and the means over them.

    Pairs of one language are monolingual, with one mean; others are cross-lingual, with means over each row,
    each column and all. What has no language stands as `*` already, and needs no mean over that side.

    Args:
        ledger: Takes the cells.
        measure: Name.
        cells: One for each pair of languages.
    """
    own = [cell for cell in cells if cell.query_language == cell.document_language != ALL]
    if own:
        ledger.write("monolingual", measure, [*own, *macro_average(own)])
    crossed = [cell for cell in cells if cell.query_language != cell.document_language or _is_bare(cell)]
    means = [
        *(mean for name in _names(crossed, "query_language") for mean in _row(crossed, name)),
        *(mean for name in _names(crossed, "document_language") for mean in _column(crossed, name)),
        *macro_average(crossed),
    ]
    there = {(cell.query_language, cell.document_language) for cell in crossed}
    new = [mean for mean in means if (mean.query_language, mean.document_language) not in there]
    ledger.write("cross_lingual", measure, [*crossed, *new])


def by_query_language(cells: Sequence[Cell]) -> list[Cell]:
    """The mean over each row of the pairs of two languages: one cell for each language of the query."""
    crossed = [cell for cell in cells if cell.query_language != cell.document_language]
    return [mean for name in _names(crossed, "query_language") for mean in _row(crossed, name)]


def _is_bare(cell: Cell) -> bool:
    return cell.query_language == cell.document_language == ALL


def _names(cells: Sequence[Cell], side: str) -> list[str]:
    return sorted({getattr(cell, side) for cell in cells} - {ALL})


def _row(cells: Sequence[Cell], language: str) -> list[Cell]:
    return macro_average([cell for cell in cells if cell.query_language == language], language, ALL)


def _column(cells: Sequence[Cell], language: str) -> list[Cell]:
    return macro_average([cell for cell in cells if cell.document_language == language], ALL, language)
