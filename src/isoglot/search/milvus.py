"""The distributed store: a collection of a Milvus server, or of Milvus Lite in a file.

Milvus runs on many machines; Milvus Lite is the same interface in one process, for tests and trials. Words go
in as hexadecimal digits, so that no analyser of the engine takes them apart.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from isoglot.errors import SearchError
from isoglot.search.checking import check_query, in_order, prepare, tally_column, words_of_query
from isoglot.search.documents import FieldKind, StoredDocument, check_fields
from isoglot.search.filters import Filter
from isoglot.search.interface import Hit, StoreInfo, Vectors
from isoglot.search.metadata import StoreMetadata, new_fields
from isoglot.search.milvus_collection import (
    TEXTS,
    among,
    build_indexes,
    build_schema,
    condition_of,
    document_of,
    row_of,
    spell,
)

_COLLECTION = "isoglot"
_METADATA, _FIELDS, _VERSION = "isoglot.store", "isoglot.fields", "isoglot.version"
_MOST_ROWS = 16_384
"""What Milvus gives in one answer."""

_MORE = 16
_BREADTH = 256


class MilvusStore:
    """A store in a collection of Milvus; see `isoglot.search.interface.Store`."""

    def __init__(self, uri: str, client: Any, collection: str) -> None:
        """Wraps a collection.

        Args:
            uri: What the user calls the store.
            client: The connection.
            collection: Name of the collection.

        Raises:
            SearchError: If it is no collection of this package.
        """
        self._uri = uri
        self._client = client
        self._collection = collection
        self._writing = threading.Lock()
        self._metadata = StoreMetadata.parse(uri, self._properties().get(_METADATA))
        with _errors(uri):
            client.load_collection(collection)

    def _properties(self) -> dict[str, str]:
        with _errors(self._uri):
            return dict(self._client.describe_collection(self._collection).get("properties") or {})

    @property
    def info(self) -> StoreInfo:
        """What the store says of itself, read anew."""
        properties = self._properties()
        fields = _declared(properties)
        return self._metadata.info(self._uri, fields, int(properties.get(_VERSION, 0)))

    def _fields(self) -> dict[str, FieldKind]:
        return _declared(self._properties())

    def _changed(self) -> None:
        number = int(self._properties().get(_VERSION, 0)) + 1
        self._client.alter_collection_properties(self._collection, {_VERSION: str(number)})

    def add(self, documents: Sequence[StoredDocument], vectors: Vectors) -> None:
        """Adds documents, and replaces those whose ids are there, in one request."""
        rows = prepare(documents, vectors, self._fields(), self._metadata)
        records = [row_of(document, row) for document, row in zip(documents, rows, strict=True)]
        with self._writing, _errors(self._uri):
            self._client.upsert(self._collection, records)
            self._changed()

    def delete(self, doc_ids: Sequence[str]) -> int:
        """Removes documents."""
        there = list(self.digests(doc_ids))
        if there:
            with self._writing, _errors(self._uri):
                self._client.delete(self._collection, filter=among(there))
                self._changed()
        return len(there)

    def get(self, doc_ids: Sequence[str]) -> dict[str, StoredDocument]:
        """Documents by id."""
        found = map(document_of, self._by_id(doc_ids, [*TEXTS, "fields"]))
        return {document.doc_id: document for document in found}

    def digests(self, doc_ids: Sequence[str]) -> dict[str, str]:
        """What documents were indexed from."""
        return {row["doc_id"]: row["digest"] for row in self._by_id(doc_ids, ["doc_id", "digest"])}

    def _by_id(self, doc_ids: Sequence[str], columns: list[str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        with _errors(self._uri):
            for start in range(0, len(doc_ids), _MOST_ROWS):
                ids = list(doc_ids[start : start + _MOST_ROWS])  # its own `get` does not escape them
                found += self._client.query(self._collection, filter=among(ids), output_fields=columns)
        return found

    def search(self, vector: npt.NDArray[np.float32], limit: int, where: Filter | None = None) -> list[Hit]:
        """The documents most similar to a query's vector."""
        asked = check_query(vector, limit, self._metadata)
        breadth = {"ef": max(_BREADTH, 2 * (limit + _MORE))}
        found = self._search("vector", asked.tolist(), limit, where, {"metric_type": "IP", "params": breadth})
        return in_order([Hit(document_of(row["entity"]), float(row["distance"])) for row in found], limit)

    def search_text(self, query: str, limit: int, where: Filter | None = None) -> list[Hit]:
        """The documents that share words with a query, by BM25."""
        check_query(None, limit, self._metadata)
        words = spell(words_of_query(query))
        if not words:
            return []
        found = self._search("bm25", words, limit, where, {"metric_type": "BM25"})
        # Milvus Lite says how bad a match is, a server how good.
        return in_order(
            [Hit(document_of(row["entity"]), abs(float(row["distance"]))) for row in found], limit
        )

    def _search(
        self, column: str, asked: Any, limit: int, where: Filter | None, how: dict[str, Any]
    ) -> list[dict[str, Any]]:
        condition = "" if where is None else condition_of(where.check(self._fields()))
        with _errors(self._uri):
            found: list[dict[str, Any]] = self._client.search(
                self._collection,
                data=[asked],
                anns_field=column,
                limit=min(limit + _MORE, _MOST_ROWS),
                filter=condition,
                search_params=how,
                output_fields=[*TEXTS, "fields"],
            )[0]
        return found

    def count(self, where: Filter | None = None) -> int:
        """How many documents there are, or fulfil a filter."""
        condition = "" if where is None else condition_of(where.check(self._fields()))
        with _errors(self._uri):
            rows = self._client.query(self._collection, filter=condition, output_fields=["count(*)"])
            return int(rows[0]["count(*)"])

    def tally(self, field: str) -> dict[str, int]:
        """How many documents have each value of a built-in field; looks at every document."""

        def read() -> list[str | None]:
            values: list[str | None] = []
            rows = self._client.query_iterator(self._collection, batch_size=5_000, output_fields=[field])
            while batch := rows.next():
                values += [row[field] or None for row in batch]
            rows.close()
            return values

        with _errors(self._uri):
            return tally_column(field, read)

    def declare(self, fields: Mapping[str, FieldKind]) -> None:
        """Makes room for more of the user's own fields."""
        with self._writing:
            there = self._fields()
            if fresh := new_fields(there, fields):
                with _errors(self._uri):
                    written = json.dumps(there | fresh)
                    self._client.alter_collection_properties(self._collection, {_FIELDS: written})
                    self._changed()

    def optimise(self) -> None:
        """Writes what is in memory to the disk; Milvus keeps its indexes up to date by itself."""
        with self._writing, _errors(self._uri):
            self._client.flush(self._collection)

    def close(self) -> None:
        """Lets go of the connection."""
        self._client.close()


