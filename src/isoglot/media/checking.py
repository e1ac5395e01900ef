"""Checking files of media: whether each can be read, before work starts that needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from isoglot.errors import MediaError
from isoglot.media.features import holds_features, read_features
from isoglot.media.pictures import open_picture
from isoglot.media.side_by_side import num_threads

_SAMPLE_RATE = 16_000
_SECONDS = 1.0


def find_bad_media(files: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What is wrong with files of media, each looked at once, several at a time.

    A picture is decoded in full. Of a video one frame is decoded, of a sound its first second; whether the
    rest is there is judged by what the file says of itself. Ready features are read in full.

    Args:
        files: Files, each with its medium.

    Returns:
        The problem of each file that cannot be read, in the order of the files: what it is, and what to do.

    Raises:
        ConfigError: If Pillow or PyAV is not installed, and is needed.
    """
    distinct = list(dict.fromkeys(files))
    with ThreadPoolExecutor(num_threads()) as pool:
        problems = pool.map(_problem, distinct)
        return {file: problem for file, problem in zip(distinct, problems, strict=True) if problem}


def _problem(file: tuple[str, str]) -> str | None:
    path, modality = file
    try:
        read_features(path) if holds_features(path) else _READERS[modality](path)
    except MediaError as error:
        return str(error)
    return None


def _read_frame(path: str) -> None:
    from isoglot.media.video import read_frames

    read_frames(path, 1)


def _read_second(path: str) -> None:
    from isoglot.media.audio import read_waveform

    read_waveform(path, _SAMPLE_RATE, max_seconds=_SECONDS)


_READERS: dict[str, Callable[[str], object]] = {
    "image": open_picture,
    "video": _read_frame,
    "audio": _read_second,
}
