"""The outlines of the shapes as signed distances: negative inside, positive outside, zero on the edge.

Every shape but the circle and the heart is the mirror image of one wedge, so a point is folded into that
wedge and measured against the one or two edges that lie in it. Only additions, products and square roots are
used per pixel: these are rounded alike on every machine.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from isoglot.world.scenes.scene import Shape

Field = npt.NDArray[np.floating[Any]]
"""A number per pixel; points have x to the right and y upwards, in radii of the shape."""


@dataclass(frozen=True, slots=True)
class _Wedge:
    """A part of a mirrored outline, between the upward axis and the next line of symmetry.

    Attributes:
        mirrors: Lines that fold the plane into the wedge, in degrees clockwise from the upward axis.
        corners: The outline in the wedge, from the upward axis on; every turn is to the right.
    """

    mirrors: tuple[float, ...]
    corners: tuple[tuple[float, float], ...]


def _at(radius: float, degrees: float) -> tuple[float, float]:
    return radius * math.sin(math.radians(degrees)), radius * math.cos(math.radians(degrees))


_WEDGES: dict[Shape, _Wedge] = {
    "square": _Wedge((90, 45), ((0, 0.73), (0.73, 0.73))),
    "triangle": _Wedge((60,), (_at(1.08, 0), _at(0.54, 60))),
    "star": _Wedge((108, 36), (_at(1.08, 0), _at(0.49, 36))),
    "cross": _Wedge((90, 45), ((0, 0.94), (0.33, 0.94), (0.33, 0.33))),
}
_CIRCLE = 0.86
_HEART = 1.1
"""The side of the square under the heart's two arches."""
_HEART_TIP = 0.97
"""How far below the middle the heart ends."""

REACH: dict[Shape, float] = {
    "circle": 0.86,
    "square": 1.04,
    "triangle": 1.08,
    "star": 1.08,
    "heart": 1.0,
    "cross": 1.0,
}
"""The circle around its middle that a shape lies in, in radii: shapes of a radius look alike in size."""


def own_axes(right: Field, up: Field, sine: Field | float, cosine: Field | float) -> tuple[Field, Field]:
    """Where points lie for a shape that is turned to the right.

    Args:
        right: To the right of the shape's middle, in the frame.
        up: Above the shape's middle, in the frame.
        sine: Of the angle by which it is turned.
        cosine: Of that angle.

    Returns:
        To the right and upwards, in the axes of the shape.
    """
    return right * cosine - up * sine, right * sine + up * cosine


def shape_field(shape: Shape, x: Field, y: Field) -> Field:
    """The signed distance of points to the outline of an upright shape.

    Args:
        shape: The shape.
        x: To the right of its middle, in radii.
        y: Above its middle, in radii.

    Returns:
        Distances in radii, of the same form as `x`; exact outside and near the edge.
    """
    if shape == "circle":
        return np.sqrt(x * x + y * y) - _CIRCLE
    if shape == "heart":
        return _heart(np.abs(x), y + _HEART_TIP)
    wedge = _WEDGES[shape]
    x = np.abs(x)
    for degrees in wedge.mirrors:
        x, y = _fold(x, y, degrees)
    return _edges(np.abs(x), y, wedge.corners)


def _fold(x: Field, y: Field, degrees: float) -> tuple[Field, Field]:
    """Mirrors what lies clockwise of a line through the middle."""
    sine, cosine = _at(1, degrees)
    beyond = 2 * np.maximum(x * cosine - y * sine, 0)
    return x - beyond * cosine, y + beyond * sine


def _edges(x: Field, y: Field, corners: tuple[tuple[float, float], ...]) -> Field:
    """Distance to a chain of edges; inside is right of all of them."""
    squared, outside = np.full_like(x, np.inf), np.full_like(x, -np.inf)
    for start, end in itertools.pairwise(corners):
        further, left = _edge(x, y, start, end)
        squared, outside = np.minimum(squared, further), np.maximum(outside, left)
    return np.copysign(np.sqrt(squared), outside)


def _edge(x: Field, y: Field, start: tuple[float, float], end: tuple[float, float]) -> tuple[Field, Field]:
    """Squared distance to an edge, and how far left of its line a point lies."""
    along, up = end[0] - start[0], end[1] - start[1]
    x, y = x - start[0], y - start[1]
    share = np.clip((x * along + y * up) / (along * along + up * up), 0, 1)
    dx, dy = x - share * along, y - share * up
    return dx * dx + dy * dy, along * y - up * x


def _heart(x: Field, y: Field) -> Field:
    """A square on its corner, with half a disc on each of its upper sides; x >= 0, y above the tip."""
    half = math.sqrt(0.5)
    along, across = (x + y) * half, (y - x) * half
    arch = np.sqrt((along - _HEART) ** 2 + (across - _HEART / 2) ** 2) - _HEART / 2
    beside = np.clip(along, 0, _HEART) - along
    edge = beside * beside + across * across
    notch = (along - _HEART) ** 2 + (across - _HEART) ** 2
    square = np.copysign(np.sqrt(np.minimum(edge, notch)), -across)
    return np.where(along > _HEART, arch, square)
