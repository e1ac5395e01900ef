"""What the terms of the loss are worth: small trainings with and without each."""

import copy
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from torch.nn import functional

from isoglot.batches.labels import BatchLabels
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.encoders import build_static_encoder, train_subwords
from isoglot.training import ObjectiveSettings, TrainingSettings
from isoglot.training.loss import build_loss

Trained = Callable[[ObjectiveSettings], SentenceTransformer]
NUM_DEV = 20


@pytest.fixture(scope="module")
def trained(toy_corpus: ParallelCorpus) -> Trained:
    """A small encoder after some passes over batches of 12 groups: two queries each, two answers to each."""
    texts = toy_corpus.document_texts(np.arange(toy_corpus.documents.num_rows, dtype=np.int32))
    untrained = build_static_encoder(train_subwords(texts, 400, model="bpe"), 32)
    random = np.random.default_rng(0)
    batches = []
    for _ in range(30):
        groups = random.choice(100, size=12, replace=False)
        queries, documents = answered(toy_corpus, groups, random)
        columns = [untrained.preprocess(queries), untrained.preprocess(documents)]
        owners, codes = torch.arange(24).repeat_interleave(2), torch.from_numpy(groups).repeat_interleave(4)
        labels = BatchLabels(owners, torch.ones_like(owners, dtype=torch.bool), codes, codes)
        batches.append((columns, labels.pack()))

    @cache
    def train(objective: ObjectiveSettings) -> SentenceTransformer:
        loss = build_loss(copy.deepcopy(untrained), TrainingSettings(objective=objective))
        optimiser = torch.optim.Adam(loss.parameters(), lr=0.05)
        for columns, labels in batches * 5:
            optimiser.zero_grad()
            parts = loss([dict(column) for column in columns], labels)
            torch.stack(list(parts.values())).sum().backward()
            optimiser.step()
        return loss.model

    return train


def answered(
    corpus: ParallelCorpus, groups: np.ndarray, random: np.random.Generator
) -> tuple[list[str], list[str]]:
    """Two queries of each group in two languages, and two of its documents for each."""

    def two(codes: np.ndarray, group: int) -> np.ndarray:
        return random.choice(np.flatnonzero(codes == group), size=2, replace=False)

    queries = np.concatenate([two(corpus.query_groups, group) for group in groups])
    documents = np.concatenate([two(corpus.document_groups, group) for group in np.repeat(groups, 2)])
    return corpus.query_texts(queries), corpus.document_texts(documents)


def dev_scores(model: SentenceTransformer, corpus: ParallelCorpus, dimension: int = 32) -> np.ndarray:
    """(groups, 2, groups, 2) scores of two of each dev group's documents for two of each group's queries."""
    sides = answered(corpus, np.arange(100, 100 + NUM_DEV), np.random.default_rng(1))
    queries, documents = (
        functional.normalize(model.encode(texts, convert_to_tensor=True)[:, :dimension]) for texts in sides
    )
    scores = (queries @ documents.T).numpy()
    return scores.reshape(NUM_DEV, 2, NUM_DEV, 4)[..., :2]


def mean_rank(model: SentenceTransformer, corpus: ParallelCorpus, dimension: int = 32) -> float:
    """Mean rank of both right documents among all, in the first dimensions; 1.5 at best."""
    scores = dev_scores(model, corpus, dimension)
    right = scores[np.arange(NUM_DEV), :, np.arange(NUM_DEV)]
    return float((scores.reshape(NUM_DEV, 2, 1, -1) >= right[..., None]).sum(axis=3).mean())


def spread(model: SentenceTransformer, corpus: ParallelCorpus) -> float:
    """Mean difference of the scores of two translations of the right document."""
    right = dev_scores(model, corpus)[np.arange(NUM_DEV), :, np.arange(NUM_DEV)]
    return float(np.abs(right[..., 0] - right[..., 1]).mean())


def query_spread(model: SentenceTransformer, corpus: ParallelCorpus) -> float:
    """Mean difference of the scores that a right document has for two translations of a query."""
    right = dev_scores(model, corpus)[np.arange(NUM_DEV), :, np.arange(NUM_DEV)]
    return float(np.abs(right[:, 0] - right[:, 1]).mean())


@pytest.mark.parametrize(
    ("objective", "measure"),
    [
        (ObjectiveSettings(consistency_weight=3.0), spread),
        (ObjectiveSettings(consistency_weight=0.3, consistency="variance"), spread),
        (ObjectiveSettings(alignment_weight=3.0), spread),
        (ObjectiveSettings(query_consistency_weight=1.0), query_spread),
    ],
    ids=["divergence", "variance", "alignment", "query"],
)
def test_consistency_brings_the_scores_of_translations_together(
    trained: Trained, toy_corpus: ParallelCorpus, objective: ObjectiveSettings, measure: Callable[..., float]
) -> None:
    plain, consistent = trained(ObjectiveSettings()), trained(objective)
    assert measure(consistent, toy_corpus) < 0.9 * measure(plain, toy_corpus)
    assert mean_rank(consistent, toy_corpus) < mean_rank(plain, toy_corpus) + 0.5


def test_matryoshka_makes_the_first_dimensions_better(trained: Trained, toy_corpus: ParallelCorpus) -> None:
    plain = trained(ObjectiveSettings())
    matryoshka = trained(ObjectiveSettings(matryoshka_dimensions=(4, 8)))
    for dimension in (4, 8):
        assert mean_rank(matryoshka, toy_corpus, dimension) < mean_rank(plain, toy_corpus, dimension) - 0.5
    assert mean_rank(matryoshka, toy_corpus) < mean_rank(plain, toy_corpus) + 0.5
