"""What every store does around its engine: checks of what it is given, and the order of what it finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from isoglot.errors import SearchError
from isoglot.search.documents import BUILT_IN, FieldKind, StoredDocument, check_documents
from isoglot.search.interface import Hit, Vectors
from isoglot.search.lexical import tokenize
from isoglot.search.metadata import StoreMetadata

MAX_LIMIT = 10_000
"""Most documents that one search may ask for."""

MAX_QUERY_WORDS = 256
"""Distinct words of a query that lexical search looks for; those after them are passed over."""


def prepare(
    documents: Sequence[StoredDocument],
    vectors: Vectors,
    fields: Mapping[str, FieldKind],
    metadata: StoreMetadata,
) -> Vectors:
    """Checks what is to be added.

    Args:
        documents: (n,) documents.
        vectors: (n, D) their vectors.
        fields: The fields that the store has declared.
        metadata: What the store says of itself.

    Returns:
        (n, D) vectors, of length 1 if similarity is cosine (zeros stay).

    Raises:
        SearchError: If something is not what the store holds; all problems of the documents at once.
    """
    check_documents(documents, fields)
    rows = np.ascontiguousarray(vectors, np.float32)
    if rows.shape != (len(documents), metadata.dimension):
        raise SearchError(
            f"{len(documents)} documents need vectors of shape ({len(documents)}, {metadata.dimension}), got "
            f"{rows.shape}; encode with the store's model, {metadata.model}"
        )
    bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(bad):
        raise SearchError(
            f"the vector of document {documents[bad[0]].doc_id!r} is not finite; encode it again"
        )
    return _scale(rows) if metadata.similarity == "cosine" else rows


def check_query(
    vector: npt.NDArray[np.float32] | None, limit: int, metadata: StoreMetadata
) -> npt.NDArray[np.float32]:
    """Checks what is asked.

    Args:
        vector: (D,) the query's vector; None if it has none.
        limit: Documents wanted.
        metadata: What the store says of itself.

    Returns:
        (D,) the vector, of length 1 if similarity is cosine; empty for None.

    Raises:
        SearchError: If the vector is of another width or not finite, or the limit is no number that a store
            takes.
    """
    if not 0 < limit <= MAX_LIMIT:
        raise SearchError(f"limit must be 1 to {MAX_LIMIT:,}, got {limit}")
    if vector is None:
        return np.zeros(0, np.float32)
    asked = np.asarray(vector, np.float32)
    if asked.shape != (metadata.dimension,):
        raise SearchError(
            f"the store holds vectors of width {metadata.dimension}, got a query of shape {asked.shape}; "
            f"encode it with the store's model, {metadata.model}"
        )
    if not np.isfinite(asked).all():
        raise SearchError("the query's vector is not finite; encode it again")
    return _scale(asked[None])[0] if metadata.similarity == "cosine" else asked


def _scale(vectors: Vectors) -> Vectors:
    """Rows of length 1; a row of zeros stays."""
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))[:, None]
    lengths[lengths == 0] = 1
    scaled: Vectors = vectors / lengths
    return scaled


def words_of_query(query: str) -> list[str]:
    """The words that lexical search looks for: those of the query, each once, up to `MAX_QUERY_WORDS`."""
    return list(dict.fromkeys(tokenize(query)))[:MAX_QUERY_WORDS]


def in_order(hits: list[Hit], limit: int) -> list[Hit]:
    """The best hits, equal scores in order of the ids."""
    return sorted(hits, key=lambda hit: (-hit.score, hit.document.doc_id))[:limit]


def tally_column(field: str, read: Callable[[], Any]) -> dict[str, int]:
    """How often each value of a built-in field occurs.

    Args:
        field: The field.
        read: Gives the values of all documents, as Arrow or as a list.

    Returns:
        Value -> documents, the most frequent first, then by name; those without a value are not counted.

    Raises:
        SearchError: If the field is not built in.
    """
    if field not in BUILT_IN:
        raise SearchError(f"documents are counted by {', '.join(BUILT_IN)}, got {field!r}")
    counts = pc.value_counts(pc.drop_null(read())).to_pylist()
    pairs = sorted(((row["counts"], row["values"]) for row in counts), key=lambda pair: (-pair[0], pair[1]))
    return {value: number for number, value in pairs}
