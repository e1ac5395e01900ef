"""Media that are published in archives: unpacked once, by content, where they can be opened as files."""

from __future__ import annotations

import hashlib
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from isoglot.corpora.mapped import cache_folder
from isoglot.corpora.sources import Member, read_members
from isoglot.files import replace_folder

if TYPE_CHECKING:
    from collections.abc import Iterable


def unpack_media(source: Path, pattern: str, expected: str) -> str | None:
    """The folder with the media of a data set that publishes them in archives.

    Args:
        source: The data set as it was downloaded; its archives may lie in folders.
        pattern: Regular expression for the whole name, with the part `file` for that of the file alone; as in
            `read_members`.
        expected: The name to look for, in words.

    Returns:
        A folder in `$ISOGLOT_CACHE` (or `~/.cache/isoglot`) with one file for each that matches, named by its
        part `file`; the same content gives the same folder, which is written once. None without any.

    Raises:
        CorpusError: If the source does not exist, is damaged, or holds the same file twice.
        OSError: If the cache cannot be written.
    """
    members = read_members(source, pattern, expected, required=False)
    if not members:
        return None
    folder = cache_folder() / "media" / _key(members)
    if not _is_whole(folder, members):
        building = folder.parent / f".{folder.name}.{uuid.uuid4().hex[:8]}.tmp"
        try:
            _write(building, members)
            replace_folder(building, folder)
        except OSError:
            if not _is_whole(folder, members):  # Otherwise another process finished it first: use that one.
                raise
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return str(folder)


def _key(members: Iterable[Member]) -> str:
    digest = hashlib.sha256()
    for member in members:
        digest.update(f"{member.match['file']} {hashlib.sha256(member.data).hexdigest()}\n".encode())
    return digest.hexdigest()[:32]


def _is_whole(folder: Path, members: Iterable[Member]) -> bool:
    """Whether every file is there, and as long as it should be."""
    there = {path.name: path.stat().st_size for path in folder.iterdir()} if folder.is_dir() else {}
    return all(there.get(member.match["file"]) == len(member.data) for member in members)


def _write(folder: Path, members: Iterable[Member]) -> None:
    folder.mkdir(parents=True)
    for member in members:
        (folder / member.match["file"]).write_bytes(member.data)
