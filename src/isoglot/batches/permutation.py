"""Pseudo-random permutations that are never written out: any position on demand, in constant memory."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_ROUNDS = 4
_HALF = np.uint64(32)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ROUND_STEP = np.uint64(0xD1342543DE82EF95)
_PASS_STEP = np.uint64(7_919)


def _mix(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """SplitMix64's finaliser: every output bit depends on every input bit."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


@dataclass(frozen=True)
class Shapes:
    """Rectangles that hold the elements 0 .. size - 1 of permutations with hardly a place left over.

    Attributes:
        sizes: (S,) elements.
        widths: (S,) the square root of each, rounded up.
        heights: (S,) rows of that width that the elements take.
    """

    sizes: npt.NDArray[np.uint64]
    widths: npt.NDArray[np.uint64]
    heights: npt.NDArray[np.uint64]

    @classmethod
    def of(cls, sizes: npt.NDArray[np.int64]) -> Shapes:
        """The rectangles of some sizes, each from 1 to 2**62."""
        widths = np.array([math.isqrt(int(size) - 1) + 1 for size in sizes], np.uint64)
        limits = sizes.astype(np.uint64)
        return cls(limits, widths, (limits + widths - np.uint64(1)) // widths)

    def __getitem__(self, chosen: npt.NDArray[np.int64]) -> Shapes:
        return Shapes(self.sizes[chosen], self.widths[chosen], self.heights[chosen])


def permute(
    positions: npt.NDArray[np.int64], shapes: Shapes, keys: npt.NDArray[np.uint64]
) -> npt.NDArray[np.int64]:
    """The elements at positions of as many permutations.

    A generalised Feistel network over a rectangle, walked along its cycle in the rare case that it leads to a
    place beyond the last element (Black and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002).

    Args:
        positions: (B,) a position in each permutation.
        shapes: Sizes of the B permutations.
        keys: (B,) key of each; another key gives another permutation.

    Returns:
        (B,) elements, each from 0 to its size - 1.
    """
    mixed = _mix(keys + _GOLDEN)
    values = _encipher(positions.astype(np.uint64), shapes, mixed)
    outside = np.flatnonzero(values >= shapes.sizes)
    while len(outside):
        values[outside] = _encipher(values[outside], shapes[outside], mixed[outside])
        outside = outside[values[outside] >= shapes.sizes[outside]]
    return values.astype(np.int64)


def _encipher(
    values: npt.NDArray[np.uint64], shapes: Shapes, keys: npt.NDArray[np.uint64]
) -> npt.NDArray[np.uint64]:
    rows = values // shapes.widths
    columns = values - rows * shapes.widths
    for turn in range(_ROUNDS):
        keys = keys + _ROUND_STEP
        if turn % 2:
            rows = _add_below(rows, columns, shapes.heights, keys)
        else:
            columns = _add_below(columns, rows, shapes.widths, keys)
    return rows * shapes.widths + columns


def _add_below(
    changed: npt.NDArray[np.uint64],
    other: npt.NDArray[np.uint64],
    limits: npt.NDArray[np.uint64],
    keys: npt.NDArray[np.uint64],
) -> npt.NDArray[np.uint64]:
    """One coordinate with a hash of the other added, modulo its limit."""
    # The upper half of the hash, as a fraction of the limit.
    steps = ((_mix(other * _GOLDEN + keys) >> _HALF) * limits) >> _HALF
    moved = changed + steps
    return moved - limits * (moved >= limits)


class PermutedStreams:
    """Several streams, each of the elements 0 .. size - 1 for ever: every pass in an order of its own."""

    def __init__(self, sizes: npt.NDArray[np.int64], keys: npt.NDArray[np.uint64]) -> None:
        """Makes the streams.

        Args:
            sizes: (S,) number of elements of each; one without any is never taken from.
            keys: (S,) key of each; another key gives other orders.
        """
        self.sizes = sizes
        self._keys = keys
        self._shapes = Shapes.of(np.maximum(sizes, 1))
        self._taken = np.zeros(len(sizes), np.int64)

    def take(self, streams: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """(B,) the next element of each of the given streams, one after the other.

        In a stream, none repeats before all have come.
        """
        # Of short integers, numpy sorts by radix.
        short = np.min_scalar_type(len(self.sizes))
        order = np.argsort(streams.astype(short), kind="stable")
        counts = np.bincount(streams, minlength=len(self.sizes))
        within = np.empty(len(streams), np.int64)
        within[order] = np.arange(len(streams)) - np.repeat(np.cumsum(counts) - counts, counts)
        passes, positions = np.divmod(self._taken[streams] + within, self.sizes[streams])
        self._taken += counts
        keys = self._keys[streams] + passes.astype(np.uint64) * _PASS_STEP
        return permute(positions, self._shapes[streams], keys)

    def give_back(self, streams: npt.NDArray[np.int64]) -> None:
        """Makes the elements that were taken last of the given streams, (B,), come again next."""
        self._taken -= np.bincount(streams, minlength=len(self.sizes))
