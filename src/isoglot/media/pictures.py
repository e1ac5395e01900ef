"""Pictures: any file that people have, to three bytes a pixel; what is damaged or too large is refused.

Every picture becomes RGB with eight bits a channel, turned upright; of one that moves, the first frame is
taken. Transparent parts become white. Grey of sixteen bits is scaled to eight. Numbers without agreed white
(32 bits, floats) are scaled from [0, 1] if they lie in it, otherwise from their least to their largest.
Colour profiles (ICC) are ignored: the numbers in a file are taken as sRGB.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from isoglot.errors import ConfigError, MediaError
from isoglot.media.containers import check_file
from isoglot.media.side_by_side import read_side_by_side

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS = 80_000_000
"""More are refused before they are decoded: a small file can claim to hold terabytes."""
MAX_SIDE_RATIO = 200
"""A picture longer than this is wide, or wider than long, grows beyond all memory where its short side is
brought to the size of a model."""
MAX_BYTES = 1 << 29
"""Some formats are read whole before they say how large they are."""

_FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""Formats of pixels alone; nothing is drawn, run or fetched to read them."""
_SIXTEEN_BITS = 65_535
_WITH_ALPHA = frozenset({"LA", "La", "PA", "RGBA", "RGBa"})
_REMEDY = "replace it or remove its row"
_OTHERS = (
    (b"%PDF", "it is a PDF; save its page as a PNG"),
    (b"<svg", "it is an SVG drawing; save it as a PNG"),
    (b"<!doctype html", "it is a page of HTML, such as a failed download leaves"),
    (b"<html", "it is a page of HTML, such as a failed download leaves"),
    (b"version https://git-lfs", "it is a pointer of Git LFS; fetch the file itself"),
    (b"ftyphei", "it is HEIC; save it as a JPEG"),
    (b"ftypmif1", "it is HEIC; save it as a JPEG"),
)
"""What is often found in place of a picture, by how it begins."""
_HEAD_BYTES = 1_024


def open_picture(source: str | Path | bytes | Image) -> Image:
    """A picture as every part of this package sees it.

    Args:
        source: A file, known by its content whatever its ending; the bytes of one; or a picture of Pillow. A
            link to a file will do; an address is never opened.

    Returns:
        The decoded picture, in mode RGB; no file stays open.

    Raises:
        MediaError: If it is damaged, cut off, of no known format, or refused for its size; names the file.
        ConfigError: If Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError:
        raise ConfigError(
            "to read a picture needs the package pillow: pip install 'isoglot[media]'"
        ) from None
    try:
        if isinstance(source, Image.Image):
            _check_size(source.size)
            return _to_rgb(_upright(source))
        with _stream(source) as stream, Image.open(stream, formats=_known_formats()) as picture:
            _check_size(picture.size)
            picture.load()
            return _to_rgb(_upright(picture))
    except MediaError:
        raise
    except Exception as error:  # a damaged header makes Pillow raise almost anything
        raise MediaError(
            f"{_name_of(source)}: cannot be read as a picture ({_cause(error, source)}); {_REMEDY}"
        ) from error


def open_pictures(sources: Sequence[str | Path | bytes | Image]) -> list[Image]:
    """Several pictures, decoded side by side.

    Args:
        sources: As of `open_picture`.

    Returns:
        The pictures, in the order of the sources.

    Raises:
        MediaError: If some cannot be read; all of them at once.
        ConfigError: If Pillow is not installed.
    """
    return list(read_side_by_side(open_picture, sources))


def _stream(source: str | Path | bytes) -> BinaryIO:
    if isinstance(source, bytes):
        size = len(source)
    else:
        check_file(source)
        size = Path(source).stat().st_size
    if size > MAX_BYTES:
        raise ValueError(f"it has {size:,} bytes, and at most {MAX_BYTES:,} are read")
    return io.BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb")


@cache
def _known_formats() -> tuple[str, ...]:
    from PIL import features

    has_avif = "avif" in features.modules and features.check("avif")
    return tuple(name for name in _FORMATS if name != "AVIF" or has_avif)


def _check_size(size: tuple[int, int]) -> None:
    """Refuses by what the header says, before anything is decoded."""
    width, height = size
    if width * height > MAX_PIXELS:
        raise ValueError(f"it has {width:,} x {height:,} pixels, and at most {MAX_PIXELS:,} are read")
    if max(size) > MAX_SIDE_RATIO * min(size):
        raise ValueError(
            f"it is {width:,} pixels wide and {height:,} high, and one side may be at most "
            f"{MAX_SIDE_RATIO} times the other"
        )


def _upright(picture: Image) -> Image:
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # damaged EXIF raises almost anything, and the pixels are there all the same
        return picture


def _to_rgb(picture: Image) -> Image:
    """Three channels of eight bits, with nothing else: what else a file says could be applied once more."""
    from PIL import Image

    if picture.mode == "F" or picture.mode.startswith("I"):
        picture = Image.fromarray(_to_eight_bits(np.asarray(picture)))
    elif picture.mode in _WITH_ALPHA or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    plain = picture.convert("RGB")
    plain.info = {}
    return plain


def _to_eight_bits(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """(H, W) from 0 to 255, of whole numbers of 16 or 32 bits or floating-point ones."""
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError("it holds values that are not finite")
    if values.dtype.kind != "f" and low >= 0 and high <= _SIXTEEN_BITS:
        low, high = 0.0, float(_SIXTEEN_BITS)
    elif values.dtype.kind == "f" and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    scaled = (values.astype(np.float64) - low) * (255 / (high - low or 1.0))
    return np.rint(scaled).astype(np.uint8)


def _name_of(source: str | Path | bytes | Image) -> str:
    if isinstance(source, str | Path):
        return str(source)
    return str(getattr(source, "filename", "") or "picture")


def _cause(error: Exception, source: str | Path | bytes | Image) -> str:
    """What is wrong, in words that help more than Pillow's."""
    from PIL import Image, UnidentifiedImageError

    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return f"it has more than {MAX_PIXELS:,} pixels"
    if not isinstance(error, UnidentifiedImageError) or isinstance(source, Image.Image):
        return str(error) or type(error).__name__
    with _stream(source) as stream:
        head = stream.read(_HEAD_BYTES).lower()
    found = [what for sign, what in _OTHERS if sign.lower() in head]
    return found[0] if found else f"it is damaged, or none of {', '.join(_known_formats())}"
