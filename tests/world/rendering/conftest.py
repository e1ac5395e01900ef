"""Scenes drawn at random, by a sampler that knows nothing of the renderers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from isoglot.errors import ConfigError
from isoglot.world.scenes.scene import (
    COLOURS,
    MAX_COUNT,
    RELATIONS,
    SHAPES,
    SIZES,
    TEXTURES,
    Motion,
    Relation,
    Scene,
    Thing,
)


def draw_thing(rng: np.random.Generator) -> Thing:
    shape, colour, size, texture = (
        values[rng.integers(len(values))] for values in (SHAPES, COLOURS, SIZES, TEXTURES)
    )
    return Thing(shape, colour, size, texture, int(rng.integers(1, MAX_COUNT + 1)))


def draw_scene(
    rng: np.random.Generator, relation: Relation | None, motion: Motion | None, *, pair: bool
) -> Scene:
    while True:
        first, second = draw_thing(rng), draw_thing(rng)
        if relation == "inside":
            first, second = replace(first, size="small"), replace(second, size="large", count=1)
        if relation == "larger_than":
            first, second = replace(first, size=None), replace(second, size=None)
        try:
            return Scene(first, second if pair else None, relation, motion)
        except ConfigError:
            continue  # two things of which the same is said


@pytest.fixture(scope="session")
def still_scenes() -> list[Scene]:
    """Scenes of each relation and of none, in turns."""
    rng = np.random.default_rng(0)
    kinds = (None, *RELATIONS)
    return [
        draw_scene(rng, kinds[number % len(kinds)], None, pair=bool(number % len(kinds)))
        for number in range(280)
    ]


@pytest.fixture(scope="session")
def moving_scenes() -> Callable[[Motion, int], list[Scene]]:
    """Scenes of a motion: alone, and in each relation, in turns; some have no room."""

    def draw(motion: Motion, num_scenes: int) -> list[Scene]:
        rng = np.random.default_rng(1)
        if motion == "crosses":
            return [draw_scene(rng, None, motion, pair=True) for _ in range(num_scenes)]
        kinds = (None, *RELATIONS)
        return [
            draw_scene(rng, kinds[number % len(kinds)], motion, pair=bool(number % len(kinds)))
            for number in range(num_scenes)
        ]

    return draw
