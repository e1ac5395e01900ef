"""Thumbnails: small copies of pictures that stand in a file or a page themselves."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from isoglot.errors import ConfigError, MediaError
from isoglot.media.pictures import open_picture

PREFIX = "data:image/jpeg;base64,"
_MAX_SIDE = 128
_QUALITY = 85


def make_thumbnail(path: str | Path) -> str | None:
    """A picture, at most 128 pixels wide and high, as a data URI.

    Args:
        path: File of a picture, opened as everywhere (`isoglot.media.pictures`).

    Returns:
        The data URI of a JPEG; None if the file is not there, cannot be read as a picture, or Pillow is not
        installed: a report can do without it.
    """
    try:
        picture = open_picture(path)
    except (MediaError, ConfigError):
        return None
    picture.thumbnail((_MAX_SIDE, _MAX_SIDE))
    target = io.BytesIO()
    picture.save(target, "jpeg", quality=_QUALITY)
    return PREFIX + base64.b64encode(target.getvalue()).decode("ascii")
