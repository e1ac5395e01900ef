"""Grouping the rows of a corpus' tables some at a time, so that memory does not grow with the corpus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isoglot.batches.cells import Cells
from isoglot.batches.sides import Side
from isoglot.batches.storage import Storage, read_at_random
from isoglot.corpora.judgements import Rows

ROWS_AT_ONCE = 1 << 18
Languages = Callable[[Rows | slice], npt.NDArray[np.int16]]
"""Language codes of the given rows of a table, -1 for none."""
Entries = Callable[[], Iterator[tuple[Rows, Rows]]]
"""Rows of a table some at a time, and the group of each; a call gives them from the start."""


@dataclass(frozen=True, eq=False)
class Counted:
    """How many rows each group has.

    Attributes:
        counts: (groups,) number of rows.
        in_order: Whether the rows are all rows of a table from 0 on, each once, and come group by group.
        num_rows: Number of rows in all.
    """

    counts: Rows
    in_order: bool
    num_rows: int


def count_rows(entries: Entries, num_groups: int, storage: Storage) -> Counted:
    """Counts the rows of every group.

    Args:
        entries: Rows and their groups.
        num_groups: Groups are numbered below this.
        storage: Where the counts lie.

    Returns:
        The counts.
    """
    counts = storage.zeros((num_groups,), np.int32)
    in_order, num_rows, last_group = True, 0, -1
    for rows, groups in entries():
        if not len(rows):
            continue
        ascending = bool((groups[1:] >= groups[:-1]).all())
        found, _, lengths = _runs(groups if ascending else np.sort(groups))
        counts[found] += lengths.astype(np.int32)
        in_order = in_order and ascending and bool(groups[0] >= last_group) and _is_range(rows, num_rows)
        num_rows, last_group = num_rows + len(rows), int(groups[-1])
    return Counted(counts, in_order, num_rows)


def _runs(
    groups: Rows,
) -> tuple[Rows, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The groups of an ascending array, the place where each begins, and how often it comes."""
    begins = np.flatnonzero(np.append(True, groups[1:] != groups[:-1])[: len(groups)])
    return groups[begins], begins, np.diff(np.append(begins, len(groups)))


def _is_range(rows: Rows, first: int) -> bool:
    """Whether rows count up from one."""
    return bool(rows[0] == first and rows[-1] == first + len(rows) - 1 and (rows[1:] > rows[:-1]).all())


