"""Where everything stands in a picture, and in every frame of a video."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from isoglot.errors import ConfigError
from isoglot.world.rendering.layout import FRAME, Layout
from isoglot.world.rendering.planning import Plan, densest_plan, plan_scene
from isoglot.world.scenes.scene import Scene

SIDES = (32, 1024)
"""Least and greatest side of a picture in pixels."""
MIN_FRAMES = 8
_BLINKS = 5
"""A thing that blinks is there, gone, there, gone, there."""


def lay_out_picture(scene: Scene, *, seed: int, side: int = 64) -> Layout:
    """The layout of the picture that `draw_picture` draws, in every style.

    Args:
        scene: A complete scene without motion.
        seed: >= 0; chooses sizes, places and turns.
        side: Width and height in pixels.

    Returns:
        Where every shape stands; first those of the first thing.

    Raises:
        ConfigError: If the scene is not complete or moves, or another argument is out of range.
    """
    still = [] if scene.motion is None else [f"a picture stands still, got motion {scene.motion!r}"]
    _require([*still, *_problems(scene, seed, side)])
    return _first_layout(scene, seed, side)[0]


def lay_out_video(scene: Scene, *, seed: int, side: int = 64, num_frames: int = 16) -> tuple[Layout, ...]:
    """The layouts of the frames that `draw_video` draws, in every style.

    Args:
        scene: A complete scene with a motion.
        seed: >= 0; chooses sizes, places, turns and paths.
        side: Width and height in pixels.
        num_frames: How many frames, >= 8.

    Returns:
        A layout for each frame. The sizes and the relation are those of the first.

    Raises:
        ConfigError: If the scene is not complete, stands still or holds more than has room to move (see
            `has_room`), or another argument is out of range.
    """
    problems = [] if scene.motion else ["a video needs a motion, got None; draw a picture of the scene"]
    if num_frames < MIN_FRAMES:
        problems.append(f"num_frames must be >= {MIN_FRAMES}, got {num_frames}")
    _require([*problems, *_problems(scene, seed, side)])
    first, plan = _first_layout(scene, seed, side)
    return tuple(_at(first, plan, scene, frame, num_frames) for frame in range(num_frames))


def has_room(scene: Scene) -> bool:
    """Whether a complete scene can be shown with every seed: in a picture always; not all that moves."""
    return densest_plan(scene) is not None


def _require(problems: list[str]) -> None:
    if problems:
        raise ConfigError("; ".join(problems))


def _problems(scene: Scene, seed: int, side: int) -> list[str]:
    problems = []
    if not scene.is_complete:
        problems.append(
            f"only complete scenes are shown, got {scene.code!r}; give every thing all its fields"
        )
    if seed < 0:
        problems.append(f"seed must be >= 0, got {seed}")
    if not SIDES[0] <= side <= SIDES[1]:
        problems.append(f"side must be from {SIDES[0]} to {SIDES[1]} pixels, got {side}")
    return problems


def _first_layout(scene: Scene, seed: int, side: int) -> tuple[Layout, Plan]:
    plan = plan_scene(scene, np.random.default_rng([seed, 0]))
    counts = [thing.count for thing in scene.things]
    scale = side / FRAME
    layout = Layout(
        things=scene.sized_things,
        side=side,
        owners=np.repeat(np.arange(len(counts)), counts),
        middles=np.concatenate(plan.middles) * scale,
        radii=np.repeat(np.asarray(plan.radii), counts) * scale,
        turns=plan.turns,
        visible=np.ones(sum(counts), dtype=bool),
    )
    return layout, plan


def _at(first: Layout, plan: Plan, scene: Scene, frame: int, num_frames: int) -> Layout:
    """The layout of one frame."""
    share = frame / (num_frames - 1)
    travels, growths = np.asarray(plan.travels)[first.owners], np.asarray(plan.growths)[first.owners]
    gone = scene.motion == "blinks" and _BLINKS * frame // num_frames % 2 == 1
    return replace(
        first,
        middles=first.middles + share * travels * first.side / FRAME,
        radii=first.radii * (1 + share * (growths - 1)),
        visible=(first.owners > 0) | (not gone),
    )
