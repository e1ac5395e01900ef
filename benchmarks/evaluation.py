"""Evaluation from ready vectors, against the bare matrix product and against sentence-transformers.

The shape is XQuAD-R's: 11 languages, 13,090 queries, 13,014 documents, 11 relevant documents for each query.
Vectors are of two kinds. "good": a query lies near its answers, which lie near each other, as in a model that
was trained for it; "random": nothing lies near anything, the worst case for ranks, which no trained model
reaches. `--xquad-r` adds the texts of XQuAD-R under random vectors of their subwords, averaged: a model that
finds answers in the query's language and hardly any in another.

    python benchmarks/evaluation.py                      # about 4 minutes on two cores
    python benchmarks/evaluation.py --xquad-r FOLDER     # also with the published texts
    python benchmarks/evaluation.py --small              # a tenth of the queries and documents

All jobs take turns, round by round, so that a busy machine slows all alike. A ratio is the median over the
rounds; the ratio of the shortest times, which other work on the machine disturbs least, stands beside it.
sentence-transformers' InformationRetrievalEvaluator is timed on some of its 11 monolingual, 110 cross-lingual
and 11 pooled evaluations, whose values must be ours; the time of all follows from the mean of each kind.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from isoglot.corpora import read_dataset
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.evaluation import evaluate
from isoglot.retrieval import Embeddings, Wanted, lay_out, scan
from isoglot.retrieval.encode import normalize
from isoglot.retrieval.exact import fast_matmul

LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
DIMENSIONS = (256, 768)
NOISE = 1.5
LANGUAGE_SHARE = 0.5
MEASURES = ("AP@100", "nDCG@10", "RR@10", "success@1", "R@100")
PEER_NAMES = ("map@100", "ndcg@10", "mrr@10", "accuracy@1", "recall@100")
PRODUCT = "bare matrix product"
WITH_BIAS = "all settings, measures and bias"

Vectors = np.ndarray[Any, np.dtype[np.float32]]


def build_corpus(num_groups: int, num_documents: int) -> ParallelCorpus:
    """Questions in every language, with an answer in every language; a few questions share one."""
    builder = CorpusBuilder(CorpusInfo("synthetic"))
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


def embed_at_random(corpus: ParallelCorpus, dimension: int) -> Embeddings:
    """Unit vectors in random directions."""
    rng = np.random.default_rng(0)
    sizes = corpus.queries.num_rows, corpus.documents.num_rows
    return _embeddings(corpus, *(rng.standard_normal((size, dimension), np.float32) for size in sizes))


def embed_well(corpus: ParallelCorpus, dimension: int) -> Embeddings:
    """A direction for each answer, some of it for each language, and noise for each text."""
    rng = np.random.default_rng(0)
    judgements = corpus.judgements("test")
    answers = np.arange(corpus.documents.num_rows)
    first = judgements.document_rows[judgements.indptr[:-1]]
    answers[judgements.document_rows] = np.repeat(first, np.diff(judgements.indptr))
    meanings = rng.standard_normal((len(answers), dimension), np.float32)
    tongues = LANGUAGE_SHARE * rng.standard_normal((len(LANGUAGES) + 1, dimension), np.float32)

    def texts(meaning: Any, language: Any) -> Vectors:
        noise = NOISE * rng.standard_normal((len(meaning), dimension), np.float32)
        return meanings[meaning] + tongues[language] + noise

    queries = texts(first, corpus.query_languages[1][judgements.query_rows])
    everything = np.zeros((corpus.queries.num_rows, dimension), np.float32)
    everything[judgements.query_rows] = queries
    return _embeddings(corpus, everything, texts(answers, corpus.document_languages[1]))


def embed_subwords(corpus: ParallelCorpus, dimension: int) -> Embeddings:
    """Each text as the mean of random vectors of its runs of three characters."""
    rng = np.random.default_rng(0)
    table = rng.standard_normal((2**16, dimension), np.float32)

    def texts(strings: Sequence[str]) -> Vectors:
        padded = (f" {text.lower()} " for text in strings)
        runs = ([hash_run(text[at : at + 3]) for at in range(len(text) - 2)] for text in padded)
        return np.stack([table[run].mean(axis=0) for run in runs])

    queries = corpus.query_texts(np.arange(corpus.queries.num_rows, dtype=np.int32))
    documents = corpus.document_texts(np.arange(corpus.documents.num_rows, dtype=np.int32))
    return _embeddings(corpus, texts(queries), texts(documents))


def hash_run(run: str) -> int:
    """A number below 2**16 for a run of characters, the same in every process."""
    number = 0
    for character in run:
        number = (number * 1_000_003 + ord(character)) % (2**16 - 15)
    return number


def _embeddings(corpus: ParallelCorpus, queries: Vectors, documents: Vectors) -> Embeddings:
    query_ids, doc_ids = corpus.queries["query_id"].to_pylist(), corpus.documents["doc_id"].to_pylist()
    return Embeddings(query_ids, normalize(queries), doc_ids, normalize(documents))


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


def rank(corpus: ParallelCorpus, vectors: Embeddings, depth: int = 0) -> np.ndarray[Any, Any]:
    """Ranks of all relevant documents in every language's collection, and in their union."""
    judgements = corpus.judgements("test")
    names, codes = corpus.document_languages
    collection = lay_out(vectors.document_embeddings, corpus.documents["doc_id"], codes, len(names))
    queries = vectors.query_embeddings[judgements.query_rows]
    wanted = Wanted(judgements.indptr, judgements.document_rows)
    counts = scan(queries, collection, wanted=wanted, depth=depth).counts_above
    assert counts is not None
    return counts.sum(axis=1) + 1


