"""Animated pictures: GIF, WebP and PNG, as short videos."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from isoglot.errors import MediaError

_FORMATS = ("GIF", "WEBP", "PNG")


def is_animation(path: str | Path) -> bool:
    """Whether a file begins like one of the picture formats that can move."""
    with Path(path).open("rb") as file:
        start = file.read(12)
    return start.startswith((b"GIF8", b"\x89PNG")) or (start[:4] == b"RIFF" and start[8:] == b"WEBP")


def read_animation(
    path: str | Path, choose: Callable[[int, tuple[int, int]], npt.NDArray[np.int64]]
) -> npt.NDArray[np.uint8]:
    """Some frames of an animated picture; one that stands still has one.

    Args:
        path: The file.
        choose: Given how many frames there are, and their width and height, which are wanted, by number,
            ascending.

    Returns:
        (frames, height, width, 3), red, green and blue; what is transparent over white.

    Raises:
        MediaError: If it cannot be read.
        ConfigError: If Pillow is not installed.
    """
    from isoglot.media.pictures import open_picture

    first = open_picture(path)  # refuses what is too large or damaged
    from PIL import Image

    try:
        with Image.open(path, formats=_FORMATS) as animation:
            total = getattr(animation, "n_frames", 1)
            frames = []
            for number in choose(total, animation.size).tolist() if total > 1 else ():
                animation.seek(number)
                frames.append(np.asarray(open_picture(animation)))
    except MediaError:
        raise
    except Exception as error:  # a damaged frame makes Pillow raise almost anything
        raise MediaError(
            f"{path}: cannot be read as an animated picture ({error}); replace it or remove its row"
        ) from error
    return np.stack(frames or [np.asarray(first)])
