"""Putting shapes on paper: fills, stripes, dots, lines, shading and shadows, all with soft edges."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from isoglot.world.rendering.layout import FRAME, Layout, Patch, patches
from isoglot.world.rendering.shapes import Field
from isoglot.world.rendering.styles import PALETTE, Style, Tone, contrast, draw_waves, marking
from isoglot.world.scenes.scene import Texture, Thing

_PAD = 8
"""Pixels around the canvas, in 64ths of the frame, so that no patch reaches over its edge."""
_JITTER = 7.0
"""How far each part of a colour strays from the palette's."""
_HALO = 1.6
"""How wide a clear ring is, in 64ths of the frame."""
_OUTER = 0.85
"""The share of a line that lies outside its shape."""
_STEADY = 12.0
"""A shape with a smaller radius, in 64ths of the frame, is drawn with a steadier hand."""
_HEM = 0.45
"""How far marks stay from an edge without a line, in 64ths of the frame: they are not to eat into a shape."""
_STRIPE, _DOT = 0.37, 0.31
"""The share of stripes in their period, and of a dot's radius."""


@dataclass(frozen=True, slots=True)
class Surface:
    """What the shapes of one thing are painted with.

    Attributes:
        texture: Plain, striped or dotted.
        fill: Their colour.
        marks: The colour of stripes or dots.
        rim: A line around each shape, of the style or because it lies on another shape; None for none.
        halo: A clear ring around that line, of what it lies on, without its stripes or dots; None for none.
        period: From one stripe or dot to the next, in pixels.
        across: Sine and cosine of the angle by which the stripes or rows of dots are turned.
        phase: Where the first of them lies, in periods, (x, y).
    """

    texture: Texture
    fill: Tone
    marks: Tone
    rim: Tone | None
    halo: Tone | None
    period: float
    across: tuple[float, float]
    phase: tuple[float, float]


def draw_surface(
    thing: Thing, style: Style, radius: float, scale: float, rng: np.random.Generator
) -> Surface:
    """Draws what a thing is painted with.

    Args:
        thing: The thing.
        style: The style.
        radius: Of its shapes, in pixels.
        scale: Pixels in a 64th of the frame.
        rng: Draws.

    Returns:
        A surface whose colour is near the palette's.
    """
    assert thing.colour is not None
    assert thing.texture is not None
    strayed = np.clip(np.asarray(PALETTE[thing.colour]) + rng.uniform(-_JITTER, _JITTER, 3), 0, 255)
    red, green, blue = strayed.tolist()
    period = min(max(0.6 * radius, 3.9 * scale), 6.5 * scale)
    angle = math.radians(float(rng.choice((0, 45, 90, 135))))
    phase = rng.random(2)
    return Surface(
        thing.texture,
        (red, green, blue),
        marking((red, green, blue)),
        style.ink,
        None,
        period,
        (math.sin(angle), math.cos(angle)),
        (float(phase[0]), float(phase[1])),
    )


