"""Pseudo-random permutations that are never written out: any position on demand, in constant memory."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_ROUNDS = 4
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _mix(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """SplitMix64's finaliser: every output bit depends on every input bit."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


class Permutation:
    """A permutation of 0 .. size - 1, given by a key.

    A Feistel network over the next even number of bits, walked along its cycle until the value lies in range
    (Black and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002).

    Attributes:
        size: Number of elements.
    """

    def __init__(self, size: int, key: int) -> None:
        """Makes the permutation.

        Args:
            size: Number of elements, >= 1.
            key: Any non-negative integer; another key gives another permutation.

        Raises:
            ValueError: If size < 1.
        """
        if size < 1:
            raise ValueError(f"size must be >= 1, got {size}")
        self.size = size
        self._half_bits = np.uint64(max(1, (int(size - 1).bit_length() + 1) // 2))
        self._mask = np.uint64((1 << int(self._half_bits)) - 1)
        seeds = np.array([(key * 1_000_003 + turn) & (2**64 - 1) for turn in range(_ROUNDS)], np.uint64)
        self._round_keys = _mix(seeds + _GOLDEN)

    def __call__(self, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The elements at the given positions, each from 0 to size - 1."""
        values = self._encipher(positions.astype(np.uint64))
        outside = np.flatnonzero(values >= self.size)
        while len(outside):
            values[outside] = self._encipher(values[outside])
            outside = outside[values[outside] >= self.size]
        return values.astype(np.int64)

    def _encipher(self, values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
        left, right = values >> self._half_bits, values & self._mask
        for key in self._round_keys:
            left, right = right, left ^ (_mix(right * _GOLDEN + key) & self._mask)
        return (left << self._half_bits) | right


class PermutedStream:
    """The elements 0 .. size - 1 in random order, for ever: every pass in an order of its own."""

    def __init__(self, size: int, key: int) -> None:
        self.size = size
        self._key = key
        self._taken = 0

    def take(self, count: int) -> npt.NDArray[np.int64]:
        """The next `count` elements; none repeats before all have come."""
        positions = self._taken + np.arange(count, dtype=np.int64)
        self._taken += count
        passes, within = np.divmod(positions, self.size)
        elements = np.empty(count, np.int64)
        for turn in np.unique(passes):
            chosen = passes == turn
            elements[chosen] = Permutation(self.size, self._key + int(turn) * 7_919)(within[chosen])
        return elements