def seconds(job: Callable[[], object]) -> float:
    """Wall-clock time of a job."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def take_turns(jobs: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, np.ndarray[Any, Any]]:
    """(rounds,) seconds of each job."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            times[name].append(seconds(job))
    return {name: np.array(found) for name, found in times.items()}


class StoredVectors:
    """What sentence-transformers' evaluator asks of a model, with every text being an id."""

    def __init__(self, vectors: Embeddings) -> None:
        self.similarity_fn_name = "cosine"
        self.model_card_data = argparse.Namespace(set_evaluation_metrics=lambda *_, **__: None)
        self._queries = dict(zip(vectors.query_ids, torch.from_numpy(vectors.query_embeddings), strict=True))
        documents = torch.from_numpy(vectors.document_embeddings)
        self._documents = dict(zip(vectors.doc_ids, documents, strict=True))

    def similarity(self, queries: torch.Tensor, documents: torch.Tensor) -> torch.Tensor:
        """Products of unit vectors."""
        return queries @ documents.T

    def encode_query(self, ids: Sequence[str], **_: object) -> torch.Tensor:
        """(n, D) vectors."""
        return torch.stack([self._queries[name] for name in ids])

    def encode_document(self, ids: Sequence[str], **_: object) -> torch.Tensor:
        """(n, D) vectors."""
        return torch.stack([self._documents[name] for name in ids])


