"""Pictures made worse by a stated amount."""

from __future__ import annotations

import numpy as np
import pytest

Image = pytest.importorskip("PIL.Image")

from isoglot.errors import ConfigError  # noqa: E402
from isoglot.robustness.perturbations import READY, PicturePerturbation  # noqa: E402
from isoglot.robustness.perturbations.pictures import MAX_CROP, MAX_NOISE  # noqa: E402

NAMES = [name for name, each in READY.items() if isinstance(each, PicturePerturbation)]


@pytest.fixture(scope="module")
def picture():
    """Colours that go from side to side, with a sharp square."""
    across, up = np.meshgrid(np.linspace(60, 190, 64), np.linspace(60, 190, 48))
    pixels = np.stack([across, up, (across + up) / 2], axis=2)
    pixels[16:32, 20:44] = (200, 60, 90)
    return Image.fromarray(pixels.astype(np.uint8))


def difference(first, second):
    return float(np.abs(np.asarray(first, np.float64) - np.asarray(second, np.float64)).mean())


@pytest.mark.parametrize("name", NAMES)
def test_size_and_mode_stay_and_strength_0_changes_nothing(picture, name):
    changed = READY[name].perturb(picture, 0.7)
    assert (changed.size, changed.mode) == (picture.size, "RGB")
    assert READY[name].perturb(picture, 0.0) is picture


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_changed_the_same_way_every_time_and_more_by_more_strength(picture, name):
    changed = [READY[name].perturb(picture, strength) for strength in (0.1, 0.4, 1.0)]
    assert changed[1] == READY[name].perturb(picture.copy(), 0.4)
    distances = [difference(picture, each) for each in changed]
    assert 0 < distances[0] < distances[1] < distances[2]


@pytest.mark.parametrize("name", ["noise", "crop"])
def test_another_seed_draws_otherwise(picture, name):
    assert READY[name].perturb(picture, 0.5) != READY[name].perturb(picture, 0.5, seed=1)


def test_noise_has_the_deviation_that_is_stated():
    grey = Image.new("RGB", (200, 200), (128, 128, 128))
    noisy = np.asarray(READY["noise"].perturb(grey, 0.25), np.float64)
    assert noisy.std() == pytest.approx(255 * MAX_NOISE * 0.25, rel=0.02)
    assert noisy.mean() == pytest.approx(128, abs=0.5)


def test_a_crop_keeps_the_stated_share_of_each_side_and_smaller_ones_hold_larger_ones():
    ramp = np.repeat(np.arange(200, dtype=np.uint8)[None, :, None], 40, axis=0).repeat(3, axis=2)
    wide = Image.fromarray(ramp)
    bounds = []
    for strength in (0.4, 1.0):
        seen = np.asarray(READY["crop"].perturb(wide, strength, seed=3), int)[..., 0]
        assert seen.max() - seen.min() == pytest.approx(200 * (1 - MAX_CROP * strength), abs=3)
        bounds.append((seen.min(), seen.max()))
    assert bounds[0][0] <= bounds[1][0] < bounds[1][1] <= bounds[0][1]


def test_a_blur_is_as_wide_in_a_long_picture_as_in_a_square_one():
    edge = np.zeros((50, 150, 3), np.uint8)
    edge[:, 25:] = 255
    square, long = (
        np.asarray(READY["blur"].perturb(Image.fromarray(each), 0.5), int) for each in (edge[:, :50], edge)
    )
    assert np.abs(square[:, :40] - long[:, :40]).max() <= 1


def test_the_smallest_picture_stays_one():
    dot = Image.new("RGB", (1, 1), (9, 90, 200))
    assert all(READY[name].perturb(dot, 1.0).size == (1, 1) for name in NAMES)


def test_a_strength_out_of_range_is_refused(picture):
    with pytest.raises(ConfigError, match="strength must be from 0"):
        READY["blur"].perturb(picture, 2.0)
