"""Published files as bytes and lines: from folders, archives and compressed files, decoded strictly."""

from __future__ import annotations

import gzip
import lzma
import re
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from isoglot.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_ARCHIVES = (".tar", ".tar.xz", ".tar.gz", ".tgz", ".tar.bz2", ".zip")
_BLOCK_BYTES = 1 << 20
DAMAGE = (
    OSError,
    EOFError,
    lzma.LZMAError,
    zlib.error,
    tarfile.TarError,
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
"""What the standard library raises for a damaged or unsupported archive."""


def damage_report(place: Path | str, error: Exception) -> str:
    """The report of a file that cannot be unpacked, on one line."""
    return f"{place}: is damaged ({' '.join(str(error).split())}); download it again"


@dataclass(frozen=True)
class Member:
    """One file of a source, decompressed.

    Attributes:
        place: Where it lies, for reports.
        match: The match of the wanted pattern with its name.
        data: Its bytes.
    """

    place: str
    match: re.Match[str]
    data: bytes

    def at(self, line: int) -> str:
        """The place of a line, counted from 1, for reports."""
        return f"{self.place}:{line}"


def read_members(source: Path, pattern: str, expected: str) -> list[Member]:
    """The files of a source that a data set is made of.

    Args:
        source: A folder, an archive (tar or zip) or a single file; archives inside a folder are read as if
            they were unpacked, and `.gz` and `.xz` files as if they were not compressed.
        pattern: Regular expression for the whole name, without the compression's suffix; folders before it
            may be anything.
        expected: The name to look for, in words, for the report when there is none.

    Returns:
        The files in order of their names.

    Raises:
        CorpusError: If the source does not exist, is damaged, holds no such file, or the same one twice.
    """
    if not source.exists():
        raise CorpusError(
            f"{source}: there is no such file or folder; give the data set as it was downloaded"
        )
    wanted = re.compile(rf"(?:.*/)?{pattern}")
    found: dict[tuple[str | None, ...], Member] = {}
    for place, name, read in _walk(source):
        match = wanted.fullmatch(name)
        if match is None:
            continue
        before = found.get(match.groups())
        if before is not None:
            raise CorpusError(
                f"{place}: holds the same part as {before.place}; leave one of them in the source"
            )
        found[match.groups()] = Member(place, match, _read(place, read))
    if not found:
        raise CorpusError(f"{source}: holds no file {expected}; give the data set as it was downloaded")
    return sorted(found.values(), key=lambda member: member.match.string)


def _read(place: str, read: Callable[[], bytes]) -> bytes:
    try:
        return read()
    except DAMAGE as error:
        raise CorpusError(damage_report(place, error)) from None


def _walk(source: Path) -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    """Place, name without compression suffix, and reader of every file."""
    if source.is_file():
        yield from _walk_file(source, source.name)
        return
    for path in sorted(source.rglob("*")):
        if path.is_file():
            yield from _walk_file(path, path.relative_to(source).as_posix())


def _walk_file(path: Path, name: str) -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    if not name.lower().endswith(_ARCHIVES):
        yield str(path), re.sub(r"\.(gz|xz)$", "", name), partial(read_bytes, path)
        return
    try:
        yield from _walk_zip(path) if name.lower().endswith(".zip") else _walk_tar(path)
    except DAMAGE as error:
        raise CorpusError(damage_report(path, error)) from None


def _walk_zip(path: Path) -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    with zipfile.ZipFile(path) as archive:
        for item in sorted(archive.infolist(), key=lambda item: item.filename):
            if not item.is_dir():
                yield f"{path}/{item.filename}", item.filename, partial(archive.read, item)


def _walk_tar(path: Path) -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    with tarfile.open(path) as archive:
        for item in archive:
            if item.isfile():
                yield f"{path}/{item.name}", item.name, partial(_tar_bytes, archive, item)
        # tarfile is content with an archive that stops early; its decompressor is not, when read to the end.
        stream = archive.fileobj
        while stream is not None and stream.read(_BLOCK_BYTES):
            pass


def _tar_bytes(archive: tarfile.TarFile, item: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(item)
    assert stream is not None
    data = stream.read()
    if len(data) < item.size:
        raise EOFError(f"{len(data)} of {item.size} bytes")
    return data


def open_bytes(path: Path) -> BinaryIO:
    """A file opened for reading bytes, decompressed by its suffix (`.gz`, `.xz`)."""
    if path.suffix == ".gz":
        return gzip.open(path)  # type: ignore[return-value]
    if path.suffix == ".xz":
        return lzma.open(path)  # type: ignore[return-value]
    return path.open("rb")


def read_bytes(path: Path) -> bytes:
    """All bytes of a file, decompressed by its suffix."""
    with open_bytes(path) as stream:
        return stream.read()


def decode_lines(data: bytes, place: str, problems: list[str]) -> list[str]:
    """The lines of a text, split at newlines alone (U+2028 and its like stay inside a line).

    Args:
        data: UTF-8 text; a byte order mark and carriage returns before newlines are dropped.
        place: Where it lies, for reports.
        problems: Takes one line for each line that is not UTF-8.

    Returns:
        The lines; an empty one where the bytes could not be decoded.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        lines = [
            decode_line(line, f"{place}:{number}", problems) or ""
            for number, line in enumerate(data.split(b"\n"), start=1)
        ]
    if not lines[-1]:
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def decode_line(line: bytes, where: str, problems: list[str]) -> str | None:
    """One line of UTF-8; None, and a problem, if it is not."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        bad = line[error.start : error.start + 1].hex()
        problems.append(
            f"{where}: byte 0x{bad} at column {error.start + 1} is not UTF-8; save the file as UTF-8"
        )
        return None


def decode_text(data: bytes, place: str) -> str:
    """A whole text.

    Args:
        data: UTF-8 text; a byte order mark is dropped.
        place: Where it lies, for reports.

    Returns:
        The text.

    Raises:
        CorpusError: If a line is not UTF-8; all such lines at once.
    """
    try:
        return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError:
        problems: list[str] = []
        decode_lines(data, place, problems)
        raise CorpusError(problems) from None
