"""One suite that every batch scheme passes, and what is particular to each."""

from collections import Counter

import numpy as np
import numpy.typing as npt
import pytest

from isoglot.batches import (
    CrossLingual,
    Hybrid,
    Mixed,
    MixEntries,
    MixPassages,
    Monolingual,
    PairBatch,
    PairBatchSampler,
    Pooled,
    RoundRobin,
    Scheme,
    training_pairs,
)
from isoglot.batches.drawing import PairSource
from isoglot.batches.members import CROSS, SAME, Relation
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.errors import ConfigError

SCHEMES: list[Scheme] = [
    Monolingual(),
    CrossLingual(),
    Hybrid(),
    Mixed(),
    Hybrid(0.2, size_exponent=1.0),
    Hybrid(0.9, final_alpha=0.1, alpha_steps=40),
    Pooled(),
    Pooled(3, size_exponent=0.5),
    MixPassages(),
    MixEntries(1.0),
    RoundRobin(),
]
Codes = npt.NDArray[np.int16]


def draw(
    corpus: ParallelCorpus, scheme: Scheme, number: int = 60, size: int = 16, seed: int = 0
) -> PairBatchSampler:
    return PairBatchSampler(training_pairs(corpus), scheme, size, number, seed=seed)


def languages(sampler: PairBatchSampler) -> list[tuple[Codes, Codes]]:
    """Query and document language codes of each batch."""
    drawn = []
    for batch in batches(sampler):
        documents = batch.document_rows[:, 0]
        drawn.append(
            (sampler.pairs.query_languages[batch.query_rows], sampler.pairs.document_languages[documents])
        )
    return drawn


def batches(sampler: PairBatchSampler) -> list[PairBatch]:
    return [share.batch for share in sampler]


def rows(sampler: PairBatchSampler) -> list[list[int]]:
    """All rows of each batch, for comparison."""
    return [
        [*batch.query_rows.tolist(), *batch.candidate_rows.ravel().tolist()] for batch in batches(sampler)
    ]


