"""One version of the embedded store's table: what every search needs of it is read once, and then kept.

Of a small store that is all of it, and a search is one product in NumPy, which takes a hundredth of the time
that the engine's planning does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from isoglot.search.documents import FieldKind
from isoglot.search.interface import Hit, Vectors
from isoglot.search.lance_rows import columns_of, document_of, fields_of

Rows = npt.NDArray[np.int64]

MAX_BYTES = 256 * 2**20
"""Of a table on the disk; what is larger is not kept, however few documents it has."""

_MAX_CONDITIONS = 64
_MAX_CONDITION_LENGTH = 10_000
"""Filters whose documents are kept; longer ones are looked up each time."""

_TRUSTED_SECONDS = 300.0
"""How long after a look the absence of the next version's file says that there is none.

Old versions are cleaned away after ten minutes, so that later the next one may have come and gone.
"""

_EPSILON = float(np.finfo(np.float32).eps)
_LARGEST = float(np.finfo(np.float32).max)

_Mark = tuple[int, int, int]


@dataclass(frozen=True)
class KeptDocuments:
    """All documents of a version, in order of their ids.

    Attributes:
        vectors: (N, D) float32.
        longest: Length of the longest vector.
        documents: (N,) rows of `columns_of(fields)`.
        fields: The user's own fields.
    """

    vectors: Vectors
    longest: float
    documents: pa.Table
    fields: Mapping[str, FieldKind]

    def nearest(self, query: npt.NDArray[np.float32], limit: int, among: Rows | None = None) -> list[Hit]:
        """The documents with the largest products.

        Args:
            query: (D,) the query's vector.
            limit: Documents wanted, > 0.
            among: Rows to look at, ascending; None for all.

        Returns:
            Hits, the best first; of equal scores, at the cut too, the first by `doc_id`.
        """
        rows = self._candidates(query, limit, np.arange(len(self.vectors)) if among is None else among)
        # Summed in float64, and rounded as the engine rounds: what is equal stays so, whatever its place.
        products = np.einsum("nd,d->n", self.vectors[rows].astype(np.float64), query.astype(np.float64))
        with np.errstate(over="ignore"):
            distances = (1 - products).astype(np.float32)
        best = np.argsort(distances, kind="stable")[:limit]
        found = self.documents.take(rows[best]).to_pylist()
        scores = 1 - distances[best].astype(np.float64)
        return [
            Hit(document_of(row, self.fields), score)
            for row, score in zip(found, scores.tolist(), strict=True)
        ]

    def _candidates(self, query: npt.NDArray[np.float32], limit: int, rows: Rows) -> Rows:
        """Rows among which the best are, whatever float32 rounds; ascending."""
        most = float(np.linalg.norm(query.astype(np.float64))) * self.longest  # no product is larger
        if limit >= len(rows) or not most < _LARGEST / 2:
            return rows
        products = np.einsum("nd,d->n", self.vectors, query)[rows]
        cut = float(np.partition(products, len(rows) - limit)[len(rows) - limit])
        near: Rows = rows[products >= cut - 2 * _EPSILON * (len(query) * most + 1)]
        return near


class Snapshot:
    """A version of the table; threads may share it."""

    def __init__(self, table: Any, versions: Path | None, dimension: int, exact_rows: int) -> None:
        """Reads what is small; the documents are read when they are first searched.

        Args:
            table: The table, open at its latest version, where it stays.
            versions: Folder of the files that versions are known by; None if it is not on this computer.
            dimension: Width of the store's vectors.
            exact_rows: Documents up to which a store is small.
        """
        seen = time.monotonic()
        schema = table.schema
        self.version = int(table.version)
        self.fields = fields_of(schema)
        self.num_rows = int(table.count_rows())
        self.is_small = (
            self.num_rows <= exact_rows
            and schema.field("vector").type.list_size == dimension
            and table.stats()["total_bytes"] <= MAX_BYTES
        )
        self._table = table
        self._files = None if versions is None else [_file(versions, self.version + more) for more in (0, 1)]
        self._mark = None if self._files is None else _mark(self._files[0])
        self._seen = seen
        self._loading = threading.Lock()

    def is_latest(self, latest: Callable[[], int]) -> bool:
        """Whether there is no later version, nor another store in its place.

        On this computer two looks at files tell, which take microseconds.

        Args:
            latest: Asks the engine for the latest version, where files do not tell.

        Returns:
            Whether it is so.
        """
        now = time.monotonic()
        if self._files is None or self._mark is None:
            return latest() == self.version
        if now - self._seen > _TRUSTED_SECONDS and latest() != self.version:
            return False
        if self._files[1].exists() or _mark(self._files[0]) != self._mark:
            return False
        self._seen = now
        return True

    def search(self, query: npt.NDArray[np.float32], limit: int, condition: str | None) -> list[Hit]:
        """Searches a small store.

        Args:
            query: (D,) the query's vector.
            limit: Documents wanted, > 0.
            condition: What they must fulfil, as SQL.

        Returns:
            Hits as of `KeptDocuments.nearest`.
        """
        with self._loading:
            kept, find = self._kept
        if condition is None:
            return kept.nearest(query, limit)
        cached = len(condition) <= _MAX_CONDITION_LENGTH
        return kept.nearest(query, limit, find(condition) if cached else find.__wrapped__(condition))

    @cached_property
    def _kept(self) -> tuple[KeptDocuments, Any]:
        """The documents, and what finds the rows that fulfil a condition."""
        found = self._table.search().select([*columns_of(self.fields), "vector"]).to_arrow()
        order = pc.sort_indices(found["doc_id"])
        column = found["vector"].combine_chunks()
        vectors = column.flatten().to_numpy().reshape(-1, column.type.list_size)[order.to_numpy()]
        longest = float(np.sqrt(np.einsum("nd,nd->n", vectors, vectors).max(initial=0)))
        documents = found.drop_columns(["vector"]).take(order).combine_chunks()
        find = lru_cache(_MAX_CONDITIONS)(partial(_fulfilling, self._table, documents["doc_id"]))
        return KeptDocuments(vectors, longest, documents, self.fields), find


def _fulfilling(table: Any, doc_ids: pa.ChunkedArray, condition: str) -> Rows:
    """Rows of the documents that fulfil a condition, ascending; the engine says which."""
    found = table.search().where(condition).select(["doc_id"]).to_arrow()["doc_id"]
    rows: Rows = np.flatnonzero(pc.is_in(doc_ids, value_set=found.combine_chunks()).to_numpy())
    return rows


def _file(versions: Path, version: int) -> Path:
    """The file that a version begins with: Lance numbers them downwards, so that the latest comes first."""
    return versions / f"{2**64 - 1 - version:020}.manifest"


def _mark(path: Path) -> _Mark | None:
    """What tells a file from another of its name; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns
