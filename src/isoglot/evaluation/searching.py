"""From a model, vectors or a run to ranks: one pass over the collection gives every sub-collection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import SearchError
from isoglot.evaluation.judged import Judged
from isoglot.evaluation.measures import Integers
from isoglot.evaluation.placement import Direction, Placement, directions
from isoglot.evaluation.trec import Run

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from isoglot.retrieval.encode import Embeddings


@dataclass(frozen=True, eq=False)
class Blocks:
    """The collection by medium and language.

    Attributes:
        modalities: Media of the documents.
        languages: Their tags.
        codes: (N,) block of each document: the index of its medium times (languages + 1), plus the index of
            its language, or the number of languages if it has none.
    """

    modalities: tuple[str, ...]
    languages: tuple[str, ...]
    codes: Integers

    @staticmethod
    def of(corpus: ParallelCorpus) -> Blocks:
        """The blocks of a corpus' documents."""
        names, codes = corpus.document_languages
        modalities, media = _modalities(corpus.documents["modality"])
        blocks = media * (len(names) + 1) + np.where(codes < 0, len(names), codes)
        return Blocks(modalities, names, blocks.astype(np.int64))

    @property
    def shape(self) -> tuple[int, int]:
        """Media, and languages with one more for none."""
        return len(self.modalities), len(self.languages) + 1

    @property
    def number(self) -> int:
        """How many blocks there are, empty ones counted."""
        return self.shape[0] * self.shape[1]


def _modalities(column: pa.ChunkedArray) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
    names = tuple(sorted(column.unique().to_pylist()))
    codes = pc.index_in(column.cast(pa.string()), pa.array(names)).to_numpy().astype(np.int64)
    return names, codes


@dataclass(frozen=True, eq=False)
class Ranked:
    """What a search found.

    Attributes:
        counts_above: (J, blocks) documents of each block above each relevant document.
        retrieved: (J,) whether it was found; None if everything is ranked.
        top_rows: (Q, depth) rows of the best documents, best first; -1 where there are fewer.
        top_scores: (Q, depth) their scores; -inf there.
        details: Notes for the configuration.
    """

    counts_above: npt.NDArray[np.integer]
    retrieved: npt.NDArray[np.bool_] | None
    top_rows: npt.NDArray[np.int32]
    top_scores: npt.NDArray[np.float32]
    details: dict[str, Any] = field(default_factory=dict)


def search_with_vectors(
    model: SentenceTransformer | Embeddings,
    corpus: ParallelCorpus,
    judged: Judged,
    blocks: Blocks,
    *,
    depth: int,
    **options: Any,
) -> Ranked:
    """Encodes every text once, and ranks the whole collection exactly.

    Args:
        model: A model or ready vectors.
        corpus: The corpus.
        judged: Its queries.
        blocks: Its documents by medium and language.
        depth: Best documents to keep of each query.
        **options: For `isoglot.retrieval.embed`.

    Returns:
        What was found.

    Raises:
        SearchError: If vectors are missing or malformed.
    """
    from isoglot.retrieval import Wanted, embed, lay_out, scan

    judgements = judged.judgements
    everything = np.arange(corpus.documents.num_rows, dtype=np.int32)
    vectors = embed(model, corpus, judgements.query_rows, everything, scale_documents=False, **options)
    collection = lay_out(
        vectors.document_embeddings,
        corpus.documents["doc_id"],
        blocks.codes,
        blocks.number,
        similarity=vectors.similarity,
    )
    found = scan(
        vectors.query_embeddings,
        collection,
        wanted=Wanted(judgements.indptr, judgements.document_rows),
        excluded=Wanted(judged.own_indptr, judged.own_rows) if len(judged.own_rows) else None,
        depth=depth,
    )
    assert found.counts_above is not None
    top_rows = np.full((len(judgements), 0), -1, np.int32) if found.top is None else found.top.document_rows
    top_scores = np.zeros(top_rows.shape, np.float32) if found.top is None else found.top.scores
    details = {
        "similarity": vectors.similarity,
        "dimension": int(vectors.query_embeddings.shape[1]),
        "num_texts_encoded": vectors.num_texts,
        "num_texts_from_cache": vectors.num_cached,
    }
    return Ranked(found.counts_above, None, top_rows, top_scores, details)


