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
import pyarrow as pa

from isoglot.errors import SearchError
from isoglot.files import locked
from isoglot.search.checking import check_query, in_order, prepare, tally_column, words_of_query
from isoglot.search.documents import FieldKind, StoredDocument, check_fields
from isoglot.search.filters import Condition, Filter
from isoglot.search.interface import Hit, StoreInfo, Vectors
from isoglot.search.lexical import tokenize
from isoglot.search.metadata import StoreMetadata, new_fields

_TABLE = "documents"
_METADATA = b"isoglot"
_LOCK = ".isoglot.lock"
_OWN = "field_"
"""What the names of columns for the user's own fields start with."""

_TEXTS = ("doc_id", "modality", "language", "text", "path", "title", "source", "digest")
_KINDS: dict[FieldKind, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
}
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
        self._lock_file = None if "://" in str(folder) else Path(folder) / _LOCK
        self._writing = threading.Lock()
        self._indexed = False
        with _errors(uri):
            self._metadata = StoreMetadata.parse(uri, (table.schema.metadata or {}).get(_METADATA))
            table.count_rows()

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
            return self._metadata.info(self._uri, self._fields(), self._table.version)

    def _fields(self) -> dict[str, FieldKind]:
        kinds: dict[Any, FieldKind] = {column: kind for kind, column in _KINDS.items()}
        with _errors(self._uri):
            own = [each for each in self._table.schema if each.name.startswith(_OWN)]
        return {each.name.removeprefix(_OWN): kinds[each.type] for each in own}

    def add(self, documents: Sequence[StoredDocument], vectors: Vectors) -> None:
        """Adds documents, and replaces those whose ids are there, in one commit."""
        fields = self._fields()
        rows = prepare(documents, vectors, fields, self._metadata)
        table = _rows(documents, rows, self._table.schema, fields)
        with self._alone() as latest:
            if not self._indexed:  # making the store may have been interrupted
                _build_indexes(latest, fields)
                self._indexed = True
            if not latest.schema.equals(table.schema):  # another process has declared a field since
                table = _rows(documents, rows, latest.schema, self._fields())
            merge = latest.merge_insert("doc_id")
            merge.when_matched_update_all().when_not_matched_insert_all().execute(table)

    def delete(self, doc_ids: Sequence[str]) -> int:
        """Removes documents."""
        if not doc_ids:
            return 0
        with self._alone() as latest:
            return int(latest.delete(_among("doc_id", tuple(doc_ids))).num_deleted_rows)

    def get(self, doc_ids: Sequence[str]) -> dict[str, StoredDocument]:
        """Documents by id."""
        fields = self._fields()
        found = self._by_id(doc_ids, _columns(fields))
        return {row["doc_id"]: _document(row, fields) for row in found}

    def digests(self, doc_ids: Sequence[str]) -> dict[str, str]:
        """What documents were indexed from."""
        return {row["doc_id"]: row["digest"] for row in self._by_id(doc_ids, ["doc_id", "digest"])}

    def _by_id(self, doc_ids: Sequence[str], columns: list[str]) -> list[dict[str, Any]]:
        if not doc_ids:
            return []
        with _errors(self._uri):
            query = self._table.search().where(_among("doc_id", tuple(doc_ids))).select(columns)
            rows: list[dict[str, Any]] = query.limit(len(doc_ids)).to_arrow().to_pylist()
            return rows

    def search(self, vector: npt.NDArray[np.float32], limit: int, where: Filter | None = None) -> list[Hit]:
        """The documents most similar to a query's vector."""
        asked = check_query(vector, limit, self._metadata)
        with _errors(self._uri):
            query = self._table.search(asked, vector_column_name="vector").distance_type("dot")
            query = query.ef(max(_BREADTH, 2 * (limit + _MORE))).nprobes(
                _num_partitions(self._table.count_rows())
            )
        return self._hits(query, limit, where, "_distance", lambda distance: 1 - distance)

    def search_text(self, query: str, limit: int, where: Filter | None = None) -> list[Hit]:
        """The documents that share words with a query, by BM25."""
        import lancedb.query

        check_query(None, limit, self._metadata)
        words = words_of_query(query)
        if not words:
            return []
        with _errors(self._uri):
            if not self._table.count_rows():  # there may be no index yet either
                return []
            matching: Any = lancedb.query.MatchQuery
            match = matching(" ".join(words), "words")
            search = self._table.search(match, query_type="fts")
        return self._hits(search, limit, where, "_score", float)

    def _hits(
        self, query: Any, limit: int, where: Filter | None, column: str, score: Callable[[float], float]
    ) -> list[Hit]:
        fields = self._fields()
        if where is not None and where.conditions:
            query = query.where(_condition(where.check(fields)), prefilter=True)
        with _errors(self._uri):
            rows = query.select([*_columns(fields), column]).limit(limit + _MORE).to_arrow().to_pylist()
        return in_order([Hit(_document(row, fields), score(row[column])) for row in rows], limit)

    def count(self, where: Filter | None = None) -> int:
        """How many documents there are, or fulfil a filter."""
        wanted = None if where is None or not where.conditions else _condition(where.check(self._fields()))
        with _errors(self._uri):
            return int(self._table.count_rows(wanted))

    def tally(self, field: str) -> dict[str, int]:
        """How many documents have each value of a built-in field."""
        with _errors(self._uri):
            return tally_column(field, lambda: self._table.search().select([field]).to_arrow()[field])

    def declare(self, fields: Mapping[str, FieldKind]) -> None:
        """Makes room for more of the user's own fields."""
        with self._alone() as latest:
            fresh = new_fields(self._fields(), fields)
            if fresh:
                latest.add_columns(
                    pa.schema([pa.field(f"{_OWN}{name}", _KINDS[kind]) for name, kind in fresh.items()])
                )

    def optimise(self) -> None:
        """Brings the indexes up to date, and many small files together into few."""
        with self._alone() as latest:
            latest.optimize(cleanup_older_than=timedelta(minutes=10))
            _build_indexes(latest, self._fields())
            _build_graph(latest)

    def close(self) -> None:
        """Lets go of the table."""
        self._opened = None


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
    columns = [pa.field(name, pa.string(), name not in {"doc_id", "modality", "digest"}) for name in _TEXTS]
    columns += [
        pa.field("words", pa.string()),
        pa.field("vector", pa.list_(pa.float32(), metadata.dimension)),
    ]
    columns += [pa.field(f"{_OWN}{name}", _KINDS[kind]) for name, kind in fields.items()]
    schema = pa.schema(columns, metadata={_METADATA: json.dumps(metadata.record())})
    if lance_exists(folder):
        raise SearchError(f"{uri}: there is a store already; open it, or delete the folder")
    with _errors(uri):
        table = _connect(folder).create_table(_TABLE, schema=schema)
        store = LanceStore(uri, folder, table)
        _build_indexes(table, fields)
        return store


