"""Lexical search in eleven languages: this package's words against words between spaces, in the same store.

    python benchmarks/lexical_search.py [XQUAD_R] [--queries N]

XQUAD_R is the folder with XQuAD-R's files; without it, one beside the repository, if there is one. Prints for
each language the share of questions for which one of the first ten sentences of the same language, by BM25,
is judged relevant: with `isoglot.search.lexical`, with what stands between spaces, and with runs of letters
and digits.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np

from isoglot.corpora import ParallelCorpus, read_corpus
from isoglot.search import Filter, StoredDocument, create_store
from isoglot.search import lance as lance_stores
from isoglot.search.lexical import tokenize

XQUAD_R = Path(__file__).parents[2] / "shared" / "data" / "xquad-r"
K = 10
Tokenize = Callable[[str], list[str]]
WAYS: dict[str, Tokenize] = {
    "isoglot": tokenize,
    "spaces": lambda text: text.lower().split(),
    r"\w+": lambda text: re.findall(r"\w+", text.lower()),
}


def measure(corpus: ParallelCorpus, way: Tokenize, num_queries: int, folder: Path) -> dict[str, float]:
    """Share of questions answered among the first ten, by language."""
    documents = corpus.documents.to_pylist()
    queries = corpus.queries.to_pylist()
    judged = corpus.judgements(next(iter(corpus.splits)))
    rng = np.random.default_rng(0)
    found = {}
    with mock.patch.object(lance_stores, "tokenize", way):
        store = create_store(folder, model="none", fingerprint="none", dimension=1)
        texts = [
            StoredDocument(row["doc_id"], language=row["language"], text=row["text"]) for row in documents
        ]
        store.add(texts, np.ones((len(texts), 1), np.float32))
        store.optimise()
        languages = np.array([queries[row]["language"] for row in judged.query_rows])
        for language in sorted(set(languages)):
            there = np.flatnonzero(languages == language)
            chosen = rng.choice(there, min(num_queries, len(there)), replace=False)
            hits = 0
            for place in chosen:
                rows = judged.document_rows[judged.indptr[place] : judged.indptr[place + 1]]
                right = {documents[row]["doc_id"] for row in rows}
                text = queries[judged.query_rows[place]]["text"]
                answer = store.search_text(text, K, Filter.of(language=[language]))
                hits += any(hit.document.doc_id in right for hit in answer)
            found[language] = hits / len(chosen)
        store.close()
    return found


def main() -> None:
    """Reads the arguments, and prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path, nargs="?", help="XQuAD-R's folder")
    parser.add_argument("--queries", type=int, default=200, help="questions of each language")
    given = parser.parse_args()
    if given.source is None and not XQUAD_R.is_dir():
        print("nothing to read: name XQuAD-R's folder")
        return
    corpus = read_corpus("xquad-r", source=given.source or XQUAD_R)
    with tempfile.TemporaryDirectory() as folder:
        columns = {
            name: measure(corpus, way, given.queries, Path(folder) / str(number))
            for number, (name, way) in enumerate(WAYS.items())
        }
    print("language  " + "  ".join(f"{name:>8}" for name in columns))
    for language in columns["isoglot"]:
        print(f"{language:8}  " + "  ".join(f"{column[language]:8.3f}" for column in columns.values()))


if __name__ == "__main__":
    main()