def open_milvus(uri: str, address: str) -> MilvusStore:
    """Opens the store in a collection.

    Args:
        uri: What the user calls it.
        address: `http://HOST:PORT[/COLLECTION]`, or the file of Milvus Lite.

    Returns:
        The store.

    Raises:
        SearchError: If there is none, it is out of reach, or no collection of this package.
    """
    if not _may_be_there(address):
        raise SearchError(f"{uri}: there is no store; make one with isoglot index")
    client, collection = _connect(uri, address)
    with _errors(uri):
        there = client.has_collection(collection)
    if not there:
        client.close()
        raise SearchError(f"{uri}: there is no store; make one with isoglot index")
    return MilvusStore(uri, client, collection)


def milvus_exists(uri: str, address: str) -> bool:
    """Whether there is a collection, of this package or not.

    Args:
        uri: What the user calls the store.
        address: As in `open_milvus`.

    Returns:
        True if there is one.

    Raises:
        SearchError: If the server is out of reach.
    """
    if not _may_be_there(address):
        return False
    client, collection = _connect(uri, address)
    with _errors(uri):
        there = bool(client.has_collection(collection))
        client.close()
    return there


def create_milvus(
    uri: str, address: str, metadata: StoreMetadata, fields: Mapping[str, FieldKind]
) -> MilvusStore:
    """Makes an empty store.

    Args:
        uri: What the user calls it.
        address: As in `open_milvus`.
        metadata: What the store says of itself.
        fields: The user's own fields.

    Returns:
        The store.

    Raises:
        SearchError: If there is such a collection, or a field cannot be.
    """
    check_fields(fields)
    client, collection = _connect(uri, address)
    with _errors(uri):
        if client.has_collection(collection):
            client.close()
            raise SearchError(f"{uri}: there is a store already; open it, or name another collection")
        client.create_collection(
            collection,
            schema=build_schema(client, metadata.dimension),
            index_params=build_indexes(client),
            consistency_level="Strong",
            properties={
                _METADATA: json.dumps(metadata.record()),
                _FIELDS: json.dumps(dict(fields)),
                _VERSION: "1",
            },
        )
    return MilvusStore(uri, client, collection)


def _may_be_there(address: str) -> bool:
    return address.startswith("http") or Path(address).exists()


def _connect(uri: str, address: str) -> tuple[Any, str]:
    """A connection, and the name of the collection."""
    try:
        from pymilvus import MilvusClient
    except ModuleNotFoundError as error:
        raise SearchError(
            f"{uri}: this needs pymilvus; install it with: pip install 'isoglot[milvus]'"
        ) from error

    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # what it logs is raised as well
    collection = _COLLECTION
    if address.startswith("http"):
        parts = urlsplit(address)
        collection = parts.path.strip("/") or _COLLECTION
        address = f"{parts.scheme}://{parts.netloc}"
    else:
        Path(address).absolute().parent.mkdir(parents=True, exist_ok=True)
    with _errors(uri):
        return MilvusClient(uri=address), collection


def _declared(properties: Mapping[str, str]) -> dict[str, FieldKind]:
    fields: dict[str, FieldKind] = json.loads(properties.get(_FIELDS, "{}"))
    return fields


@contextmanager
def _errors(uri: str) -> Iterator[None]:
    """Says what the client raises in this package's words."""
    try:
        yield
    except SearchError:
        raise
    except Exception as error:  # grpc, pymilvus and Milvus Lite raise kinds of their own
        reason = " ".join(str(error).split())[:300]
        raise SearchError(
            f"{uri}: the store cannot be used: {reason}; see whether it is there and whole"
        ) from error