def number_groups(queries: Rows, documents: Rows, storage: Storage) -> tuple[Rows, int]:
    """Numbers the groups that have rows on both sides.

    Args:
        queries: (groups,) number of queries.
        documents: (groups,) number of documents.
        storage: Where the numbers lie.

    Returns:
        (groups,) new number of each group, -1 for one that is left out; and how many there are.
    """
    numbers: Rows = storage.zeros((len(queries),), np.int32)
    total = 0
    for start in range(0, len(queries), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        kept = (queries[part] > 0) & (documents[part] > 0)
        numbers[part] = np.where(kept, total + np.cumsum(kept) - 1, -1)
        total += int(kept.sum())
    return numbers, total


def build_side(
    entries: Entries,
    counted: Counted,
    numbers: Rows,
    num_groups: int,
    languages: Languages,
    num_languages: int,
    storage: Storage,
) -> Side:
    """Puts the rows of a table in order of group, language and row; what comes twice in a group is one.

    Args:
        entries: Rows and their groups.
        counted: How many rows each group has.
        numbers: (groups,) new number of each group, -1 for one that is left out.
        num_groups: How many are numbered.
        languages: Language codes of the given rows, -1 for none.
        num_languages: Languages, no language counted as the last.
        storage: Where the result lies.

    Returns:
        The side.
    """
    starts = _starts(counted.counts, numbers, num_groups, storage)
    complete = counted.in_order and int(starts[-1]) == counted.num_rows
    rows = None if complete else _sort_by_group(entries, numbers, starts, storage)
    ordering = _Ordering(storage, num_groups, num_languages, rows, starts)
    for first in range(0, num_groups, ROWS_AT_ONCE // 8):
        for low, high in _bounded(starts, first, min(first + ROWS_AT_ONCE // 8, num_groups)):
            ordering.add(low, high, languages)
    return ordering.side()


def _starts(counts: Rows, numbers: Rows, num_groups: int, storage: Storage) -> npt.NDArray[np.int64]:
    """(num_groups + 1,) position of each numbered group's first row."""
    starts = storage.zeros((num_groups + 1,), np.int64)
    total, seen = 0, 0
    for start in range(0, len(counts), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        kept = counts[part][numbers[part] >= 0]
        starts[seen + 1 : seen + 1 + len(kept)] = total + np.cumsum(kept, dtype=np.int64)
        total, seen = total + int(kept.sum(dtype=np.int64)), seen + len(kept)
    return starts


def _sort_by_group(entries: Entries, numbers: Rows, starts: npt.NDArray[np.int64], storage: Storage) -> Rows:
    """(rows,) the rows of all numbered groups, group by group, in the order in which they come."""
    sorted_rows: Rows = storage.zeros((int(starts[-1]),), np.int32)
    next_places = storage.zeros((len(starts) - 1,), np.int64)
    for start in range(0, len(next_places), ROWS_AT_ONCE):
        next_places[start : start + ROWS_AT_ONCE] = starts[:-1][start : start + ROWS_AT_ONCE]
    for rows, groups in entries():
        new = numbers[groups]
        order = np.argsort(new, kind="stable")
        order = order[np.searchsorted(new[order], 0) :]
        found, firsts, counts = _runs(new[order])
        within = np.arange(len(order)) - np.repeat(firsts, counts)
        sorted_rows[next_places[new[order]] + within] = rows[order]
        next_places[found] += counts
    return sorted_rows


def _bounded(starts: npt.NDArray[np.int64], first: int, last: int) -> Iterator[tuple[int, int]]:
    """Ranges of groups of some thousand rows each; a group is never parted, however many rows it has."""
    edges = starts[first : last + 1]
    low = 0
    while low < last - first:
        high = int(np.searchsorted(edges, edges[low] + ROWS_AT_ONCE, "right")) - 1
        high = min(max(high, low + 1), last - first)
        yield first + low, first + high
        low = high


class _Ordering:
    """Orders the rows of each group by language, range by range, in place."""

    def __init__(
        self,
        storage: Storage,
        num_groups: int,
        num_languages: int,
        rows: Rows | None,
        starts: npt.NDArray[np.int64],
    ) -> None:
        self.storage, self.num_languages = storage, num_languages
        self.source, self.rows, self.starts = rows, rows, starts
        self.cells = Cells.empty(num_groups, num_languages, storage)
        self.cell_starts: npt.NDArray[np.int64] | None = None
        self.num_rows = self.num_cells = 0

    def add(self, first: int, last: int, languages: Languages) -> None:
        """Orders the groups from one to before another."""
        positions = slice(int(self.starts[first]), int(self.starts[last]))
        codes = languages(positions if self.source is None else self.source[positions])
        counts = np.diff(self.starts[first : last + 1])
        cells = np.repeat(np.arange(last - first) * self.num_languages, counts) + codes
        cells[codes < 0] += self.num_languages
        if self.rows is not None or not (cells[1:] > cells[:-1]).all():
            cells = self._write_rows(positions, cells)
        self._number_cells(cells, first, last)
        self.num_rows += len(cells)

    def _write_rows(self, positions: slice, cells: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Writes the rows of some groups in order of cell, and returns the cell of each."""
        if self.source is None:
            rows = np.arange(positions.start, positions.stop, dtype=np.int32)
        else:
            rows = self.source[positions].copy()
        rows, cells = _without_repeats(rows, cells)
        if self.rows is None:
            self.rows = self._identity(positions.start)
        self.rows[self.num_rows : self.num_rows + len(rows)] = rows
        return cells

    def _number_cells(self, cells: npt.NDArray[np.int64], first: int, last: int) -> None:
        """Numbers the cells of the rows of some groups; `cells` ascends, one code for each row."""
        begins = np.flatnonzero(np.diff(cells, prepend=-1))
        present = np.zeros((last - first, self.num_languages), np.bool_)
        present.reshape(-1)[cells[begins]] = True
        num_cells = self.cells.number(first, self.num_cells, present)
        if self.cell_starts is None and len(begins) < len(cells):
            # At most one cell a row; so far every cell holds one.
            self.cell_starts = self.storage.zeros((int(self.starts[-1]) + 1,), np.int64)
            _count_up(self.cell_starts, self.num_cells)
        if self.cell_starts is not None:
            ends = np.append(begins[1:], len(cells)) + self.num_rows
            self.cell_starts[self.num_cells + 1 : self.num_cells + 1 + len(ends)] = ends
        self.num_cells = num_cells

    def _identity(self, num_rows: int) -> Rows:
        rows: Rows = self.storage.zeros((int(self.starts[-1]),), np.int32)
        _count_up(rows, num_rows - 1)
        return rows

    def side(self) -> Side:
        """What was put in order."""
        cell_starts = None if self.cell_starts is None else self.cell_starts[: self.num_cells + 1]
        rows = None if self.rows is None else self.rows[: self.num_rows]
        for array in (self.cells.blocks, cell_starts, rows):
            read_at_random(array)
        return Side(self.cells, cell_starts, rows)


def _without_repeats(rows: Rows, cells: npt.NDArray[np.int64]) -> tuple[Rows, npt.NDArray[np.int64]]:
    """Rows in order of cell, and of row within it, none twice in a cell; and the cell of each."""
    if (np.diff(cells) > 0).all():
        return rows, cells
    order = np.lexsort((rows, cells))
    rows, cells = rows[order], cells[order]
    new = np.append(True, (np.diff(rows) != 0) | (np.diff(cells) != 0))
    return rows[new], cells[new]


def _count_up(array: npt.NDArray[np.int32] | npt.NDArray[np.int64], last: int) -> None:
    """Writes 0, 1, ... into the first `last + 1` places."""
    for start in range(0, last + 1, ROWS_AT_ONCE):
        stop = min(start + ROWS_AT_ONCE, last + 1)
        array[start:stop] = np.arange(start, stop)
