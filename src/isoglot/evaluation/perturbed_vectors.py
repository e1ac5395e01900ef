"""Vectors of a corpus as it is, and of what perturbations make of it, each encoded once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from isoglot.corpora.judgements import Rows
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError
from isoglot.robustness.perturbations import Perturbation, PicturePerturbation, TextPerturbation

if TYPE_CHECKING:
    from isoglot.retrieval.contents import Side
    from isoglot.retrieval.encode import Embeddings

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SideVectors:
    """Vectors of judged queries and of all documents.

    Attributes:
        corpus: The corpus.
        rows: `query` and `document` -> rows of the corpus.
        vectors: `query` and `document` -> (n, D), ready for a dot product.
        details: Notes for the configuration of results.
    """

    corpus: ParallelCorpus
    rows: dict[Side, Rows]
    vectors: dict[Side, Vectors]
    details: dict[str, Any]

    @classmethod
    def of(cls, model: Any, corpus: ParallelCorpus, query_rows: Rows, **options: Any) -> SideVectors:
        """Encodes a corpus as it is.

        Args:
            model: The model.
            corpus: The corpus.
            query_rows: Rows of the queries.
            **options: For `isoglot.retrieval.embed`.

        Returns:
            The vectors.

        Raises:
            SearchError: If the model does not encode a medium of the corpus.
        """
        from isoglot.retrieval import embed

        rows: dict[Side, Rows] = {
            "query": query_rows,
            "document": np.arange(corpus.documents.num_rows, dtype=np.int32),
        }
        made = embed(model, corpus, rows["query"], rows["document"], **options)
        details = {
            "similarity": made.similarity,
            "num_texts_encoded": made.num_texts,
            "num_texts_from_cache": made.num_cached,
        }
        return cls(
            corpus, rows, {"query": made.query_embeddings, "document": made.document_embeddings}, details
        )

    def embeddings(self, corpus: ParallelCorpus) -> Embeddings:
        """The same as ready vectors.

        They are of length 1 where the model compares by cosine, so a dot product is its similarity, and a
        text without any known token, all zeros, is as far from everything as it is for the model.
        """
        from isoglot.retrieval.encode import Embeddings

        query_ids = corpus.queries["query_id"].take(pa.array(self.rows["query"])).to_pylist()
        doc_ids = corpus.documents["doc_id"].to_pylist()
        return Embeddings(query_ids, self.vectors["query"], doc_ids, self.vectors["document"], "dot")

    def perturbed(
        self,
        model: Any,
        perturbation: Perturbation,
        strength: float,
        sides: Sequence[Side],
        *,
        seed: int,
        **options: Any,
    ) -> Perturbed:
        """The vectors after a perturbation; only what it changed is encoded.

        Args:
            model: The model.
            perturbation: What is done.
            strength: How much.
            sides: What it is done to.
            seed: Seed of what is drawn.
            **options: For `isoglot.retrieval.embed`.

        Returns:
            The vectors, and how much was changed.

        Raises:
            ConfigError: If the model takes no pictures from memory, or pictures are ready features.
        """
        vectors = dict(self.vectors)
        counts = np.zeros(2, np.int64)
        num_texts = 0
        for side in sides:
            change = _Change(self.corpus, side, self.rows[side], perturbation, strength, seed)
            at, fresh, encoded = change.encode(model, options)
            counts += (change.num_of_medium, len(at))
            num_texts += encoded
            if len(at):
                vectors[side] = vectors[side].copy()
                vectors[side][at] = fresh
        details = {"similarity": self.details["similarity"], "num_texts_encoded": num_texts}
        found = replace(self, vectors=vectors, details=details)
        return Perturbed(found, int(counts[0]), int(counts[1]))


@dataclass(frozen=True, eq=False)
class Perturbed:
    """Vectors after a perturbation.

    Attributes:
        vectors: All of them, changed or not.
        num_perturbed: Rows of the medium that the perturbation is for.
        num_changed: Those of them that it changed.
    """

    vectors: SideVectors
    num_perturbed: int
    num_changed: int


@dataclass(frozen=True, eq=False)
class _Change:
    """One perturbation of one side of a corpus, at one strength."""

    corpus: ParallelCorpus
    side: Side
    rows: Rows
    perturbation: Perturbation
    strength: float
    seed: int

    @property
    def table(self) -> pa.Table:
        return self.corpus.queries if self.side == "query" else self.corpus.documents

    @property
    def of_medium(self) -> npt.NDArray[np.int64]:
        """Which of the rows are of the perturbation's medium."""
        media = self.table["modality"].take(pa.array(self.rows)).cast(pa.string())
        return np.flatnonzero(pc.equal(media, self.perturbation.medium).to_numpy()).astype(np.int64)

    @property
    def num_of_medium(self) -> int:
        return len(self.of_medium)

    def encode(self, model: Any, options: dict[str, Any]) -> tuple[npt.NDArray[np.int64], Vectors, int]:
        """Which of the rows are changed, their vectors, and how many distinct contents were encoded."""
        if isinstance(self.perturbation, PicturePerturbation):
            perturbing = PerturbingModel(model, self.perturbation, self.strength, self.seed)
            return self._embed(perturbing, self.corpus, self.of_medium, {**options, "cache": False})
        corpus, at = self._with_texts(self.perturbation)
        return self._embed(model, corpus, at, options)

    def _embed(
        self, model: Any, corpus: ParallelCorpus, at: npt.NDArray[np.int64], options: dict[str, Any]
    ) -> tuple[npt.NDArray[np.int64], Vectors, int]:
        from isoglot.retrieval import embed

        if not len(at):
            return at, np.zeros((0, 0), np.float32), 0
        changed, other = self.rows[at], np.zeros(1, np.int32)  # `embed` wants something of both sides
        pair = (changed, other) if self.side == "query" else (other, changed)
        made = embed(model, corpus, *pair, **options)
        fresh = made.query_embeddings if self.side == "query" else made.document_embeddings
        return at, fresh, min(made.num_texts, len(at))

    def _with_texts(self, perturbation: TextPerturbation) -> tuple[ParallelCorpus, npt.NDArray[np.int64]]:
        """The corpus with changed texts, and which of the rows have one."""
        table, at = self.table, self.of_medium
        chosen = self.rows[at]
        languages = table["language"].take(pa.array(chosen)).to_pylist()
        changed = np.zeros(len(chosen), bool)
        for column in ("title", "text"):
            if column not in table.column_names:
                continue
            texts = table[column].to_pylist()
            for place, (row, language) in enumerate(zip(chosen.tolist(), languages, strict=True)):
                if texts[row]:
                    found = perturbation.perturb(texts[row], language, self.strength, seed=self.seed)
                    changed[place] |= found != texts[row]
                    texts[row] = found
            number = table.column_names.index(column)
            table = table.set_column(number, column, pa.array(texts, table.schema.field(column).type))
        corpus = replace(self.corpus, **{"queries" if self.side == "query" else "documents": table})
        return corpus, at[changed]


