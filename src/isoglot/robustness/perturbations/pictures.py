"""Pictures made worse: noise, blur, a part cut out, compression."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_NOISE = 0.4
"""Standard deviation of the noise at strength 1, as a share of the way from black to white."""
MAX_BLUR = 0.08
"""Radius of the blur at strength 1, as a share of the shorter side."""
MAX_CROP = 0.75
"""What is cut off each side's length at strength 1."""
BEST_QUALITY, WORST_QUALITY = 95, 5
"""Quality of JPEG at strengths 0 and 1, on libjpeg's scale."""


def add_noise(picture: Image, strength: float, rng: np.random.Generator) -> Image:
    """Adds Gaussian noise to every pixel and channel, of standard deviation `MAX_NOISE` times the strength.

    Args:
        picture: The picture.
        strength: How strong the noise is.
        rng: Random numbers.

    Returns:
        The picture; values beyond black and white are cut off.
    """
    from PIL import Image

    pixels = np.asarray(picture, np.float32)
    noise = rng.standard_normal(pixels.shape, np.float32) * (255 * MAX_NOISE * strength)
    return Image.fromarray(np.rint(np.clip(pixels + noise, 0, 255)).astype(np.uint8))


def blur(picture: Image, strength: float, _rng: np.random.Generator) -> Image:
    """Blurs with a Gaussian, whose standard deviation is `MAX_BLUR` times strength and shorter side.

    Args:
        picture: The picture.
        strength: How strong the blur is.
        _rng: Not used.

    Returns:
        The picture.
    """
    from PIL import ImageFilter

    return picture.filter(ImageFilter.GaussianBlur(MAX_BLUR * strength * min(picture.size)))


def crop(picture: Image, strength: float, rng: np.random.Generator) -> Image:
    """Cuts a part out, anywhere in the picture, and enlarges it to the size of the whole.

    Args:
        picture: The picture.
        strength: Each side keeps the share 1 - `MAX_CROP` times strength, one pixel at least.
        rng: Random numbers, for the place.

    Returns:
        The part.
    """
    from PIL import Image

    share = 1 - MAX_CROP * strength
    sides = [max(1, round(side * share)) for side in picture.size]
    places = rng.random(2)
    left, top = (
        int(p * (whole - side + 1)) for p, whole, side in zip(places, picture.size, sides, strict=True)
    )
    part = picture.crop((left, top, left + sides[0], top + sides[1]))
    return part.resize(picture.size, Image.Resampling.BICUBIC)


def compress(picture: Image, strength: float, _rng: np.random.Generator) -> Image:
    """Compresses as JPEG, from quality `BEST_QUALITY` down to `WORST_QUALITY`.

    Args:
        picture: The picture.
        strength: How far down.
        _rng: Not used.

    Returns:
        The picture as it is read again.
    """
    from PIL import Image

    quality = round(BEST_QUALITY + (WORST_QUALITY - BEST_QUALITY) * strength)
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=quality)
    with Image.open(stream, formats=("JPEG",)) as read:
        return read.convert("RGB")
