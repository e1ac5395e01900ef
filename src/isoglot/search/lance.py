"""The embedded store: a LanceDB table in a folder, with indexes for vectors, words and filters.

Every change is one commit: a reader sees it whole or not at all, and so does whoever opens the folder after a
crash. Many processes may read while one writes; those that write take turns.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from isoglot.errors import SearchError
from isoglot.files import locked
from isoglot.search.checking import check_query, in_order, prepare, tally_column, words_of_query
from isoglot.search.documents import FieldKind, StoredDocument, check_fields
from isoglot.search.filters import Filter
from isoglot.search.interface import Hit, StoreInfo, Vectors
from isoglot.search.lance_filters import among, condition_of
from isoglot.search.lance_rows import columns_of, document_of, fields_of, own_columns, rows_of, schema_of
from isoglot.search.lance_snapshot import Snapshot
from isoglot.search.metadata import StoreMetadata, new_fields

_TABLE = "documents"
_METADATA = b"isoglot"
_LOCK = ".isoglot.lock"
_NO_ROOM = re.compile("No space left on device|Disk quota exceeded|File too large")
_NO_PERMISSION = re.compile("Permission denied|Operation not permitted|Read-only file system")
"""What the operating system says through the engine, whose errors have no numbers."""

EXACT_ROWS = 20_000
"""Up to so many rows every vector is compared, which takes milliseconds and misses nothing."""

_ROWS_PER_PARTITION = 1_000_000
_BREADTH = 100
"""Candidates that the index keeps while it searches, at least; more find more, and take longer."""

_MORE = 16
"""Hits beyond the limit that are looked at, so that equals at the cut are taken in order of their ids."""


class LanceStore:
    """A store in a folder; see `isoglot.search.interface.Store`."""

    def __init__(self, uri: str, folder: Path | str, table: Any) -> None:
        """Wraps an open table.

        Args:
            uri: What the user calls the store.
            folder: Where it lies.
            table: The table, which sees what other processes write.

        Raises:
            SearchError: If it is not a table of this package.
        """
        self._uri = uri
        self._opened: Any = table
        is_local = "://" not in str(folder)
        self._lock_file = Path(folder) / _LOCK if is_local else None
        self._versions = Path(folder) / f"{_TABLE}.lance" / "_versions" if is_local else None
        self._writing = threading.Lock()
        self._reading = threading.Lock()
        self._indexed = False
        self._snapshot: Snapshot | None = None
        with _errors(uri):
            self._metadata = StoreMetadata.parse(uri, (table.schema.metadata or {}).get(_METADATA))
            table.count_rows()
            self._pinning = _connect(folder, follow=False)

    @property
    def _table(self) -> Any:
        if self._opened is None:
            raise SearchError(f"{self._uri}: the store is closed; open it again")
        return self._opened

    @contextmanager
    def _alone(self) -> Iterator[Any]:
        """The table as it is now, with no other thread or process that writes.

        Two that added one document at once would leave it there twice.
        """
        lock = self._lock_file
        if lock is not None and not lock.parent.is_dir():
            raise SearchError(f"{self._uri}: the store is gone; put it back, or index again")
        with self._writing, _errors(self._uri), nullcontext() if lock is None else locked(lock):
            self._table.checkout_latest()
            yield self._table

    @property
    def info(self) -> StoreInfo:
        """What the store says of itself, read anew."""
        with _errors(self._uri):
            now = self._now()
            return self._metadata.info(self._uri, now.fields, now.version)

    def _now(self) -> Snapshot:
        """The latest version, read anew if anybody has made one since the last look."""
        with _errors(self._uri):
            known = self._snapshot
            if known is not None and known.is_latest(lambda: int(self._table.version)):
                return known
            with self._reading:
                table, known = self._table, self._snapshot
                if known is None or not known.is_latest(lambda: int(table.version)):
                    pinned = self._pinning.open_table(_TABLE)
                    known = Snapshot(pinned, self._versions, self._metadata.dimension, EXACT_ROWS)
                    self._snapshot = known
                return known

    def _fields(self) -> dict[str, FieldKind]:
        with _errors(self._uri):
            return fields_of(self._table.schema)

    def add(self, documents: Sequence[StoredDocument], vectors: Vectors) -> None:
        """Adds documents, and replaces those whose ids are there, in one commit."""
        fields = self._fields()
        rows = prepare(documents, vectors, fields, self._metadata)
        table = rows_of(documents, rows, self._table.schema, fields)
        with self._alone() as latest:
            if not self._indexed:  # making the store may have been interrupted
                _build_indexes(latest, fields)
                self._indexed = True
            if not latest.schema.equals(table.schema):  # another process has declared a field since
                table = rows_of(documents, rows, latest.schema, self._fields())
            merge = latest.merge_insert("doc_id")
            merge.when_matched_update_all().when_not_matched_insert_all().execute(table)

    def delete(self, doc_ids: Sequence[str]) -> int:
        """Removes documents."""
        if not doc_ids:
            return 0
        with self._alone() as latest:
            return int(latest.delete(among("doc_id", tuple(doc_ids))).num_deleted_rows)

    def get(self, doc_ids: Sequence[str]) -> dict[str, StoredDocument]:
        """Documents by id."""
        fields = self._fields()
        found = self._by_id(doc_ids, columns_of(fields))
        return {row["doc_id"]: document_of(row, fields) for row in found}

    def digests(self, doc_ids: Sequence[str]) -> dict[str, str]:
        """What documents were indexed from."""
        return {row["doc_id"]: row["digest"] for row in self._by_id(doc_ids, ["doc_id", "digest"])}

    def _by_id(self, doc_ids: Sequence[str], columns: list[str]) -> list[dict[str, Any]]:
        if not doc_ids:
            return []
        with _errors(self._uri):
            query = self._table.search().where(among("doc_id", tuple(doc_ids))).select(columns)
            rows: list[dict[str, Any]] = query.limit(len(doc_ids)).to_arrow().to_pylist()
            return rows

    def search(self, vector: npt.NDArray[np.float32], limit: int, where: Filter | None = None) -> list[Hit]:
        """The documents most similar to a query's vector."""
        asked = check_query(vector, limit, self._metadata)
        now = self._now()
        condition = condition_of(where, now.fields)
        with _errors(self._uri):
            if now.is_small:
                return now.search(asked, limit, condition)
            query = self._table.search(asked, vector_column_name="vector").distance_type("dot")
            query = query.ef(max(_BREADTH, 2 * (limit + _MORE))).nprobes(_num_partitions(now.num_rows))
        return self._hits(query, limit, condition, now.fields, ("_distance", lambda distance: 1 - distance))

    def search_text(self, query: str, limit: int, where: Filter | None = None) -> list[Hit]:
        """The documents that share words with a query, by BM25."""
        import lancedb.query

        check_query(None, limit, self._metadata)
        words = words_of_query(query)
        if not words:
            return []
        now = self._now()
        if not now.num_rows:  # there may be no index yet either
            return []
        condition = condition_of(where, now.fields)
        with _errors(self._uri):
            matching: Any = lancedb.query.MatchQuery
            match = matching(" ".join(words), "words")
            search = self._table.search(match, query_type="fts")
        return self._hits(search, limit, condition, now.fields, ("_score", float))

    def _hits(
        self,
        query: Any,
        limit: int,
        condition: str | None,
        fields: Mapping[str, FieldKind],
        score: tuple[str, Callable[[float], float]],
    ) -> list[Hit]:
        column, read = score
        with _errors(self._uri):
            if condition is not None:
                query = query.where(condition, prefilter=True)
            rows = query.select([*columns_of(fields), column]).limit(limit + _MORE).to_arrow().to_pylist()
        return in_order([Hit(document_of(row, fields), read(row[column])) for row in rows], limit)

    def count(self, where: Filter | None = None) -> int:
        """How many documents there are, or fulfil a filter."""
        now = self._now()
        condition = condition_of(where, now.fields)
        if condition is None:
            return now.num_rows
        with _errors(self._uri):
            return int(self._table.count_rows(condition))

    def tally(self, field: str) -> dict[str, int]:
        """How many documents have each value of a built-in field."""
        with _errors(self._uri):
            return tally_column(field, lambda: self._table.search().select([field]).to_arrow()[field])

    def declare(self, fields: Mapping[str, FieldKind]) -> None:
        """Makes room for more of the user's own fields."""
        with self._alone() as latest:
            fresh = new_fields(self._fields(), fields)
            if fresh:
                latest.add_columns(own_columns(fresh))

    def optimise(self) -> None:
        """Brings the indexes up to date, and many small files together into few."""
        with self._alone() as latest:
            latest.optimize(cleanup_older_than=timedelta(minutes=10))
            _build_indexes(latest, self._fields())
            _build_graph(latest)

    def close(self) -> None:
        """Lets go of the table, and of what is kept of it."""
        with self._reading:
            self._opened = self._snapshot = None