@pytest.mark.parametrize("scheme", SCHEMES, ids=repr)
class TestConformance:
    def test_every_pair_is_a_query_with_a_document_of_its_group(
        self, toy_corpus: ParallelCorpus, scheme: Scheme
    ) -> None:
        sampler = draw(toy_corpus, scheme)
        train = set(np.flatnonzero(np.arange(toy_corpus.num_groups) < 100).tolist())
        for batch in batches(sampler):
            groups = toy_corpus.query_groups[batch.query_rows]
            assert (groups[:, None] == toy_corpus.document_groups[batch.document_rows]).all()
            assert set(groups.tolist()) <= train

    def test_batches_have_the_asked_size_and_number(self, toy_corpus: ParallelCorpus, scheme: Scheme) -> None:
        sampler = draw(toy_corpus, scheme, number=9, size=7)
        assert [len(share) for share in sampler] == [7] * 9
        assert len(sampler) == 9

    def test_batches_depend_on_seed_and_epoch_alone(self, toy_corpus: ParallelCorpus, scheme: Scheme) -> None:
        sampler = draw(toy_corpus, scheme, seed=3)
        first = rows(sampler)
        assert rows(draw(toy_corpus, scheme, seed=3)) == first
        assert rows(draw(toy_corpus, scheme, seed=4)) != first
        sampler.set_epoch(1)
        assert rows(sampler) != first
        sampler.set_epoch(0)
        assert rows(sampler) == first

    def test_a_longer_training_begins_like_a_shorter_one(
        self, toy_corpus: ParallelCorpus, scheme: Scheme
    ) -> None:
        assert rows(draw(toy_corpus, scheme, number=20))[:5] == rows(draw(toy_corpus, scheme, number=5))

    def test_answers_to_a_query_are_in_different_languages(
        self, toy_corpus: ParallelCorpus, scheme: Scheme
    ) -> None:
        sampler = draw(toy_corpus, scheme, number=20)
        for batch in batches(sampler):
            codes = sampler.pairs.document_languages[batch.document_rows]
            assert all(len(set(row)) == len(row) for row in codes.tolist())

    @pytest.mark.parametrize("num_processes", [2, 4])
    def test_processes_share_every_batch_out(
        self, toy_corpus: ParallelCorpus, scheme: Scheme, num_processes: int
    ) -> None:
        pairs = training_pairs(toy_corpus)
        whole = batches(PairBatchSampler(pairs, scheme, 16, 10))
        shares = [
            list(PairBatchSampler(pairs, scheme, 16, 10, process=process, num_processes=num_processes))
            for process in range(num_processes)
        ]
        for batch, *parts in zip(whole, *shares, strict=True):
            together = np.concatenate([part.batch.document_rows[part.queries] for part in parts])
            assert np.array_equal(together, batch.document_rows)
            assert {len(part) for part in parts} == {16 // num_processes}

    def test_no_group_of_a_language_comes_again_before_all_came(
        self, toy_corpus: ParallelCorpus, scheme: Scheme
    ) -> None:
        source = PairSource(training_pairs(toy_corpus), seed=2, epoch=0)
        drawn = [scheme.draw(source, 16) for _ in range(60)]
        seen: dict[tuple[str, int], list[int]] = {}
        for batch in drawn:
            # A query that stands for several entries was drawn once.
            new = np.append(True, np.diff(batch.query_rows) != 0)
            rows = batch.query_rows[new] if batch.kind == "round_robin" else batch.query_rows
            codes = source.pairs.query_languages[rows]
            for code, group in zip(codes.tolist(), toy_corpus.query_groups[rows].tolist(), strict=True):
                seen.setdefault((batch.kind, code), []).append(group)
        for (kind, code), groups in seen.items():
            relation = {"monolingual": SAME, "mixed": SAME, "cross_lingual": CROSS}.get(
                kind, Relation("answered", getattr(scheme, "num_answers", 1))
            )
            size = int(source.pairs.members(relation).sizes[code])
            first = groups[:size]
            assert len(set(first)) == len(first)

    def test_every_language_is_drawn(self, toy_corpus: ParallelCorpus, scheme: Scheme) -> None:
        drawn = languages(draw(toy_corpus, scheme))
        assert {code for queries, _ in drawn for code in queries.tolist()} == {0, 1, 2}
        assert {code for _, documents in drawn for code in documents.tolist()} == {0, 1, 2}


def test_monolingual_batches_hold_one_language(toy_corpus: ParallelCorpus) -> None:
    for queries, documents in languages(draw(toy_corpus, Monolingual())):
        assert len({*queries.tolist(), *documents.tolist()}) == 1


def test_monolingual_batches_repeat_no_group_before_all_came(toy_corpus: ParallelCorpus) -> None:
    sampler = draw(toy_corpus, Monolingual(), number=200, size=10)
    seen: dict[int, list[int]] = {}
    for batch in batches(sampler):
        code = int(sampler.pairs.query_languages[batch.query_rows[0]])
        seen.setdefault(code, []).extend(toy_corpus.query_groups[batch.query_rows].tolist())
    english = seen[1]
    assert sorted(english[:100]) == list(range(100))


def test_cross_lingual_pairs_never_share_a_language_and_batches_hold_many(toy_corpus: ParallelCorpus) -> None:
    for queries, documents in languages(draw(toy_corpus, CrossLingual())):
        assert not (queries == documents).any()
        assert len(set(queries.tolist())) > 1


def test_mixed_pairs_share_a_language_and_batches_hold_many(toy_corpus: ParallelCorpus) -> None:
    for queries, documents in languages(draw(toy_corpus, Mixed())):
        assert np.array_equal(queries, documents)
        assert len(set(queries.tolist())) > 1


@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.5, 1.0])
def test_hybrid_draws_monolingual_batches_with_probability_alpha(
    toy_corpus: ParallelCorpus, alpha: float
) -> None:
    drawn = languages(draw(toy_corpus, Hybrid(alpha), number=2000, size=2))
    share = np.mean([(queries == documents).all() for queries, documents in drawn])
    # Three standard deviations of a binomial share.
    assert share == pytest.approx(alpha, abs=3 * np.sqrt(alpha * (1 - alpha) / 2000) + 1e-9)


def test_alpha_moves_in_a_straight_line_and_stays() -> None:
    scheme = Hybrid(1.0, final_alpha=0.5, alpha_steps=4)
    assert [scheme.alpha_at(step) for step in (0, 1, 2, 4, 5, 99)] == [1.0, 0.875, 0.75, 0.5, 0.5, 0.5]


