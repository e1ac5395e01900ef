"""How pictures look: five styles, and the colours that are told apart in all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from isoglot.world.rendering.shapes import Field
from isoglot.world.scenes.scene import Colour

StyleName = Literal["flat", "outlined", "shaded", "sketch", "night"]
STYLES: tuple[StyleName, ...] = get_args(StyleName)

Tone = tuple[float, float, float]
"""Red, green and blue, in 0..255."""

PALETTE: dict[Colour, Tone] = {
    "red": (214, 36, 40),
    "orange": (246, 132, 16),
    "yellow": (250, 218, 36),
    "green": (38, 158, 62),
    "blue": (36, 88, 220),
    "purple": (146, 50, 178),
    "black": (16, 16, 18),
    "white": (250, 250, 250),
}


@dataclass(frozen=True, slots=True)
class Style:
    """What a style lays under, around and over shapes. Lengths are in 64ths of the frame.

    Attributes:
        papers: Backgrounds to choose from.
        gradient: How much lighter or darker the background grows from its middle to an edge, at most.
        grain: How far a pixel's brightness strays, at most.
        ink: The line around each shape; None for none.
        line: How thick it is.
        shading: How much lighter the upper left of a shape is than its middle, as a share.
        shadow: How dark the shadow at the lower right of a shape is, as a share.
        wobble: How far an outline strays from its true place, at most, as drawn by hand.
        hatching: How far the fill strays from its colour in strokes, as a share.
    """

    papers: tuple[Tone, ...]
    gradient: float = 10.0
    grain: float = 5.0
    ink: Tone | None = None
    line: float = 1.0
    shading: float = 0.0
    shadow: float = 0.0
    wobble: float = 0.0
    hatching: float = 0.0


LOOKS: dict[StyleName, Style] = {
    "flat": Style(papers=((178, 186, 192), (190, 184, 174), (176, 188, 178), (186, 178, 188))),
    "outlined": Style(
        papers=((226, 232, 236), (236, 230, 220), (222, 234, 224)), ink=(44, 40, 40), line=1.1, grain=3.0
    ),
    "shaded": Style(
        papers=((132, 140, 148), (146, 140, 130), (138, 146, 136)),
        gradient=24.0,
        shading=0.22,
        shadow=0.45,
    ),
    "sketch": Style(
        papers=((238, 228, 206), (232, 224, 212)),
        grain=9.0,
        ink=(84, 72, 66),
        line=0.9,
        wobble=0.7,
        hatching=0.13,
    ),
    "night": Style(papers=((40, 46, 82), (34, 52, 70), (54, 42, 76)), gradient=14.0, ink=(206, 212, 230)),
}
"""Every style by its name. No style changes where anything stands, or any colour so far as to be misnamed."""

_LIGHT, _DARK = 255.0, 20.0
_MARKS = ((225.0, _DARK, 0.76), (170.0, _DARK, 0.6), (40.0, _LIGHT, 0.65), (-1.0, _LIGHT, 0.72))
"""On colours lighter than this: what marks lean to, and how far. White and black have grey marks."""


def brightness(tone: Tone) -> float:
    """How light a colour looks, in 0..255."""
    return 0.3 * tone[0] + 0.59 * tone[1] + 0.11 * tone[2]


def marking(tone: Tone) -> Tone:
    """The stripes and dots on a colour: lighter on what is dark, darker on what is light."""
    light = brightness(tone)
    _, end, share = next(row for row in _MARKS if light > row[0])
    red, green, blue = (part + share * (end - part) for part in tone)
    return red, green, blue


def contrast(tone: Tone) -> Tone:
    """A line that is seen on a colour."""
    return (24.0, 24.0, 28.0) if brightness(tone) > 110 else (240.0, 240.0, 236.0)


def paint_paper(style: Style, side: int, rng: np.random.Generator) -> Field:
    """A background.

    Args:
        style: Its papers and its gradient.
        side: Width and height in pixels.
        rng: Chooses the paper and where it is light.

    Returns:
        (side, side, 3), in 0..255.
    """
    tone: Field = np.asarray(style.papers[rng.integers(len(style.papers))], dtype=np.float32)
    slope = rng.uniform(-style.gradient, style.gradient, 2).astype(np.float32)
    place = np.linspace(-1, 1, side, dtype=np.float32)
    light: Field = slope[0] * place[:, None] + slope[1] * place
    return tone + light[..., None]


def draw_grain(style: Style, side: int, rng: np.random.Generator) -> Field:
    """What is added to the brightness of each pixel (side, side, 1)."""
    return np.multiply(style.grain, 2 * rng.random((side, side, 1), dtype=np.float32) - 1)


def draw_waves(side: int, rng: np.random.Generator) -> Field:
    """A smooth field (side, side) in -1..1, for lines that are not quite straight."""
    knots: Field = 2 * rng.random((10, 10), dtype=np.float32) - 1
    place = np.linspace(0, len(knots) - 1, side, dtype=np.float32)
    low = np.minimum(place.astype(np.int64), len(knots) - 2)
    share = place - low.astype(np.float32)
    rows: Field = knots[low] * (1 - share)[:, None] + knots[low + 1] * share[:, None]
    return rows[:, low] * (1 - share) + rows[:, low + 1] * share