def rank_by_run(run: Run, corpus: ParallelCorpus, judged: Judged, blocks: Blocks, *, depth: int) -> Ranked:
    """Takes the ranking of a run, which may hold but the best documents of each query.

    A query that the run does not hold has found nothing. Documents that are the query itself, in a symmetric
    corpus, are passed over.

    Args:
        run: The run.
        corpus: The corpus it was made on.
        judged: Its queries.
        blocks: Its documents by medium and language.
        depth: Best documents to keep of each query.

    Returns:
        What was found.

    Raises:
        SearchError: If the run holds a query or document that the corpus does not have, or no query of the
            split.
    """
    judgements = judged.judgements
    rows = _known("document", run.doc_ids, corpus.documents["doc_id"], corpus.name)
    run_queries = _known("query", run.query_ids, corpus.queries["query_id"], corpus.name)
    place = np.full(corpus.queries.num_rows, -1, np.int64)
    place[run_queries] = np.arange(len(run_queries))
    at = place[judgements.query_rows]
    if (at < 0).all():
        raise SearchError(
            f"no query of the run (such as {run.query_ids[0]!r}) is judged in this split of {corpus.name!r}"
        )
    counts = np.zeros((len(judgements.document_rows), blocks.number), np.int64)
    retrieved = np.zeros(len(judgements.document_rows), bool)
    top_rows = np.full((len(at), depth), -1, np.int32)
    top_scores = np.full((len(at), depth), -np.inf, np.float32)
    for query in np.flatnonzero(at >= 0):
        held = slice(run.indptr[at[query]], run.indptr[at[query] + 1])
        own = judged.own_rows[judged.own_indptr[query] : judged.own_indptr[query + 1]]
        kept = ~np.isin(rows[held], own)
        found = rows[held][kept]
        part = slice(judgements.indptr[query], judgements.indptr[query + 1])
        counts[part], retrieved[part] = _count(found, blocks, judgements.document_rows[part])
        top_rows[query, : len(found)] = found[:depth]
        top_scores[query, : len(found)] = run.scores[held][kept][:depth]
    details = {
        "similarity": None,
        "num_queries_not_in_run": int((at < 0).sum()),
        "num_run_queries_not_judged": int(len(run_queries) - (at >= 0).sum()),
        "num_relevant_not_retrieved": int((~retrieved).sum()),
    }
    return Ranked(counts, retrieved, top_rows, top_scores, details)


def _known(kind: str, wanted: Any, ids: pa.ChunkedArray, corpus: str) -> npt.NDArray[np.int32]:
    """Rows of ids, all of which must be there."""
    at = pc.index_in(pa.array(wanted, pa.large_string()), ids.combine_chunks())
    if at.null_count:
        first = wanted[int(np.argmax(at.is_null().to_numpy(zero_copy_only=False)))]
        raise SearchError(
            f"the run holds {kind} {first!r}, which {corpus!r} does not have ({at.null_count:,} of "
            f"{len(at):,} are unknown); it was made on another corpus, or another version of it"
        )
    rows: npt.NDArray[np.int32] = at.to_numpy().astype(np.int32)
    return rows


def _count(
    found: npt.NDArray[np.int32], blocks: Blocks, relevant: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """(r, blocks) documents above each relevant one, all if it was not found; and (r,) whether it was."""
    hits = found[None, :] == relevant[:, None]
    retrieved = hits.any(axis=1)
    above = np.where(retrieved, hits.argmax(axis=1), len(found))
    one_hot = np.zeros((len(found) + 1, blocks.number), np.int64)
    one_hot[np.arange(1, len(found) + 1), blocks.codes[found]] = 1
    return np.cumsum(one_hot, axis=0)[above], retrieved


def placements(ranked: Ranked, corpus: ParallelCorpus, judged: Judged, blocks: Blocks) -> Iterator[Direction]:
    """Where the relevant documents stand, in every direction between media.

    Args:
        ranked: What was found.
        corpus: The corpus.
        judged: Its queries.
        blocks: Its documents by medium and language.

    Returns:
        The directions.
    """
    judgements = judged.judgements
    num_media, num_languages = blocks.shape
    counts = ranked.counts_above.reshape(-1, num_media, num_languages)
    sizes = np.bincount(blocks.codes, minlength=blocks.number).reshape(blocks.shape)
    media, languages = np.divmod(blocks.codes[judgements.document_rows], num_languages)
    query_names, query_codes = corpus.query_languages
    asked, asked_codes = _modalities(corpus.queries["modality"])
    placement = Placement(
        query_names,
        query_codes[judgements.query_rows],
        corpus.query_groups[judgements.query_rows],
        blocks.languages,
        sizes.sum(axis=0),
        judgements.indptr,
        languages,
        judgements.grades,
        counts[:, 0] if num_media == 1 else counts.sum(axis=1),
        np.diff(judged.own_indptr),
        ranked.retrieved,
    )
    query_modalities = np.array(asked, object)[asked_codes[judgements.query_rows]]
    return directions(placement, query_modalities, blocks.modalities, counts, sizes, media)
