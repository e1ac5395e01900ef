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

    Opener = Callable[[], BinaryIO]

_ARCHIVES = (".tar", ".tar.xz", ".tar.gz", ".tgz", ".tar.bz2", ".zip")
_COMPRESSION = re.compile(r"\.(gz|xz)$")
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
    return f"{place}: is damaged ({on_one_line(error)}); download it again"


def on_one_line(error: Exception) -> str:
    """What an error says, without line ends, as a report has one line for each problem."""
    return " ".join(str(error).split())


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


@dataclass(frozen=True)
class Stream:
    """One file of a source, to be read line by line, once, before the next one is asked for.

    Attributes:
        place: Where it lies, for reports.
        match: The match of the wanted pattern with its name.
        lines: Its lines as bytes, decompressed, each with its line feed.
    """

    place: str
    match: re.Match[str]
    lines: Iterator[bytes]


@dataclass(frozen=True)
class Blocks:
    """One file of a source, to be read block by block, once, before the next one is asked for.

    Attributes:
        place: Where it lies, for reports.
        match: The match of the wanted pattern with its name.
        blocks: Its bytes in order, decompressed, about a megabyte at a time.
    """

    place: str
    match: re.Match[str]
    blocks: Iterator[bytes]


def read_members(source: Path, pattern: str, expected: str, *, required: bool = True) -> list[Member]:
    """The files of a source that a data set is made of.

    Args:
        source: A folder, an archive (tar or zip) or a single file; archives inside a folder are read as if
            they were unpacked, and `.gz` and `.xz` files as if they were not compressed.
        pattern: Regular expression for the whole name, without the compression's suffix; folders before it
            may be anything.
        expected: The name to look for, in words, for the report when there is none.
        required: Whether it is an error that there is none.

    Returns:
        The files in order of their names.

    Raises:
        CorpusError: If the source does not exist, is damaged, holds no such file, or the same one twice.
    """
    members = [
        Member(place, match, _read(place, open_file))
        for place, match, open_file in _matching(source, pattern, expected, required=required)
    ]
    return sorted(members, key=lambda member: member.match.string)


def stream_members(source: Path, pattern: str, expected: str) -> Iterator[Stream]:
    """The same files, for what is too large to hold in memory.

    Args:
        source: As in `read_members`.
        pattern: As in `read_members`.
        expected: As in `read_members`.

    Yields:
        The files, folder by folder in order of their names; those of an archive in its order.

    Raises:
        CorpusError: As `read_members` does; also while lines are read, if a file turns out to be damaged.
    """
    for place, match, open_file in _matching(source, pattern, expected, required=True):
        yield Stream(place, match, _lines(place, open_file))


def stream_blocks(source: Path, pattern: str, expected: str) -> Iterator[Blocks]:
    """The same files, for what is too large to hold in memory and has no lines.

    Args:
        source: As in `read_members`.
        pattern: As in `read_members`.
        expected: As in `read_members`.

    Yields:
        The files, as `stream_members` does; one whose blocks are not read is not unpacked.

    Raises:
        CorpusError: As `read_members` does; also while blocks are read, if a file turns out to be damaged.
    """
    for place, match, open_file in _matching(source, pattern, expected, required=True):
        yield Blocks(place, match, _blocks(place, open_file))


def _matching(
    source: Path, pattern: str, expected: str, *, required: bool
) -> Iterator[tuple[str, re.Match[str], Opener]]:
    if not source.exists():
        raise CorpusError(
            f"{source}: there is no such file or folder; give the data set as it was downloaded"
        )
    wanted = re.compile(rf"(?:.*/)?{pattern}")
    found: dict[tuple[str | None, ...], str] = {}
    for place, name, open_file in _walk(source):
        match = wanted.fullmatch(name)
        if match is None:
            continue
        before = found.setdefault(match.groups(), place)
        if before != place:
            raise CorpusError(f"{place}: holds the same part as {before}; leave one of them in the source")
        yield place, match, open_file
    if not found and required:
        raise CorpusError(f"{source}: holds no file {expected}; give the data set as it was downloaded")


def _read(place: str, open_file: Opener) -> bytes:
    try:
        with open_file() as stream:
            return stream.read()
    except DAMAGE as error:
        raise CorpusError(damage_report(place, error)) from None


def _lines(place: str, open_file: Opener) -> Iterator[bytes]:
    try:
        with open_file() as stream:
            yield from stream
    except DAMAGE as error:
        raise CorpusError(damage_report(place, error)) from None


def _blocks(place: str, open_file: Opener) -> Iterator[bytes]:
    try:
        with open_file() as stream:
            while block := stream.read(_BLOCK_BYTES):
                yield block
    except DAMAGE as error:
        raise CorpusError(damage_report(place, error)) from None


def _walk(source: Path) -> Iterator[tuple[str, str, Opener]]:
    """Place, name without compression suffix, and opener of every file."""
    if source.is_file():
        yield from _walk_file(source, source.name)
        return
    for path in sorted(source.rglob("*")):
        if path.is_file():
            yield from _walk_file(path, path.relative_to(source).as_posix())


def _walk_file(path: Path, name: str) -> Iterator[tuple[str, str, Opener]]:
    if not name.lower().endswith(_ARCHIVES):
        yield str(path), _COMPRESSION.sub("", name), partial(open_bytes, path)
        return
    try:
        yield from _walk_zip(path) if name.lower().endswith(".zip") else _walk_tar(path)
    except DAMAGE as error:
        raise CorpusError(damage_report(path, error)) from None


def _walk_zip(path: Path) -> Iterator[tuple[str, str, Opener]]:
    with zipfile.ZipFile(path) as archive:
        for item in sorted(archive.infolist(), key=lambda item: item.filename):
            if not item.is_dir():
                yield f"{path}/{item.filename}", item.filename, partial(_open_zipped, archive, item)


def _open_zipped(archive: zipfile.ZipFile, item: zipfile.ZipInfo) -> BinaryIO:
    return archive.open(item)  # type: ignore[return-value]


def _walk_tar(path: Path) -> Iterator[tuple[str, str, Opener]]:
    with tarfile.open(path) as archive:
        for item in archive:
            if item.isfile():
                yield f"{path}/{item.name}", item.name, partial(_open_tarred, archive, item)
        # tarfile is content with an archive that stops early; its decompressor is not, when read to the end.
        stream = archive.fileobj
        while stream is not None and stream.read(_BLOCK_BYTES):
            pass


def _open_tarred(archive: tarfile.TarFile, item: tarfile.TarInfo) -> BinaryIO:
    stream = archive.extractfile(item)
    assert stream is not None
    return stream  # type: ignore[return-value]


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
