"""Where discs go in a box, so that they keep apart: at random while there is room, else in a pattern."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
"""Points (..., 2): x and y."""

GAP = 2.0
"""What is left free between two shapes, in 64ths of the frame."""
_NUM_TRIES = 32


def pack(count: int, reach: float, height: float) -> Points:
    """The narrowest pattern of discs in a strip.

    Args:
        count: How many discs, 1 to 4.
        reach: Their radius.
        height: Of the strip; at least one disc fits.

    Returns:
        Middles (count, 2), `GAP` apart, the first disc touching x = 0; the pattern fills the height.
    """
    return min(_patterns(count, reach, height), key=lambda middles: float(middles[:, 0].max()))


def width(middles: Points, reach: float) -> float:
    """Where discs that begin at x = 0 end."""
    return float(middles[:, 0].max()) + reach


def _patterns(count: int, reach: float, height: float) -> list[Points]:
    apart = 2 * reach + GAP
    room = height - 2 * reach
    order = np.arange(count)
    found = [np.stack([reach + apart * order, np.full(count, height / 2)], axis=1)]
    step = room / max(count - 1, 1)
    if step >= apart or count == 1:
        found.append(np.stack([np.full(count, reach), height / 2 + step * (order - (count - 1) / 2)], axis=1))
    elif count == 2 or 2 * step >= apart:
        side = math.sqrt(apart * apart - step * step)
        found.append(np.stack([reach + side * (order % 2), reach + step * order], axis=1))
    if count > 2 and room >= apart:
        found.append(np.stack([reach + apart * (order % 2), reach + room * (order // 2)], axis=1))
    return found


def scatter(count: int, reach: float, box: tuple[float, float], rng: np.random.Generator) -> Points:
    """Some ways to put discs into a box.

    Args:
        count: How many discs, 1 to 4.
        reach: Their radius.
        box: Width and height of the box; `pack` says whether it is wide enough.
        rng: Draws the middles.

    Returns:
        Middles (W, count, 2) of one way or more, all within the box and `GAP` apart; the last is the pattern
        of `pack` in the middle of the box.
    """
    room = np.asarray(box) - 2 * reach
    drawn = reach + np.maximum(room, 0) * rng.random((_NUM_TRIES, count, 2))
    packed = pack(count, reach, box[1])
    packed[:, 0] += (box[0] - width(packed, reach)) / 2
    return np.concatenate([drawn[_apart(drawn, reach)], packed[None]])


def _apart(middles: Points, reach: float) -> npt.NDArray[np.bool_]:
    """Which ways (W, count, 2) keep all discs apart."""
    fine = np.ones(len(middles), dtype=bool)
    for one, other in itertools.combinations(range(middles.shape[1]), 2):
        between = middles[:, one] - middles[:, other]
        fine &= (between * between).sum(axis=1) >= (2 * reach + GAP) ** 2
    return fine


def choose_apart(points: Points, count: int, reach: float, rng: np.random.Generator) -> Points | None:
    """Chooses points for discs one after the other, each from what the others have left.

    Args:
        points: Where a disc may have its middle (P, 2).
        count: How many discs.
        reach: Their radius.
        rng: Chooses.

    Returns:
        Middles (count, 2), `GAP` apart; None if every one of some tries ended without room.
    """
    for _ in range(_NUM_TRIES):
        left = points
        chosen: list[Points] = []
        while len(left) and len(chosen) < count:
            chosen.append(left[rng.integers(len(left))])
            between = left - chosen[-1]
            left = left[(between * between).sum(axis=1) >= (2 * reach + GAP) ** 2]
        if len(chosen) == count:
            return np.stack(chosen)
    return None