def test_a_schedule_counts_the_batches_of_all_epochs(toy_corpus: ParallelCorpus) -> None:
    sampler = draw(toy_corpus, Hybrid(1.0, final_alpha=0.0, alpha_steps=400), number=400, size=2)
    first = [batch.kind == "monolingual" for batch in batches(sampler)]
    # The expected share of the first half is 3/4, of the second 1/4; four standard deviations are 0.12.
    assert np.mean(first[:200]) == pytest.approx(0.75, abs=0.12)
    assert np.mean(first[200:]) == pytest.approx(0.25, abs=0.12)
    sampler.set_epoch(1)
    assert {batch.kind for batch in batches(sampler)} == {"cross_lingual"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"final_alpha": 2.0, "alpha_steps": 3}, r"final_alpha must be between 0 and 1, got 2\.0"),
        ({"final_alpha": 0.2}, "alpha_steps must be >= 1 with final_alpha"),
        ({"alpha_steps": 5}, "and 0 without; got 5 with final_alpha None"),
    ],
)
def test_schedules_that_cannot_be(options: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Hybrid(**options)  # type: ignore[arg-type]


def test_languages_are_drawn_uniformly_or_by_size() -> None:
    builder = CorpusBuilder(CorpusInfo("uneven"))
    for group in range(90):
        for language in ("en", "de") if group < 10 else ("en",):
            builder.add_query(f"q{group}-{language}", f"g{group}", language, f"q {group}")
            builder.add_document(f"d{group}-{language}", f"g{group}", language, f"d {group}")
        builder.judge_group("train", f"g{group}")
    corpus = builder.build()
    for exponent, expected in ((0.0, 1 / 2), (1.0, 1 / 10), (0.5, 1 / 4)):
        drawn = languages(draw(corpus, Monolingual(exponent), number=3000, size=2))
        counts = Counter(int(queries[0]) for queries, _ in drawn)
        assert counts[0] / 3000 == pytest.approx(expected, abs=0.03)


def test_alpha_out_of_range() -> None:
    with pytest.raises(ConfigError, match=r"alpha must be between 0 and 1, got 1\.5"):
        Hybrid(1.5)


def test_a_symmetric_corpus_has_no_monolingual_pairs() -> None:
    builder = CorpusBuilder(CorpusInfo("sentences", symmetric=True))
    for language in ("en", "de"):
        builder.add_query(f"s-{language}", "s", language, f"sentence {language}")
        builder.add_document(f"s-{language}", "s", language, f"sentence {language}")
    builder.judge_group("train", "s")
    corpus = builder.build()
    draw(corpus, CrossLingual())
    for scheme in (Monolingual(), Mixed(), Hybrid(0.5)):
        with pytest.raises(ConfigError, match="use the cross_lingual scheme"):
            draw(corpus, scheme)


def test_a_corpus_in_one_language_has_no_cross_lingual_pairs(toy_corpus: ParallelCorpus) -> None:
    english = toy_corpus.select(languages=["en"])
    draw(english, Monolingual())
    for scheme in (CrossLingual(), Hybrid()):
        with pytest.raises(ConfigError, match="no pair in two different languages"):
            draw(english, scheme)


def test_a_corpus_without_same_language_pairs(toy_corpus: ParallelCorpus) -> None:
    builder = CorpusBuilder(CorpusInfo("crossed"))
    builder.add_query("q", "g", "en", "question")
    builder.add_document("d", "g", "de", "Antwort")
    builder.judge_group("train", "g")
    with pytest.raises(ConfigError, match="no query and relevant document in the same language"):
        draw(builder.build(), Monolingual())


@pytest.mark.parametrize(
    ("size", "number", "message"), [(1, 5, "batch_size must be >= 2"), (4, 0, "num_batches must be >= 1")]
)
def test_numbers_out_of_range(toy_corpus: ParallelCorpus, size: int, number: int, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        draw(toy_corpus, Monolingual(), number, size)


def test_processes_must_divide_the_batch(toy_corpus: ParallelCorpus) -> None:
    with pytest.raises(ConfigError, match="multiple of their number; got 8 for 3 processes"):
        PairBatchSampler(training_pairs(toy_corpus), Monolingual(), 8, 1, num_processes=3)
