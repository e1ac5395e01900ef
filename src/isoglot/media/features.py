"""Ready features: arrays of numbers that stand in files in place of pictures or videos.

One array a file (`name.npy`), or many in an archive (`name.npz#key`). Nothing in them is executed.
"""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from isoglot.errors import MediaError

Features = npt.NDArray[np.float32]
"""(width,) of a picture, or (steps, width) of something with a course, such as a video's frames."""

_REMEDY = "replace it or remove its row"
_NUMBERS = "fiu"
_MAX_OPEN = 8


def holds_features(path: str | Path) -> bool:
    """Whether a path names ready features by its ending: `.npy`, `.npz`, or `.npz#` and a key."""
    return str(path).endswith((".npy", ".npz")) or ".npz#" in str(path)


def file_of(path: str) -> str:
    """The file that a path names, without the key of an array in it."""
    archive, mark, _ = path.rpartition(".npz#")
    return f"{archive}.npz" if mark else path


def content_of(path: str) -> bytes:
    """What a path names, as bytes that tell it from all else.

    Args:
        path: A file of any medium, or one array of an archive.

    Returns:
        The file's bytes; of an archive, those of the array alone.

    Raises:
        MediaError: If the array cannot be read.
    """
    if ".npz#" not in path:
        return Path(path).read_bytes()
    array = _read(path)
    return f"{array.dtype.str} {array.shape} ".encode() + array.tobytes()


def read_features(source: str | Path | npt.NDArray[Any]) -> Features:
    """The features of one picture or video.

    Args:
        source: An array, or a path: `name.npy`, `name.npz#key`, or `name.npz` if it holds one array. Archives
            are kept open, so reading one key after another is quick.

    Returns:
        (width,) or (steps, width).

    Raises:
        MediaError: If there is no such file or key, it holds pickled objects, or what it holds are not finite
            numbers in one or two dimensions; names the file.
    """
    if isinstance(source, str | Path):
        return _checked(_read(str(source)), str(source))
    return _checked(np.asarray(source), "features")


def _read(path: str) -> npt.NDArray[Any]:
    file = file_of(path)
    key = path[len(file) + 1 :]
    try:
        if file.endswith(".npy"):
            with Path(file).open("rb") as stream:
                array: npt.NDArray[Any] = np.load(stream, allow_pickle=False)
            return array
        status = Path(file).stat()
        stamp = _Stamp(file, status.st_size, status.st_mtime_ns, os.getpid())
        return _member(_open_archive(stamp), key, path)
    except MediaError:
        raise
    except Exception as error:  # a damaged header makes NumPy raise almost anything
        raise MediaError(f"{path}: cannot be read as an array ({error}); {_REMEDY}") from error


@dataclass(frozen=True)
class _Stamp:
    """A file as one process found it; two processes must not share an open one."""

    file: str
    size: int
    changed: int
    process: int


@lru_cache(maxsize=_MAX_OPEN)
def _open_archive(stamp: _Stamp) -> Any:
    """An archive, whose table of contents may be long."""
    with Path(stamp.file).open("rb") as stream:
        np.load(stream, allow_pickle=False).close()  # of a path, it leaves a damaged file open
    return np.load(stamp.file, allow_pickle=False)


def _member(archive: Any, key: str, path: str) -> npt.NDArray[Any]:
    names = archive.files
    if not key and len(names) == 1:
        key = names[0]
    if key not in archive:
        near = difflib.get_close_matches(key, names, n=1) or names[:1]
        hint = f"such as {path if not key else path[: -len(key) - 1]}#{near[0]}" if near else "it is empty"
        raise MediaError(f"{path}: no such array among {len(names):,}; name one after '#', {hint}")
    member: npt.NDArray[Any] = archive[key]
    return member


def _checked(array: npt.NDArray[Any], name: str) -> Features:
    if array.dtype.kind not in _NUMBERS or array.ndim not in (1, 2) or not array.size:
        raise MediaError(
            f"{name}: holds {array.dtype} of shape {array.shape}; features are numbers of shape (width,), or "
            "(steps, width) for a video; mend or remove them"
        )
    features = np.asarray(array, np.float32)
    if not np.isfinite(features).all():
        raise MediaError(f"{name}: holds numbers that are not finite; {_REMEDY}")
    return features
