"""Batches of inputs of like length, each of about as many tokens."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
_BUDGET_STEP = 0.87
"""Each budget that is tried is so much of the one before."""


def token_batches(
    lengths: Integers, budget: int, *, overhead: int = 0, num_workers: int = 1
) -> list[Integers]:
    """Cuts inputs into batches that a model sees at once, the longest first, so that all are done soonest.

    A batch costs its tokens, padding included, and what every batch costs whatever is in it: few large
    batches pad much and leave workers idle, many small ones each begin anew. Of budgets up to the given one
    that is taken with which the last worker is done first.

    Args:
        lengths: (n,) tokens of each input, at least 1.
        budget: Tokens of a batch at most, padding included; an input that is longer is a batch of its own.
        overhead: What a batch costs beside its tokens, in tokens.
        num_workers: How many batches are worked on at a time.

    Returns:
        Rows of each batch; among equals in length, in their order.
    """
    order = np.argsort(-lengths, kind="stable")
    widths: list[int] = lengths[order].tolist()
    budgets = {budget}
    while (smaller := int(min(budgets) * _BUDGET_STEP)) >= widths[0]:
        budgets.add(smaller)
    cuts = [_cut(widths, each) for each in sorted(budgets, reverse=True)]
    best = min(cuts, key=lambda cut: _time_of(widths, cut, overhead, num_workers))
    return [order[batch] for batch in best]


def _cut(widths: Sequence[int], budget: int) -> list[slice]:
    """Full batches of inputs that are sorted by width, the longest first."""
    batches = []
    start = 0
    while start < len(widths):
        stop = min(start + max(1, budget // widths[start]), len(widths))
        batches.append(slice(start, stop))
        start = stop
    return batches


def _time_of(widths: Sequence[int], batches: Sequence[slice], overhead: int, num_workers: int) -> int:
    """When the last worker is done, in tokens, if each takes the next batch as soon as it has none."""
    done = [0] * num_workers
    for batch in batches:
        heapq.heapreplace(done, done[0] + (batch.stop - batch.start) * widths[batch.start] + overhead)
    return max(done)


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
