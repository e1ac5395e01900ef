"""Small encoders of every make that texts are encoded with, and texts of very different length."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer

from isoglot.encoders import build_transformer_encoder, train_subwords

WORDS = ["sea", "sky", "red", "blue", "Meer", "Himmel", "rot", "blau", "ทะเล", "ท้องฟ้า", "海", "天空"]


def sentences(number: int, *, longest: int = 40, seed: int = 0) -> list[str]:
    """Distinct texts of 1 to `longest` words."""
    rng = np.random.default_rng(seed)
    lengths = np.minimum(rng.lognormal(1.5, 1.0, number).astype(int) + 1, longest)
    return [f"{' '.join(rng.choice(WORDS, length))} {row}" for row, length in enumerate(lengths)]


@pytest.fixture(scope="session")
def texts() -> list[str]:
    return sentences(90)


@pytest.fixture(scope="session")
def many_texts() -> list[str]:
    return sentences(700, seed=2)


@pytest.fixture(scope="session")
def subwords() -> Tokenizer:
    return train_subwords(sentences(300, seed=1), 200, model="bpe")


@pytest.fixture(scope="session")
def build(subwords: Tokenizer) -> Callable[..., SentenceTransformer]:
    """Builds a Transformer encoder of two narrow layers."""

    def build_small(**options: object) -> SentenceTransformer:
        shape = {"layers": 2, "hidden_size": 32, "heads": 2, "max_tokens": 48} | options
        return build_transformer_encoder(subwords, **shape)

    return build_small


@pytest.fixture(scope="session")
def model(build: Callable[..., SentenceTransformer]) -> SentenceTransformer:
    return build()
