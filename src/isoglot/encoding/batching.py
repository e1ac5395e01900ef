"""Batches of inputs of like length, each of about as many tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


def token_batches(lengths: Integers, budget: int) -> Iterator[Integers]:
    """Cuts inputs into batches that a model sees at once, the longest first.

    Args:
        lengths: (n,) tokens of each input, at least 1.
        budget: Tokens of a batch at most, padding included; an input that is longer is a batch of its own.

    Yields:
        Rows of each batch; among equals in length, in their order.
    """
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        stop = start + max(1, budget // int(lengths[order[start]]))
        yield order[start:stop]
        start = stop


@dataclass(frozen=True, eq=False)
class Ragged:
    """Rows of different length under several names, such as subwords and the mask of attention.

    Attributes:
        lengths: (n,) length of each row.
        columns: Name -> the rows end to end, and what a shorter row is filled with.
        left: Whether a shorter row is filled on the left.
    """

    lengths: Integers
    columns: Mapping[str, tuple[Integers, int]]
    left: bool = False

    @staticmethod
    def of(columns: Mapping[str, Sequence[Sequence[int]]], fill: Mapping[str, int], *, left: bool) -> Ragged:
        """Lays rows end to end.

        Args:
            columns: Name -> (n,) rows; of every name as long.
            fill: Name -> what a shorter row is filled with.
            left: Whether on the left.

        Returns:
            The rows.
        """
        first: Sequence[Sequence[Any]] = next(iter(columns.values()))
        lengths = np.fromiter(map(len, first), np.int64, len(first))
        flat = {
            name: (np.fromiter((value for row in rows for value in row), np.int64, lengths.sum()), fill[name])
            for name, rows in columns.items()
        }
        return Ragged(lengths, flat, left)

    def padded(self, rows: Integers) -> dict[str, Integers]:
        """Some rows as one array for each name.

        Args:
            rows: (b,) which.

        Returns:
            Name -> (b, longest of them).
        """
        lengths = self.lengths[rows]
        width = int(lengths.max())
        positions = np.arange(width)
        filled = positions >= (width - lengths)[:, None] if self.left else positions < lengths[:, None]
        ends = np.cumsum(self.lengths)
        starts = ends[rows] - lengths
        within = (
            positions - (width - lengths)[:, None] if self.left else np.broadcast_to(positions, filled.shape)
        )
        at = (starts[:, None] + within)[filled]
        padded = {}
        for name, (flat, fill) in self.columns.items():
            array = np.full(filled.shape, fill, np.int64)
            array[filled] = flat[at]
            padded[name] = array
        return padded
