"""Batches of inputs of like length, each of about as many tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


def token_batches(lengths: Integers, budget: int, overhead: int = 0) -> list[Integers]:
    """Cuts inputs into batches that a model sees at once, the longest first, so that the whole costs least.

    A batch costs its tokens, padding included, and what every batch costs whatever is in it: few large
    batches pad much, many small ones each begin anew. The least sum is found by dynamic programming over the
    inputs in the order of their length.

    Args:
        lengths: (n,) tokens of each input, at least 1.
        budget: Tokens of a batch at most, padding included; an input that is longer is a batch of its own.
        overhead: What a batch costs beside its tokens, in tokens.

    Returns:
        Rows of each batch; among equals in length, in their order.
    """
    order = np.argsort(-lengths, kind="stable")
    widths = lengths[order]
    least = np.full(len(order) + 1, np.iinfo(np.int64).max)
    least[0] = 0
    starts = np.zeros(len(order) + 1, np.int64)
    for start, width in enumerate(widths.tolist()):
        stop = min(start + max(1, budget // width), len(order)) + 1
        costs = least[start] + overhead + width * np.arange(1, stop - start)
        better = np.flatnonzero(costs < least[start + 1 : stop]) + start + 1
        least[better] = costs[better - start - 1]
        starts[better] = start
    batches: list[Integers] = []
    stop = len(order)
    while stop:
        batches.append(order[starts[stop] : stop])
        stop = int(starts[stop])
    return batches[::-1]


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