def open_lance(uri: str, folder: Path | str) -> LanceStore:
    """Opens the store in a folder.

    Args:
        uri: What the user calls it.
        folder: The folder, or an address that LanceDB knows.

    Returns:
        The store.

    Raises:
        SearchError: If there is none, it is damaged, or something else lies there.
    """
    if not lance_exists(folder):
        raise SearchError(f"{uri}: there is no store; make one with isoglot index")
    with _errors(uri):
        return LanceStore(uri, folder, _connect(folder).open_table(_TABLE))


def lance_exists(folder: Path | str) -> bool:
    """Whether a folder holds a store, sound or not."""
    if "://" not in str(folder):
        table = Path(folder) / f"{_TABLE}.lance"
        # One interrupted before its first version is as good as none; data without a version is damage.
        return any(any((table / part).glob("*")) for part in ("_versions", "data"))
    with _errors(str(folder)):
        return _TABLE in _connect(folder).table_names()


def create_lance(
    uri: str, folder: Path | str, metadata: StoreMetadata, fields: Mapping[str, FieldKind]
) -> LanceStore:
    """Makes an empty store in a folder.

    Args:
        uri: What the user calls it.
        folder: The folder, which is made if it is not there.
        metadata: What the store says of itself.
        fields: The user's own fields.

    Returns:
        The store.

    Raises:
        SearchError: If there is a store, or a field cannot be.
    """
    check_fields(fields)
    schema = schema_of(fields, metadata.dimension, {_METADATA: json.dumps(metadata.record())})
    if lance_exists(folder):
        raise SearchError(f"{uri}: there is a store already; open it, or delete the folder")
    with _errors(uri):
        table = _connect(folder).create_table(_TABLE, schema=schema)
        store = LanceStore(uri, folder, table)
        _build_indexes(table, fields)
        return store


