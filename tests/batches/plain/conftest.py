"""Pairs for plain sentence-transformers: 40 groups of made-up words in three languages."""

from __future__ import annotations

import numpy as np
import pytest
from datasets import Dataset, DatasetDict
from sentence_transformers import SentenceTransformer

from isoglot.encoders import build_static_encoder, train_subwords

LANGUAGES = ("de", "en", "th")
NUM_GROUPS = 40


def pair(group: int, query_language: str, document_language: str) -> dict[str, str]:
    """A query of three words and a document of five, word by word the same in every language."""
    words = np.random.default_rng(group).choice(60, size=5, replace=False)
    return {
        "query_language": query_language,
        "query": " ".join(f"{query_language}{word}" for word in words[:3]),
        "document_language": document_language,
        "document": " ".join(f"{document_language}{word}" for word in words),
        "group_id": f"g{group}",
    }


@pytest.fixture
def pairs() -> Dataset:
    """Every group in every pair of languages: 360 rows, the columns of languages in between."""
    return Dataset.from_list(
        [
            pair(group, query, document)
            for group in range(NUM_GROUPS)
            for query in LANGUAGES
            for document in LANGUAGES
        ]
    )


@pytest.fixture
def pair_sets() -> DatasetDict:
    """One data set a language pair, all of one length, row i of group i."""
    names = ("en-en", "de-de", "en-de", "de-en")
    return DatasetDict(
        {
            name: Dataset.from_list(
                [pair(group, *name.split("-")) for group in range(NUM_GROUPS)]
            ).select_columns(["query", "document", "group_id"])
            for name in names
        }
    )


@pytest.fixture
def static_encoder(pairs: Dataset) -> SentenceTransformer:
    """A small encoder that trains in milliseconds."""
    return build_static_encoder(train_subwords(pairs["document"], 400, model="bpe"), 16)
