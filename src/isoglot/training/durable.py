"""Writing what must outlast a crash: data reaches the disk before the name that says it is there."""

from __future__ import annotations

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Waits until a file, or the names in a folder, are on the disk.

    Args:
        path: A file or folder.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Waits until everything below a folder is on the disk, and the folder's own name.

    Args:
        folder: The folder.
    """
    for path in folder.rglob("*"):
        sync(path)
    sync(folder)
    sync(folder.parent)


def temporary_name(path: Path) -> Path:
    """Where `write_durably` writes before the file gets its name; left behind if it is interrupted."""
    return path.with_name(f".{path.name}.partial")


def write_durably(path: Path, content: bytes) -> None:
    """Writes a file so that after any crash it is there whole, or as it was before.

    Args:
        path: The file.
        content: All of it.
    """
    temporary = temporary_name(path)
    temporary.write_bytes(content)
    sync(temporary)
    temporary.replace(path)
    sync(path.parent)
