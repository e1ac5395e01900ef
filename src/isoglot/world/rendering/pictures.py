"""Pictures of scenes."""

from __future__ import annotations

import difflib

import numpy as np
import numpy.typing as npt

from isoglot.errors import ConfigError
from isoglot.world.rendering.layout import FRAME, Layout
from isoglot.world.rendering.painting import Canvas, Surface, draw_surface, rimmed
from isoglot.world.rendering.shapes import Field
from isoglot.world.rendering.staging import lay_out_picture
from isoglot.world.rendering.styles import LOOKS, STYLES, Style, StyleName, draw_grain, paint_paper
from isoglot.world.scenes.scene import Scene

Pixels = npt.NDArray[np.uint8]
"""(side, side, 3) red, green and blue, rows downwards; a video has frames before that."""


def draw_picture(scene: Scene, *, seed: int, side: int = 64, style: StyleName = "flat") -> Pixels:
    """Draws a scene that stands still.

    Shapes lie wholly within the frame and never overlap, unless one lies inside the other. Sizes within their
    class, places, turns, shades and grain vary with the seed; a style changes how a picture looks, and not
    where anything stands.

    Args:
        scene: A complete scene without motion.
        seed: >= 0. The same arguments give the same picture.
        side: Width and height in pixels, 32 to 1,024.
        style: One of `STYLES`.

    Returns:
        (side, side, 3), red, green and blue, rows downwards. `lay_out_picture` says what is where.

    Raises:
        ConfigError: If the scene is not complete or moves, or another argument is out of range.
    """
    look = read_style(style)
    layout = lay_out_picture(scene, seed=seed, side=side)
    canvas, surfaces, grain = prepare(scene, layout, look, seed)
    return rounded(canvas.paint(layout, surfaces) + grain)


def read_style(style: str) -> Style:
    """The style of a name.

    Args:
        style: One of `STYLES`.

    Returns:
        The style.

    Raises:
        ConfigError: If there is none of that name.
    """
    for name, look in LOOKS.items():
        if name == style:
            return look
    near = difflib.get_close_matches(style, STYLES, n=1) or STYLES
    raise ConfigError(f"style must be one of {', '.join(STYLES)}, got {style!r}; the nearest is {near[0]!r}")


def prepare(scene: Scene, layout: Layout, style: Style, seed: int) -> tuple[Canvas, list[Surface], Field]:
    """Draws all of a picture but its shapes.

    Args:
        scene: The scene.
        layout: Of the picture, or of the first frame.
        style: The style.
        seed: Draws paper, shades and grain.

    Returns:
        The paper, the surface of each thing, and what is added to the brightness of each pixel at the end.
    """
    rng = np.random.default_rng([seed, 1])
    canvas = Canvas(paint_paper(style, layout.side, rng), style, rng)
    radii = [float(layout.radii[layout.owners == owner][0]) for owner in range(len(layout.things))]
    surfaces = [
        draw_surface(thing, style, radius, layout.side / FRAME, rng)
        for thing, radius in zip(layout.things, radii, strict=True)
    ]
    if scene.relation == "inside":
        surfaces[0] = rimmed(*surfaces)
    return canvas, surfaces, draw_grain(style, layout.side, rng)


def rounded(picture: Field) -> Pixels:
    """A picture in whole numbers from 0 to 255."""
    return np.rint(np.clip(picture, 0, 255)).astype(np.uint8)
