"""Ranks in a collection that is read from disk, against the bare matrix product over the same file.

A million documents of 256 dimensions in ten languages, 1 GB in a memory-mapped file; 10,000 queries with five
relevant documents each; ranks of all of them in every language's collection, and the best 100 documents.

    python benchmarks/large_collection.py              # about 2 minutes on two cores, 1 GB of disk
    python benchmarks/large_collection.py --small      # a fiftieth of the documents, a tenth of the queries

Peak memory is that of this process after the search, which ran before anything else. The same search of the
vectors in memory, and of some queries by the scores of a full product, must give the same ranks.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import track

from isoglot.retrieval import Wanted, lay_out, scan
from isoglot.retrieval.exact import Found, fast_matmul

DIMENSION = 256
NUM_LANGUAGES = 10
NUM_RELEVANT = 5
DEPTH = 100
LIMIT_BYTES = 3 * 2**30
NUM_CHECKED = 50
NOISE = 4.5

Vectors = np.ndarray[Any, np.dtype[np.float32]]


def write_documents(path: Path, num_documents: int) -> None:
    """Unit vectors in random directions, written a slice at a time."""
    rng = np.random.default_rng(0)
    file = np.lib.format.open_memmap(path, "w+", np.float32, (num_documents, DIMENSION))
    for start in track(range(0, num_documents, 50_000), "writing vectors"):
        part = file[start : start + 50_000]
        part[:] = rng.standard_normal(part.shape, np.float32)
        part /= np.linalg.norm(part, axis=1, keepdims=True)
    file.flush()


def build_queries(documents: Vectors, num_queries: int) -> tuple[Vectors, Wanted]:
    """Each query lies near its relevant documents, more or less."""
    rng = np.random.default_rng(1)
    rows = rng.integers(0, len(documents), (num_queries, NUM_RELEVANT), np.int32)
    queries = np.stack([documents[found].sum(axis=0) for found in rows])
    noise = rng.standard_normal(queries.shape, np.float32) / np.sqrt(np.float32(DIMENSION))
    queries = queries + NOISE * noise
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    return queries, Wanted(np.arange(num_queries + 1) * NUM_RELEVANT, rows.ravel())


def search(queries: Vectors, documents: Vectors, wanted: Wanted) -> Found:
    """Ranks of all relevant documents, and the best documents."""
    languages = np.arange(len(documents)) % NUM_LANGUAGES
    doc_ids = [f"d{number:08d}" for number in range(len(documents))]
    collection = lay_out(documents, doc_ids, languages, NUM_LANGUAGES)
    return scan(queries, collection, wanted=wanted, depth=DEPTH)


def multiply(queries: Vectors, documents: Vectors) -> None:
    """The bare matrix product, read from the file a slice at a time."""
    size, columns = 512, 16_384
    scores = torch.empty(size, columns)
    with fast_matmul():
        for first in range(0, len(documents), columns):
            part = torch.from_numpy(np.array(documents[first : first + columns]))
            for start in range(0, len(queries), size):
                some = torch.from_numpy(queries[start : start + size])
                torch.mm(some, part.T, out=scores.view(-1)[: len(some) * len(part)].view(len(some), -1))


def check(found: Found, queries: Vectors, documents: Vectors, wanted: Wanted) -> None:
    """Some ranks by counting in a full product, where no score comes near that of a relevant document."""
    assert found.counts_above is not None
    ranks = found.counts_above.sum(axis=1).reshape(-1, NUM_RELEVANT)
    with fast_matmul():
        product = torch.from_numpy(queries[:NUM_CHECKED]) @ torch.from_numpy(np.array(documents)).T
    scores = product.numpy()
    rows = wanted.document_rows.reshape(-1, NUM_RELEVANT)
    for query in range(min(NUM_CHECKED, len(queries))):
        for number, row in enumerate(rows[query]):
            above = np.count_nonzero(scores[query] > scores[query, row])
            level = np.count_nonzero(scores[query] == scores[query, row])
            assert above <= ranks[query, number] < above + level, (query, row)


def peak_bytes() -> int:
    """The most memory this process has held, pages of mapped files among it."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--small", action="store_true", help="20,000 documents, 1,000 queries")
    parser.add_argument(
        "--folder", type=Path, help="where the file of vectors goes; a temporary one if not named"
    )
    arguments = parser.parse_args()
    num_documents, num_queries = (20_000, 1_000) if arguments.small else (1_000_000, 10_000)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        path = Path(folder) / "document_embeddings.npy"
        write_documents(path, num_documents)
        queries, wanted = build_queries(np.load(path, mmap_mode="r"), num_queries)
        start = time.perf_counter()
        found = search(queries, np.load(path, mmap_mode="r"), wanted)
        ours, peak = time.perf_counter() - start, peak_bytes()
        start = time.perf_counter()
        multiply(queries, np.load(path, mmap_mode="r"))
        product = time.perf_counter() - start
        inside = search(queries[: num_queries // 10], np.load(path), _first(wanted, num_queries // 10))
        check(found, queries, np.load(path, mmap_mode="r"), wanted)
    assert found.counts_above is not None
    assert inside.counts_above is not None
    np.testing.assert_array_equal(inside.counts_above, found.counts_above[: len(inside.counts_above)])
    assert peak < LIMIT_BYTES, f"{peak / 2**30:.2f} GiB"
    Console().print(
        f"{num_queries:,} queries x {num_documents:,} documents x {DIMENSION} dimensions from disk: "
        f"{ours:.1f} s, {ours / product:.2f} times the bare matrix product ({product:.1f} s); "
        f"peak memory {peak / 2**30:.2f} GiB; ranks equal to those of vectors in memory\n"
        f"median rank of a relevant document {np.median(found.counts_above.sum(axis=1)) + 1:,.0f}"
    )


def _first(wanted: Wanted, num_queries: int) -> Wanted:
    indptr = wanted.indptr[: num_queries + 1]
    return Wanted(indptr, wanted.document_rows[: indptr[-1]])


if __name__ == "__main__":
    main()
