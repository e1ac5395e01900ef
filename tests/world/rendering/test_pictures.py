"""What a scene says can be read off the pixels of its picture, in every style."""

from __future__ import annotations

import colorsys
import hashlib
import itertools
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from isoglot.errors import ConfigError
from isoglot.world.rendering import STYLES, StyleName, draw_picture, lay_out_picture
from isoglot.world.rendering.styles import LOOKS, PALETTE, marking
from isoglot.world.scenes.scene import COLOURS, SHAPES, SIZES, TEXTURES, Colour, Scene, Texture, Thing

NAMES = tuple(PALETTE)
TONES = np.array([PALETTE[name] for name in NAMES])
EVERYWHERE = np.ones((3, 3))


def dominant_colour(pixels: np.ndarray) -> Colour:
    """The name that the most of some pixels (n, 3) are near to; mixed colours of edges are near to none."""
    distances = np.sqrt(((pixels[:, None].astype(float) - TONES) ** 2).sum(axis=-1))
    named = distances.argmin(axis=1)[distances.min(axis=1) < 80]
    return NAMES[np.bincount(named, minlength=len(NAMES)).argmax()]


def clear_masks(scene: Scene, seed: int) -> list[np.ndarray]:
    """The mask of each shape, without the surroundings of what lies inside it."""
    layout = lay_out_picture(scene, seed=seed)
    masks = list(layout.masks())
    if scene.relation == "inside":
        held = ndimage.binary_dilation(np.any(masks[:-1], axis=0), EVERYWHERE, iterations=3)
        masks[-1] &= ~held
    return masks


@pytest.mark.parametrize("style", STYLES)
def test_most_of_every_shape_has_the_colour_that_its_scene_says(
    style: StyleName, still_scenes: list[Scene]
) -> None:
    for seed, scene in enumerate(still_scenes[:84]):
        picture = draw_picture(scene, seed=seed, style=style)
        owners = lay_out_picture(scene, seed=seed).owners
        for mask, owner in zip(clear_masks(scene, seed), owners, strict=True):
            assert dominant_colour(picture[mask]) == scene.things[owner].colour


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("colour", COLOURS)
def test_every_colour_stands_out_from_every_paper(style: StyleName, colour: Colour) -> None:
    scene = Scene(Thing("square", colour, "small", "plain"))
    for seed in range(12):
        picture = draw_picture(scene, seed=seed, style=style).astype(float)
        mask = clear_masks(scene, seed)[0]
        edge = ndimage.binary_dilation(mask, EVERYWHERE, iterations=2) & ~ndimage.binary_erosion(mask)
        around = ndimage.binary_dilation(mask, EVERYWHERE, iterations=6) & ~ndimage.binary_dilation(
            mask, EVERYWHERE, iterations=3
        )
        paper = picture[around].mean(axis=0)
        strongest = np.sort(np.sqrt(((picture[edge] - paper) ** 2).sum(axis=1)))[-15:]
        assert strongest.mean() > 55, (seed, strongest)


def unmarked(thing: Thing | None) -> Thing | None:
    return None if thing is None else replace(thing, texture="plain")


def test_as_many_shapes_are_seen_as_are_said(still_scenes: list[Scene]) -> None:
    plain = [
        replace(scene, first=replace(scene.first, texture="plain"), second=unmarked(scene.second))
        for scene in still_scenes
        if scene.relation != "inside"
    ]
    for seed, scene in enumerate(plain):
        picture = draw_picture(scene, seed=seed, side=128).astype(float)
        paper = np.median(picture.reshape(-1, 3), axis=0)
        seen = np.sqrt(((picture - paper) ** 2).sum(axis=-1)) > 42
        sizes = np.bincount(ndimage.label(seen)[0].ravel())[1:]
        assert (sizes > 40).sum() == sum(thing.count for thing in scene.things), scene.code


