"""Random numbers that have an address: each is a function of a key, a row and a place, and of nothing else.

The numbers of `isoglot.training.draws`, without torch, and of 53 bits in place of 24.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_ROW_STEP = np.uint64(0x9E3779B97F4A7C15)
_PLACE_STEP = np.uint64(0xD1342543DE82EF95)
_FACTORS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))
_BITS = 53


def uniform(
    key: tuple[int, ...], rows: npt.NDArray[np.int64], places: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Random numbers, uniform from 0 to below 1.

    SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), asked for its numbers by their place.

    Args:
        key: Numbers >= 0: the seed, the step and so on. Another key gives other numbers.
        rows: (n,) row of each number.
        places: (n,) its place in the row.

    Returns:
        (n,) numbers.
    """
    start = np.random.SeedSequence(key).generate_state(1, np.uint64)
    bits = _mix(rows.astype(np.uint64) * _ROW_STEP + start)
    bits = _mix(bits + places.astype(np.uint64) * _PLACE_STEP)
    numbers: npt.NDArray[np.float64] = (bits >> np.uint64(64 - _BITS)).astype(np.float64) / (1 << _BITS)
    return numbers


def _mix(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """SplitMix64's finaliser."""
    values = (values ^ (values >> _SHIFTS[0])) * _FACTORS[0]
    values = (values ^ (values >> _SHIFTS[1])) * _FACTORS[1]
    return values ^ (values >> _SHIFTS[2])
