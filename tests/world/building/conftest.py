"""Corpora of scenes that several tests look at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from isoglot.corpora.parallel import ParallelCorpus
from isoglot.retrieval import Embeddings
from isoglot.world.building import build_world_corpus
from isoglot.world.choosing import number_of


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of all media as it was written."""
    place = tmp_path_factory.mktemp("world") / "corpus"
    build_world_corpus(place, groups=40, languages="de,en,sw", side=32, held_out_styles=["night"])
    return place


@pytest.fixture(scope="package")
def texts() -> ParallelCorpus:
    """A corpus of captions in all languages."""
    return build_world_corpus(groups=60, modalities=["text"])


@pytest.fixture(scope="package")
def vectors_by() -> Callable[[ParallelCorpus, Callable[[str], str]], Embeddings]:
    """Vectors in which texts and media are alike exactly where a function of their group is."""

    def embed(names: list[str]) -> np.ndarray:
        rows = [np.random.default_rng(number_of(name)).standard_normal(64) for name in names]
        vectors = np.stack(rows)
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    def vectors_by(corpus: ParallelCorpus, meaning: Callable[[str], str]) -> Embeddings:
        sides = [
            (table[kind].to_pylist(), embed([meaning(group) for group in table["group_id"].to_pylist()]))
            for table, kind in ((corpus.queries, "query_id"), (corpus.documents, "doc_id"))
        ]
        return Embeddings(*sides[0], *sides[1])

    return vectors_by
