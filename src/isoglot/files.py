"""Writing files whole or not at all, and one process at a time."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO


@contextmanager
def whole_file(path: str | Path) -> Iterator[BinaryIO]:
    """A file that takes its name only when it is complete; makes the folders it lies in.

    Args:
        path: Where the file is to be.

    Yields:
        The file under a temporary name beside it, open for writing bytes.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            yield file
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Within the context, no other process is in it with the same file; others wait, and go on if we die.

    Args:
        path: The file; made if need be, and left behind.

    Yields:
        Nothing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def replace_folder(building: Path, target: Path) -> None:
    """Gives a finished folder its name; what has the name until then goes only when that has worked.

    Args:
        building: The finished folder, beside the target.
        target: Its name; a folder there is deleted.

    Raises:
        OSError: If a folder cannot be renamed; the target is then as it was.
    """
    if not target.exists():
        building.rename(target)
        return
    old = building.with_suffix(".old")
    target.rename(old)
    try:
        building.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old)


def write_json(path: str | Path, content: Any) -> None:
    """Writes JSON with sorted keys, the same bytes for the same content."""
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
    with whole_file(path) as file:
        file.write(f"{text}\n".encode())


def write_records(path: str | Path, records: list[dict[str, Any]]) -> None:
    """Writes a JSON list with one record a line, so that two files compare line by line."""
    lines = [json.dumps(record, ensure_ascii=False, allow_nan=False) for record in records]
    with whole_file(path) as file:
        file.write(("[\n" + ",\n".join(lines) + "\n]\n").encode())
