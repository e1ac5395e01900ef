"""Vectors of just the rows of a corpus that a task needs, each encoded once, and what they were made of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from isoglot.corpora.judgements import Rows
from isoglot.corpora.manifest import condense
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import SearchError
from isoglot.evaluation.loading import load_model
from isoglot.evaluation.placement import ALL
from isoglot.evaluation.trec import Run
from isoglot.versions import installed_versions

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from isoglot.retrieval.encode import EmbeddedCorpus, Embeddings, Vectors


@dataclass(frozen=True, eq=False)
class RowVectors:
    """Vectors of some rows of a corpus.

    Attributes:
        model: What results call the model.
        corpus: The corpus.
        query_rows: (Q,) rows of its queries that have vectors, ascending.
        document_rows: (N,) rows of its documents that have, ascending.
        embedded: Their vectors.
    """

    model: str
    corpus: ParallelCorpus
    query_rows: Rows
    document_rows: Rows
    embedded: EmbeddedCorpus

    def of_queries(self, rows: Rows) -> Vectors:
        """(n, D) vectors of the queries in some rows."""
        return self.embedded.query_embeddings[np.searchsorted(self.query_rows, rows)]

    def of_documents(self, rows: Rows) -> Vectors:
        """(n, D) vectors of the documents in some rows."""
        return self.embedded.document_embeddings[np.searchsorted(self.document_rows, rows)]

    @property
    def media(self) -> dict[str, str]:
        """`query_modality` and `document_modality` of the rows; `*` for several media."""
        return {
            "query_modality": _medium(self.corpus.queries["modality"], self.query_rows),
            "document_modality": _medium(self.corpus.documents["modality"], self.document_rows),
        }

    @property
    def provenance(self) -> dict[str, Any]:
        """Version and checksums of the corpus, shape of the vectors, versions of the packages."""
        return {
            "corpus_version": self.corpus.info.version,
            "corpus_checksums": condense(self.corpus.checksums),
            "num_queries": len(self.query_rows),
            "num_documents": len(self.document_rows),
            "similarity": self.embedded.similarity,
            "dimension": int(self.embedded.query_embeddings.shape[1]),
            "num_texts_encoded": self.embedded.num_texts,
            "num_texts_from_cache": self.embedded.num_cached,
            "versions": installed_versions("isoglot", "numpy", "torch", "sentence-transformers"),
        }


def encode_rows(
    model: SentenceTransformer | Embeddings | str | Path,
    corpus: ParallelCorpus,
    query_rows: Rows,
    document_rows: Rows,
    *,
    name: str | None = None,
    batch_size: int | None = None,
    cache: bool | str | Path = False,
    progress: bool = False,
) -> RowVectors:
    """Vectors of the given rows, each once however often it is given.

    Args:
        model: A sentence-transformers model, its path or name; or ready vectors, or their file.
        corpus: The corpus.
        query_rows: Rows of its queries, in any order.
        document_rows: Rows of its documents, in any order.
        name: What results call the model; None takes it from the model.
        batch_size: Texts per batch; None chooses by the kind of model.
        cache: Whether vectors are kept on disk, as in `isoglot.retrieval.embed`.
        progress: Whether to show a progress bar.

    Returns:
        The vectors.

    Raises:
        CheckpointError: If the model cannot be loaded.
        SearchError: If vectors are missing or malformed, or the model is a run.
    """
    from isoglot.retrieval.encode import embed

    loaded, model_name = load_model(model)
    if isinstance(loaded, Run):
        raise SearchError(
            f"{model_name}: a run has no vectors, which this task needs; give a model, or vectors by id"
        )
    queries, documents = np.unique(query_rows), np.unique(document_rows)
    embedded = embed(
        loaded, corpus, queries, documents, batch_size=batch_size, cache=cache, progress=progress
    )
    return RowVectors(name or model_name, corpus, queries, documents, embedded)


def _medium(column: pa.ChunkedArray, rows: Rows) -> str:
    names = column.take(pa.array(rows)).unique().to_pylist()
    return str(names[0]) if len(names) == 1 else ALL