class Canvas:
    """A picture in the making, a little larger than its frame.

    Attributes:
        side: Width and height of the frame in pixels.
        scale: Pixels in a 64th of the frame.
        style: The style it is painted in.
    """

    def __init__(self, paper: Field, style: Style, rng: np.random.Generator) -> None:
        """Lays the paper.

        Args:
            paper: (side, side, 3), in 0..255.
            style: The style.
            rng: Draws what makes hand-drawn lines uneven.
        """
        self.side = len(paper)
        self.scale = self.side / FRAME
        self.style = style
        self._pad = math.ceil(_PAD * self.scale)
        self._paper = np.pad(paper, ((self._pad, self._pad), (self._pad, self._pad), (0, 0)), mode="edge")
        self._waves = draw_waves(len(self._paper), rng) if style.wobble else None

    def paint(self, layout: Layout, surfaces: list[Surface]) -> Field:
        """Paints shapes onto a copy of the paper.

        Args:
            layout: Where they stand.
            surfaces: Of each thing of the layout.

        Returns:
            (side, side, 3), not yet rounded.
        """
        pixels = self._paper.copy()
        for owner in reversed(range(len(surfaces))):
            found = list(patches(layout, owner))
            for patch in found:
                self._cast_shadow(pixels, patch)
            for patch in found:
                self._paint_shape(pixels, patch, surfaces[owner], float(layout.radii[patch.index]))
        return pixels[self._pad : self._pad + self.side, self._pad : self._pad + self.side]

    def _window(self, patch: Patch, shift: int = 0) -> tuple[slice, slice]:
        size = len(patch.field)
        top, left = patch.top + self._pad + shift, patch.left + self._pad + shift
        return slice(top, top + size), slice(left, left + size)

    def _cast_shadow(self, pixels: Field, patch: Patch) -> None:
        if self.style.shadow:
            shift = max(round(1.5 * self.scale), 1)
            dark = np.clip(0.5 - patch.field / (2.5 * self.scale), 0, 1) * np.float32(self.style.shadow)
            pixels[self._window(patch, shift)] *= 1 - dark[..., None]

    def _paint_shape(self, pixels: Field, patch: Patch, surface: Surface, radius: float) -> None:
        window = self._window(patch)
        field = patch.field
        if self._waves is not None:
            wobble = self.style.wobble * min(self.scale, radius / _STEADY)
            field = field + self._waves[window] * np.float32(wobble)
        if surface.halo is not None:
            clear = np.clip(0.5 + np.float32(_HALO * self.scale) - field, 0, 1)[..., None]
            pixels[window] += clear * (np.asarray(surface.halo, dtype=np.float32) - pixels[window])
        colour = self._fill(patch, surface, radius)
        edge = 0.0
        if surface.rim is not None:
            edge = _OUTER * self.style.line * self.scale
            inner = np.float32((1 - _OUTER) * self.style.line * self.scale)
            inked = np.clip(0.5 + field + inner, 0, 1)[..., None]
            colour += inked * (np.asarray(surface.rim, dtype=np.float32) - colour)
        covered = np.clip(0.5 + np.float32(edge) - field, 0, 1)[..., None]
        pixels[window] += covered * (colour - pixels[window])

    def _fill(self, patch: Patch, surface: Surface, radius: float) -> Field:
        fill = np.asarray(surface.fill, dtype=np.float32)
        colour = np.broadcast_to(fill, (*patch.field.shape, 3)).copy()
        if self.style.hatching:
            strokes = _stripes(patch.x + patch.y, 3.1 * self.scale, 0.25, 0.4)
            paper = np.float32(self.style.hatching) * strokes[..., None]
            colour += paper * (np.float32(200) - colour)
        if surface.texture != "plain":
            marked = _marks(patch, surface)[..., None]
            if surface.rim is None:
                marked *= np.clip(0.5 - _HEM - patch.field / self.scale, 0, 1)[..., None]
            colour += marked * (np.asarray(surface.marks, dtype=np.float32) - colour)
        if self.style.shading:
            light = (patch.y - patch.x) * np.float32(self.style.shading / radius)
            colour *= 1 + np.clip(light, -0.3, 0.3)[..., None]
            colour = np.minimum(colour, np.float32(255))
        return colour


def _marks(patch: Patch, surface: Surface) -> Field:
    """How much of each pixel is stripe or dot, in 0..1."""
    sine, cosine = surface.across
    x, y = patch.x * cosine - patch.y * sine, patch.x * sine + patch.y * cosine
    if surface.texture == "striped":
        return _stripes(y, surface.period, surface.phase[1], _STRIPE)
    x, y = _nearest(x, surface.period, surface.phase[0]), _nearest(y, surface.period, surface.phase[1])
    return np.clip(0.5 + np.float32(_DOT * surface.period) - np.sqrt(x * x + y * y), 0, 1)


def _stripes(place: Field, period: float, phase: float, share: float) -> Field:
    middle = np.abs(_nearest(place, period, phase))
    return np.clip(0.5 + np.float32(share * period / 2) - middle, 0, 1)


def _nearest(place: Field, period: float, phase: float) -> Field:
    """The distance from the nearest of lines that are a period apart, with its sign."""
    periods = place / np.float32(period) + np.float32(phase)
    nearest: Field = (periods - np.rint(periods)) * np.float32(period)
    return nearest


def rimmed(held: Surface, holder: Surface) -> Surface:
    """The surface of what lies inside another shape, with a line and a clear ring that are seen on it.

    Args:
        held: Of what lies inside.
        holder: Of what holds it.

    Returns:
        The first surface, with another rim, and a halo.
    """
    return replace(held, rim=contrast(holder.fill), halo=holder.fill)
