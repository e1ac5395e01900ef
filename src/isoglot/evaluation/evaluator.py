"""One call from a model and a corpus to values: encode each text once, one matrix product, every setting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from isoglot.corpora.judgements import Judgements
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import CheckpointError, CorpusError
from isoglot.evaluation.measures import Measure, parse_measures
from isoglot.evaluation.results import Result, Results, slug
from isoglot.evaluation.settings import Placement, Value, left_out, measure_settings
from isoglot.evaluation.trec import Run
from isoglot.versions import installed_versions

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from isoglot.retrieval.encode import Embeddings
    from isoglot.retrieval.exact import TopDocuments

DEFAULT_MEASURES = ("AP", "RR", "nDCG@10", "success@1", "R@10", "R@100")


def evaluate(
    model: SentenceTransformer | Embeddings | str | Path,
    corpus: ParallelCorpus,
    *,
    split: str = "test",
    measures: Iterable[str | Measure] = DEFAULT_MEASURES,
    languages: Iterable[str] | None = None,
    run_depth: int = 0,
    name: str | None = None,
    seed: int = 0,
    num_resamples: int = 1_000,
    batch_size: int | None = None,
    progress: bool = False,
) -> Results:
    """How well a model searches its own language, other languages and all at once, and whom it favours.

    Args:
        model: A sentence-transformers model, its path or name, or ready vectors (or their file).
        corpus: The corpus.
        split: Which judged queries; all documents of the corpus are the collection.
        measures: Names, such as `AP` or `nDCG@10`.
        languages: Tags of the queries and documents to keep; None keeps all.
        run_depth: How many documents per query of the pooled collection to keep as a run; 0 for none.
        name: What results call the model; None takes it from the model.
        seed: Seed of the bootstrap.
        num_resamples: How many times groups are resampled for the intervals.
        batch_size: Texts per batch; None chooses by the kind of model.
        progress: Whether to show a progress bar while encoding.

    Returns:
        Values of all settings, language pairs and measures, and of language bias.

    Raises:
        CorpusError: If the split does not exist or has no query with a relevant document.
        ConfigError: If a measure is unknown.
        CheckpointError: If the model cannot be loaded.
        SearchError: If vectors are missing or malformed.
    """
    wanted = parse_measures(measures)
    part = corpus if languages is None else corpus.select(languages)
    judged = _judged(part, split)
    loaded, model_name = load_model(model)
    model_name = name or model_name
    placement, top, details = _search(
        loaded, part, judged, run_depth=run_depth, batch_size=batch_size, progress=progress
    )
    values = measure_settings(placement, wanted, seed=seed, num_resamples=num_resamples)
    modalities = _modality(part.queries["modality"]), _modality(part.documents["modality"])
    config = _config(part, split, judged) | {
        "model": model_name,
        "measures": [str(measure) for measure in wanted],
        "seed": seed,
        "num_resamples": num_resamples,
        "run_depth": run_depth,
        "left_out": left_out(placement),
        **details,
    }
    runs = {} if top is None else _runs(part, judged.judgements, top, f"{slug(model_name)}.{slug(part.name)}")
    records = tuple(_result(value, model_name, part.name, split, *modalities) for value in values)
    return Results(records, (config,), runs)


def _config(corpus: ParallelCorpus, split: str, judged: _Judged) -> dict[str, Any]:
    """What was searched with what, and the versions it was done with."""
    return {
        "corpus": corpus.name,
        "split": split,
        "languages": list(corpus.languages),
        "corpus_version": corpus.info.version,
        "corpus_checksums": dict(corpus.checksums),
        "num_queries": len(judged.judgements),
        "num_queries_without_relevant_document": judged.num_without_relevant,
        "num_documents": corpus.documents.num_rows,
        "versions": installed_versions("isoglot", "numpy", "torch", "sentence-transformers"),
    }


def _result(
    value: Value, model: str, corpus: str, split: str, query_modality: str, document_modality: str
) -> Result:
    return Result(
        model=model,
        corpus=corpus,
        split=split,
        query_modality=query_modality,
        document_modality=document_modality,
        **asdict(value),
    )


@dataclass(frozen=True, eq=False)
class _Judged:
    """The queries to search with, their relevant documents, and what they must not find.

    Attributes:
        judgements: Relevant documents; every query has one.
        num_without_relevant: Judged queries that have none and were left out.
        own_indptr: (Q + 1,) offsets of the documents that are the query itself.
        own_rows: Their rows.
    """

    judgements: Judgements
    num_without_relevant: int
    own_indptr: npt.NDArray[np.int64]
    own_rows: npt.NDArray[np.int32]


def _judged(corpus: ParallelCorpus, split: str) -> _Judged:
    """The relevant judgements of a split; in a symmetric corpus without those of a text to itself.

    In such a corpus (translations as pairs) a query's same-language document is the query's own text: it is
    neither relevant to it nor a candidate, and there is no monolingual setting.
    """
    relevant = corpus.judgements(split).relevant()
    queries = np.repeat(np.arange(len(relevant)), np.diff(relevant.indptr))
    own = np.zeros(len(queries), bool)
    if corpus.info.symmetric:
        own = _languages_match(corpus, relevant.query_rows[queries], relevant.document_rows)
    has_relevant = np.bincount(queries[~own], minlength=len(relevant)) > 0
    if not has_relevant.any():
        raise CorpusError(f"split {split!r} of {corpus.name!r} has no query with a relevant document")
    keep = has_relevant[queries]
    number = np.cumsum(has_relevant) - 1
    kept, itself = keep & ~own, keep & own
    return _Judged(
        Judgements(
            relevant.query_rows[has_relevant],
            _indptr(number[queries[kept]], int(has_relevant.sum())),
            relevant.document_rows[kept],
            relevant.grades[kept],
        ),
        int((~has_relevant).sum()),
        _indptr(number[queries[itself]], int(has_relevant.sum())),
        relevant.document_rows[itself],
    )


def _indptr(queries: npt.NDArray[np.integer], num_queries: int) -> npt.NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(np.bincount(queries, minlength=num_queries))]).astype(np.int64)


def _languages_match(
    corpus: ParallelCorpus, query_rows: npt.NDArray[np.int32], document_rows: npt.NDArray[np.int32]
) -> npt.NDArray[np.bool_]:
    query_names, query_codes = corpus.query_languages
    document_names, document_codes = corpus.document_languages
    number = {tag: index for index, tag in enumerate(document_names)}
    same_code = np.array([number.get(tag, -2) for tag in query_names], np.int64)
    return np.asarray(same_code[query_codes[query_rows]] == document_codes[document_rows])


def load_model(
    model: SentenceTransformer | Embeddings | str | Path,
) -> tuple[SentenceTransformer | Embeddings, str]:
    """The model or vectors, and what results may call them.

    Args:
        model: A model or vectors, which stay as they are; or their path or name.

    Returns:
        The model or vectors, and a name.

    Raises:
        CheckpointError: If there is no such model, or it cannot be loaded.
        SearchError: If vectors are malformed.
    """
    from isoglot.retrieval.encode import Embeddings, read_embeddings

    if isinstance(model, Embeddings):
        return model, model.name
    if not isinstance(model, str | Path):
        return model, _name_of(model)
    path = Path(model)
    if path.suffix == ".npz" or (path / "query_embeddings.npy").is_file():
        return read_embeddings(path), path.stem
    from sentence_transformers import SentenceTransformer

    try:
        loaded = SentenceTransformer(str(model))
    except (OSError, ValueError) as error:
        reason = str(error).split("\n")[0]
        raise CheckpointError(
            f"{model}: cannot be loaded as a sentence-transformers model: {reason}"
        ) from error
    return loaded, path.resolve().name if path.is_dir() else str(model)


def _name_of(model: SentenceTransformer) -> str:
    card = getattr(model, "model_card_data", None)
    for attribute in ("model_name", "model_id", "base_model"):
        found = getattr(card, attribute, None)
        if isinstance(found, str) and found:
            return Path(found).name if Path(found).is_dir() else found
    return "model"


def _search(
    model: SentenceTransformer | Embeddings,
    corpus: ParallelCorpus,
    judged: _Judged,
    *,
    run_depth: int,
    batch_size: int | None,
    progress: bool,
) -> tuple[Placement, TopDocuments | None, dict[str, Any]]:
    """Where the relevant documents stand, the top of the pooled ranking, and notes for the config."""
    from isoglot.retrieval import Wanted, embed, lay_out, scan

    judgements = judged.judgements
    everything = np.arange(corpus.documents.num_rows, dtype=np.int32)
    vectors = embed(
        model, corpus, judgements.query_rows, everything, batch_size=batch_size, progress=progress
    )
    names, codes = corpus.document_languages
    blocks = np.where(codes < 0, len(names), codes)
    collection = lay_out(vectors.document_embeddings, corpus.documents["doc_id"], blocks, len(names) + 1)
    found = scan(
        vectors.query_embeddings,
        collection,
        wanted=Wanted(judgements.indptr, judgements.document_rows),
        excluded=Wanted(judged.own_indptr, judged.own_rows) if len(judged.own_rows) else None,
        depth=run_depth,
    )
    assert found.counts_above is not None
    query_names, query_codes = corpus.query_languages
    placement = Placement(
        query_names,
        query_codes[judgements.query_rows],
        corpus.query_groups[judgements.query_rows],
        names,
        np.bincount(blocks, minlength=len(names) + 1),
        judgements.indptr,
        blocks[judgements.document_rows],
        judgements.grades,
        found.counts_above,
        np.diff(judged.own_indptr),
    )
    details = {
        "similarity": vectors.similarity,
        "dimension": int(vectors.query_embeddings.shape[1]),
        "num_texts_encoded": vectors.num_texts,
        "num_queries_excluding_own_text": int((np.diff(judged.own_indptr) > 0).sum()),
    }
    return placement, found.top, details


def _modality(column: Any) -> str:
    names = column.unique().to_pylist()
    return str(names[0]) if len(names) == 1 else "*"


def _runs(
    corpus: ParallelCorpus, judgements: Judgements, top: TopDocuments, prefix: str
) -> Mapping[str, Run]:
    """The pooled ranking as one run per language of the query."""
    names, codes = corpus.query_languages
    doc_ids = np.array(corpus.documents["doc_id"].to_pylist(), object)
    runs = {}
    for code in np.unique(codes[judgements.query_rows]):
        queries = np.flatnonzero(codes[judgements.query_rows] == code)
        rows, scores = top.document_rows[queries], top.scores[queries]
        found = rows >= 0
        query_ids = corpus.queries["query_id"].take(judgements.query_rows[queries])
        runs[f"{prefix}.{names[code]}"] = Run(
            tuple(query_ids.to_pylist()),
            np.concatenate([[0], np.cumsum(found.sum(axis=1))]).astype(np.int64),
            doc_ids[rows[found]],
            scores[found],
        )
    return runs
