"""Vectors for the queries and documents of a corpus: made by a sentence-transformers model, or read."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from isoglot.corpora.judgements import Rows
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import SearchError
from isoglot.media.features import content_of
from isoglot.retrieval.adapters import Adapter, Similarity, adapt
from isoglot.retrieval.cache import VectorCache, cached, make_keys, vectors_folder
from isoglot.retrieval.contents import Contents, Side, contents_of
from isoglot.retrieval.mapped import release

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = npt.NDArray[np.float32]
_CHECKED_ROWS = 65_536


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Ready vectors of queries and documents, with the ids they belong to.

    Attributes:
        query_ids: (Q,) ids.
        query_embeddings: (Q, D).
        doc_ids: (N,) ids.
        document_embeddings: (N, D).
        similarity: How a query is compared with a document.
        name: What results call the model that made them.
    """

    query_ids: Sequence[str]
    query_embeddings: Vectors
    doc_ids: Sequence[str]
    document_embeddings: Vectors
    similarity: Similarity = "cosine"
    name: str = "embeddings"

    def __post_init__(self) -> None:
        if self.similarity not in get_args(Similarity):
            raise SearchError(f"similarity must be 'cosine' or 'dot', got {self.similarity!r}")
        for side, ids, vectors in (
            ("query", self.query_ids, self.query_embeddings),
            ("document", self.doc_ids, self.document_embeddings),
        ):
            if vectors.ndim != 2 or len(ids) != len(vectors):
                raise SearchError(
                    f"{self.name}: {len(ids)} {side} ids for {side} embeddings of shape {vectors.shape}; "
                    "there must be one row for each id"
                )

    def write(self, path: str | Path) -> None:
        """Writes an `.npz` file that `read_embeddings` reads, without pickle."""
        with Path(path).open("wb") as file:
            np.savez(
                file,
                query_ids=np.array(self.query_ids, np.str_),
                query_embeddings=self.query_embeddings,
                doc_ids=np.array(self.doc_ids, np.str_),
                document_embeddings=self.document_embeddings,
                similarity=np.array(self.similarity),
            )


_ARRAYS = ("query_ids", "query_embeddings", "doc_ids", "document_embeddings")


def read_embeddings(path: str | Path) -> Embeddings:
    """Ready vectors from a file or a folder; nothing in them is executed.

    An `.npz` file holds the arrays `query_ids`, `query_embeddings`, `doc_ids`, `document_embeddings` and, if
    not cosine, `similarity`. A folder holds the same as `query_embeddings.npy` and `document_embeddings.npy`,
    which are memory-mapped, beside `query_ids.txt` and `doc_ids.txt`, one id a line.

    Args:
        path: The file or folder.

    Returns:
        The embeddings, named after the file.

    Raises:
        SearchError: If an array is missing, holds pickled objects, or does not fit its ids.
    """
    source = Path(path)
    arrays = _read_folder(source) if source.is_dir() else _read_npz(source)
    missing = [name for name in _ARRAYS if name not in arrays]
    if missing:
        raise SearchError(f"{source}: no {', '.join(missing)}; it must hold {', '.join(_ARRAYS)}")
    return Embeddings(
        [str(name) for name in arrays["query_ids"]],
        arrays["query_embeddings"],
        [str(name) for name in arrays["doc_ids"]],
        arrays["document_embeddings"],
        arrays["similarity"].item() if "similarity" in arrays else "cosine",
        source.stem,
    )


def _read_npz(source: Path) -> dict[str, npt.NDArray[Any]]:
    try:
        # Opened here: np.load leaves a damaged file open.
        with source.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except Exception as error:  # a damaged header makes NumPy raise almost anything
        raise SearchError(f"{source}: not an .npz file of plain arrays: {error}") from error


def _read_folder(source: Path) -> dict[str, npt.NDArray[Any]]:
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name in _ARRAYS:
        file = source / (f"{name}.txt" if name.endswith("ids") else f"{name}.npy")
        if not file.is_file():
            continue
        try:
            if file.suffix == ".txt":
                arrays[name] = np.array(file.read_bytes().decode("utf-8").rstrip("\n").split("\n"), np.str_)
            else:
                arrays[name] = np.load(file, mmap_mode="r", allow_pickle=False)
        except Exception as error:  # as above
            raise SearchError(f"{file}: not a plain array: {error}") from error
    return arrays


@dataclass(frozen=True, eq=False)
class EmbeddedCorpus:
    """Vectors of some queries and documents of a corpus, ready for a dot product.

    Attributes:
        query_embeddings: (Q, D), of length 1 if similarity is cosine, or 0 where a text has no known token.
        document_embeddings: (N, D), likewise, unless they were asked for as they are.
        similarity: What the model compares by.
        num_texts: Distinct texts, and files of other media, that the model encoded; 0 for ready vectors.
        num_cached: Distinct texts and files whose vectors were in the cache.
    """

    query_embeddings: Vectors
    document_embeddings: Vectors
    similarity: Similarity
    num_texts: int
    num_cached: int = 0


