"""What a scene does is seen in the frames of its video."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import ndimage

from isoglot.errors import ConfigError
from isoglot.world.rendering import STYLES, draw_video, has_room, lay_out_video
from isoglot.world.scenes.scene import MOTIONS, Motion, Scene, Thing

BALL = Thing("circle", "red", "large", "plain")
STAR = Thing("star", "blue", "small", "plain")
WAYS: dict[Motion, tuple[int, int]] = {
    "moves_left": (-1, 0),
    "moves_right": (1, 0),
    "moves_up": (0, -1),
    "moves_down": (0, 1),
}


def reddish(video: np.ndarray) -> np.ndarray:
    """Which pixels are of the ball."""
    red, green, blue = np.moveaxis(video.astype(int), -1, 0)
    return (red - green > 80) & (red - blue > 80)


def bluish(video: np.ndarray) -> np.ndarray:
    """Which pixels are of the star."""
    red, _, blue = np.moveaxis(video.astype(int), -1, 0)
    return blue - red > 80


def middle(mask: np.ndarray) -> np.ndarray:
    """The middle (x, y) of some pixels."""
    rows, columns = np.nonzero(mask)
    return np.array([columns.mean(), rows.mean()])


@pytest.mark.parametrize("motion", WAYS)
@pytest.mark.parametrize("second", [None, STAR])
def test_what_moves_moves_straight_in_its_direction(motion: Motion, second: Thing | None) -> None:
    for seed in range(6):
        scene = Scene(BALL, second, "above" if second else None, motion)
        places = np.array([middle(mask) for mask in reddish(draw_video(scene, seed=seed))])
        steps = np.diff(places, axis=0) @ np.array(WAYS[motion])
        sideways = np.ptp(places @ np.array(WAYS[motion][::-1]))
        assert (steps > 0).all()
        assert steps.sum() > 9
        assert sideways < 1


def test_what_grows_grows_and_what_shrinks_shrinks() -> None:
    for seed in range(8):
        for motion, sign in (("grows", 1), ("shrinks", -1)):
            video = draw_video(Scene(BALL, STAR, "left_of", motion), seed=seed)
            areas = reddish(video).sum(axis=(1, 2))
            assert (sign * np.diff(areas) > 0).all()
            assert max(areas[0], areas[-1]) > 1.7 * min(areas[0], areas[-1])
            others = bluish(video).sum(axis=(1, 2))
            assert np.ptp(others) <= 2


def test_what_blinks_is_there_and_gone_and_there() -> None:
    for num_frames in (8, 16, 25):
        video = draw_video(Scene(BALL, STAR, "left_of", "blinks"), seed=1, num_frames=num_frames)
        there = reddish(video).any(axis=(1, 2))
        assert there[0]
        assert there[-1]
        assert (np.diff(there.astype(int)) == -1).sum() == 2
        assert bluish(video).any(axis=(1, 2)).all()


def test_two_that_cross_change_sides_and_pass_each_other() -> None:
    ways = set()
    for seed in range(12):
        video = draw_video(Scene(BALL, STAR, None, "crosses"), seed=seed)
        apart = np.array(
            [middle(ball) - middle(star) for ball, star in zip(reddish(video), bluish(video), strict=True)]
        )
        axis = int(np.abs(apart[-1] - apart[0]).argmax())
        assert apart[0, axis] * apart[-1, axis] < 0
        assert min(abs(apart[0, axis]), abs(apart[-1, axis])) > 15
        assert (np.diff(apart[:, axis]) * np.sign(apart[-1, axis]) > 0).all()
        assert np.abs(apart[:, 1 - axis]).min() > 8
        ways.add((axis, bool(apart[0, axis] > 0)))
    assert len(ways) == 4  # leftwards, rightwards, upwards and downwards


@pytest.mark.parametrize("motion", MOTIONS)
def test_the_pixels_are_where_the_layouts_say(
    motion: Motion, moving_scenes: Callable[[Motion, int], list[Scene]]
) -> None:
    scenes = [scene for scene in moving_scenes(motion, 21) if has_room(scene)]
    for seed, scene in enumerate(scenes):
        style = STYLES[seed % len(STYLES)]
        video = draw_video(scene, seed=seed, num_frames=8, style=style).astype(int)
        layouts = lay_out_video(scene, seed=seed, num_frames=8)
        moving = layouts[0].owners == 0
        if motion == "crosses":
            moving[:] = True
        masks = np.stack([layout.masks()[moving].any(axis=0) for layout in layouts])
        changed = np.abs(video - video[0]).max(axis=-1) > 20
        expected = ndimage.binary_dilation(masks | masks[0], np.ones((1, 3, 3)), iterations=5)
        assert not (changed & ~expected).any()
        assert changed[-2].sum() > 0.25 * (masks != masks[0])[-2].sum()


def test_the_background_stands_still() -> None:
    video = draw_video(Scene(STAR, motion="moves_up"), seed=0, style="flat")
    still = np.ptp(video.astype(int), axis=0).max(axis=-1) == 0
    assert still.mean() > 0.7


def test_a_video_has_the_frames_and_the_side_that_are_asked_for() -> None:
    video = draw_video(Scene(BALL, motion="grows"), seed=0, side=48, num_frames=11)
    assert video.shape == (11, 48, 48, 3)
    assert (video == draw_video(Scene(BALL, motion="grows"), seed=0, side=48, num_frames=11)).all()


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ConfigError, match="a video needs a motion, got None"):
        draw_video(Scene(BALL), seed=0)
    with pytest.raises(ConfigError, match=r"style must be one of .*'night'"):
        draw_video(Scene(BALL, motion="grows"), seed=0, style="nite")  # type: ignore[arg-type]
