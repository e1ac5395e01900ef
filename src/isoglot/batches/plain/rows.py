"""The rows of data sets by language pair, and the order in which they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
import numpy.typing as npt

from isoglot.batches.permutation import PermutedStreams
from isoglot.corpora.languages import NO_LANGUAGE

Rows = npt.NDArray[np.int64]

_END_OF_PASS = -1
_CHUNK = 1_024
_MAX_WAITING = 4_096


@dataclass(frozen=True, eq=False)
class PairCell:
    """Rows that belong together: of one query language and one document language, and of one data set.

    Attributes:
        data_set: Name of the data set, or `all` where there is one only.
        name: What records call the cell: `de-th`, or the name of the data set.
        query_language: Tag.
        document_language: Tag; `zxx` for documents without language.
        rows: (R,) its rows, counted over all data sets.
        batch_size: Pairs that each process takes of it in a batch.
    """

    data_set: str
    name: str
    query_language: str
    document_language: str
    rows: Rows
    batch_size: int

    @property
    def monolingual(self) -> bool:
        """Whether its pairs can stand in a batch in one language; what has no language goes with any."""
        return self.query_language == self.document_language or self._without_language

    @property
    def cross_lingual(self) -> bool:
        """Whether its pairs can stand in a batch of pairs in two languages."""
        return self.query_language != self.document_language or self._without_language

    @property
    def _without_language(self) -> bool:
        return NO_LANGUAGE in (self.query_language, self.document_language)


@dataclass(frozen=True, eq=False)
class PairRows:
    """All rows that batches are drawn from.

    Attributes:
        cells: The rows by language pair.
        groups: (rows, columns) codes of what each row means; rows that share one never meet in a batch.
    """

    cells: tuple[PairCell, ...]
    groups: npt.NDArray[np.int64]

    @cached_property
    def num_groups(self) -> npt.NDArray[np.int64]:
        """(cells,) at most so many rows of a cell can meet in a batch."""
        return np.array([self.num_meeting(cell.rows) for cell in self.cells], np.int64)

    def num_meeting(self, rows: Rows) -> int:
        """How many of the rows can meet at most: the values of the group column that has the fewest."""
        return min(len(np.unique(column)) for column in self.groups[rows].T)


class RowStream:
    """The rows of a cell for ever, pass by pass, each pass in an order of its own.

    A row that is passed over, since its group is in the batch already, waits and comes first next time; where
    thousands wait, since one group has most of the rows, it comes in the next pass. But for those, no row
    comes twice before all have come.
    """

    def __init__(self, rows: Rows, key: int) -> None:
        """Makes the stream.

        Args:
            rows: (R,) rows, R >= 1.
            key: Any non-negative integer; another key gives another order.
        """
        self._rows = rows
        self._order = PermutedStreams(np.array([len(rows)]), np.array([key], np.uint64))
        self._waiting: list[int] = []
        self._stream = self._passes()

    def _passes(self) -> Iterator[int]:
        while True:
            waiting = set(self._waiting)
            for start in range(0, len(self._rows), _CHUNK):
                number = min(_CHUNK, len(self._rows) - start)
                places = self._order.take(np.zeros(number, np.int64))
                yield from (row for row in self._rows[places].tolist() if row not in waiting)
            yield _END_OF_PASS

    def take(self, number: int, admit: Callable[[int], bool]) -> list[int]:
        """The next rows that are admitted.

        Args:
            number: How many.
            admit: Whether a row may come now; asked once for each row that is looked at.

        Returns:
            At most that many rows: fewer if a whole pass has no more.
        """
        taken: list[int] = []
        waiting, self._waiting = iter(self._waiting), []
        candidates = chain(waiting, self._stream)
        ended = 0
        while len(taken) < number and ended < 2:
            row = next(candidates)
            if row == _END_OF_PASS:
                ended += 1
            elif admit(row):
                taken.append(row)
            elif len(self._waiting) < _MAX_WAITING:
                self._waiting.append(row)
        self._waiting.extend(waiting)
        return taken

    def give_back(self, row: int) -> None:
        """Takes a row back; it comes first next time."""
        self._waiting.insert(0, row)
