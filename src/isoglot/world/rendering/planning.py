"""From a scene to places: sizes, positions and paths for which all that the scene says is true.

Lengths are in 64ths of the frame. A plan is first drawn with generous sizes and paths; where these do not
fit, they shrink in steps to the least that still can be told apart. What does not fit even then is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from isoglot.errors import ConfigError
from isoglot.world.rendering.layout import FRAME
from isoglot.world.rendering.packing import GAP, Points, choose_apart, pack, scatter, width
from isoglot.world.rendering.shapes import REACH, own_axes, shape_field
from isoglot.world.scenes.scene import Scene, Thing

Shares = npt.NDArray[np.float64]
"""A few numbers that were drawn."""

MARGIN = 1.0
"""What is left free along the frame."""
ROOM = FRAME - 2 * MARGIN
CLEARANCE = 1.5
"""What is left free between a shape and the edge of what holds it."""
SMALL = (5.0, 6.0)
"""Least and greatest radius of what is small."""
LARGE = {1: (13.0, 21.0), 2: (10.5, 13.5), 3: (9.0, 12.0), 4: (8.5, 10.5)}
"""Least and greatest radius of what is large, by the number of shapes in the frame; more are as small as
`LEAST_LARGE`."""
LEAST_LARGE = 8.0
HOLDER = (25.0, 28.0)
"""Least and greatest radius of what holds other shapes."""
TRAVEL = (10.0, 26.0)
"""How far something moves, at least and at most."""
TRAVEL_INSIDE = (6.0, 14.0)
GROWTH = (1.35, 1.7)
"""What the radius of something that grows is multiplied with, at least and at most."""
SHRINKAGE = (0.5, 0.65)
MAX_TURN = math.radians(14)
"""How far a shape is turned at most: left of it stays left of it, and a cross never becomes an x."""
_EASE = (1.0, 0.75, 0.5, 0.25, 0.0)
"""The share of what was drawn beyond the least that each attempt keeps."""
_LAST_TRIES = 8
_NUM_LANES = 33
_STEPS = {"moves_left": (-1, 0), "moves_right": (1, 0), "moves_up": (0, -1), "moves_down": (0, 1)}
_ABREAST = 0.7
"""Two things in a row may be apart crosswise by this share of what they are apart in the row."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Places at the beginning, and what becomes of them.

    Attributes:
        middles: For each thing (count, 2).
        radii: For each thing.
        travels: For each thing, (x, y) from the first frame to the last.
        growths: For each thing, its radius in the last frame by its radius in the first.
        turns: For each shape of both things, to the right, in radians.
    """

    middles: tuple[Points, ...]
    radii: tuple[float, ...]
    travels: tuple[tuple[float, float], ...]
    growths: tuple[float, ...]
    turns: Shares


@dataclass(frozen=True, slots=True)
class _Disc:
    """What is known of a thing before it has a place.

    Attributes:
        thing: The thing, with its size.
        radius: Of each of its shapes.
        growth: Radius in the last frame by radius in the first.
        travel: How far it will move, (x, y).
        turn: How far the last shape of the scene is turned: what holds others is the last.
    """

    thing: Thing
    radius: float
    growth: float = 1.0
    travel: tuple[float, float] = (0.0, 0.0)
    turn: float = 0.0

    @property
    def reach(self) -> float:
        """The circle that a shape of the thing lies in at its largest."""
        assert self.thing.shape is not None
        return self.radius * REACH[self.thing.shape] * max(self.growth, 1.0)


_Placed = tuple[list[_Disc], list[Points]]
"""Each thing, and the middles of its shapes at the beginning (count, 2)."""


def plan_scene(scene: Scene, rng: np.random.Generator) -> Plan:
    """Draws sizes, places and paths.

    Args:
        scene: A complete scene.
        rng: Draws.

    Returns:
        A plan in which shapes lie within the frame, `GAP` apart in every frame unless one lies inside the
        other; the relation holds at the beginning, and one of place all along.

    Raises:
        ConfigError: If the scene moves and holds too many large shapes.
    """
    arrange = _arrangement(scene)
    drawn = rng.random(3)
    turns = rng.uniform(-MAX_TURN, MAX_TURN, sum(thing.count for thing in scene.things))
    for ease in _EASE:
        placed = arrange(scene, _discs(scene, drawn, ease, turns), rng)
        if placed is not None:
            return _plan(placed, turns * ease)
    plan = densest_plan(scene)
    if plan is None:
        raise ConfigError(
            f"no room for the motion of {scene.code!r}: too many shapes; count fewer, or make them small"
        )
    return plan


def densest_plan(scene: Scene) -> Plan | None:
    """A plan with the least sizes and paths, the same for every seed.

    Args:
        scene: A complete scene.

    Returns:
        The plan; None if a seed may find no room for the scene.
    """
    turns = np.zeros(sum(thing.count for thing in scene.things))
    discs = _discs(scene, np.zeros(3), 0.0, turns)
    for attempt in range(_LAST_TRIES):
        placed = _arrangement(scene)(scene, discs, np.random.default_rng(attempt))
        if placed is not None:
            return _plan(placed, turns)
    return None


def _arrangement(scene: Scene) -> Callable[[Scene, list[_Disc], np.random.Generator], _Placed | None]:
    if scene.second is None:
        return _alone
    if scene.motion == "crosses":
        return _crossing
    return _inside if scene.relation == "inside" else _apart


def _between(bounds: tuple[float, float], share: float) -> float:
    return bounds[0] + share * (bounds[1] - bounds[0])


def _discs(scene: Scene, drawn: Shares, ease: float, turns: Shares) -> list[_Disc]:
    shares = drawn * ease
    total = sum(thing.count for thing in scene.things)
    discs = []
    for index, thing in enumerate(scene.sized_things):
        large = LARGE.get(total, (LEAST_LARGE, LEAST_LARGE + 1))
        radius = _between((LEAST_LARGE, _between(large, drawn[index])), ease)
        if thing.size == "small":
            radius = _between(SMALL, shares[index])
        elif scene.relation == "inside":
            radius = _between(HOLDER[::-1], shares[index])
        discs.append(_Disc(thing, radius, turn=float(ease * turns[-1])))
    return [_moved(scene, discs[0], shares), *discs[1:]]


def _moved(scene: Scene, disc: _Disc, shares: Shares) -> _Disc:
    """What the first thing of a scene will do."""
    if scene.motion == "grows":
        return replace(disc, growth=_between(GROWTH, shares[2]))
    if scene.motion == "shrinks":
        return replace(disc, growth=_between(SHRINKAGE, shares[2]))
    if scene.motion in _STEPS:
        inside = scene.relation == "inside"
        length = _between(TRAVEL_INSIDE if inside else TRAVEL, shares[2])
        x, y = _STEPS[scene.motion]
        return replace(disc, travel=(x * length, y * length))
    return disc


def _plan(placed: _Placed, turns: Shares) -> Plan:
    discs, middles = placed
    return Plan(
        tuple(middles),
        tuple(disc.radius for disc in discs),
        tuple(disc.travel for disc in discs),
        tuple(disc.growth for disc in discs),
        turns,
    )


def _box(disc: _Disc, corner: tuple[float, float], box: tuple[float, float]) -> tuple[Points, Points]:
    """Corner and size of the box in which a thing may start, so that it never leaves the given one."""
    travel = np.asarray(disc.travel)
    return np.asarray(corner) - np.minimum(travel, 0), np.asarray(box) - np.abs(travel)


def _ways(
    disc: _Disc, corner: tuple[float, float], box: tuple[float, float], rng: np.random.Generator
) -> Points:
    """Some ways to put a thing into a box (W, count, 2), for the whole of its motion."""
    start, (wide, high) = _box(disc, corner, box)
    return start + scatter(disc.thing.count, disc.reach, (float(wide), float(high)), rng)


def _need(disc: _Disc, height: float) -> float:
    """The least width of a box of some height for a thing and its motion; infinite if it is too high."""
    along, across = (abs(step) for step in disc.travel)
    if height - across < 2 * disc.reach:
        return float("inf")
    return width(pack(disc.thing.count, disc.reach, height - across), disc.reach) + along


def _alone(_scene: Scene, discs: list[_Disc], rng: np.random.Generator) -> _Placed | None:
    if _need(discs[0], ROOM) > ROOM:
        return None
    return (discs, [_ways(discs[0], (MARGIN, MARGIN), (ROOM, ROOM), rng)[0]])


def _apart(scene: Scene, discs: list[_Disc], rng: np.random.Generator) -> _Placed | None:
    """Side by side, or one above the other: each in its own part of the frame."""
    upright, swapped = _direction(scene, rng)
    discs = [_turned(disc, upright) for disc in discs]
    order = discs[::-1] if swapped else discs
    needs = [_need(disc, ROOM) for disc in order]
    spare = ROOM - GAP - sum(needs)
    if spare < 0:
        return None
    cut = needs[0] + spare * rng.uniform(0.2, 0.8)
    low = _ways(order[0], (MARGIN, MARGIN), (cut, ROOM), rng)
    high = _ways(order[1], (MARGIN + cut + GAP, MARGIN), (ROOM - GAP - cut, ROOM), rng)
    chosen = _abreast(low, high)
    middles = [each[:, ::-1] if upright else each for each in (chosen[::-1] if swapped else chosen)]
    return [_turned(disc, upright) for disc in discs], middles


def _turned(disc: _Disc, upright: bool) -> _Disc:
    """A thing in a frame whose axes are exchanged, or not."""
    return replace(disc, travel=disc.travel[::-1]) if upright else disc


def _direction(scene: Scene, rng: np.random.Generator) -> tuple[bool, bool]:
    """Whether two things stand one above the other, and whether the second comes first."""
    upright, swapped = (bool(each) for each in rng.integers(2, size=2))
    if scene.relation in ("left_of", "right_of"):
        return False, scene.relation == "right_of"
    if scene.relation in ("above", "below"):
        return True, scene.relation == "below"
    return upright, swapped


def _abreast(low: Points, high: Points) -> list[Points]:
    """The first two ways that stand more in the row than across it; else the two patterns."""
    between = high.mean(axis=1)[None] - low.mean(axis=1)[:, None]
    fine = np.abs(between[..., 1]) <= _ABREAST * between[..., 0]
    if not fine.any():
        return [low[-1], high[-1]]
    one, other = np.unravel_index(int(fine.argmax()), fine.shape)
    return [low[one], high[other]]


def _inside(_scene: Scene, discs: list[_Disc], rng: np.random.Generator) -> _Placed | None:
    held, holder = discs
    free = ROOM - 2 * holder.reach
    middle = MARGIN + holder.reach + free * rng.random(2)
    inner = _inner_points(holder, held, rng)
    chosen = choose_apart(inner, held.thing.count, held.reach, rng)
    return None if chosen is None else ([held, holder], [middle + chosen, middle[None]])


def _inner_points(holder: _Disc, held: _Disc, rng: np.random.Generator) -> Points:
    """Where the middle of what is held may be, from the holder's middle, for the whole of its motion."""
    shape, radius = holder.thing.shape, holder.radius
    assert shape is not None
    grid = np.arange(-radius, radius, 1.5) + rng.random()
    points = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    fine = np.ones(len(points), dtype=bool)
    for share in np.linspace(0, 1, 5) if any(held.travel) else (0.0,):
        at = ((points + share * np.asarray(held.travel)) / radius).astype(np.float32)
        x, y = own_axes(at[:, 0], -at[:, 1], math.sin(holder.turn), math.cos(holder.turn))
        fine &= shape_field(shape, x, y) * radius <= -(held.reach + CLEARANCE)
    return points[fine]