def embed(
    model: SentenceTransformer | Embeddings,
    corpus: ParallelCorpus,
    query_rows: Rows,
    document_rows: Rows,
    *,
    batch_size: int | None = None,
    progress: bool = False,
    cache: bool | str | Path = False,
    scale_documents: bool = True,
) -> EmbeddedCorpus:
    """Vectors of the given rows of a corpus, by a model or out of ready ones.

    Every distinct text, and every file of another medium, is encoded once on each side, medium by medium.

    Args:
        model: The model, whose own prompts for queries and documents apply: a sentence-transformers model, or
            one that follows MTEB's `EncoderProtocol`; or vectors by id.
        corpus: The corpus.
        query_rows: (Q,) rows of its queries.
        document_rows: (N,) rows of its documents.
        batch_size: Texts per batch; None chooses by the kind of model.
        progress: Whether to show a progress bar.
        cache: Whether vectors are kept on disk, and those of earlier times used, wherever the same model met
            the same content: True in `$ISOGLOT_CACHE` (or `~/.cache/isoglot`), a path there. A model that
            cannot be told from others is encoded with anew, with a warning.
        scale_documents: Whether document embeddings are scaled to length 1 if similarity is cosine. Without
            it, ready ones in the order of the rows are not copied, and stay on disk if they are
            memory-mapped; `lay_out` scales them as it reads.

    Returns:
        Vectors in the order of the rows.

    Raises:
        SearchError: If the model's similarity is neither cosine nor dot, it does not encode a medium, an id
            has no vector, or a vector is of the wrong width or not finite.
    """
    ready = isinstance(model, Embeddings)
    num_texts, num_cached = 0, 0
    if isinstance(model, Embeddings):
        queries = _lookup(model, "query", corpus.queries["query_id"], query_rows)
        documents = _lookup(model, "document", corpus.documents["doc_id"], document_rows)
        similarity = model.similarity
    else:
        adapter = adapt(model)
        similarity = adapter.similarity
        encoding = _Encoding(adapter, batch_size or adapter.batch_size, progress, open_cache(adapter, cache))
        queries, query_counts = _encode_rows(encoding, corpus, "query", query_rows)
        documents, document_counts = _encode_rows(encoding, corpus, "document", document_rows)
        num_texts, num_cached = (int(number) for number in np.sum([query_counts, document_counts], axis=0))
    for side, vectors, table, rows in (
        ("query", queries, corpus.queries["query_id"], query_rows),
        ("document", documents, corpus.documents["doc_id"], document_rows),
    ):
        _check(side, vectors, table, rows, refuse_zero=ready and similarity == "cosine")
    if queries.shape[1] != documents.shape[1]:
        raise SearchError(
            f"query embeddings have width {queries.shape[1]}, document embeddings {documents.shape[1]}; "
            "encode both with the same model"
        )
    if similarity == "cosine":
        queries = normalize(queries)
        documents = normalize(documents) if scale_documents else documents
    return EmbeddedCorpus(queries, documents, similarity, num_texts, num_cached)


def normalize(vectors: Vectors) -> Vectors:
    """Rows scaled to length 1; a row of zeros stays, so that its similarity to everything is 0."""
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))[:, None]
    scaled: Vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors, subok=False), where=lengths > 0)
    return scaled


@dataclass(frozen=True, eq=False)
class _Encoding:
    """How contents become vectors."""

    adapter: Adapter
    batch_size: int
    progress: bool
    cache: VectorCache | None

    def __call__(self, side: Side, modality: str, contents: list[str]) -> Vectors:
        given = self.adapter.encode(
            side, modality, contents, batch_size=self.batch_size, progress=self.progress
        )
        return as_vectors(given, len(contents), side, modality)


def as_vectors(given: Any, count: int, side: Side, modality: str) -> Vectors:
    """What a model gave, as one vector for each of its inputs.

    Args:
        given: The model's answer.
        count: How many inputs it was given.
        side: Side of the inputs, for the error.
        modality: Their medium, likewise.

    Returns:
        (count, D) float32.

    Raises:
        SearchError: If it is anything else.
    """
    try:
        vectors = np.asarray(given, np.float32)
    except (TypeError, ValueError) as error:
        raise SearchError(
            f"the model gave no array of numbers for {count} {side} {modality}s: {error}"
        ) from error
    if vectors.ndim != 2 or len(vectors) != count or not vectors.shape[1]:
        raise SearchError(f"{count} {side} {modality}s gave embeddings of shape {vectors.shape}")
    return vectors


def open_cache(adapter: Adapter, cache: bool | str | Path) -> VectorCache | None:
    """The cache of a model's vectors.

    Args:
        adapter: The model.
        cache: Whether vectors are kept: True in `$ISOGLOT_CACHE` (or `~/.cache/isoglot`), a path there.

    Returns:
        The cache; None if there is to be none, or, with a warning, if nothing tells the model from others.
    """
    if cache is False:
        return None
    identity = adapter.identify()
    if identity is None:
        warnings.warn(
            "the model cannot be told from others by its weights, nor by name and revision; its vectors are "
            "not cached",
            stacklevel=3,
        )
        return None
    return VectorCache(vectors_folder(None if cache is True else cache) / identity)


