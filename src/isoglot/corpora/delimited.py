"""Rows of CSV and TSV files with the line each starts on."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from isoglot.corpora.sources import Member, decode_lines, decode_text
from isoglot.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from isoglot.corpora.building import CorpusBuilder


def read_cells(member: Member, builder: CorpusBuilder, *, delimiter: str) -> list[tuple[int, list[str]]]:
    """Rows of a file in CSV quoting.

    Args:
        member: The file.
        builder: Takes the problems: bytes that are not UTF-8, quotes that do not close.
        delimiter: Between cells.

    Returns:
        The line on which each row starts, and its cells; a row that spans lines counts once.
    """
    try:
        text = decode_text(member.data, member.place)
    except CorpusError as error:
        builder.problems.extend(error.problems)
        return []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for cells in reader:
            if cells:
                rows.append((line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        builder.problem(member.at(line), f"the row that starts here is not CSV ({error}); check its quotes")
    return rows


def read_delimited(
    member: Member, builder: CorpusBuilder, *, delimiter: str, columns: Sequence[str]
) -> list[tuple[int, dict[str, str]]]:
    """Rows of a file with a header, in CSV quoting.

    Args:
        member: The file.
        builder: Takes the problems: rows of another length than the header, columns that are not there.
        delimiter: Between cells.
        columns: Columns that must be there.

    Returns:
        The line on which each row starts, and its cells by column.
    """
    rows = read_cells(member, builder, delimiter=delimiter)
    if not rows:
        builder.problem(member.at(1), "the file is empty; it must start with a header")
        return []
    header = rows[0][1]
    if len(set(header)) < len(header):
        twice = next(column for column in header if header.count(column) > 1)
        builder.problem(member.at(1), f"column {twice!r} is there twice; rename one")
        return []
    missing = [column for column in columns if column not in header]
    if missing:
        builder.problem(
            member.at(1), f"no column {', '.join(map(repr, missing))}; there is {', '.join(header)}"
        )
        return []
    kept = []
    for line, cells in rows[1:]:
        if len(cells) == len(header):
            kept.append((line, dict(zip(header, cells, strict=True))))
        else:
            builder.problem(
                member.at(line), f"has {len(cells)} cells, the header {len(header)}; mend the row"
            )
    return kept


def read_tabs(member: Member, builder: CorpusBuilder, *, num_cells: Sequence[int]) -> list[list[str]]:
    """Rows of a file with tabs between cells and no quoting; row i is line i + 1.

    Args:
        member: The file.
        builder: Takes the problems: lines of another length.
        num_cells: The lengths a row may have.

    Returns:
        The cells of each line; an empty list where a line is bad.
    """
    lines = decode_lines(member.data, member.place, builder.problems)
    if not lines:
        builder.problem(member.at(1), "the file is empty; download it again")
    rows = []
    for number, line in enumerate(lines, start=1):
        cells = line.split("\t")
        if len(cells) not in num_cells:
            wanted = " or ".join(map(str, num_cells))
            builder.problem(
                member.at(number), f"must have {wanted} cells with tabs between, has {len(cells)}"
            )
            cells = []
        rows.append(cells)
    return rows