def _connect(folder: Path | str, *, follow: bool = True) -> Any:
    try:
        import lancedb
    except ModuleNotFoundError as error:
        raise SearchError(
            f"{folder}: this needs lancedb; install it with: pip install 'isoglot[search]'"
        ) from error
    # Zero: every read looks whether another process has written; None: a table stays at the version that
    # it was opened at.
    return lancedb.connect(str(folder), read_consistency_interval=timedelta(0) if follow else None)


def _build_indexes(table: Any, fields: Mapping[str, FieldKind]) -> None:
    """Makes the indexes of words and filters that are not there; `optimize` brings others up to date."""
    from lancedb.index import FTS, Bitmap, BTree

    there = {index.columns[0] for index in table.list_indices()}
    as_they_are: dict[str, Any] = {
        "stem": False,
        "remove_stop_words": False,
        "ascii_folding": False,
        "lower_case": False,
    }
    wanted: dict[str, Callable[[], Any]] = {
        "doc_id": BTree,
        "words": partial(FTS, base_tokenizer="whitespace", max_token_length=None, **as_they_are),
        "language": Bitmap,
        "modality": Bitmap,
        "source": BTree,
    }
    wanted |= dict.fromkeys(own_columns(fields).names, BTree)
    for column in wanted.keys() - there:
        table.create_index(column, config=wanted[column]())


def _build_graph(table: Any) -> None:
    """Makes the index of vectors, if there is none and comparing all of them would take long."""
    from lancedb.index import HnswFlat

    num_rows = table.count_rows()
    if num_rows > EXACT_ROWS and not any("vector" in index.columns for index in table.list_indices()):
        partitions = _num_partitions(num_rows)
        graph = HnswFlat(distance_type="dot", num_partitions=partitions, m=16, ef_construction=150)
        table.create_index("vector", config=graph)


def _num_partitions(num_rows: int) -> int:
    return 1 + num_rows // _ROWS_PER_PARTITION


@contextmanager
def _errors(uri: str) -> Iterator[None]:
    """Says what the engine raises in this package's words."""
    try:
        yield
    except SearchError:
        raise
    except Exception as error:  # the engine raises RuntimeError, ValueError, OSError and kinds of its own
        if found := _NO_ROOM.search(str(error)):
            raise SearchError(
                f"{uri}: the disk is full ({found[0]}); nothing was changed, make room"
            ) from error
        if found := _NO_PERMISSION.search(str(error)):
            raise SearchError(
                f"{uri}: cannot be used ({found[0]}); nothing was changed, get permission"
            ) from error
        reason = " ".join(str(error).split())[:300]
        raise SearchError(f"{uri}: the store cannot be used: {reason}; see whether it is whole") from error
