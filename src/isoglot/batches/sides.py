"""One side of a corpus' pairs: the rows of its table by group and language."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from isoglot.corpora.judgements import Rows

Groups = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int64]
"""Language codes; the last of them stands for no language."""
_GROUPS_AT_ONCE = 1 << 20
Number = TypeVar("Number", np.uint8, np.float64)
Presence = npt.NDArray[np.bool_]
"""(groups, languages) whether a group has a row in a language."""
NUM_BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1).astype(np.uint8)
"""(256,) bits that are set in a byte."""


@dataclass(frozen=True, eq=False)
class Side:
    """The rows of one table by group and language, in arrays that may be memory-mapped.

    The rows of one group in one language are a cell. Cells are numbered group by group and, within a group,
    language by language; only cells that hold a row have a number. The last language is none at all.

    Attributes:
        num_languages: Languages, no language counted as the last of them.
        presence: (G, bytes) bit l, from the lowest of the first byte, tells whether a group has a row in l.
        first_cells: (G + 1,) number of each group's first cell.
        cell_starts: (C + 1,) position of each cell's first row; None if every cell holds one row.
        rows: (R,) rows of the table by position; None if they are the positions themselves.
    """

    num_languages: int
    presence: npt.NDArray[np.uint8]
    first_cells: npt.NDArray[np.int64]
    cell_starts: npt.NDArray[np.int64] | None
    rows: Rows | None

    @property
    def num_groups(self) -> int:
        """Number of groups."""
        return len(self.first_cells) - 1

    @property
    def num_rows(self) -> int:
        """Number of rows of all groups."""
        num_cells = int(self.first_cells[-1])
        return num_cells if self.cell_starts is None else int(self.cell_starts[num_cells])

    def present(self, groups: Groups | slice) -> Presence:
        """(B, languages) whether each of the given groups has a row in a language."""
        packed = self.presence[groups]
        return np.unpackbits(packed, axis=1, count=self.num_languages, bitorder="little").view(np.bool_)

    def has(self, groups: Groups, languages: Codes) -> npt.NDArray[np.bool_]:
        """(B,) whether each of the given groups has a row in the language beside it."""
        packed = self.presence[groups, languages >> 3]
        there: npt.NDArray[np.bool_] = (packed >> (languages & 7).astype(np.uint8)) & 1 == 1
        return there

    @cached_property
    def has_wordless_rows(self) -> bool:
        """Whether a group has a row without language."""
        byte, bit = divmod(self.num_languages - 1, 8)
        starts = range(0, self.num_groups, _GROUPS_AT_ONCE)
        return any(
            (self.presence[start : start + _GROUPS_AT_ONCE, byte] >> bit & 1).any() for start in starts
        )

    @cached_property
    def _lower_languages(self) -> npt.NDArray[np.uint8]:
        """(languages, bytes) for each language, the bits of those before it."""
        before = np.tri(self.num_languages, k=-1, dtype=np.bool_)
        return np.packbits(before, axis=1, bitorder="little")

    def rows_at(self, positions: npt.NDArray[np.int64]) -> Rows:
        """The rows of the table at the given positions, as they are ordered by group."""
        return positions.astype(np.int32) if self.rows is None else self.rows[positions]

    def rows_of_group(self, group: int) -> Rows:
        """All rows of one group, language by language."""
        first, last = self.first_cells[group], self.first_cells[group + 1]
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
        before = NUM_BITS[self.presence[groups] & self._lower_languages[languages]]
        cells = self.first_cells[groups] + before.sum(axis=1, dtype=np.int64)
        if self.cell_starts is None:
            return self.rows_at(cells)
        starts = self.cell_starts[cells]
        counts = self.cell_starts[cells + 1] - starts
        return self.rows_at(starts + (rng.random(len(groups)) * counts).astype(np.int64))


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