def _connect(folder: Path | str) -> Any:
    try:
        import lancedb
    except ModuleNotFoundError as error:
        raise SearchError(
            f"{folder}: this needs lancedb; install it with: pip install 'isoglot[search]'"
        ) from error
    # Zero: every read looks whether another process has written.
    return lancedb.connect(str(folder), read_consistency_interval=timedelta(0))


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
    wanted |= {f"{_OWN}{name}": BTree for name in fields}
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


def _columns(fields: Mapping[str, FieldKind]) -> list[str]:
    return [*_TEXTS, *(f"{_OWN}{name}" for name in fields)]


def _rows(
    documents: Sequence[StoredDocument], vectors: Vectors, schema: pa.Schema, fields: Mapping[str, FieldKind]
) -> pa.Table:
    columns: dict[str, Any] = {name: [getattr(each, name) for each in documents] for name in _TEXTS}
    columns["words"] = [" ".join(tokenize(each.words)) for each in documents]
    columns["vector"] = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    for name in fields:
        columns[f"{_OWN}{name}"] = [each.fields.get(name) for each in documents]
    return pa.table({name: columns[name] for name in schema.names}, schema=schema)


def _document(row: Mapping[str, Any], fields: Mapping[str, FieldKind]) -> StoredDocument:
    own = {name: row[f"{_OWN}{name}"] for name in fields if row[f"{_OWN}{name}"] is not None}
    return StoredDocument(fields=own, **{name: row[name] for name in _TEXTS})


def _condition(where: Filter) -> str:
    """A checked filter as SQL."""
    return " AND ".join(f"({_one(condition)})" for condition in where.conditions)


def _one(condition: Condition) -> str:
    column = condition.field if condition.field in _TEXTS else f"{_OWN}{condition.field}"
    if condition.comparison == "=":
        sql = _among(column, condition.values)
    else:
        sql = f"`{column}` {condition.comparison} {_literal(condition.values[0])}"
    if condition.field == "language":
        varieties = (_literal(f"{tag}-") for tag in condition.values)
        sql = " OR ".join([sql, *(f"starts_with(`{column}`, {tag})" for tag in varieties)])
    return f"{sql} OR `{column}` IS NULL" if condition.or_missing else sql


def _among(column: str, values: Sequence[Any]) -> str:
    return f"`{column}` IN ({', '.join(map(_literal, values))})"


def _literal(value: Any) -> str:
    """A value as SQL; in a text only the quote has a meaning, and two of them stand for one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


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
