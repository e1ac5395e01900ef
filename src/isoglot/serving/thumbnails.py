"""Small pictures of documents: what a results page shows, and never more than what is in the store."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from isoglot.errors import MediaError
from isoglot.media.pictures import open_picture
from isoglot.search.documents import StoredDocument

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE = 480
TYPE = "image/jpeg"
_QUALITY = 85
_KEPT = 512
SHOWN = ("image", "video")
"""Media of which there is a picture to show."""


def thumbnail_of(document: StoredDocument) -> bytes:
    """A picture document at a size for a page; of a video, a frame from its middle.

    Args:
        document: A picture or a video in the store.

    Returns:
        JPEG, at most `SIDE` pixels wide and high.

    Raises:
        MediaError: If it is of another medium, or its file is gone or damaged.
    """
    if document.modality not in SHOWN or document.path is None:
        raise MediaError(f"document {document.doc_id!r} is {document.modality}, of which there is no picture")
    try:
        changed = Path(document.path).stat().st_mtime_ns
    except OSError as error:
        raise MediaError(f"{document.path}: {error.strerror}; index it again") from error
    return _made(document.path, document.modality, changed)


@lru_cache(maxsize=_KEPT)
def _made(path: str, modality: str, _changed: int) -> bytes:
    picture = open_picture(path) if modality == "image" else _frame(path)
    picture.thumbnail((SIDE, SIDE))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def _frame(path: str) -> Image:
    from PIL import Image

    from isoglot.media.video import read_frames

    return Image.fromarray(read_frames(path, 1, side=SIDE)[0])
