"""What a scene says holds of its layout: in every picture, and in every frame that it is said of."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from isoglot.errors import ConfigError
from isoglot.world.rendering import Layout, has_room, lay_out_picture, lay_out_video
from isoglot.world.scenes.scene import COLOURS, MAX_COUNT, MOTIONS, SHAPES, SIZES, Motion, Scene, Thing

MARGIN_PIXELS = 2
BALL = Thing("circle", "red", "large", "plain")


def extents(masks: np.ndarray) -> tuple[int, int, int, int]:
    """First and last column, first and last row of what some masks cover."""
    columns, rows = (np.flatnonzero(masks.any(axis=axes)) for axes in ((0, 1), (0, 2)))
    return columns[0], columns[-1], rows[0], rows[-1]


def check_relation(scene: Scene, layout: Layout) -> None:
    """The relation holds of the covered pixels, by a margin."""
    masks = layout.masks()
    if scene.relation is None:
        return
    first, second = masks[layout.owners == 0], masks[layout.owners == 1]
    left, right, top, bottom = extents(first)
    other_left, other_right, other_top, other_bottom = extents(second)
    match scene.relation:
        case "left_of":
            assert right + MARGIN_PIXELS < other_left
        case "right_of":
            assert other_right + MARGIN_PIXELS < left
        case "above":
            assert bottom + MARGIN_PIXELS < other_top
        case "below":
            assert other_bottom + MARGIN_PIXELS < top
        case "inside":
            grown = ndimage.binary_dilation(first.any(axis=0))
            assert not (grown & ~second[0]).any()
        case "larger_than":
            assert first.sum(axis=(1, 2)).min() > second.sum(axis=(1, 2)).max()


def check_apart(scene: Scene, layout: Layout) -> None:
    """No two shapes touch, unless one holds the other; each is in one piece and within the frame."""
    masks = layout.masks()
    boxes = layout.boxes()
    assert boxes.min() >= 0.99
    assert boxes.max() <= layout.side - 0.99
    held = 0 if scene.relation == "inside" else None
    for mask in masks[layout.visible]:
        assert ndimage.label(mask, np.ones((3, 3)))[1] == 1
    for owner in range(len(scene.things)):
        shown = (layout.owners == owner) & layout.visible
        together = masks[shown].any(axis=0)
        assert ndimage.label(together, np.ones((3, 3)))[1] == shown.sum()
    if held is None:
        assert ndimage.label(masks.any(axis=0), np.ones((3, 3)))[1] == layout.visible.sum()


def test_every_picture_shows_what_its_scene_says(still_scenes: list[Scene]) -> None:
    for seed, scene in enumerate(still_scenes):
        layout = lay_out_picture(scene, seed=seed)
        assert [int((layout.owners == owner).sum()) for owner in range(len(scene.things))] == [
            thing.count for thing in scene.things
        ]
        check_apart(scene, layout)
        check_relation(scene, layout)


def test_a_size_is_told_by_the_pixels_covered(still_scenes: list[Scene]) -> None:
    areas: dict[str, list[int]] = {size: [] for size in SIZES}
    for seed, scene in enumerate(still_scenes):
        layout = lay_out_picture(scene, seed=seed)
        covered = layout.masks().sum(axis=(1, 2))
        for owner, thing in enumerate(layout.things):
            assert thing.size is not None
            areas[thing.size].extend(covered[layout.owners == owner].tolist())
    assert max(areas["small"]) < min(areas["large"])
    assert np.median(areas["large"]) > 2.5 * np.median(areas["small"])


def test_shapes_stand_everywhere_and_at_all_sizes_of_their_class() -> None:
    layouts = [lay_out_picture(Scene(BALL), seed=seed) for seed in range(200)]
    middles = np.concatenate([layout.middles for layout in layouts])
    radii = np.concatenate([layout.radii for layout in layouts])
    turns = np.degrees([layout.turns[0] for layout in layouts])
    assert (np.ptp(middles, axis=0) > 30).all()
    assert radii.max() / radii.min() > 1.4
    assert turns.min() < -10
    assert turns.max() > 10
    assert np.abs(turns).max() < 15


def test_in_a_row_two_things_are_further_apart_along_it_than_across() -> None:
    scene = Scene(BALL, Thing("star", "blue", "small", "plain"), "left_of")
    for seed in range(100):
        first, second = lay_out_picture(scene, seed=seed).middles
        assert second[0] - first[0] > abs(second[1] - first[1])


def test_every_number_of_every_size_has_room_in_a_picture() -> None:
    counts = range(1, MAX_COUNT + 1)
    for one, other in itertools.product(counts, counts):
        scene = Scene(
            replace(BALL, shape="triangle", count=one), replace(BALL, shape="star", count=other), "above"
        )
        assert has_room(scene)
        check_apart(scene, lay_out_picture(scene, seed=one))
    for shape, holder, count in itertools.product(SHAPES, SHAPES, counts):
        held = Thing(shape, "red", "small", "plain", count)
        assert has_room(Scene(held, Thing(holder, "blue", "large", "plain"), "inside"))


def test_a_layout_scales_with_the_side() -> None:
    small = lay_out_picture(Scene(BALL), seed=3)
    large = lay_out_picture(Scene(BALL), seed=3, side=256)
    np.testing.assert_allclose(large.middles, 4 * small.middles)
    assert large.masks().sum() == pytest.approx(16 * small.masks().sum(), rel=0.03)


@pytest.mark.parametrize("motion", MOTIONS)
def test_every_video_begins_as_its_scene_says_and_nothing_ever_overlaps(
    motion: Motion, moving_scenes: Callable[[Motion, int], list[Scene]]
) -> None:
    scenes = [scene for scene in moving_scenes(motion, 42) if has_room(scene)]
    assert len(scenes) > 20
    for seed, scene in enumerate(scenes):
        layouts = lay_out_video(scene, seed=seed, num_frames=9)
        check_relation(scene, layouts[0])
        for layout in layouts[::4]:
            check_apart(scene, layout)
        if scene.relation != "larger_than" and motion != "blinks":
            check_relation(scene, layouts[-1])


def test_what_has_no_room_is_refused_with_what_to_change() -> None:
    many = Scene(replace(BALL, count=4), Thing("star", "blue", "large", "plain", 4), None, "crosses")
    assert not has_room(many)
    with pytest.raises(ConfigError, match=r"no room for the motion of .* too many shapes; count fewer"):
        lay_out_video(many, seed=0)
    few = Scene(replace(BALL, count=4), Thing("star", "blue", "small", "plain", 1), None, "crosses")
    assert has_room(few)


def test_all_wrong_arguments_are_named_at_once() -> None:
    scene = Scene(Thing("circle", None, "large", "plain"), motion="grows")
    with pytest.raises(ConfigError, match=r"stands still.*'grows'.*complete.*seed.*-1.*side.*from 32.*8"):
        lay_out_picture(scene, seed=-1, side=8)
    with pytest.raises(ConfigError, match=r"a video needs a motion.*num_frames must be >= 8, got 2"):
        lay_out_video(Scene(BALL), seed=0, num_frames=2)


def test_a_colour_changes_no_place() -> None:
    layouts = [lay_out_picture(Scene(replace(BALL, colour=colour)), seed=5) for colour in COLOURS]
    assert all((layout.middles == layouts[0].middles).all() for layout in layouts)
