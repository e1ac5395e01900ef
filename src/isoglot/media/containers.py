"""Containers of videos and sounds: opened from files of this computer alone, and known by their content."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoglot.errors import ConfigError, MediaError

if TYPE_CHECKING:
    from av.container import InputContainer

_FORMATS = (
    "aac aiff amr asf au avi caf flac flv h264 hevc ivf m4v matroska mov mp3 mpeg mpegts mpegvideo nut ogg "
    "vvc w64 wav"
)
"""Forms that hold their content themselves; play lists, which name other files, are not among them."""


@contextmanager
def open_container(path: str | Path) -> Iterator[InputContainer]:
    """Opens a video or a sound for PyAV, and closes it again.

    The form is known by the content, whatever the ending. Only the file itself is ever read: it is handed
    over opened, and nothing in it makes another file or an address be opened.

    Args:
        path: A file; a link to one will do, a pipe or a device will not.

    Yields:
        The container.

    Raises:
        MediaError: If it is an address, no file, or cannot be read as far as it is asked to: any error of
            PyAV in the body of the `with` statement becomes one.
        ConfigError: If PyAV is not installed.
    """
    try:
        import av
    except ImportError:
        raise ConfigError(
            "to read a video or a sound needs the package av: pip install 'isoglot[media]'"
        ) from None
    check_file(path)
    try:
        with (
            Path(path).open("rb") as file,
            av.open(
                file,
                mode="r",
                metadata_errors="replace",
                container_options={
                    "format_whitelist": ",".join(_FORMATS.split()),
                    "protocol_whitelist": "none",
                },
                io_open=_refuse,
            ) as container,
        ):
            yield container
    except (av.FFmpegError, OSError) as error:
        raise MediaError(
            f"{path}: cannot be read as a video or a sound ({_reason(error)}); replace it or remove its row"
        ) from error


def check_file(path: str | Path) -> None:
    """Refuses what is no file of this computer with something in it.

    Args:
        path: What is to be opened.

    Raises:
        MediaError: If it is an address, a pipe, a device, a folder, missing or empty.
    """
    if "://" in str(path):
        raise MediaError(
            f"{path}: is an address, and nothing is fetched from the net; download it, and give its path"
        )
    if not Path(path).is_file():
        cause = "is no regular file" if Path(path).exists() else "no such file"
        raise MediaError(f"{path}: {cause}; put it there, or remove its row")
    if not Path(path).stat().st_size:
        raise MediaError(f"{path}: is empty; replace it or remove its row")


def _refuse(url: str, *_: Any) -> Any:
    raise PermissionError(f"it names another file, {url!r}, which is not opened")


def _reason(error: Exception) -> str:
    if error.args[:1] == (errno.EINVAL,):
        return "it is damaged, or its form is none of those that are read"
    text = getattr(error, "strerror", None) or str(error)
    return str(text).strip().lower() or type(error).__name__
