"""One side of a corpus' pairs: the rows of its table by group and language."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from isoglot.batches.cells import Cells, Codes, GroupCells, Groups, Presence
from isoglot.corpora.judgements import Rows

Number = TypeVar("Number", np.uint8, np.float64)


@dataclass(frozen=True, eq=False)
class Side:
    """The rows of one table by group and language, in arrays that may be memory-mapped.

    Attributes:
        cells: Which groups have rows in which languages.
        cell_starts: (C + 1,) position of each cell's first row; None if every cell holds one row.
        rows: (R,) rows of the table by position; None if they are the positions themselves.
    """

    cells: Cells
    cell_starts: npt.NDArray[np.int64] | None
    rows: Rows | None

    @property
    def num_languages(self) -> int:
        """Languages, no language counted as the last of them."""
        return self.cells.num_languages

    @property
    def num_groups(self) -> int:
        """Number of groups."""
        return self.cells.num_groups

    @property
    def num_rows(self) -> int:
        """Number of rows of all groups."""
        num_cells = self.cells.total
        return num_cells if self.cell_starts is None else int(self.cell_starts[num_cells])

    def present(self, groups: Groups | slice) -> Presence:
        """(B, languages) whether each of the given groups has a row in a language."""
        if isinstance(groups, slice):
            return self.cells.present_in(*groups.indices(self.num_groups)[:2])
        return self.cells.of(groups).present()

    @cached_property
    def has_wordless_rows(self) -> bool:
        """Whether a group has a row without language."""
        return self.cells.occur(self.num_languages - 1)

    def rows_at(self, positions: npt.NDArray[np.int64]) -> Rows:
        """The rows of the table at the given positions, as they are ordered by group."""
        return positions.astype(np.int32) if self.rows is None else self.rows[positions]

    def rows_of_group(self, group: int) -> Rows:
        """All rows of one group, language by language."""
        cells = self.cells.of(np.array([group]))
        first, last = cells.firsts[0], cells.ends()[0]
        if self.cell_starts is not None:
            first, last = self.cell_starts[first], self.cell_starts[last]
        return self.rows_at(np.arange(first, last))

    def choose(self, groups: Groups, languages: Codes, rng: np.random.Generator) -> Rows:
        """One row of each group in the given language, each of its rows as likely as another.

        Args:
            groups: (B,) groups.
            languages: (B,) a language in which the group has a row.
            rng: Source of randomness.

        Returns:
            (B,) rows of the table.
        """
        return self.choose_in(self.cells.of(groups), languages, rng)

    def choose_in(self, cells: GroupCells, languages: Codes, rng: np.random.Generator) -> Rows:
        """What `choose` does, for groups whose cells have been read."""
        numbers = cells.numbers(languages)
        if self.cell_starts is None:
            return self.rows_at(numbers)
        starts = self.cell_starts[numbers]
        counts = self.cell_starts[numbers + 1] - starts
        return self.rows_at(starts + (rng.random(len(cells)) * counts).astype(np.int64))


def draw_code(weights: npt.NDArray[np.float64], count: int, rng: np.random.Generator) -> Codes:
    """(count,) places among the (n,) weights >= 0, each at random in proportion to its weight."""
    reached = np.cumsum(weights)
    # Divided by the last, so that rounding leaves no chance to places of weight 0 at the end.
    return np.searchsorted(reached / reached[-1], rng.random(count), "right")


def draw_codes(weights: npt.NDArray[np.float64], rng: np.random.Generator) -> Codes:
    """One column of each row, at random in proportion to its weight.

    Args:
        weights: (B, columns) weights >= 0; each row has one that is positive.
        rng: Source of randomness.

    Returns:
        (B,) columns of positive weight.
    """
    reached = sum_up(np.array(weights.T, order="C"))
    total = reached[-1]
    # Rounding must not let the target reach the total, or a column of weight 0 could be taken.
    target = np.minimum(rng.random(len(weights)) * total, np.nextafter(total, -1.0))
    codes: Codes = np.add.reduce(reached <= target, axis=0, dtype=np.int64)
    return codes


def sum_up(rows: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """Adds to each row the one above it, in place; for few long rows quicker than numpy's `cumsum`.

    Args:
        rows: (n, m) numbers.

    Returns:
        The same array, whose row i is now the sum of the first i + 1.
    """
    for place in range(1, len(rows)):
        rows[place] += rows[place - 1]
    return rows
