"""Every shape is what its name says, and its distances are distances."""

from __future__ import annotations

import math

import numpy as np
import pytest

from isoglot.world.rendering.planning import LEAST_LARGE, SMALL
from isoglot.world.rendering.shapes import REACH, shape_field
from isoglot.world.scenes.scene import SHAPES, Shape

PLACES = np.linspace(-1.5, 1.5, 601)
X, Y = np.meshgrid(PLACES, PLACES)
CELL = (PLACES[1] - PLACES[0]) ** 2
AREAS: dict[Shape, float] = {
    "circle": math.pi * 0.86**2,
    "square": 1.46**2,
    "triangle": 3 * math.sqrt(3) / 4 * 1.08**2,
    "star": 5 * 1.08 * 0.49 * math.sin(math.radians(36)),
    "heart": 1.1**2 + math.pi * (1.1 / 2) ** 2,
    "cross": 4 * 0.33 * (2 * 0.94 - 0.33),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_has_its_area_and_its_reach(shape: Shape) -> None:
    inside = shape_field(shape, X, Y) <= 0
    assert inside.sum() * CELL == pytest.approx(AREAS[shape], rel=0.01)
    furthest = np.sqrt(X[inside] ** 2 + Y[inside] ** 2).max()
    assert REACH[shape] - 0.02 < furthest <= REACH[shape]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_field_outside_a_shape_is_the_distance_to_its_nearest_point(shape: Shape) -> None:
    inside = np.stack([X, Y], axis=-1)[shape_field(shape, X, Y) <= 0]
    rng = np.random.default_rng(0)
    points = rng.uniform(-1.5, 1.5, (60, 2))
    measured = shape_field(shape, points[:, 0], points[:, 1])
    nearest = np.sqrt(((points[:, None] - inside) ** 2).sum(axis=-1).min(axis=1))
    outside = measured > 0
    assert outside.sum() > 20
    np.testing.assert_allclose(measured[outside], nearest[outside], atol=0.01)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_field_grows_no_faster_than_the_way(shape: Shape) -> None:
    field = shape_field(shape, X, Y)
    step = PLACES[1] - PLACES[0]
    assert np.abs(np.diff(field, axis=0)).max() <= step * 1.001
    assert np.abs(np.diff(field, axis=1)).max() <= step * 1.001


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_is_the_same_from_left_and_right_and_stands_upright(shape: Shape) -> None:
    assert (shape_field(shape, X, Y) == shape_field(shape, -X, Y)).all()
    inside = shape_field(shape, X, Y) <= 0
    upper, lower = inside[301:].sum(), inside[:300].sum()
    if shape in ("triangle", "star"):
        assert inside[301:].any(axis=1).sum() > inside[:300].any(axis=1).sum()
    if shape == "heart":
        assert upper > lower


def test_a_star_has_five_points_and_a_cross_four_and_a_heart_two() -> None:
    degrees = np.radians(np.arange(0, 360, 1))
    ways = {"star": (0.8, 5), "cross": (0.8, 4), "triangle": (0.8, 3), "square": (0.9, 4)}
    for shape, (distance, points) in ways.items():
        ring = shape_field(shape, distance * np.sin(degrees), distance * np.cos(degrees)) <= 0
        assert (ring & ~np.roll(ring, 1)).sum() == points, shape
    row = shape_field("heart", PLACES, np.full_like(PLACES, 0.65)) <= 0
    assert (row[1:] & ~row[:-1]).sum() == 2


def test_a_large_shape_covers_more_than_any_small_one() -> None:
    assert min(AREAS.values()) * LEAST_LARGE**2 > max(AREAS.values()) * SMALL[1] ** 2
    assert LEAST_LARGE / SMALL[1] > 1.25