def _crossing(_scene: Scene, discs: list[_Disc], rng: np.random.Generator) -> _Placed | None:
    """Two lanes: each thing goes from one end of its lane to the other, in opposite directions."""
    upright, swapped = (bool(each) for each in rng.integers(2, size=2))
    order = discs[::-1] if swapped else discs
    lanes = _lanes(order, rng)
    if lanes is None:
        return None
    middles, moved = [], []
    for disc, (top, high), forward in zip(order, lanes, (True, False), strict=True):
        packed = pack(disc.thing.count, disc.reach, high) + np.array([MARGIN, MARGIN + top])
        travel = ROOM - (width(packed, disc.reach) - MARGIN)
        if not forward:
            packed[:, 0] = FRAME - packed[:, 0]
        middles.append(packed[:, ::-1] if upright else packed)
        moved.append(_turned(replace(disc, travel=(travel if forward else -travel, 0.0)), upright))
    return (moved[::-1], middles[::-1]) if swapped else (moved, middles)


def _lanes(order: list[_Disc], rng: np.random.Generator) -> list[tuple[float, float]] | None:
    """Top and height of two lanes in which both things have room to change sides; None if there are none."""
    heights = rng.permutation(np.linspace(2 * order[0].reach, ROOM - GAP - 2 * order[1].reach, _NUM_LANES))
    for high in heights.tolist():
        rest = ROOM - GAP - high
        if _need(order[0], high) + _need(order[1], rest) + GAP <= ROOM:
            return [(0.0, high), (high + GAP, rest)]
    return None
