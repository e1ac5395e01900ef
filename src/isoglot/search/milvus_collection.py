"""A collection of Milvus as this package lays it out: columns, indexes, rows, and filters in its language."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from isoglot.errors import SearchError
from isoglot.search.documents import StoredDocument
from isoglot.search.filters import Condition, Filter
from isoglot.search.lexical import tokenize

TEXTS = ("doc_id", "modality", "language", "text", "path", "title", "source", "digest")
"""Columns that hold a text each; empty stands for none."""

MAX_BYTES = 65_535
"""What Milvus takes in one text."""


def build_schema(client: Any, dimension: int) -> Any:
    """The columns of a collection.

    Args:
        client: The connection.
        dimension: Width of the vectors.

    Returns:
        Milvus' schema, with the function that makes BM25's vectors of words.
    """
    from pymilvus import DataType, Function, FunctionType

    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    for name in TEXTS:
        schema.add_field(
            name,
            DataType.VARCHAR,
            is_primary=name == "doc_id",
            max_length=MAX_BYTES if name != "doc_id" else 512,
        )
    schema.add_field("fields", DataType.JSON)
    schema.add_field(
        "words",
        DataType.VARCHAR,
        max_length=MAX_BYTES,
        enable_analyzer=True,
        analyzer_params={"tokenizer": "standard"},
    )
    schema.add_field("bm25", DataType.SPARSE_FLOAT_VECTOR)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
    schema.add_function(
        Function(
            name="bm25",
            function_type=FunctionType.BM25,
            input_field_names=["words"],
            output_field_names=["bm25"],
        )
    )
    return schema


def build_indexes(client: Any) -> Any:
    """The indexes of a collection, for vectors and for words."""
    indexes = client.prepare_index_params()
    graph = {"M": 16, "efConstruction": 150}
    indexes.add_index("vector", index_type="HNSW", metric_type="IP", params=graph)
    indexes.add_index("bm25", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25")
    return indexes


def row_of(document: StoredDocument, vector: npt.NDArray[np.float32]) -> dict[str, Any]:
    """A document as Milvus keeps it.

    Args:
        document: The document, checked.
        vector: (D,) its vector.

    Returns:
        Column -> value; an empty text stands for none. Words that do not fit are cut off at the end.

    Raises:
        SearchError: If a text is longer than Milvus takes.
    """
    record: dict[str, Any] = {name: getattr(document, name) or "" for name in TEXTS}
    for name, value in record.items():
        if len(value.encode()) > MAX_BYTES:
            raise SearchError(
                f"document {document.doc_id!r}: {name} has {len(value.encode()):,} bytes, and Milvus takes "
                f"{MAX_BYTES:,}; split the document"
            )
    words = spell(tokenize(document.words))[:MAX_BYTES]
    return record | {"fields": dict(document.fields), "words": words, "vector": vector.tolist()}


def document_of(row: Mapping[str, Any]) -> StoredDocument:
    """The document in a row that Milvus gives."""
    texts: dict[str, Any] = {name: row[name] or None for name in TEXTS}
    fields = row["fields"]
    own = json.loads(fields) if isinstance(fields, str | bytes) else fields
    return StoredDocument(**(texts | {"digest": row["digest"]}), fields=dict(own or {}))


def spell(words: Sequence[str]) -> str:
    """Words as `x` and hexadecimal digits, with spaces between."""
    return " ".join(f"x{word.encode().hex()}" for word in words)


def among(doc_ids: Sequence[str]) -> str:
    """The condition that a document has one of some ids."""
    return f"doc_id in [{', '.join(map(_literal, doc_ids))}]"


def _literal(value: Any) -> str:
    """A value in Milvus' language, whose texts are escaped as those of JSON are."""
    return json.dumps(value, ensure_ascii=False)


def condition_of(where: Filter) -> str:
    """A checked filter in Milvus' language."""
    return " and ".join(f"({_one(condition)})" for condition in where.conditions)


def _one(condition: Condition) -> str:
    built_in = condition.field in TEXTS
    column = condition.field if built_in else f'fields["{condition.field}"]'
    sign = "==" if condition.comparison == "=" else condition.comparison
    parts = [f"{column} {sign} {_literal(value)}" for value in condition.values]
    if condition.field == "language":
        parts += [f'{column} like "{tag}-%"' for tag in condition.values]
    if condition.or_missing:
        parts.append(f'{column} == ""' if built_in else f"not exists {column}")
    return " or ".join(parts)
