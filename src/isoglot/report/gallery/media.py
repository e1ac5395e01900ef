"""Looking at a medium before it is shown: what it is by its content, and what is wrong with it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal
from urllib.parse import quote

from isoglot.corpora.manifest import checksum
from isoglot.errors import ConfigError
from isoglot.records import Modality
from isoglot.report.gallery.reading import MEDIA

_PICTURES = {
    "AVIF": "image/avif",
    "BMP": "image/bmp",
    "GIF": "image/gif",
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
}
"""Pillow's name of a format that browsers show -> media type. An MPO is a JPEG with more after it."""
_STREAMS = {
    "aac": "aac",
    "flac": "flac",
    "gif": "gif",
    "matroska,webm": "webm",
    "mov,mp4,m4a,3gp,3g2,mj2": "mp4",
    "mp3": "mpeg",
    "ogg": "ogg",
    "wav": "wav",
}
"""FFmpeg's name of a format that browsers play -> subtype of its media type."""


@dataclass(frozen=True)
class Medium:
    """A medium of a query or a document, as far as it can be shown.

    Attributes:
        path: Its file below the corpus' media, as the corpus names it.
        file: The file.
        problem: Why it cannot be shown, in words; empty if it can.
        media_type: Such as `image/png`, by content.
        width: In pixels; None for a sound.
        height: In pixels; None for a sound.
        num_bytes: Size of the file; 0 if it is not shown.
    """

    path: str
    file: Path
    problem: str = ""
    media_type: str = ""
    width: int | None = None
    height: int | None = None
    num_bytes: int = 0

    @property
    def element(self) -> Literal["img", "video", "audio"]:
        """The element of HTML that shows it."""
        match self.media_type.partition("/")[0]:
            case "image":
                return "img"
            case "video":
                return "video"
        return "audio"

    @property
    def data_uri(self) -> str:
        """The medium itself, as an address that loads nothing."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.file.read_bytes()).decode()}"

    @property
    def address(self) -> str:
        """Where it lies beside the page, if it is not in it."""
        return f"{MEDIA}/{quote(self.path)}"


class _UnfitError(Exception):
    """A file that is not what the corpus says, with the reason in words."""


def look_at(root: str | None, path: str, modality: Modality, checksums: Mapping[str, str]) -> Medium:
    """Opens a medium, and decodes as much as tells whether it can be shown.

    A picture is decoded in full, of a video or sound the first frame.

    Args:
        root: Folder of the media; None if the corpus does not say where they are.
        path: The file below it.
        modality: What it should be: `image`, `audio` or `video`.
        checksums: File below the corpus folder -> SHA-256.

    Returns:
        The medium; if it is missing, damaged or not what it should be, with the problem.

    Raises:
        ConfigError: If the package that decodes it is not installed.
    """
    parts = PurePosixPath(path)
    if root is None:
        return Medium(path, Path(path), "the corpus does not say where its media are")
    file = Path(root) / path
    if parts.is_absolute() or ".." in parts.parts:
        return Medium(path, file, "leads out of the folder of the media")
    try:
        if not file.is_file():
            return Medium(path, file, "the file is missing")
        wanted = checksums.get(f"{MEDIA}/{path}")
        if wanted is not None and checksum(file) != wanted:
            return Medium(path, file, "the file is not the one that corpus.json lists")
        found = _open_picture(file) if modality == "image" else _open_stream(file, modality)
        return Medium(path, file, "", *found, file.stat().st_size)
    except _UnfitError as error:
        return Medium(path, file, str(error))
    except (OSError, ValueError) as error:  # no name that a file could have, or a file that may not be read
        return Medium(path, file, f"the file cannot be read ({_reason(error)})")


def _open_picture(file: Path) -> tuple[str, int, int]:
    try:
        from PIL import Image
    except ImportError:
        raise ConfigError(_missing("pictures", "pillow")) from None
    try:
        with Image.open(file) as image:
            image.load()
    except Exception as error:  # Pillow's decoders raise whatever they stumble upon
        raise _UnfitError(f"the file is no picture, or damaged ({_reason(error)})") from None
    name = image.format or "of no name"
    if name not in _PICTURES:
        raise _UnfitError(f"browsers do not show the format {name}")
    return _PICTURES[name], image.width, image.height


def _open_stream(file: Path, modality: Modality) -> tuple[str, int | None, int | None]:
    try:
        import av
    except ImportError:
        raise ConfigError(_missing("videos and sounds", "av")) from None
    try:
        with av.open(str(file)) as container:
            name = container.format.name
            size: tuple[int | None, int | None] = None, None
            if modality == "video":
                moving = container.streams.video[0]
                next(container.decode(moving))
                size = moving.width, moving.height
            else:
                next(container.decode(container.streams.audio[0]))
    except (IndexError, StopIteration):
        raise _UnfitError(f"the file holds no {modality}") from None
    except av.error.FFmpegError as error:
        raise _UnfitError(f"the file is no {modality}, or damaged ({error.strerror})") from None
    if name not in _STREAMS:
        raise _UnfitError(f"browsers do not play the format {name}")
    kind = "image" if name == "gif" else modality
    return f"{kind}/{_STREAMS[name]}", *size


def _reason(error: Exception) -> str:
    """An error in words, without the file's name and on one line."""
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(words).split("\n")[0].partition(" '")[0].split())


def _missing(media: str, package: str) -> str:
    return f"to show {media} needs the package {package}: pip install 'isoglot[media]'"