def marks(thing: Thing, seed: int, style: StyleName) -> np.ndarray:
    """How near the pixels of a single shape are to the colour of its marks (0 far, 1 there); NaN outside."""
    scene = Scene(thing)
    picture = draw_picture(scene, seed=seed, style=style).astype(float)
    assert thing.colour is not None
    fill, mark = np.array(PALETTE[thing.colour]), np.array(marking(PALETTE[thing.colour]))
    share = (picture - fill) @ (mark - fill) / ((mark - fill) ** 2).sum()
    inner = ndimage.binary_erosion(clear_masks(scene, seed)[0], EVERYWHERE)
    return np.where(inner, share, np.nan)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("size", SIZES)
def test_stripes_and_dots_are_seen_at_64_pixels(style: StyleName, size: str) -> None:
    marked: dict[Texture, list[float]] = {texture: [] for texture in TEXTURES}
    for seed, (texture, shape, colour) in enumerate(itertools.product(TEXTURES, SHAPES, COLOURS)):
        share = marks(Thing(shape, colour, size, texture), seed, style)
        marked[texture].append(float((share[~np.isnan(share)] > 0.6).mean()))
    assert np.mean(marked["plain"]) < 0.06
    assert np.median(marked["striped"]) > 0.2
    assert np.median(marked["dotted"]) > 0.13
    assert max(marked["plain"]) < 0.3


def evenness(share: np.ndarray) -> float:
    """How much the marks run in one direction: 1 for stripes, 0 for dots."""
    down, right = np.gradient(share)
    fine = ~(np.isnan(down) | np.isnan(right))
    down, right = down[fine], right[fine]
    tensor = np.array(
        [[(down * down).sum(), (down * right).sum()], [(down * right).sum(), (right * right).sum()]]
    )
    low, high = np.linalg.eigvalsh(tensor)
    return float((high - low) / (high + low))


def test_stripes_run_in_one_direction_and_dots_in_none() -> None:
    striped, dotted = (
        [
            evenness(marks(Thing(shape, "blue", "large", texture), seed, "flat"))
            for seed, shape in enumerate(("circle", "square", "heart") * 8)
        ]
        for texture in ("striped", "dotted")
    )
    assert min(striped) > 0.75
    assert max(dotted) < 0.5


def test_styles_look_different_and_show_the_same() -> None:
    scene = Scene(Thing("heart", "green", "large", "plain", 2))
    pictures = [draw_picture(scene, seed=7, style=style) for style in STYLES]
    for one, other in itertools.combinations(pictures, 2):
        assert np.abs(one.astype(int) - other).mean() > 8
    masks = np.any(clear_masks(scene, 7), axis=0)
    for picture in pictures:
        green = np.sqrt(((picture.astype(float) - PALETTE["green"]) ** 2).sum(axis=-1)) < 60
        assert (green & masks).sum() > 0.75 * masks.sum()
        assert (green & ~masks).sum() < 0.05 * masks.sum()
    assert set(LOOKS) == set(STYLES)


def test_a_shape_of_the_colour_of_what_holds_it_is_still_seen() -> None:
    for style, colour in itertools.product(STYLES, COLOURS):
        scene = Scene(
            Thing("circle", colour, "small", "plain"), Thing("square", colour, "large", "plain"), "inside"
        )
        picture = draw_picture(scene, seed=1, style=style).astype(float)
        held, holder = lay_out_picture(scene, seed=1).masks()
        edge = ndimage.binary_dilation(held, EVERYWHERE) & ~ndimage.binary_erosion(held)
        plain = holder & ~ndimage.binary_dilation(held, EVERYWHERE, iterations=4)
        contrast = np.abs(picture[edge].mean(axis=0) - np.median(picture[plain], axis=0)).max()
        assert contrast > 40, (style, colour)


@pytest.mark.parametrize("side", [32, 97, 160])
def test_a_picture_has_the_side_that_is_asked_for(side: int) -> None:
    scene = Scene(Thing("star", "red", "large", "striped", 3))
    picture = draw_picture(scene, seed=2, side=side, style="shaded")
    assert picture.shape == (side, side, 3)
    assert picture.dtype == np.uint8
    masks = np.any(lay_out_picture(scene, seed=2, side=side).masks(), axis=0)
    assert dominant_colour(picture[masks]) == "red"