def compare_with_sentence_transformers(
    corpus: ParallelCorpus, vectors: Embeddings, num_each: int
) -> tuple[float, int, float]:
    """Seconds for all 11 + 110 + 11 evaluations, how many were timed, and how far values differ at most."""
    from sentence_transformers.sentence_transformer.evaluation import InformationRetrievalEvaluator

    ours = {
        (value.query_language, value.document_language, value.measure): value.value
        for value in evaluate(vectors, corpus, measures=MEASURES, num_resamples=1, head_depth=0).records
    }
    model = StoredVectors(vectors)
    pairs = {
        "monolingual": [(name, name) for name in LANGUAGES],
        "cross_lingual": [(a, b) for a in LANGUAGES for b in LANGUAGES if a != b],
        "multilingual": [(name, "*") for name in LANGUAGES],
    }
    total, timed, worst = 0.0, 0, 0.0
    for chosen in pairs.values():
        some = chosen[:: max(1, len(chosen) // num_each)][:num_each]
        spent = 0.0
        for query_language, document_language in some:
            queries, documents, relevant = _select(corpus, query_language, document_language)
            peer = InformationRetrievalEvaluator(
                queries,
                documents,
                relevant,
                precision_recall_at_k=[100],
                accuracy_at_k=[1],
                write_csv=False,
                score_functions={"cosine": model.similarity},
            )
            start = time.perf_counter()
            values = peer.compute_metrices(model)["cosine"]
            spent += time.perf_counter() - start
            for name, peer_name in zip(MEASURES, PEER_NAMES, strict=True):
                family, cutoff = peer_name.split("@")
                theirs = values[f"{family}@k"][int(cutoff)]
                worst = max(worst, abs(theirs - ours[query_language, document_language, name]))
        total += spent / len(some) * len(chosen)
        timed += len(some)
    assert worst < 1e-4, f"values differ by {worst}"
    return total, timed, worst


def _select(
    corpus: ParallelCorpus, query_language: str, document_language: str
) -> tuple[dict[str, str], dict[str, str], dict[str, set[str]]]:
    """Queries, documents and relevant documents of one evaluation, with ids for texts."""
    judgements = corpus.judgements("test")
    query_ids, doc_ids = corpus.queries["query_id"].to_pylist(), corpus.documents["doc_id"].to_pylist()
    query_names, query_codes = corpus.query_languages
    names, codes = corpus.document_languages
    inside = (
        np.ones(len(codes), bool) if document_language == "*" else codes == names.index(document_language)
    )
    relevant = {}
    for number, row in enumerate(judgements.query_rows):
        if query_names[query_codes[row]] == query_language:
            rows = judgements.document_rows[judgements.indptr[number] : judgements.indptr[number + 1]]
            relevant[query_ids[row]] = {doc_ids[found] for found in rows[inside[rows]]}
    documents = {doc_ids[row]: doc_ids[row] for row in np.flatnonzero(inside)}
    return {name: name for name in relevant}, documents, relevant


def report(corpus: ParallelCorpus, vectors: Embeddings, title: str, rounds: int, console: Console) -> float:
    """Times everything with some vectors, prints it, and returns the seconds of a whole evaluation."""
    jobs: dict[str, Callable[[], object]] = {
        PRODUCT: lambda: multiply(vectors),
        "ranks of all relevant documents": lambda: rank(corpus, vectors),
        "ranks and the best 10": lambda: rank(corpus, vectors, 10),
        "all settings, measures and rank distance": lambda: evaluate(
            vectors, corpus, measures=MEASURES, num_resamples=1, head_depth=0
        ),
        WITH_BIAS: lambda: evaluate(vectors, corpus, measures=MEASURES, num_resamples=1),
        "the same with intervals": lambda: evaluate(vectors, corpus, measures=MEASURES),
        "the same with runs of 100": lambda: evaluate(vectors, corpus, measures=MEASURES, run_depth=100),
    }
    times = take_turns(jobs, rounds)
    ranks = rank(corpus, vectors)
    title = f"{title}: median rank of a relevant document {np.median(ranks):,.0f} of {len(vectors.doc_ids):,}"
    table = Table("job", "seconds", "x product", "x product, shortest", title=title, title_justify="left")
    product = times[PRODUCT]
    for name, found in times.items():
        table.add_row(
            name,
            f"{np.median(found):.2f}",
            f"{np.median(found / product):.2f}",
            f"{found.min() / product.min():.2f}",
        )
    console.print(table)
    return float(np.median(times[WITH_BIAS]))


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--small", action="store_true", help="a tenth of the size")
    parser.add_argument("--rounds", type=int, default=5, help="how often each job is timed")
    parser.add_argument("--dimensions", type=int, nargs="+", default=DIMENSIONS)
    parser.add_argument("--evaluations", type=int, default=3, help="of each kind that the peer is timed on")
    parser.add_argument("--xquad-r", type=Path, metavar="FOLDER", help="the published files")
    arguments = parser.parse_args()
    scale = 10 if arguments.small else 1
    console = Console()
    corpus = build_corpus(1_190 // scale, 13_014 // scale)
    kinds: dict[str, tuple[ParallelCorpus, Callable[[ParallelCorpus, int], Embeddings]]] = {
        "good": (corpus, embed_well),
        "random": (corpus, embed_at_random),
    }
    if arguments.xquad_r:
        kinds["subwords"] = read_dataset("xquad-r", arguments.xquad_r), embed_subwords
    for dimension in arguments.dimensions:
        for kind, (of, embed) in kinds.items():
            vectors = embed(of, dimension)
            ours = report(of, vectors, f"{kind} vectors, {dimension} dimensions", arguments.rounds, console)
            if kind == "good":
                peer, timed, worst = compare_with_sentence_transformers(of, vectors, arguments.evaluations)
                console.print(
                    f"sentence-transformers: {peer:.1f} s for 11 + 110 + 11 evaluations, from {timed} of "
                    f"them; {peer / ours:.0f} times as long as ours with bias; "
                    f"values differ by at most {worst:.0e}\n"
                )


if __name__ == "__main__":
    main()
