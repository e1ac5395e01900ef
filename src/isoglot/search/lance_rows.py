"""Columns of the embedded store's table, and documents as its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from isoglot.search.documents import FieldKind, StoredDocument
from isoglot.search.interface import Vectors
from isoglot.search.lexical import tokenize

OWN = "field_"
"""What the names of columns for the user's own fields start with."""

TEXTS = ("doc_id", "modality", "language", "text", "path", "title", "source", "digest")
KINDS: dict[FieldKind, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
}


def schema_of(fields: Mapping[str, FieldKind], dimension: int, metadata: Mapping[bytes, str]) -> pa.Schema:
    """The columns of a new table.

    Args:
        fields: The user's own fields.
        dimension: Width of the vectors.
        metadata: What stands beside the columns.

    Returns:
        The schema.
    """
    columns = [pa.field(name, pa.string(), name not in {"doc_id", "modality", "digest"}) for name in TEXTS]
    columns += [pa.field("words", pa.string()), pa.field("vector", pa.list_(pa.float32(), dimension))]
    return pa.schema([*columns, *own_columns(fields)], metadata=dict(metadata))


def own_columns(fields: Mapping[str, FieldKind]) -> pa.Schema:
    """Columns of the user's own fields."""
    return pa.schema([pa.field(f"{OWN}{name}", KINDS[kind]) for name, kind in fields.items()])


def fields_of(schema: pa.Schema) -> dict[str, FieldKind]:
    """The user's own fields that a table has columns of."""
    kinds: dict[Any, FieldKind] = {column: kind for kind, column in KINDS.items()}
    own = [each for each in schema if each.name.startswith(OWN)]
    return {each.name.removeprefix(OWN): kinds[each.type] for each in own}


def columns_of(fields: Mapping[str, FieldKind]) -> list[str]:
    """The columns that make a document."""
    return [*TEXTS, *(f"{OWN}{name}" for name in fields)]


def rows_of(
    documents: Sequence[StoredDocument], vectors: Vectors, schema: pa.Schema, fields: Mapping[str, FieldKind]
) -> pa.Table:
    """Documents as rows.

    Args:
        documents: (n,) documents.
        vectors: (n, D) their vectors.
        schema: The table's columns, in their order.
        fields: The user's own fields among them.

    Returns:
        (n,) rows.
    """
    columns: dict[str, Any] = {name: [getattr(each, name) for each in documents] for name in TEXTS}
    columns["words"] = [" ".join(tokenize(each.words)) for each in documents]
    columns["vector"] = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    for name in fields:
        columns[f"{OWN}{name}"] = [each.fields.get(name) for each in documents]
    return pa.table({name: columns[name] for name in schema.names}, schema=schema)


def document_of(row: Mapping[str, Any], fields: Mapping[str, FieldKind]) -> StoredDocument:
    """A row as a document."""
    own = {name: row[f"{OWN}{name}"] for name in fields if row[f"{OWN}{name}"] is not None}
    return StoredDocument(fields=own, **{name: row[name] for name in TEXTS})
