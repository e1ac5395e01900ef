"""Hard negatives of a batch."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from isoglot.batches import (
    CrossLingual,
    MixEntries,
    MixPassages,
    Monolingual,
    PairBatch,
    PairBatchSampler,
    Pooled,
    RoundRobin,
    Scheme,
    TrainingPairs,
    training_pairs,
)
from isoglot.batches.collation import PairCollator
from isoglot.batches.negatives import Lists
from isoglot.corpora.negatives import HardNegatives
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.encoders import build_static_encoder, train_subwords
from isoglot.errors import ConfigError


def mined(corpus: ParallelCorpus, group_of: int = 1) -> ParallelCorpus:
    """Every query but those of every seventh group has all documents of the next group(s) as negatives."""
    queries, documents = [], []
    for row, group in enumerate(corpus.query_groups.tolist()):
        if group % 7 and group < 100:
            found = [
                document
                for step in range(1, group_of + 1)
                for document in np.flatnonzero(corpus.document_groups == (group + step) % 100).tolist()
            ]
            queries += [row] * len(found)
            documents += found
    negatives = HardNegatives.from_pairs(
        corpus.queries.num_rows,
        np.array(queries, np.int32),
        np.array(documents, np.int32),
        np.ones(len(queries), np.float32),
    )
    return replace(corpus, negatives={"train": negatives})


@pytest.fixture(scope="module")
def pairs(toy_corpus: ParallelCorpus) -> TrainingPairs:
    return training_pairs(mined(toy_corpus))


def draw(
    pairs: TrainingPairs, scheme: Scheme, num_negatives: int = 2, number: int = 40, size: int = 16
) -> list[PairBatch]:
    sampler = PairBatchSampler(pairs, scheme, size, number, num_negatives=num_negatives)
    return [share.batch for share in sampler]


ALL = [Monolingual(), CrossLingual(), Pooled(2), MixPassages(), MixEntries(), RoundRobin()]


@pytest.mark.parametrize("scheme", ALL, ids=repr)
def test_negatives_are_those_of_the_query_or_answers_to_another(pairs: TrainingPairs, scheme: Scheme) -> None:
    corpus = pairs.corpus
    for batch in draw(pairs, scheme):
        groups = corpus.query_groups[batch.query_rows]
        found = corpus.document_groups[batch.negative_rows]
        assert found.shape == (16, 2)
        own = found == (groups[:, None] + 1) % 100
        of_another = np.isin(found, groups) & (found != groups[:, None])
        assert (own | of_another).all()
        if scheme != Monolingual():  # where some may be missing in the language of the batch
            assert own[groups % 7 != 0].all()


@pytest.mark.parametrize("scheme", ALL, ids=repr)
def test_negatives_leave_the_pairs_as_they_are(pairs: TrainingPairs, scheme: Scheme) -> None:
    for batch, bare in zip(draw(pairs, scheme), draw(pairs, scheme, 0), strict=True):
        assert np.array_equal(batch.query_rows, bare.query_rows)
        assert np.array_equal(batch.document_rows, bare.document_rows)
        assert bare.negative_rows.shape == (16, 0)


def test_negatives_depend_on_seed_and_epoch_alone(pairs: TrainingPairs) -> None:
    first, again = draw(pairs, CrossLingual()), draw(pairs, CrossLingual())
    assert all(np.array_equal(a.negative_rows, b.negative_rows) for a, b in zip(first, again, strict=True))
    assert any(not np.array_equal(a.negative_rows, first[0].negative_rows) for a in first[1:])


def test_no_negative_of_a_monolingual_batch_is_told_by_its_language(pairs: TrainingPairs) -> None:
    for batch in draw(pairs, Monolingual()):
        languages = pairs.document_languages[batch.candidate_rows]
        assert len(np.unique(languages)) == 1


def test_negatives_of_other_batches_are_in_many_languages(pairs: TrainingPairs) -> None:
    rows = np.concatenate([batch.negative_rows.ravel() for batch in draw(pairs, CrossLingual())])
    assert (np.bincount(pairs.document_languages[rows]) > 200).all()


def test_entries_have_their_negatives_in_the_language_of_the_answer(pairs: TrainingPairs) -> None:
    same = total = 0
    for scheme in (MixEntries(), RoundRobin()):
        for batch in draw(pairs, scheme):
            answered = pairs.document_languages[batch.document_rows]
            groups = pairs.corpus.document_groups[batch.negative_rows]
            there = (answered != 0) | (groups % 4 != 0)  # every fourth group lacks its German document
            alike = pairs.document_languages[batch.negative_rows] == answered
            assert alike[there].all()
            same, total = same + int(alike.sum()), total + alike.size
    assert same < total  # where the group lacks it, the document stays as it is


def test_passages_have_their_negatives_in_any_language(pairs: TrainingPairs) -> None:
    batches = draw(pairs, MixPassages())
    languages = np.concatenate([pairs.document_languages[batch.negative_rows] for batch in batches])
    assert (np.bincount(languages.ravel()) > 250).all()
    # Two passages of a query are in the same language by chance alone.
    assert np.mean(languages[:, 0] == languages[:, 1]) == pytest.approx(1 / 3, abs=0.12)


def test_round_robin_repeats_the_same_passages(toy_corpus: ParallelCorpus) -> None:
    pairs = training_pairs(mined(toy_corpus, group_of=4))
    for batch in draw(pairs, RoundRobin()):
        groups = pairs.corpus.document_groups[batch.negative_rows]
        again = np.diff(batch.query_rows) == 0
        assert (groups[1:][again] == groups[:-1][again]).all()


def test_samples_are_uniform_without_repetition() -> None:
    lists = Lists(np.array([0, 5, 5, 7]), np.array([10, 11, 12, 13, 14, 20, 21], np.int32))
    rng = np.random.default_rng(0)
    drawn = np.stack([lists.sample(3, rng) for _ in range(3000)])
    assert (drawn[:, 1] == -1).all()
    assert all(len(set(row)) == 3 for row in drawn[:, 0].tolist())
    assert np.bincount(drawn[:, 0].ravel())[10:] / 3000 == pytest.approx(3 / 5, abs=0.04)


def test_a_shorter_list_goes_round() -> None:
    lists = Lists(np.array([0, 3, 8]), np.arange(8, dtype=np.int32))
    rng = np.random.default_rng(0)
    drawn = np.stack([lists.sample(7, rng) for _ in range(300)])
    counts = np.stack([np.bincount(row, minlength=3) for row in drawn[:, 0]])
    assert np.isin(counts, [2, 3]).all()
    assert counts.mean(axis=0) == pytest.approx(7 / 3, abs=0.15)


def test_sampling_as_many_as_there_are_takes_all() -> None:
    lists = Lists(np.array([0, 3]), np.array([7, 8, 9], np.int32))
    assert sorted(lists.sample(3, np.random.default_rng(1))[0].tolist()) == [7, 8, 9]


def test_refusals(toy_corpus: ParallelCorpus, pairs: TrainingPairs) -> None:
    with pytest.raises(ConfigError, match="no hard negatives for this split; mine them"):
        PairBatchSampler(training_pairs(toy_corpus), CrossLingual(), 4, 1, num_negatives=2)
    with pytest.raises(ConfigError, match="num_negatives must be >= 0, got -1"):
        PairBatchSampler(pairs, CrossLingual(), 4, 1, num_negatives=-1)


def test_negatives_reach_the_labels(pairs: TrainingPairs) -> None:
    texts = pairs.corpus.document_texts(np.arange(pairs.corpus.documents.num_rows, dtype=np.int32))
    model = build_static_encoder(train_subwords(texts, 300, model="bpe"), 8)
    sampler = PairBatchSampler(pairs, Pooled(2), 6, 2, num_negatives=3)
    collate = PairCollator(model, sampler)
    for share in sampler:
        labels = collate(share)["label"]
        assert labels.shape == (6 * 5, 4)
        assert labels[:, 0].tolist() == [query for query in range(6) for _ in range(5)]
        assert labels[:, 1].tolist() == [1, 1, 0, 0, 0] * 6
        found = pairs.corpus.document_groups[share.batch.candidate_rows.ravel()]
        assert torch.equal(labels[:, 3], torch.from_numpy(found.astype(np.int64)))