class PerturbingModel:
    """A model that perturbs every picture before it sees it, in memory, and is the given one in all else."""

    def __init__(self, model: Any, perturbation: PicturePerturbation, strength: float, seed: int) -> None:
        """Makes the model.

        Args:
            model: A model with `encode_query` and `encode_document`, as in sentence-transformers.
            perturbation: What is done to pictures.
            strength: How much.
            seed: Seed of what is drawn.

        Raises:
            ConfigError: If the model is of another kind.
        """
        if not hasattr(model, "encode_query") or hasattr(model, "mteb_model_meta"):
            raise ConfigError(
                f"{perturbation.name} needs a model that takes pictures from memory, with encode_query and "
                f"encode_document as in sentence-transformers; {type(model).__name__} does not"
            )
        self._model = model
        self._perturbation, self._strength, self._seed = perturbation, strength, seed

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """That of the model, by which texts are told to it."""
        return type(self._model)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def __getitem__(self, place: Any) -> Any:
        """A module of the model; of what is no stack of modules, the model."""
        return self._model[place] if hasattr(self._model, "__getitem__") else self._model

    def encode_query(self, inputs: Sequence[Any], **options: Any) -> Any:
        """Vectors of queries, their pictures perturbed."""
        return self._model.encode_query([self._changed(each) for each in inputs], **options)

    def encode_document(self, inputs: Sequence[Any], **options: Any) -> Any:
        """Vectors of documents, their pictures perturbed."""
        return self._model.encode_document([self._changed(each) for each in inputs], **options)

    def _changed(self, given: Any) -> Any:
        if not isinstance(given, dict) or "image" not in given:
            return given
        if not hasattr(given["image"], "getbands"):
            raise ConfigError("ready features of pictures cannot be perturbed; take a corpus of pictures")
        changed = self._perturbation.perturb(given["image"], self._strength, seed=self._seed)
        return {**given, "image": changed}
