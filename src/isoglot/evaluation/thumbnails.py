"""Thumbnails: small copies of pictures that stand in a file or a page themselves."""

from __future__ import annotations

import base64
import io
from pathlib import Path

PREFIX = "data:image/jpeg;base64,"
_MAX_SIDE = 128
_QUALITY = 85


def make_thumbnail(path: str | Path) -> str | None:
    """A picture, at most 128 pixels wide and high, as a data URI.

    Args:
        path: File of a picture in any format that Pillow reads.

    Returns:
        The data URI of a JPEG, turned upright, transparent parts white; None if the file is not there, is no
        picture, or Pillow is not installed: a report can do without it.
    """
    try:
        from PIL import Image, ImageOps
    except ImportError:
        return None
    try:
        with Image.open(path) as stored:
            picture = ImageOps.exif_transpose(stored).convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    picture.thumbnail((_MAX_SIDE, _MAX_SIDE))
    paper = Image.new("RGBA", picture.size, "white")
    target = io.BytesIO()
    Image.alpha_composite(paper, picture).convert("RGB").save(target, "jpeg", quality=_QUALITY)
    return PREFIX + base64.b64encode(target.getvalue()).decode("ascii")
