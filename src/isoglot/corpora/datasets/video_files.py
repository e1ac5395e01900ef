"""Where the videos of a data set lie: a pattern for the names of files, which may hold features."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from isoglot.corpora.building import row_problems
from isoglot.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable


def check_files(files: str, marks: Iterable[str]) -> None:
    """Refuses a pattern that would give several videos one name.

    Args:
        files: Such as `{video}.mp4`, `{video}.npy`, or `features.npz#{video}` for arrays in one archive.
        marks: What must stand in it, without the braces.

    Raises:
        ConfigError: If one of them does not.
    """
    lacking = [f"{{{mark}}}" for mark in marks if f"{{{mark}}}" not in files]
    if lacking:
        raise ConfigError(f"files must hold {' and '.join(lacking)}, such as '{{video}}.mp4', got {files!r}")


def file_for(files: str, video: str, clip: int | None = None) -> str:
    """The file of a video, or of a clip of one, relative to the folder of the media."""
    named = files.replace("{video}", video)
    return named if clip is None else named.replace("{clip}", str(clip))


def video_problems(files: str, video: str) -> list[str]:
    """What is wrong with the id of a video: rules of ids, and that its file lies below the folder.

    Args:
        files: The pattern.
        video: The id.

    Returns:
        The rules that it breaks, each with the remedy.
    """
    found = row_problems("video_id", video, "text", "text", None, None)
    path = PurePosixPath(file_for(files, video))
    if path.is_absolute() or ".." in path.parts:
        found.append(f"path {str(path)!r} must lie below the folder of the media; mend the id")
    return found