def _encode_rows(
    encoding: _Encoding, corpus: ParallelCorpus, side: Side, rows: Rows
) -> tuple[Vectors, tuple[int, int]]:
    """(n, D) vectors of rows, and how many distinct contents were encoded and found in the cache."""
    parts = list(contents_of(corpus, side, rows))
    unknown = [part.modality for part in parts if part.modality not in encoding.adapter.modalities]
    if unknown:
        raise SearchError(
            f"the {side} side of {corpus.name!r} has {', '.join(unknown)}, but the model encodes "
            f"{', '.join(encoding.adapter.modalities)}; take a model for these media"
        )
    encoded = [_encode_distinct(encoding, side, part) for part in parts]
    num_new = sum(number for _, number in encoded)
    counts = num_new, sum(len(part.distinct) for part in parts) - num_new
    if len(parts) == 1:
        return _spread(encoded[0][0], parts[0].numbers), counts
    widths = {part.modality: vectors.shape[1] for part, (vectors, _) in zip(parts, encoded, strict=True)}
    if len(set(widths.values())) > 1:
        raise SearchError(f"the model's vectors differ in width by medium: {widths}")
    joined = np.empty((len(rows), next(iter(widths.values()), 0)), np.float32)
    for part, (vectors, _) in zip(parts, encoded, strict=True):
        joined[part.positions] = vectors[part.numbers]
    return joined, counts


def _encode_distinct(encoding: _Encoding, side: Side, part: Contents) -> tuple[Vectors, int]:
    """Vectors of distinct contents, and how many of them the model made."""
    if encoding.cache is None:
        return encoding(side, part.modality, part.distinct), len(part.distinct)
    if part.modality == "text":
        contents: Iterable[bytes] = (text.encode() for text in part.distinct)
    else:
        contents = map(content_of, part.distinct)
    keys = make_keys(contents, encoding.adapter.context(side, part.modality))

    def encode(numbers: npt.NDArray[np.int64]) -> Vectors:
        return encoding(side, part.modality, [part.distinct[number] for number in numbers])

    return cached(encoding.cache, keys, encode)


def _spread(vectors: Vectors, numbers: npt.NDArray[np.int64]) -> Vectors:
    """Vectors of the rows from those of distinct contents; no copy where they are the same."""
    same = len(vectors) == len(numbers) and bool((numbers == np.arange(len(numbers))).all())
    return vectors if same else vectors[numbers]


def _lookup(embeddings: Embeddings, side: str, ids: pa.ChunkedArray, rows: Rows) -> Vectors:
    have = embeddings.query_ids if side == "query" else embeddings.doc_ids
    vectors = embeddings.query_embeddings if side == "query" else embeddings.document_embeddings
    known = pa.array(have, pa.large_string())
    if pc.count_distinct(known).as_py() < len(known):
        counts = pc.value_counts(known)
        twice = counts.filter(pc.greater(counts.field("counts"), 1))[0]["values"].as_py()
        raise SearchError(f"{embeddings.name}: {side} {twice!r} has two vectors; ids must be unique")
    wanted = ids.take(pa.array(rows))
    at = pc.index_in(wanted, known)
    if at.null_count:
        first = wanted.filter(pc.is_null(at))[0].as_py()
        raise SearchError(
            f"{embeddings.name}: no vector for {side} {first!r} ({at.null_count:,} of {len(wanted):,} are "
            "missing); encode every item of the corpus, under its id"
        )
    positions = at.to_numpy()
    if len(positions) == len(vectors) and np.array_equal(positions, np.arange(len(vectors))):
        return vectors if vectors.dtype == np.float32 else np.asarray(vectors, np.float32)
    return np.asarray(vectors[positions], np.float32)


def _check(side: str, vectors: Vectors, ids: pa.ChunkedArray, rows: Rows, *, refuse_zero: bool) -> None:
    def name(row: int) -> str:
        return f"{side} {ids[int(rows[row])].as_py()!r}"

    if vectors.ndim != 2 or len(vectors) != len(rows) or not vectors.shape[1]:
        raise SearchError(f"{len(rows)} {side} texts gave embeddings of shape {vectors.shape}")
    for start in range(0, len(vectors), _CHECKED_ROWS):
        part = vectors[start : start + _CHECKED_ROWS]
        if not np.isfinite(part.sum()) and not (finite := np.isfinite(part).all(axis=1)).all():
            first = start + int(np.argmin(finite))
            raise SearchError(f"the vector of {name(first)} is not finite; encode it again")
        maybe = np.flatnonzero(part[:, 0] == 0)
        zero = maybe[~part[maybe].any(axis=1)]
        if refuse_zero and len(zero):
            raise SearchError(f"the vector of {name(start + int(zero[0]))} is all zeros and has no direction")
        release(vectors)
