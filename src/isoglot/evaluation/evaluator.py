"""One call from a model and a corpus to values: encode each text once, one matrix product, every setting."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from isoglot.corpora.judgements import Judgements
from isoglot.corpora.manifest import condense
from isoglot.corpora.media_files import drop_bad_media
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.evaluation.examples import Example, build_examples
from isoglot.evaluation.judged import Judged, judged_queries
from isoglot.evaluation.language_bias import HEAD_DEPTH, Head
from isoglot.evaluation.loading import load_model
from isoglot.evaluation.measures import Measure, parse_measures
from isoglot.evaluation.per_query import QueryKeys, per_query_table
from isoglot.evaluation.placement import ALL, Direction, left_out
from isoglot.evaluation.results import Result, Results, slug
from isoglot.evaluation.searching import Blocks, Ranked, placements, rank_by_run, search_with_vectors
from isoglot.evaluation.settings import Measured, measure_settings
from isoglot.evaluation.transfer_cells import TransferLanguages
from isoglot.evaluation.trec import Run
from isoglot.versions import installed_versions

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from isoglot.retrieval.encode import Embeddings

DEFAULT_MEASURES = ("AP", "RR", "nDCG@10", "success@1", "R@10", "R@100")


def evaluate(
    model: SentenceTransformer | Embeddings | Run | str | Path,
    corpus: ParallelCorpus,
    *,
    split: str = "test",
    measures: Iterable[str | Measure] = DEFAULT_MEASURES,
    languages: Iterable[str] | None = None,
    transfer: TransferLanguages | None = None,
    head_depth: int = HEAD_DEPTH,
    run_depth: int = 0,
    name: str | None = None,
    seed: int = 0,
    num_resamples: int = 1_000,
    batch_size: int | None = None,
    cache: bool | str | Path = False,
    progress: bool = False,
    skip_bad: bool = False,
) -> Results:
    """How well a model searches its own language, other languages and all at once, and whom it favours.

    Where queries or documents are of several media, every direction between media is measured by itself, and
    the queries of each medium before the union of all.

    Args:
        model: A sentence-transformers model, its path or name; ready vectors or a TREC run, or their file.
        corpus: The corpus.
        split: Which judged queries; all documents of the corpus are the collection.
        measures: Names, such as `AP` or `nDCG@10`.
        languages: Tags of the queries and documents to keep; None keeps all.
        transfer: Which languages are the source, low in resources or unseen in training, for the measures of
            transfer; None leaves those out.
        head_depth: How many documents at the head of the pooled ranking language preference, PEER and MRC
            look at, and examples of the worst queries; 0 leaves these out.
        run_depth: How many documents per query of the pooled collection to keep as a run; 0 for none.
        name: What results call the model; None takes it from the model.
        seed: Seed of the bootstrap.
        num_resamples: How many times groups are resampled for the intervals.
        batch_size: Texts per batch; None chooses by the kind of model.
        cache: Whether vectors are kept on disk by model and content, and used again: True in `$ISOGLOT_CACHE`
            (or `~/.cache/isoglot`), a path there.
        progress: Whether to show a progress bar while encoding.
        skip_bad: Whether queries and documents whose media files cannot be read are left out; everything is
            then over fewer, and the configuration of the results says what is missing, as `skipped_media`.

    Returns:
        Values of all settings, language pairs and measures, and of language bias; the worst queries; and the
        values of every query.

    Raises:
        CorpusError: If the split does not exist or has no query with a relevant document.
        ConfigError: If a measure is unknown, or a language of transfer is not in the corpus.
        CheckpointError: If the model cannot be loaded.
        SearchError: If vectors are missing or malformed, or a run belongs to another corpus.
    """
    wanted = parse_measures(measures)
    part = corpus if languages is None else corpus.select(languages)
    part, skipped = drop_bad_media(part) if skip_bad else (part, None)
    judged = judged_queries(part, split)
    blocks = Blocks.of(part)
    if transfer is not None:
        transfer = transfer.among(part.query_languages[0])
    loaded, model_name = load_model(model)
    model_name = name or model_name
    depth = max(run_depth, head_depth)
    if isinstance(loaded, Run):
        ranked = rank_by_run(loaded, part, judged, blocks, depth=depth)
    else:
        options = {"batch_size": batch_size, "cache": cache, "progress": progress}
        ranked = search_with_vectors(loaded, part, judged, blocks, depth=depth, **options)
    found = [
        (direction, _measure(direction, ranked, blocks, wanted, transfer, head_depth, seed, num_resamples))
        for direction in placements(ranked, part, judged, blocks)
    ]
    about: dict[str, Any] = {"model": model_name, "corpus": part.name, "split": split}
    whole, measured = found[0]
    config = _config(part, judged) | {
        **about,
        "measures": [str(measure) for measure in wanted],
        "transfer": None if transfer is None else asdict(transfer),
        "seed": seed,
        "num_resamples": num_resamples,
        "head_depth": head_depth,
        "run_depth": run_depth,
        "refused_measures": measured.refused,
        "left_out": _left_out(whole, measured),
        **ranked.details,
        **({} if skipped is None else {"skipped_media": skipped.record()}),
    }
    return Results(
        tuple(_records(found, about)),
        (config,),
        _runs(part, judged.judgements, ranked, run_depth, _run_name(model_name, part)),
        examples=_examples(part, judged.judgements, ranked, whole, model_name, split),
        per_query=_per_query(part, judged.judgements, found, about),
    )


def _run_name(model: str, corpus: ParallelCorpus) -> str:
    """Begin of the file names of runs; names the media where they are not text alone."""
    sides = [
        "_and_".join(sorted(table["modality"].unique().to_pylist()))
        for table in (corpus.queries, corpus.documents)
    ]
    direction = [] if sides == ["text", "text"] else ["_to_".join(sides)]
    return ".".join([slug(model), slug(corpus.name), *direction])


def _records(found: list[tuple[Direction, Measured]], about: dict[str, Any]) -> Iterator[Result]:
    for direction, measured in found:
        for value in measured.values:
            yield Result(**about, **_media(direction), **vars(value))


def _left_out(direction: Direction, measured: Measured) -> list[dict[str, str | int]]:
    parts = [(part.document_language, part.queries) for part in measured.per_query]
    return left_out(direction.placement, [part for part in parts if part[0] != ALL])


def _measure(
    direction: Direction,
    ranked: Ranked,
    blocks: Blocks,
    measures: tuple[Measure, ...],
    transfer: TransferLanguages | None,
    head_depth: int,
    seed: int,
    num_resamples: int,
) -> Measured:
    """Values of a direction; what looks at the head of the ranking is for the collection of all media."""
    head = None
    if head_depth and (direction.document_modality == ALL or len(blocks.modalities) == 1):
        languages = blocks.codes % blocks.shape[1]
        head = Head.of(ranked.top_rows[direction.queries, :head_depth], languages)
    return measure_settings(
        direction.placement, measures, head=head, transfer=transfer, seed=seed, num_resamples=num_resamples
    )


def _media(direction: Direction) -> dict[str, Any]:
    return {"query_modality": direction.query_modality, "document_modality": direction.document_modality}


def _config(corpus: ParallelCorpus, judged: Judged) -> dict[str, Any]:
    """What was searched, and the versions it was done with."""
    return {
        "languages": list(corpus.languages),
        "modalities": list(corpus.modalities),
        "corpus_version": corpus.info.version,
        "corpus_checksums": condense(corpus.checksums),
        "num_queries": len(judged.judgements),
        "num_queries_without_relevant_document": judged.num_without_relevant,
        "num_queries_excluding_own_text": int((np.diff(judged.own_indptr) > 0).sum()),
        "num_documents": corpus.documents.num_rows,
        "versions": installed_versions("isoglot", "numpy", "torch", "sentence-transformers"),
    }


def _examples(
    corpus: ParallelCorpus,
    judgements: Judgements,
    ranked: Ranked,
    direction: Direction,
    model: str,
    split: str,
) -> tuple[Example, ...]:
    """The worst queries of the first direction, which is the whole collection."""
    if not ranked.top_rows.shape[1]:
        return ()
    if len(direction.queries) < len(judgements):
        judgements = Judgements(
            judgements.query_rows[direction.queries],
            direction.placement.indptr,
            judgements.document_rows[direction.pairs],
            judgements.grades[direction.pairs],
        )
    return build_examples(
        corpus,
        judgements,
        direction.placement.pooled_ranks,
        ranked.top_rows[direction.queries],
        model=model,
        split=split,
    )


def _per_query(
    corpus: ParallelCorpus,
    judgements: Judgements,
    found: list[tuple[Direction, Measured]],
    about: dict[str, Any],
) -> pa.Table:
    tables = []
    for direction, measured in found:
        rows = pa.array(judgements.query_rows[direction.queries])
        keys = QueryKeys(
            corpus.queries["query_id"].take(rows).combine_chunks(),
            corpus.queries["group_id"].take(rows).combine_chunks(),
            corpus.queries["language"].take(rows).combine_chunks(),
        )
        parts = [(part.document_language, part.queries, part.values) for part in measured.per_query]
        tables.append(per_query_table(keys, parts, **about, **_media(direction)))
    return pa.concat_tables(tables, promote_options="default").unify_dictionaries()


def _runs(
    corpus: ParallelCorpus, judgements: Judgements, ranked: Ranked, run_depth: int, prefix: str
) -> Mapping[str, Run]:
    """The pooled ranking as one run per language of the query."""
    if not run_depth:
        return {}
    names, codes = corpus.query_languages
    doc_ids = np.array(corpus.documents["doc_id"].to_pylist(), object)
    runs = {}
    for code in np.unique(codes[judgements.query_rows]):
        queries = np.flatnonzero(codes[judgements.query_rows] == code)
        queries = queries[ranked.top_rows[queries, 0] >= 0]
        rows, scores = ranked.top_rows[queries, :run_depth], ranked.top_scores[queries, :run_depth]
        held = rows >= 0
        if held.any():
            query_ids = corpus.queries["query_id"].take(pa.array(judgements.query_rows[queries]))
            runs[f"{prefix}.{names[code]}"] = Run(
                tuple(query_ids.to_pylist()),
                np.concatenate([[0], np.cumsum(held.sum(axis=1))]).astype(np.int64),
                doc_ids[rows[held]],
                scores[held],
            )
    return runs
