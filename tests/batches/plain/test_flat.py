"""One suite that every `batch_sampler=` passes, and what is particular to each."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest
from datasets import Dataset

from isoglot.batches import CrossLingual, Hybrid, Mixed, Monolingual
from isoglot.batches.plain import (
    GroupBatchSampler,
    HybridBatchSampler,
    PairColumns,
    RowBatchSampler,
    SchemeBatchSampler,
)
from isoglot.errors import ConfigError, CorpusError

MAKERS = [
    HybridBatchSampler(),
    HybridBatchSampler(0.2, size_exponent=1.0),
    SchemeBatchSampler(Monolingual()),
    SchemeBatchSampler(CrossLingual()),
    SchemeBatchSampler(Mixed()),
    GroupBatchSampler(),
]


def make(
    maker: Any, dataset: Dataset, size: int = 8, *, drop_last: bool = False, seed: int = 0
) -> RowBatchSampler:
    """As the trainer does it."""
    sampler: RowBatchSampler = maker(
        dataset,
        batch_size=size,
        drop_last=drop_last,
        valid_label_columns=["label"],
        generator=None,
        seed=seed,
    )
    return sampler


@pytest.mark.parametrize("maker", MAKERS, ids=repr)
class TestConformance:
    def test_no_group_is_in_a_batch_twice(self, pairs: Dataset, maker: Any) -> None:
        groups = list(pairs["group_id"])
        for batch in make(maker, pairs, 16):
            assert len({groups[row] for row in batch}) == len(batch) == 16

    def test_batches_depend_on_seed_and_epoch_alone(self, pairs: Dataset, maker: Any) -> None:
        sampler = make(maker, pairs, seed=3)
        first = list(sampler)
        assert list(make(maker, pairs, seed=3)) == first
        assert list(make(maker, pairs, seed=4)) != first
        sampler.set_epoch(1)
        assert list(sampler) != first
        sampler.set_epoch(0)
        assert list(sampler) == first

    def test_its_length_is_what_it_gives(self, pairs: Dataset, maker: Any) -> None:
        kind = getattr(maker, "scheme", None)
        num_rows = {Monolingual: 120, Mixed: 120, CrossLingual: 240}.get(type(kind), 360)
        for drop_last, rounded in ((False, math.ceil), (True, math.floor)):
            sampler = make(maker, pairs, 14, drop_last=drop_last)
            assert len(sampler) == len(list(sampler)) == rounded(num_rows / 14)

    def test_whole_batches_do_not_depend_on_the_number_of_processes(self, pairs: Dataset, maker: Any) -> None:
        alone = make(maker, pairs, 16)
        shared = make(type(maker)(**{**vars(maker), "num_processes": 2}), pairs, 8)
        halves = list(shared)
        assert [first + second for first, second in zip(halves[::2], halves[1::2], strict=True)] == list(
            alone
        )

    def test_columns_of_meaning_are_hidden_and_the_maker_travels(self, pairs: Dataset, maker: Any) -> None:
        make(pickle.loads(pickle.dumps(maker)), pairs)
        assert list(pairs[0]) == ["query", "document"]

    def test_what_made_it_is_on_record(self, pairs: Dataset, maker: Any) -> None:
        settings = make(maker, pairs).settings
        assert settings["batch_size"] == 8
        assert settings["columns"]["groups"] == ("group_id",)
        assert settings["scheme"]["name"] in {"Hybrid", "Monolingual", "CrossLingual", "Mixed", "any"}


def plain(pairs: Dataset) -> tuple[Dataset, list[tuple[str, str]]]:
    """The pairs, and the languages of each row."""
    return pairs, list(zip(pairs["query_language"], pairs["document_language"], strict=True))


def test_monolingual_batches_hold_one_language(pairs: Dataset) -> None:
    dataset, tags = plain(pairs)
    batches = list(make(SchemeBatchSampler(Monolingual()), dataset))
    assert all(len({*map(tuple, (tags[row] for row in batch))}) == 1 for batch in batches)
    assert all(tags[batch[0]][0] == tags[batch[0]][1] for batch in batches)
    assert {tags[batch[0]][0] for batch in batches} == {"de", "en", "th"}


def test_cross_lingual_pairs_never_share_a_language_and_batches_hold_many(pairs: Dataset) -> None:
    dataset, tags = plain(pairs)
    drawn = [[tags[row] for row in batch] for batch in make(SchemeBatchSampler(CrossLingual()), dataset, 16)]
    assert all(query != document for batch in drawn for query, document in batch)
    assert min(len(set(batch)) for batch in drawn) > 1
    assert len({pair for batch in drawn for pair in batch}) == 6


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_hybrid_draws_monolingual_batches_with_probability_alpha(pairs: Dataset, alpha: float) -> None:
    sampler = make(HybridBatchSampler(alpha), pairs, 2)
    kinds = [batch.kind for epoch in range(5) for batch in sampler.whole_batches(epoch)]
    share = kinds.count("monolingual") / len(kinds)
    # Three standard deviations of a binomial share.
    assert share == pytest.approx(alpha, abs=3 * np.sqrt(alpha * (1 - alpha) / len(kinds)) + 1e-9)


def test_kinds_and_rows_change_with_the_epoch(pairs: Dataset) -> None:
    sampler = make(HybridBatchSampler(), pairs)
    kinds = [[batch.kind for batch in sampler.whole_batches(epoch)] for epoch in (0, 1)]
    assert kinds[0] != kinds[1]
    everything = make(GroupBatchSampler(), pairs)
    assert set(next(everything.whole_batches(0)).rows) != set(next(everything.whole_batches(1)).rows)


def test_what_a_small_language_pair_cannot_give_comes_from_others(pairs: Dataset) -> None:
    rare = ("th", "de")
    few = pairs.filter(
        lambda row: (
            (row["query_language"], row["document_language"]) != rare or row["group_id"] in ("g1", "g2")
        )
    )
    sampler = make(SchemeBatchSampler(CrossLingual()), few, 32)
    assert {len(batch.rows) for epoch in range(5) for batch in sampler.whole_batches(epoch)} == {32}


def test_alpha_changes_over_epochs(pairs: Dataset) -> None:
    sampler = make(SchemeBatchSampler(Hybrid(0.0, final_alpha=1.0, alpha_steps=50)), pairs, 16)
    assert sampler.num_whole_batches == 23
    first, _, third, fourth = ([batch.kind for batch in sampler.whole_batches(epoch)] for epoch in range(4))
    assert first.count("cross_lingual") > 15
    assert third.count("monolingual") > 15
    assert set(fourth) == {"monolingual"}


def test_an_epoch_has_every_row_once_where_groups_do_not_stand_in_the_way(pairs: Dataset) -> None:
    german = pairs.filter(lambda row: row["query_language"] == row["document_language"] == "de")
    sampler = make(GroupBatchSampler(), german, 10)
    assert sorted(row for batch in sampler for row in batch) == list(range(40))
    rows = [row for batch in make(GroupBatchSampler(), pairs, 10) for row in batch]
    assert len(set(rows)) > 350, "of 360, the last of which may wait when the epoch ends"


def test_a_language_with_few_groups_gives_small_batches(
    pairs: Dataset, caplog: pytest.LogCaptureFixture
) -> None:
    few = pairs.filter(lambda row: row["query_language"] != "th" or int(row["group_id"][1:]) < 5)
    sampler = make(HybridBatchSampler(1.0, num_processes=2), few, 8)
    assert "monolingual batches of th-th hold 5 pairs, not 16" in caplog.text
    assert {len(batch.rows) for batch in sampler.whole_batches(0)} == {4, 16}, "4 of 5: equal parts for two"


def test_too_few_groups_are_refused(pairs: Dataset) -> None:
    few = pairs.filter(lambda row: row["query_language"] != "th" or int(row["group_id"][1:]) < 3)
    with pytest.raises(
        ConfigError, match=r"monolingual batches of th-th: rows of 3 groups, .* needs 4 or more"
    ):
        make(HybridBatchSampler(0.5, num_processes=2), few)


def test_two_columns_of_groups_keep_queries_of_one_document_apart(pairs: Dataset) -> None:
    twice = pairs.map(lambda row: {"document_group": int(row["group_id"][1:]) // 2})
    columns = PairColumns(groups=("group_id", "document_group"))
    groups = list(twice["document_group"])
    for batch in make(HybridBatchSampler(columns=columns), twice):
        assert len({groups[row] for row in batch}) == len(batch) == 8


def test_columns_may_have_other_names(pairs: Dataset) -> None:
    renamed = pairs.rename_columns({"query_language": "q", "document_language": "d", "group_id": "g"})
    make(HybridBatchSampler(columns=PairColumns("q", "d", ("g",))), renamed)
    assert list(renamed[0]) == ["query", "document"]
    with pytest.raises(CorpusError, match="no column 'query_language', 'document_language', 'group_id'"):
        make(HybridBatchSampler(), renamed)


def test_no_rows_and_no_processes_are_refused(pairs: Dataset) -> None:
    for maker in (HybridBatchSampler(), GroupBatchSampler()):
        with pytest.raises(ConfigError, match=r"no rows in (the data set|all); leave out what is empty"):
            make(maker, pairs.select([]))
    with pytest.raises(ConfigError, match="num_processes must be >= 1, got 0"):
        make(HybridBatchSampler(num_processes=0), pairs)


def test_a_wrong_alpha_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match=r"alpha must be between 0 and 1, got 1\.5"):
        HybridBatchSampler(1.5)


def test_hybrid_is_the_scheme_of_that_name(pairs: Dataset) -> None:
    named = make(HybridBatchSampler(0.3, 1.0), pairs)
    assert list(named) == list(make(SchemeBatchSampler(Hybrid(0.3, 1.0)), pairs))
