"""A parallel corpus that is small enough to rank by hand, and vectors for it."""

from __future__ import annotations

import numpy as np
import pytest

from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo
from isoglot.retrieval import Embeddings

LANGUAGES = ("ar", "de", "en", "zh")


def _build_parallel(groups=30, languages=LANGUAGES, *, symmetric=False):
    builder = CorpusBuilder(CorpusInfo("tiny", symmetric=symmetric))
    for group in range(groups):
        for language in languages:
            builder.add_query(f"q{group}.{language}", f"g{group}", language, f"question {group} {language}")
            builder.add_document(f"d{group}.{language}", f"g{group}", language, f"answer {group} {language}")
        builder.judge_group("test", f"g{group}")
    return builder.build()


def _embed_by_meaning(corpus, *, pull=0.0, noise=0.3, seed=0):
    """Vectors that share a part by group and, with `pull`, a part by language."""
    rng = np.random.default_rng(seed)
    parts = {}

    def vectors(table):
        rows = []
        for group, language in zip(table["group_id"].to_pylist(), table["language"].to_pylist(), strict=True):
            for key in (group, language):
                if key not in parts:
                    parts[key] = rng.standard_normal(24)
            rows.append(parts[group] + pull * parts[language] + noise * rng.standard_normal(24))
        return np.array(rows, np.float32)

    return Embeddings(
        corpus.queries["query_id"].to_pylist(),
        vectors(corpus.queries),
        corpus.documents["doc_id"].to_pylist(),
        vectors(corpus.documents),
    )


@pytest.fixture(scope="session")
def build_parallel():
    """Builds a corpus with a query and a document for each group and language."""
    return _build_parallel


@pytest.fixture(scope="session")
def embed_by_meaning():
    """Makes vectors that share a part by group and, with `pull`, a part by language."""
    return _embed_by_meaning


@pytest.fixture(scope="session")
def tiny():
    return _build_parallel()


@pytest.fixture(scope="session")
def vectors(tiny):
    return _embed_by_meaning(tiny, pull=0.7)
