"""Videos of scenes that move."""

from __future__ import annotations

import numpy as np

from isoglot.world.rendering.pictures import Pixels, prepare, read_style, rounded
from isoglot.world.rendering.staging import lay_out_video
from isoglot.world.rendering.styles import StyleName
from isoglot.world.scenes.scene import Scene


def draw_video(
    scene: Scene, *, seed: int, side: int = 64, num_frames: int = 16, style: StyleName = "flat"
) -> Pixels:
    """Draws a scene that moves.

    Sizes and the relation are those of the first frame. The first thing moves straight and evenly, grows or
    shrinks evenly, or blinks (there, gone, there, gone, there); the second stands still, unless they cross:
    then both go to the other side in lanes of their own. Shapes stay within the frame and never overlap,
    unless one lies inside the other. The background stands still.

    Args:
        scene: A complete scene with a motion, of which `has_room` holds.
        seed: >= 0. The same arguments give the same video.
        side: Width and height in pixels, 32 to 1,024.
        num_frames: How many frames, >= 8.
        style: One of `STYLES`.

    Returns:
        (num_frames, side, side, 3), red, green and blue, rows downwards. `lay_out_video` says what is where.

    Raises:
        ConfigError: If the scene is not complete, stands still or has no room to move, or another argument is
            out of range.
    """
    look = read_style(style)
    layouts = lay_out_video(scene, seed=seed, side=side, num_frames=num_frames)
    canvas, surfaces, grain = prepare(scene, layouts[0], look, seed)
    return np.stack([rounded(canvas.paint(layout, surfaces) + grain) for layout in layouts])
