"""Judgements as text: BEIR's three columns with a header, TREC's four, and whole groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BEIR_HEADER = ("query-id", "corpus-id", "score")
GROUPS_HEADER = "group-id"

Line = tuple[str, str, int, str]
"""Query id, document id, grade, and the place of the line."""


def parse_qrels(lines: Sequence[str], place: str, problems: list[str]) -> list[Line]:
    """Judgements from the lines of a qrels file.

    With BEIR's header a line is `query-id <tab> corpus-id <tab> score`; without, it is TREC's
    `query-id iteration doc-id grade` with any white space between.

    Args:
        lines: The file.
        place: Where it lies, for reports.
        problems: Takes what is wrong, line by line.

    Returns:
        The judgements that can be read, in file order.
    """
    beir = bool(lines) and tuple(lines[0].split("\t")) == BEIR_HEADER
    found: list[Line] = []
    for number, cells in _cells(lines, beir=beir):
        where = f"{place}:{number}"
        if len(cells) != (3 if beir else 4):
            problems.append(f"{where}: {_wanted(beir)}, got {len(cells)} columns")
            continue
        try:
            grade = int(cells[-1])
        except ValueError:
            problems.append(f"{where}: the grade must be a whole number, got {cells[-1]!r}")
            continue
        if grade < 0 or grade > 2**31 - 1:
            problems.append(f"{where}: the grade must be 0 (not relevant) or above, got {grade}")
            continue
        found.append((cells[0], cells[-2], grade, where))
    if not found and not problems:
        problems.append(f"{place}:1: holds no judgement; {_wanted(beir)}")
    return found


def _cells(lines: Sequence[str], *, beir: bool) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(lines, start=1):
        if line.strip() and not (beir and number == 1):
            yield number, line.split("\t") if beir else line.split()


def _wanted(beir: bool) -> str:
    if beir:
        return "must be query-id, corpus-id and score with tabs between"
    return "must be query-id, 0, doc-id and grade, or start with the header " + " ".join(BEIR_HEADER)


def parse_groups(lines: Sequence[str], place: str, problems: list[str]) -> list[tuple[str, str]]:
    """Group ids, one a line below the header `group-id`.

    Args:
        lines: The file.
        place: Where it lies, for reports.
        problems: Takes what is wrong, line by line.

    Returns:
        Each id with the place of its line, in file order.
    """
    if not lines or lines[0] != GROUPS_HEADER:
        problems.append(f"{place}:1: must be the header {GROUPS_HEADER!r}")
        return []
    seen: set[str] = set()
    found: list[tuple[str, str]] = []
    for number, line in enumerate(lines[1:], start=2):
        if not line:
            problems.append(f"{place}:{number}: is empty; remove the line")
        elif line in seen:
            problems.append(f"{place}:{number}: group {line!r} is there twice; remove the line")
        else:
            seen.add(line)
            found.append((line, f"{place}:{number}"))
    if not found and not problems:
        problems.append(f"{place}:1: names no group")
    return found
