"""Recall and latency of a store, with and without filters, against exact search in NumPy in the same run.

    python benchmarks/search.py [--documents N] [--queries N] [--store URI] [--dimension D]

Documents are unit vectors around random centres, with a field that a filter leaves 1, 10 or 50 in a hundred
of. For each filter: recall@10 of the store against NumPy over the documents that fulfil it, the time of a
query at the 50th and 95th percentile, one query at a time, its processor time over all threads, and the
store's median as a share of NumPy's (a product with all vectors, and the ten largest), the two asked in turn.
Then the same of a lexical search, without NumPy.
`--store` is a place for the store, of any engine; without it, a temporary folder.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from isoglot.search import Filter, Store, StoredDocument, create_store

K = 10
BATCH = 8_192
SHARES = (100, 50, 10, 1)
LANGUAGES = ("en", "de", "th", "zh", "ar")
NUM_WORDS = 5_000

Vectors = npt.NDArray[np.float32]


def clustered(num_rows: int, dimension: int, centres: Vectors, seed: int) -> Vectors:
    """Unit vectors around random centres, the noise as long as the centre."""
    rng = np.random.default_rng(seed)
    vectors = centres[rng.integers(len(centres), size=num_rows)].copy()
    vectors += rng.normal(size=vectors.shape).astype(np.float32) / np.sqrt(dimension).astype(np.float32)
    scaled: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


def fill(store: Store, vectors: Vectors, shares: npt.NDArray[np.int64]) -> None:
    """Adds a document for each vector, with a few words of a skewed vocabulary."""
    words = np.random.default_rng(1).zipf(1.3, size=(len(vectors), 12)) % NUM_WORDS
    for start in range(0, len(vectors), BATCH):
        rows = range(start, min(start + BATCH, len(vectors)))
        documents = [
            StoredDocument(
                f"d{row}",
                language=LANGUAGES[row % len(LANGUAGES)],
                text=" ".join(f"w{word}" for word in words[row]),
                fields={"share": int(shares[row])},
            )
            for row in rows
        ]
        store.add(documents, vectors[rows.start : rows.stop])


def exact(vectors: Vectors, allowed: npt.NDArray[np.int64] | None, query: Vectors) -> npt.NDArray[np.int64]:
    """Rows of the ten most similar documents, of those that are allowed."""
    scores = vectors @ query
    if allowed is not None:
        scores = scores[allowed]
    best = np.argpartition(-scores, K)[:K]
    best = best[np.argsort(-scores[best])]
    return best if allowed is None else allowed[best]


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """What a call gives, and its milliseconds."""
    start = time.perf_counter()
    found = call()
    return found, (time.perf_counter() - start) * 1e3


def measure(
    store: Store, vectors: Vectors, shares: npt.NDArray[np.int64], queries: Vectors, share: int
) -> str:
    """A line of the table: one filter."""
    where = None if share == 100 else Filter.of(where=[f"share<{share}"])
    allowed = None if share == 100 else np.flatnonzero(shares < share)
    store.search(queries[0], K, where)  # the first opens files
    hits, ours, theirs, busy = 0, [], [], 0.0
    for query in queries:
        before = time.process_time()
        found, milliseconds = timed(lambda query=query: store.search(query, K, where))  # type: ignore[misc]
        right, numpy_milliseconds = timed(lambda query=query: exact(vectors, allowed, query))  # type: ignore[misc]
        busy += time.process_time() - before
        ours.append(milliseconds)
        theirs.append(numpy_milliseconds)
        hits += len({hit.document.doc_id for hit in found} & {f"d{row}" for row in right})
    recall = hits / (len(queries) * K)
    p50, p95 = np.percentile(ours, [50, 95])
    ratio = p50 / np.median(theirs)
    label = "no filter" if share == 100 else f"{share} % fulfil it"
    return (
        f"{label:>15}  {recall:9.4f}  {p50:8.1f}  {p95:8.1f}  {busy / len(queries) * 1e3:6.1f}  "
        f"{np.median(theirs):9.1f}  {ratio:7.2f}"
    )


def measure_words(store: Store, num_queries: int) -> str:
    """A line about lexical search with three words."""
    words = np.random.default_rng(2).zipf(1.3, size=(num_queries, 3)) % NUM_WORDS
    store.search_text("w1", K)
    taken = [
        timed(lambda row=row: store.search_text(" ".join(f"w{word}" for word in row), K))[1] for row in words
    ]  # type: ignore[misc]
    return f"{'three words':>15}  {'':9}  {np.percentile(taken, 50):8.1f}  {np.percentile(taken, 95):8.1f}"


def report(uri: str, num_documents: int, num_queries: int, dimension: int) -> None:
    """Fills a store, and prints the table."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(max(num_documents // 100, 1), dimension)).astype(np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    vectors = clustered(num_documents, dimension, centres, seed=3)
    queries = clustered(num_queries, dimension, centres, seed=4)
    shares = rng.integers(100, size=num_documents)
    store = create_store(
        uri, model="none", fingerprint="none", dimension=dimension, fields={"share": "integer"}
    )
    _, filling = timed(lambda: fill(store, vectors, shares))
    print(
        f"{num_documents:,} documents x {dimension}: added in {filling / 1e3:.1f} s "
        f"({num_documents / filling * 1e3:,.0f} a second)",
        flush=True,
    )
    _, optimising = timed(store.optimise)
    print(f"indexes in {optimising / 1e3:.1f} s", flush=True)
    print(f"{'':>15}  recall@{K}    p50 ms    p95 ms  cpu ms  numpy p50    ratio")
    for share in SHARES:
        print(measure(store, vectors, shares, queries, share), flush=True)
    print(measure_words(store, num_queries))
    store.close()


def main() -> None:
    """Reads the arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--store", help="where; without it, a temporary folder")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        uri = given.store or str(Path(folder) / "store")
        report(uri, given.documents, given.queries, given.dimension)


if __name__ == "__main__":
    main()
