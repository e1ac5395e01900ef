"""Evaluation from ready vectors, against the bare matrix product and against ir-measures, in the same run.

The shape is XQuAD-R's: 11 languages, 13,090 queries, 13,014 documents, 11 relevant documents for each query,
256 dimensions; the vectors are random, which is the worst case for ranks.

    python benchmarks/evaluation.py            # about 20 seconds on two cores
    python benchmarks/evaluation.py --small    # a tenth of the queries and documents
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.evaluation import evaluate, measure_run
from isoglot.evaluation.trec import Run, measure_run_with_ir_measures
from isoglot.retrieval import Embeddings, Wanted, lay_out, scan, search
from isoglot.retrieval.encode import normalize
from isoglot.retrieval.exact import fast_matmul

LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
DIMENSION = 256
MEASURES = ("AP", "nDCG@10", "R@100", "RR")


def build_corpus(num_groups: int, num_documents: int) -> ParallelCorpus:
    """Questions in every language, with an answer in every language; a few questions share one."""
    builder = CorpusBuilder(CorpusInfo("random"))
    num_answers = num_documents // len(LANGUAGES)
    for group in range(num_groups):
        for language in LANGUAGES:
            builder.add_query(f"q{group}.{language}", f"a{group % num_answers}", language, "query")
        builder.judge_group("test", f"a{group % num_answers}")
    for answer in range(num_answers):
        for language in LANGUAGES:
            builder.add_document(f"d{answer}.{language}", f"a{answer}", language, "document")
    for spare in range(num_documents - num_answers * len(LANGUAGES)):
        builder.add_document(f"spare{spare}", None, "en", "document")
    return builder.build()


def embed_at_random(corpus: ParallelCorpus) -> Embeddings:
    """Unit vectors in random directions."""
    rng = np.random.default_rng(0)

    def unit(number: int) -> np.ndarray[Any, np.dtype[np.float32]]:
        vectors = rng.standard_normal((number, DIMENSION), dtype=np.float32)
        return normalize(vectors)

    query_ids, doc_ids = corpus.queries["query_id"].to_pylist(), corpus.documents["doc_id"].to_pylist()
    return Embeddings(query_ids, unit(len(query_ids)), doc_ids, unit(len(doc_ids)))


def multiply(vectors: Embeddings) -> None:
    """The bare matrix product, in chunks that stay in the cache, by PyTorch's fastest exact kernel."""
    queries = torch.from_numpy(vectors.query_embeddings)
    documents = torch.from_numpy(vectors.document_embeddings)
    size = 512
    scores = torch.empty(size, len(documents))
    with fast_matmul():
        for start in range(0, len(queries), size):
            part = queries[start : start + size]
            torch.mm(part, documents.T, out=scores[: len(part)])


def multiply_and_rank(corpus: ParallelCorpus, vectors: Embeddings) -> None:
    """Ranks of all relevant documents in every language's collection."""
    judgements = corpus.judgements("test")
    names, codes = corpus.document_languages
    collection = lay_out(vectors.document_embeddings, corpus.documents["doc_id"], codes, len(names))
    scan(vectors.query_embeddings, collection, wanted=Wanted(judgements.indptr, judgements.document_rows))


def seconds(job: Callable[[], object]) -> float:
    """Wall-clock time of a job."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def compare_with_ir_measures(
    corpus: ParallelCorpus, vectors: Embeddings, num_queries: int
) -> dict[str, float]:
    """Time of the pooled measures for some queries, by isoglot and by ir-measures.

    Both start from the same run of 1,000 documents per query, and their values must be equal.
    """
    judgements = corpus.judgements("test")
    collection = lay_out(vectors.document_embeddings, corpus.documents["doc_id"])
    top = search(vectors.query_embeddings[:num_queries], collection, 1_000)
    doc_ids = np.array(vectors.doc_ids, object)
    qrels = {
        vectors.query_ids[query]: dict.fromkeys(
            doc_ids[judgements.document_rows[slice(*judgements.indptr[query : query + 2])]].tolist(), 1
        )
        for query in range(num_queries)
    }
    run = Run(
        tuple(vectors.query_ids[:num_queries]),
        np.arange(num_queries + 1) * top.document_rows.shape[1],
        doc_ids[top.document_rows.ravel()],
        top.scores.ravel(),
    )
    ours, theirs = measure_run(qrels, run, MEASURES), measure_run_with_ir_measures(qrels, run, MEASURES)
    for name in MEASURES:
        np.testing.assert_allclose(ours.values[name], theirs[name], atol=1e-9)
    return {
        "isoglot": seconds(lambda: measure_run(qrels, run, MEASURES)),
        "ir-measures": seconds(lambda: measure_run_with_ir_measures(qrels, run, MEASURES)),
    }


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--small", action="store_true", help="a tenth of the size")
    parser.add_argument("--rounds", type=int, default=5, help="the median of this many is shown")
    arguments = parser.parse_args()
    scale = 10 if arguments.small else 1
    corpus = build_corpus(1_190 // scale, 13_014 // scale)
    vectors = embed_at_random(corpus)
    jobs: dict[str, Callable[[], object]] = {
        "bare matrix product": lambda: multiply(vectors),
        "ranks of all relevant documents": lambda: multiply_and_rank(corpus, vectors),
        "three settings, bias": lambda: evaluate(vectors, corpus, measures=MEASURES, num_resamples=1),
        "the same with intervals": lambda: evaluate(vectors, corpus, measures=MEASURES),
        "the same with runs of 100": lambda: evaluate(vectors, corpus, measures=MEASURES, run_depth=100),
    }
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(arguments.rounds):  # one after the other, so that a busy machine slows all alike
        for name, job in jobs.items():
            times[name].append(seconds(job))
    table = Table("job", "seconds", "x matrix product", title=repr(corpus), title_justify="left")
    ratios = {
        name: np.median(np.array(found) / np.array(times["bare matrix product"]))
        for name, found in times.items()
    }
    for name, found in times.items():
        table.add_row(name, f"{np.median(found):.2f}", f"{ratios[name]:.2f}")
    console = Console()
    console.print(table)
    part = compare_with_ir_measures(corpus, vectors, 1_000 // scale)
    console.print(
        f"measures of a ready run, {1_000 // scale:,} queries x 1,000 ranks, values equal: "
        f"isoglot {part['isoglot']:.2f} s, ir-measures (pytrec_eval) {part['ir-measures']:.2f} s, "
        f"{part['ir-measures'] / part['isoglot']:.1f} times as long"
    )


if __name__ == "__main__":
    main()
