"""Media as a model's own processor gets them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from isoglot.media.features import holds_features
from isoglot.media.hearing import open_sounds
from isoglot.media.pictures import open_pictures


def open_media(modality: str, contents: Sequence[Any], model: Any = None) -> list[Any]:
    """Opens what a processor would otherwise open in its own way.

    Args:
        modality: The medium of all of them.
        contents: Files, or what is in them.
        model: What they are opened for; sounds are read as it hears them (`isoglot.media.hearing`).

    Returns:
        Pictures decoded (`isoglot.media.pictures`), and samples of sounds. Ready features stay as they are,
        and so do videos, which the towers of this package open themselves.

    Raises:
        MediaError: If pictures or sounds cannot be read; all of them at once.
        ConfigError: If Pillow or PyAV is not installed.
    """
    if modality == "audio":
        return open_sounds(model, contents)
    opened = list(contents)
    places = [place for place, each in enumerate(opened) if modality == "image" and _is_picture(each)]
    for place, picture in zip(places, open_pictures([opened[place] for place in places]), strict=True):
        opened[place] = picture
    return opened


def _is_picture(content: Any) -> bool:
    """Whether something is the file of a picture, or a picture of Pillow; not numbers in any form."""
    if isinstance(content, str | Path):
        return not holds_features(content)
    return isinstance(content, bytes) or hasattr(content, "getbands")
