"""Pooled batches and those of PLAID-X: what is particular to each."""

import numpy as np
import pytest

from isoglot.batches import (
    MixEntries,
    MixPassages,
    PairBatchSampler,
    Pooled,
    RoundRobin,
    Scheme,
    training_pairs,
)
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.errors import ConfigError


def parallel_corpus(num_groups: int, languages: str, *, symmetric: bool = False) -> ParallelCorpus:
    """Groups with a query and a document in every language, named by one letter each."""
    builder = CorpusBuilder(CorpusInfo("parallel", symmetric=symmetric))
    for group in range(num_groups):
        for letter in languages:
            tag = {"e": "en", "d": "de", "f": "fr", "t": "th"}[letter]
            builder.add_query(f"q{group}-{tag}", f"g{group}", tag, f"{tag} {group}")
            builder.add_document(f"d{group}-{tag}", f"g{group}", tag, f"{tag} {group}")
        builder.judge_group("train", f"g{group}")
    return builder.build()


def languages_of(sampler: PairBatchSampler) -> tuple[np.ndarray, np.ndarray]:
    """Language codes of all queries, (N,), and of their answers, (N, K)."""
    shares = list(sampler)
    queries = np.concatenate([share.batch.query_rows for share in shares])
    documents = np.concatenate([share.batch.document_rows for share in shares])
    return sampler.pairs.query_languages[queries], sampler.pairs.document_languages[documents]


def test_pooled_batches_hold_every_language_beside_every_other() -> None:
    sampler = PairBatchSampler(training_pairs(parallel_corpus(50, "edft")), Pooled(2), 64, 60)
    queries, answers = languages_of(sampler)
    assert answers.shape == (64 * 60, 2)
    # Uniform over the 4 query languages and the 12 ordered pairs of answers; four standard deviations.
    counts = np.zeros((4, 4, 4))
    np.add.at(counts, (queries, answers[:, 0], answers[:, 1]), 1)
    expected = len(queries) / 48
    assert counts[:, ~np.eye(4, dtype=bool)] == pytest.approx(expected, abs=4 * np.sqrt(expected))


def test_pooled_groups_have_enough_languages(toy_corpus: ParallelCorpus) -> None:
    sampler = PairBatchSampler(training_pairs(toy_corpus), Pooled(3), 16, 50)
    groups = np.concatenate([toy_corpus.query_groups[share.batch.query_rows] for share in sampler])
    assert (groups % 4 != 0).all()  # every fourth lacks its German document


@pytest.mark.parametrize("scheme", [Pooled(2), MixPassages(), MixEntries(), RoundRobin()], ids=repr)
def test_the_same_sentence_never_answers_itself(scheme: Scheme) -> None:
    corpus = parallel_corpus(20, "edf", symmetric=True)
    queries, answers = languages_of(PairBatchSampler(training_pairs(corpus), scheme, 12, 20))
    assert not (queries[:, None] == answers).any()


@pytest.mark.parametrize("scheme", [MixPassages(), MixEntries()], ids=repr)
def test_entries_are_in_any_language_the_query_s_own_among_them(scheme: Scheme) -> None:
    sampler = PairBatchSampler(training_pairs(parallel_corpus(50, "edf")), scheme, 60, 60)
    queries, answers = languages_of(sampler)
    counts = np.zeros((3, 3))
    np.add.at(counts, (queries, answers[:, 0]), 1)
    assert counts == pytest.approx(400, abs=80)


def test_round_robin_repeats_a_query_for_each_language() -> None:
    corpus = parallel_corpus(30, "edf")
    pairs = training_pairs(corpus)
    for share in PairBatchSampler(pairs, RoundRobin(), 12, 20):
        rows = share.batch.query_rows.reshape(4, 3)
        codes = pairs.document_languages[share.batch.document_rows[:, 0]].reshape(4, 3)
        assert (rows == rows[:, :1]).all()
        assert (np.sort(codes, axis=1) == [0, 1, 2]).all()


def test_round_robin_passes_over_missing_languages(toy_corpus: ParallelCorpus) -> None:
    pairs = training_pairs(toy_corpus)
    for share in PairBatchSampler(pairs, RoundRobin(), 17, 30):
        groups = toy_corpus.query_groups[share.batch.query_rows]
        begins = np.flatnonzero(np.append(True, np.diff(share.batch.query_rows) != 0))
        lengths = np.diff(np.append(begins, 17))[:-1]
        assert lengths.tolist() == np.where(groups[begins[:-1]] % 4 == 0, 2, 3).tolist()


def test_refusals_name_a_remedy(toy_corpus: ParallelCorpus) -> None:
    pairs = training_pairs(toy_corpus)
    with pytest.raises(ConfigError, match="no query with answers in 4 languages; lower num_answers"):
        PairBatchSampler(pairs, Pooled(4), 16, 1)
    with pytest.raises(ConfigError, match="batch_size must be > 3, the number of document languages"):
        PairBatchSampler(pairs, RoundRobin(), 3, 1)
    with pytest.raises(ConfigError, match="num_answers must be >= 1, got 0"):
        Pooled(0)
    alone = training_pairs(parallel_corpus(5, "e", symmetric=True))
    for scheme in (MixPassages(), MixEntries(), RoundRobin(), Pooled(1)):
        with pytest.raises(ConfigError, match="beside its own"):
            PairBatchSampler(alone, scheme, 4, 1)
