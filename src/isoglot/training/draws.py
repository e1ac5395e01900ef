"""Random numbers that have an address: each is a function of seed, step, row and place, and of nothing else.

So a process that has a share of a batch draws what one with all of it would, padding changes nothing, and a
resumed training repeats what an undisturbed one did, without any state to keep.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

_ROW_STEP = 0x9E3779B97F4A7C15 - (1 << 64)
_PLACE_STEP = 0xD1342543DE82EF95 - (1 << 64)
_FIRST_FACTOR = 0xBF58476D1CE4E5B9 - (1 << 64)
_SECOND_FACTOR = 0x94D049BB133111EB - (1 << 64)
_BITS = 24
"""Bits of a number: as many as a float of 32 bits tells apart below 1."""


def uniform(
    key: tuple[int, ...], rows: Int[Tensor, " numbers"], places: Int[Tensor, " numbers"]
) -> Float[Tensor, " numbers"]:
    """Random numbers, uniform from 0 to below 1.

    SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), asked for its numbers by their place.

    Args:
        key: Numbers >= 0: the seed, the step and so on. Another key gives other numbers.
        rows: (n,) row of each number.
        places: (n,) its place in the row.

    Returns:
        (n,) numbers, on the device of the rows.
    """
    start = int(np.random.SeedSequence(key).generate_state(1, np.uint64).view(np.int64)[0])
    bits = _mix(_mix(rows * _ROW_STEP + start) + places * _PLACE_STEP)
    return _right(bits, 64 - _BITS).to(torch.float32) / (1 << _BITS)


def _mix(values: Int[Tensor, " numbers"]) -> Int[Tensor, " numbers"]:
    """SplitMix64's finaliser, on 64 bits that torch takes for signed."""
    values = (values ^ _right(values, 30)) * _FIRST_FACTOR
    values = (values ^ _right(values, 27)) * _SECOND_FACTOR
    return values ^ _right(values, 31)


def _right(values: Int[Tensor, " numbers"], count: int) -> Int[Tensor, " numbers"]:
    """The bits shifted to the right, zeros coming in."""
    return (values >> count) & ((1 << (64 - count)) - 1)


@dataclass(frozen=True)
class Address:
    """Where the rows of some model input stand, so that what is drawn for them can be drawn again.

    Attributes:
        key: Seed, step and so on.
        first_row: Number of the first row in the whole batch, over all processes.
    """

    key: tuple[int, ...]
    first_row: int = 0

    def uniform(
        self, rows: Int[Tensor, " numbers"], places: Int[Tensor, " numbers"]
    ) -> Float[Tensor, " numbers"]:
        """(n,) random numbers for some places of rows, which are counted from 0 in this process."""
        return uniform(self.key, rows + self.first_row, places)

    def pick(self, rows: Int[Tensor, " items"], num_rows: int, rate: float) -> Bool[Tensor, " items"]:
        """Picks some of the items of each row, never all of them.

        Args:
            rows: (n,) row of each item, ascending; an item's place is its number within the row.
            num_rows: Number of rows; some may have no items.
            rate: Probability of each to be picked, from 0 to below 1.

        Returns:
            (n,) whether it is picked; the item whose number is the highest of its row never is.
        """
        places = torch.arange(len(rows), device=rows.device) - torch.searchsorted(rows, rows)
        numbers = self.uniform(rows, places)
        highest = numbers.new_full((num_rows,), -1.0).scatter_reduce(0, rows, numbers, "amax")
        return (numbers < rate) & (numbers < highest[rows])
