"""Rows of JSONL, CSV, TSV and Parquet files, each with its place."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from isoglot.corpora.delimited import read_delimited
from isoglot.corpora.fields import load_json
from isoglot.corpora.sources import (
    DAMAGE,
    Member,
    Stream,
    damage_report,
    decode_line,
    open_bytes,
    read_bytes,
)
from isoglot.errors import CorpusError

if TYPE_CHECKING:
    from isoglot.corpora.building import CorpusBuilder

Row = dict[str, Any]
_ROWS_AT_ONCE = 65_536


def read_rows(source: Path, builder: CorpusBuilder) -> Iterator[tuple[str, Row]]:
    """Rows of a file, or of all files of a folder, by suffix: .jsonl .csv .tsv .parquet, also .gz .xz.

    Args:
        source: The file or folder.
        builder: Takes the problems: rows that cannot be read.

    Yields:
        The place of each row (lines count from 1, rows of Parquet files too), and its values by column.

    Raises:
        CorpusError: If there is no such file, its suffix is another, or it is damaged.
    """
    for path in _files(source):
        before = len(builder.problems)
        empty = True
        try:
            for row in _READERS[_kind(path)](path, builder):
                empty = False
                yield row
        except (*DAMAGE, pa.ArrowException) as error:
            raise CorpusError(damage_report(path, error)) from None
        if empty and len(builder.problems) == before:
            builder.problem(f"{path}:1", "the file holds no row; remove it or fill it")


def _files(source: Path) -> list[Path]:
    if not source.exists():
        raise CorpusError(f"{source}: there is no such file or folder")
    if source.is_file():
        if _kind(source) not in _READERS:
            raise CorpusError(f"{source}: must end in {', '.join(_READERS)}, or in these with .gz or .xz")
        return [source]
    files = [path for path in sorted(source.rglob("*")) if path.is_file() and _kind(path) in _READERS]
    if not files:
        raise CorpusError(f"{source}: holds no file that ends in {', '.join(_READERS)}")
    return files


def _kind(path: Path) -> str:
    return Path(re.sub(r"\.(gz|xz)$", "", path.name)).suffix.lower()


def json_rows(path: Path, builder: CorpusBuilder) -> Iterator[tuple[str, Row]]:
    """Rows of a file with one JSON object a line.

    Args:
        path: The file, compressed or not.
        builder: Takes the problems: lines that are not UTF-8, not JSON, or no object.

    Yields:
        The place of each row and its values.
    """
    with open_bytes(path) as stream:
        yield from _parse_lines(stream, str(path), builder)


def parse_json_lines(file: Member | Stream, builder: CorpusBuilder) -> Iterator[tuple[str, Row]]:
    """Rows of a published file with one JSON object a line.

    Args:
        file: The file, in memory or as a stream.
        builder: Takes the problems: as in `json_rows`, and a file without a row.

    Yields:
        The place of each row and its values.
    """
    before = len(builder.problems)
    empty = True
    for row in _parse_lines(
        io.BytesIO(file.data) if isinstance(file, Member) else file.lines, file.place, builder
    ):
        empty = False
        yield row
    if empty and len(builder.problems) == before:
        builder.problem(f"{file.place}:1", "the file is empty; download it again")


def _parse_lines(lines: Iterable[bytes], place: str, builder: CorpusBuilder) -> Iterator[tuple[str, Row]]:
    for number, line in enumerate(lines, start=1):
        where = f"{place}:{number}"
        data = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        text = decode_line(data, where, builder.problems)
        row = None if text is None else parse_json_row(text, where, builder)
        if row is not None:
            yield where, row


def parse_json_row(line: str, where: str, builder: CorpusBuilder) -> Row | None:
    """One line of a JSONL file as an object.

    Args:
        line: The line.
        where: Its place, for reports.
        builder: Takes the problem of a line that is no JSON object.

    Returns:
        The object; None if it is none.
    """
    try:
        row = load_json(line)
    except (ValueError, RecursionError) as error:
        builder.problem(where, f"not JSON ({error}); mend or remove the line")
        return None
    if not isinstance(row, dict):
        builder.problem(where, f"must be a JSON object, got {type(row).__name__}; mend or remove the line")
        return None
    return row


def _csv_rows(path: Path, builder: CorpusBuilder) -> Iterator[tuple[str, Row]]:
    match = re.compile(".*").fullmatch(path.name)
    assert match is not None
    member = Member(str(path), match, read_bytes(path))
    for line, row in read_delimited(
        member, builder, delimiter="\t" if _kind(path) == ".tsv" else ",", columns=()
    ):
        yield member.at(line), row


def _parquet_rows(path: Path, _: CorpusBuilder) -> Iterator[tuple[str, Row]]:
    number = 0
    for batch in pq.ParquetFile(path).iter_batches(_ROWS_AT_ONCE):
        for row in batch.to_pylist():
            number += 1
            yield f"{path}:{number}", row


_READERS: dict[str, Callable[[Path, CorpusBuilder], Iterator[tuple[str, Row]]]] = {
    ".jsonl": json_rows,
    ".csv": _csv_rows,
    ".tsv": _csv_rows,
    ".parquet": _parquet_rows,
}


@dataclass(frozen=True)
class Cells:
    """The values of one row, asked for by column; the builder takes what is missing or no text.

    Attributes:
        row: Values by column.
        where: The row's place, for reports.
        builder: Takes the problems.
    """

    row: Row
    where: str
    builder: CorpusBuilder

    def optional(self, column: str | None) -> str | None:
        """The value as text; None where the column is missing or the cell is empty."""
        value = None if column is None else self.row.get(column)
        if not isinstance(value, str | int) or isinstance(value, bool):
            if value is not None:
                self.builder.problem(self.where, f"column {column!r} must be text, got {value!r}")
            return None
        text = str(value).strip()
        return text or None

    def required(self, column: str) -> str | None:
        """The value as text; None, and a problem for the builder, where there is none."""
        value = self.row.get(column)
        if value is None or (isinstance(value, str) and not value.strip()):
            there = ", ".join(map(str, self.row))
            what = "is empty" if column in self.row else f"is missing; there is {there}"
            self.builder.problem(self.where, f"column {column!r} {what}")
            return None
        return self.optional(column)

    def language(self, column: str | None, constant: str | None) -> str | None:
        """The language: that of the column where it is filled, else the one for all rows."""
        found = self.optional(column)
        if found is None and constant is None:
            self.builder.problem(self.where, f"no language in column {column!r}; fill it or give one for all")
        return found or constant
