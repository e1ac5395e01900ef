from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import numpy as np
import pytest

from isoglot.classification import PairClassifier, build_classifier
from isoglot.corpora import CorpusBuilder, CorpusInfo, ParallelCorpus
from isoglot.corpora.labelled import label_pairs
from isoglot.encoders import build_static_encoder, build_transformer_encoder, train_subwords

NUM_WORDS = 24
LANGUAGES = ("de", "en", "fr")
SPLITS = {"train": 150, "dev": 20, "test": 40}

Build = Callable[..., PairClassifier]


@pytest.fixture(scope="session")
def paraphrases() -> ParallelCorpus:
    """Pairs of three made-up words: the same in another order (1), or other words (0); in three languages.

    French lacks the second sentence of every fifth pair of `test`.
    """
    rng = np.random.default_rng(0)
    builder = CorpusBuilder(CorpusInfo("orders", symmetric=True))
    pairs: dict[str, list[tuple[str, str, float]]] = {}
    orders = list(permutations(range(3)))[1:]
    for split, count in SPLITS.items():
        for number in range(count):
            words = rng.choice(NUM_WORDS, 3, replace=False)
            label = number % 2
            order = orders[rng.integers(len(orders))]
            others = rng.choice(NUM_WORDS, 3, replace=False)
            second = [words[place] for place in order] if label else others
            names = f"{split}{number}a", f"{split}{number}b"
            for side, (name, chosen) in enumerate(zip(names, (words, second), strict=True)):
                for language in LANGUAGES:
                    if not (language == "fr" and split == "test" and side and number % 5 == 0):
                        text = " ".join(f"{language}{word}" for word in chosen)
                        builder.add_sentence(f"{name}.{language}", name, language, text)
            pairs.setdefault(split, []).append((*names, float(label)))
    corpus = builder.build()
    for split, lines in pairs.items():
        corpus = label_pairs(corpus, split, "paraphrase", lines)
    return corpus


@pytest.fixture(scope="session")
def build(paraphrases: ParallelCorpus) -> Build:
    """Makes a new classifier on a small encoder with random weights: static, transformer or joint."""
    texts = paraphrases.documents["text"].to_pylist()
    tokenizer = train_subwords(texts, 300, model="bpe")

    def made(kind: str = "static", *, seed: int = 0, dropout: float = 0.0) -> PairClassifier:
        if kind == "static":
            encoder = build_static_encoder(tokenizer, 16, seed=seed)
        else:
            encoder = build_transformer_encoder(tokenizer, layers=1, hidden_size=16, heads=2, seed=seed)
        return build_classifier(encoder, "paraphrase", joint=kind == "joint", dropout=dropout, seed=seed)

    return made
