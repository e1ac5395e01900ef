"""The ground truth of a picture: which shape stands where, how large and how turned."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isoglot.world.rendering.packing import Points
from isoglot.world.rendering.shapes import REACH, Field, own_axes, shape_field
from isoglot.world.scenes.scene import Shape, Thing

FRAME = 64.0
"""The side of the frame that all proportions are given for; other sides scale them."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Shapes in a frame, in the order of their things.

    Attributes:
        things: What is shown, with the sizes that a relation implies.
        side: Width and height of the frame in pixels.
        owners: (n,) the index in `things` of what each shape is one of.
        middles: (n, 2) x and y of the middle of each shape, in pixels; y grows downwards.
        radii: (n,) in pixels; how far a shape reaches is this times its `REACH`.
        turns: (n,) how far each shape is turned to the right, in radians.
        visible: (n,) False while a shape has blinked out.
    """

    things: tuple[Thing, ...]
    side: int
    owners: npt.NDArray[np.int64]
    middles: Points
    radii: npt.NDArray[np.float64]
    turns: npt.NDArray[np.float64]
    visible: npt.NDArray[np.bool_]

    def masks(self) -> npt.NDArray[np.bool_]:
        """Which pixels each shape covers.

        Returns:
            (n, side, side), rows downwards. What lies inside another shape is part of that shape's mask too;
            the mask of a shape that is not visible is empty.
        """
        covered = np.zeros((len(self.owners), self.side, self.side), dtype=bool)
        for owner in range(len(self.things)):
            for patch in patches(self, owner):
                covered[patch.index][patch.window] = patch.inside(self.side) <= 0
        return covered

    def boxes(self) -> npt.NDArray[np.float64]:
        """The boxes around the circles that the shapes lie in.

        Returns:
            (n, 4) left, top, right, bottom, in pixels.
        """
        reach = self.radii * np.array([REACH[_shape(self.things[owner])] for owner in self.owners])
        return np.concatenate([self.middles - reach[:, None], self.middles + reach[:, None]], axis=1)


@dataclass(frozen=True, slots=True)
class Patch:
    """The pixels around one shape.

    Attributes:
        index: Which shape of the layout.
        left: First column; may lie left of the frame.
        top: First row; may lie above the frame.
        field: (p, p) signed distance of each pixel's middle to the outline, in pixels.
        x: (p, p) to the right in the shape's own turned axes, in pixels.
        y: (p, p) upwards in the shape's own turned axes, in pixels.
    """

    index: int
    left: int
    top: int
    field: Field
    x: Field
    y: Field

    @property
    def window(self) -> tuple[slice, slice]:
        """The rows and columns of the frame that the patch covers."""
        size = len(self.field)
        return slice(max(self.top, 0), self.top + size), slice(max(self.left, 0), self.left + size)

    def inside(self, side: int) -> Field:
        """The part of the field that lies in a frame of some side."""
        rows, columns = slice(max(-self.top, 0), side - self.top), slice(max(-self.left, 0), side - self.left)
        return self.field[rows, columns]


def _shape(thing: Thing) -> Shape:
    assert thing.shape is not None
    return thing.shape


def patches(layout: Layout, owner: int) -> Iterator[Patch]:
    """The surroundings of every visible shape of a thing, measured together.

    Args:
        layout: Where everything stands.
        owner: Index of the thing.

    Yields:
        A patch for each of its shapes, two 64ths of the frame wider than the shape on every side.
    """
    shown = np.flatnonzero((layout.owners == owner) & layout.visible)
    if not len(shown):
        return
    shape = _shape(layout.things[owner])
    radii, middles, turns = layout.radii[shown], layout.middles[shown], layout.turns[shown]
    size = math.ceil(2 * (float(radii.max()) * REACH[shape] + 2.5 * layout.side / FRAME))
    corners = np.floor(middles - size / 2).astype(np.int64)
    pixels = np.arange(size) + 0.5
    right = (corners[:, 0, None] + pixels - middles[:, 0, None]).astype(np.float32)[:, None, :]
    up = (middles[:, 1, None] - corners[:, 1, None] - pixels).astype(np.float32)[:, :, None]
    sines, cosines = (each.astype(np.float32)[:, None, None] for each in (np.sin(turns), np.cos(turns)))
    x, y = own_axes(right, up, sines, cosines)
    scale = radii.astype(np.float32)[:, None, None]
    field = shape_field(shape, x / scale, y / scale) * scale
    for row, index in enumerate(shown):
        left, top = int(corners[row, 0]), int(corners[row, 1])
        yield Patch(int(index), left, top, field[row], x[row], y[row])
