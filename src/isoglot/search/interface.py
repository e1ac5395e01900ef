"""What every store of documents can do, whatever keeps them: the one interface that all else knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from isoglot.search.documents import FieldKind, StoredDocument
from isoglot.search.filters import Filter

Vectors = npt.NDArray[np.float32]

Similarity = Literal["cosine", "dot"]
"""How a query's vector is compared with a document's; what `isoglot.retrieval` knows, without PyTorch."""


@dataclass(frozen=True)
class StoreInfo:
    """What a store says of itself.

    Attributes:
        uri: Where it is.
        model: Folder or name of the model whose vectors it holds.
        fingerprint: What tells that model, with its prompts, from all others.
        dimension: Width of the vectors.
        similarity: How a query's vector is compared with a document's.
        fields: The user's own fields by which documents can be filtered -> kind of their values.
        version: Counts what changed the store; larger after each change, and the same while nothing changes.
    """

    uri: str
    model: str
    fingerprint: str
    dimension: int
    similarity: Similarity
    fields: Mapping[str, FieldKind]
    version: int


@dataclass(frozen=True)
class Hit:
    """A document that a store found.

    Attributes:
        document: The document.
        score: Cosine or dot product of a vector search, BM25 of a lexical one; larger is better.
    """

    document: StoredDocument
    score: float


class Store(Protocol):
    """Documents with their vectors, open for reading and writing.

    A store may be used from several threads at once. What one process adds or deletes, others see with their
    next call. Every call raises `SearchError` if the store is damaged, gone or out of reach.
    """

    @property
    def info(self) -> StoreInfo:
        """What the store says of itself, read anew."""

    def add(self, documents: Sequence[StoredDocument], vectors: Vectors) -> None:
        """Adds documents, and replaces those whose ids are there: all of them in one step, or none.

        Args:
            documents: (n,) with distinct ids; one at least.
            vectors: (n, dimension), finite; scaled to length 1 here if similarity is cosine.

        Raises:
            SearchError: If ids repeat, or documents, fields or vectors are not what the store holds; all
                problems at once. Nothing is changed then.
        """

    def delete(self, doc_ids: Sequence[str]) -> int:
        """Removes documents.

        Args:
            doc_ids: Their ids; what is not there is passed over.

        Returns:
            How many were there.
        """

    def get(self, doc_ids: Sequence[str]) -> dict[str, StoredDocument]:
        """Documents by id; what is not there is left out."""

    def digests(self, doc_ids: Sequence[str]) -> dict[str, str]:
        """What the documents that are there were indexed from (`StoredDocument.digest`), by id."""

    def search(self, vector: npt.NDArray[np.float32], limit: int, where: Filter | None = None) -> list[Hit]:
        """The documents most similar to a query's vector.

        Exact in a small store; in a large one an index answers, and may miss some.

        Args:
            vector: (dimension,), finite.
            limit: Documents wanted, > 0.
            where: What they must fulfil; the search is for the best among these.

        Returns:
            Hits, the best first; equal scores in order of `doc_id`. Which of several equals at the cut is
            taken is up to the engine.

        Raises:
            SearchError: If the vector or the filter does not fit the store.
        """

    def search_text(self, query: str, limit: int, where: Filter | None = None) -> list[Hit]:
        """The documents that share words with a query, by BM25 over `isoglot.search.lexical.tokenize`.

        Args:
            query: Any text; nothing in it is an operator. Its first 256 distinct words count; without a word,
                nothing is found.
            limit: Documents wanted, > 0.
            where: What they must fulfil.

        Returns:
            Hits as of `search`; only documents that share a word.

        Raises:
            SearchError: If the filter does not fit the store.
        """

    def count(self, where: Filter | None = None) -> int:
        """How many documents there are, or fulfil a filter.

        Args:
            where: What they must fulfil; None counts all.

        Returns:
            Their number.

        Raises:
            SearchError: If the filter does not fit the store.
        """

    def tally(self, field: str) -> dict[str, int]:
        """How many documents have each value of `language`, `modality` or `source`.

        Args:
            field: One of the three.

        Returns:
            Value -> documents, the most frequent first; documents without a value are not counted.

        Raises:
            SearchError: If the field is another.
        """

    def declare(self, fields: Mapping[str, FieldKind]) -> None:
        """Makes room for more of the user's own fields; documents that are there have no value of them.

        Args:
            fields: Name -> kind; what is declared already may be named again.

        Raises:
            SearchError: If a name is malformed or taken, or is there with another kind.
        """

    def optimise(self) -> None:
        """Brings the indexes up to date and the files in order; searches are right before and after it."""

    def close(self) -> None:
        """Lets go of files and connections; the store cannot be used afterwards."""