def test_edges_are_soft() -> None:
    scene = Scene(Thing("circle", "black", "large", "plain"))
    picture = draw_picture(scene, seed=4, side=128).astype(float).mean(axis=-1)
    paper = np.median(picture)
    between = (picture > 40) & (picture < paper - 30)
    mask = lay_out_picture(scene, seed=4, side=128).masks()[0]
    outline = ndimage.binary_dilation(mask) & ~ndimage.binary_erosion(mask)
    assert 0.3 < between.sum() / outline.sum() < 1.2
    assert not (between & ~ndimage.binary_dilation(outline, EVERYWHERE)).any()


DIGEST = """
import colorsys
import hashlib
from isoglot.world.rendering import STYLES, draw_picture, draw_video, play_melody
from isoglot.world.scenes.scene import Melody, Scene, Thing
ball, star = Thing("circle", "red", "large", "dotted", 2), Thing("star", "black", "small", "striped", 3)
digest = hashlib.sha256()
for style in STYLES:
    digest.update(draw_picture(Scene(ball, star, "left_of"), seed=11, style=style))
digest.update(draw_video(Scene(ball, motion="grows"), seed=12))
digest.update(play_melody(Melody(3, "low", "rising", "bell", "fast"), seed=13))
print(digest.hexdigest())
"""


def test_the_same_seed_gives_the_same_bytes_in_every_process() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            check=True,
            capture_output=True,
            text=True,
            env={"PYTHONHASHSEED": str(number)},
        ).stdout
        for number in (0, 1)
    }
    assert len(digests) == 1
    assert len(digests.pop().strip()) == 64


def test_another_seed_gives_another_picture() -> None:
    scene = Scene(Thing("cross", "purple", "large", "dotted"))
    pictures = {hashlib.sha256(draw_picture(scene, seed=seed).tobytes()).digest() for seed in range(20)}
    assert len(pictures) == 20
    assert (draw_picture(scene, seed=3) == draw_picture(scene, seed=3)).all()


def test_an_unknown_style_is_named_with_the_nearest() -> None:
    scene = Scene(Thing("cross", "purple", "large", "dotted"))
    with pytest.raises(ConfigError, match=r"style must be one of flat, .*, got 'outline'; .* 'outlined'"):
        draw_picture(scene, seed=0, style="outline")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="only complete scenes are shown"):
        draw_picture(Scene(replace(scene.first, shape=None)), seed=0)


def test_every_colour_of_the_palette_is_what_it_is_called() -> None:
    hues = {"red": 0, "orange": 30, "yellow": 52, "green": 133, "blue": 220, "purple": 285}
    for name, (red, green, blue) in PALETTE.items():
        hue, saturation, value = colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)
        if name in hues:
            away = (360 * hue - hues[name] + 180) % 360 - 180
            assert abs(away) < 12, name
            assert saturation > 0.6
            assert value > 0.6
        else:
            assert saturation < 0.15
            assert value < 0.1 if name == "black" else value > 0.95


def test_a_shaded_shape_is_lit_from_the_upper_left_and_casts_a_shadow() -> None:
    scene = Scene(Thing("square", "blue", "large", "plain"))
    lit, dark = [], []
    for seed in range(10):
        picture = draw_picture(scene, seed=seed, style="shaded").astype(float).sum(axis=-1)
        mask = clear_masks(scene, seed)[0]
        rows, columns = np.nonzero(mask)
        upper_left = mask & (np.add.outer(np.arange(64), np.arange(64)) < rows.mean() + columns.mean() - 8)
        lower_right = mask & (np.add.outer(np.arange(64), np.arange(64)) > rows.mean() + columns.mean() + 8)
        lit.append(picture[upper_left].mean() - picture[lower_right].mean())
        right, left = (int(edge) for edge in (columns.max() + 1, columns.min() - 2))
        row = int(rows.mean())
        if left >= 0 and right < 63:
            dark.append(picture[row, left] - picture[row, right])
    assert min(lit) > 20
    assert np.mean(dark) > 30
