"""The folder that encoding writes: it can be killed at any time and goes on where it was.

    DIR/documents/encoding.json       what was encoded, by which model, how; at the end, checksums of files
    DIR/documents/ids.parquet         id, language and modality, in the order of the vectors
    DIR/documents/vectors-00000.npy   (rows, D) vectors of the first rows; can be memory-mapped
    DIR/documents/scales-00000.npy    with int8, (rows,) what to multiply them by
    DIR/queries/...                   the same of queries

A file takes its name when all of it is on the disk. Scales are written before their vectors, and checksums
last: vectors that are there are whole, and `encoding.json` with checksums says that all are there.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from isoglot.encoding.storing import Stored, Vectors
from isoglot.errors import SearchError
from isoglot.files import whole_file

RECORD = "encoding.json"
IDS = "ids.parquet"
FORMAT = 1
_BLOCK_BYTES = 1 << 20
_DESCRIBING = frozenset({"versions", "complete", "checksums", "dimension", "ways", "model"})
"""Entries of the record by which two jobs may differ and still be the same."""

_ENTRIES: Mapping[str, Any] = {
    "model": str,
    "side": str,
    "similarity": str,
    "dtype": str,
    "dimension": int | None,
    "num_rows": int,
    "shard_rows": int,
    "checksums": dict,
    "complete": bool,
}
"""Entries of the record that reading relies on, and what each is."""

_COUNTS = ("num_rows", "shard_rows")


@dataclass(frozen=True)
class EncodingFolder:
    """The files of one side.

    Attributes:
        path: Where they lie.
    """

    path: Path

    def vectors_file(self, shard: int) -> Path:
        """Where the vectors of a shard are."""
        return self.path / f"vectors-{shard:05d}.npy"

    def scales_file(self, shard: int) -> Path:
        """Where the scales of a shard of int8 are."""
        return self.path / f"scales-{shard:05d}.npy"

    def read_record(self) -> dict[str, Any]:
        """What `encoding.json` says.

        Returns:
            Its entries.

        Raises:
            SearchError: If it is not there, damaged, or of another format.
        """
        file = self.path / RECORD
        try:
            record = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise SearchError(f"{self.path}: holds no {RECORD}; write it with isoglot encode") from None
        except (OSError, ValueError, RecursionError) as error:
            raise SearchError(
                f"{file}: cannot be read ({error}); delete the folder and encode again"
            ) from None
        if not isinstance(record, dict) or record.get("format") != FORMAT:
            raise SearchError(f"{file}: must be a record of format {FORMAT}; encode again with this version")
        wrong = [name for name, kind in _ENTRIES.items() if not isinstance(record.get(name), kind)]
        counts = (*_COUNTS, "dimension") if record.get("complete") else _COUNTS
        wrong += [name for name in counts if name not in wrong and (record[name] or 0) < 1]
        if wrong:
            raise SearchError(
                f"{file}: is damaged, see {', '.join(wrong)}; delete the folder and encode again"
            )
        return record

    def write_record(self, record: Mapping[str, Any]) -> None:
        """Writes `encoding.json`."""
        text = json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
        with self._written(self.path / RECORD) as file:
            file.write(f"{text}\n".encode())

    def write_ids(self, rows: pa.Table) -> None:
        """Writes `ids.parquet`."""
        with self._written(self.path / IDS) as file:
            pq.write_table(rows, file)

    def read_ids(self, num_rows: int) -> pa.Table:
        """What `ids.parquet` says.

        Args:
            num_rows: Rows that it must have.

        Returns:
            Id, language and modality of each input.

        Raises:
            SearchError: If it is not there, or damaged.
        """
        file = self.path / IDS
        try:
            rows = pq.read_table(file)
        except (OSError, pa.ArrowException) as error:
            raise SearchError(f"{file}: cannot be read ({error}); delete it and encode again") from None
        if rows.num_rows != num_rows or "id" not in rows.column_names:
            raise SearchError(f"{file}: must hold {num_rows:,} ids; delete it and encode again")
        return rows

    def holds_ids(self, rows: pa.Table) -> bool:
        """Whether `ids.parquet` is there, and says what it must."""
        try:
            return bool(self.read_ids(rows.num_rows).equals(rows))
        except SearchError:
            return False

    def write_shard(self, shard: int, stored: Stored, scales: Vectors | None) -> None:
        """Writes a shard; once its vectors are there, it is.

        Args:
            shard: Its number.
            stored: (n, D) vectors as they are stored.
            scales: (n,) scales, if there are any.

        Raises:
            SearchError: If there is no room, or no permission.
        """
        for path, array in ((self.scales_file(shard), scales), (self.vectors_file(shard), stored)):
            if array is not None:
                with self._written(path) as file:
                    np.save(file, array, allow_pickle=False)

    def holds(self, shard: int, rows: int, dtype: str) -> bool:
        """Whether a shard is there, with as many rows as it must have.

        Args:
            shard: Its number.
            rows: Its rows.
            dtype: The type that is stored.

        Returns:
            Whether it is; not if it is damaged.
        """
        try:
            stored = self.open_shard(shard)[0]
        except SearchError:
            return False
        return len(stored) == rows and stored.dtype == dtype

    def open_shard(self, shard: int) -> tuple[Stored, Vectors | None]:
        """The vectors of a shard, memory-mapped, and the scales of int8.

        Args:
            shard: Its number.

        Returns:
            (n, D) as stored, and (n,) or None.

        Raises:
            SearchError: If they are not there, or damaged.
        """
        file = self.vectors_file(shard)
        try:
            stored: Stored = np.load(file, mmap_mode="r", allow_pickle=False)
            scales = np.load(self.scales_file(shard), allow_pickle=False) if stored.dtype == np.int8 else None
        except Exception as error:  # a damaged header makes NumPy raise almost anything
            raise SearchError(
                f"{file}: cannot be read ({error}); encode again, which makes it anew"
            ) from None
        if stored.ndim != 2 or (scales is not None and scales.shape != stored.shape[:1]):
            raise SearchError(f"{file}: holds an array of shape {stored.shape}; delete it and encode again")
        return stored, scales

    def checksums(self, num_shards: int) -> dict[str, str]:
        """SHA-256 of every file but the record, by name.

        Args:
            num_shards: How many shards there are.

        Returns:
            The checksums.
        """
        files = [self.path / IDS]
        for shard in range(num_shards):
            files += [self.vectors_file(shard), self.scales_file(shard)]
        return {file.name: _checksum(file) for file in files if file.is_file()}

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other processes from writing here; what a killed one left half-written is removed.

        Yields:
            Nothing.

        Raises:
            SearchError: If another process is writing here, or the folder cannot be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDONLY)
        except OSError as error:
            raise SearchError(f"{self.path}: cannot be written to ({error}); give another folder") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise SearchError(f"{self.path}: another process is encoding into it; wait for it") from None
        try:
            for name in (RECORD, IDS, "vectors-*.npy", "scales-*.npy"):
                for partial in self.path.glob(f".{name}.*"):
                    partial.unlink(missing_ok=True)
            yield
        finally:
            os.close(descriptor)

    @contextmanager
    def _written(self, path: Path) -> Iterator[Any]:
        """A file that has its name when its content is on the disk, and the name is, too."""
        try:
            with whole_file(path) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            descriptor = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise SearchError(
                f"{path}: cannot be written ({error}); make room or get permission, and encode again: "
                "what is done stays"
            ) from error


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What keeps a job from going on where another stopped.

    Args:
        old: The record that is there.
        new: The record of the job.

    Returns:
        A line for each entry that differs, `what: there it is ..., now ...`.
    """
    names = sorted((set(old) | set(new)) - _DESCRIBING)
    return [
        f"{name}: there it is {old.get(name)!r}, now {new.get(name)!r}"
        for name in names
        if old.get(name) != new.get(name)
    ]


def _checksum(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
