"""Data sets of one language pair each: their languages, sizes, orders."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import Any

import pytest
from datasets import Dataset, DatasetDict
from sentence_transformers.base.sampler import DefaultBatchSampler, NoDuplicatesBatchSampler
from torch.utils.data import ConcatDataset, SequentialSampler

from isoglot.batches.plain import (
    GroupBatchSampler,
    HybridMultiDatasetBatchSampler,
    RowBatchSampler,
    language_pairs,
)
from isoglot.errors import ConfigError


def make(
    maker: HybridMultiDatasetBatchSampler, data_sets: Mapping[str, Dataset], size: int = 8, child: Any = None
) -> RowBatchSampler:
    """As the trainer does it."""
    children = [
        child(part, batch_size=size, drop_last=False, valid_label_columns=None, generator=None, seed=0)
        if child
        else DefaultBatchSampler(SequentialSampler(part), size, drop_last=False)
        for part in data_sets.values()
    ]
    return maker(
        dataset=ConcatDataset(list(data_sets.values())), batch_samplers=children, generator=None, seed=0
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("en-de", ("en", "de")),
        ("squad.en-de", ("en", "de")),
        ("mlqa/en-zh.train", ("en", "zh")),
        ("eng_Latn-deu_Latn", ("en", "de")),
        ("pt_BR-zh_TW", ("pt-BR", "zh-Hant")),
        ("captions:en-zxx", ("en", "zxx")),
    ],
)
def test_names_say_their_languages(name: str, expected: tuple[str, str]) -> None:
    assert language_pairs([name]) == {name: expected}


def test_all_names_that_do_not_are_refused() -> None:
    message = (
        "'train': no pair of .*\\{'train': \\('en', 'de'\\)\\}\ndata set 'pt-BR-de': pt-BR-de or pt-br-DE"
    )
    with pytest.raises(ConfigError, match=message):
        language_pairs(["en-en", "train", "pt-BR-de"])


def test_each_batch_is_of_one_data_set_and_no_group_is_in_it_twice(pair_sets: DatasetDict) -> None:
    maker = HybridMultiDatasetBatchSampler(pairs=language_pairs(pair_sets), num_processes=2)
    sampler = make(pickle.loads(pickle.dumps(maker)), pair_sets)
    drawn = list(sampler)
    assert len(drawn) == len(sampler) == 20  # 4 x 40 rows, 8 for each of 2 processes
    for first, second in zip(drawn[::2], drawn[1::2], strict=True):
        assert {row // 40 for row in first} == {row // 40 for row in second}
        assert len({row % 40 for row in first + second}) == 16


def test_alpha_is_the_share_of_data_sets_in_one_language(pair_sets: DatasetDict) -> None:
    sampler = make(HybridMultiDatasetBatchSampler(0.25, pairs=language_pairs(pair_sets)), pair_sets, 4)
    kinds = [batch.kind for epoch in range(20) for batch in sampler.whole_batches(epoch)]
    assert kinds.count("monolingual") / len(kinds) == pytest.approx(0.25, abs=0.05)


def test_columns_of_groups_are_hidden(pair_sets: DatasetDict) -> None:
    make(HybridMultiDatasetBatchSampler(pairs=language_pairs(pair_sets)), pair_sets)
    assert list(pair_sets["en-de"][0]) == ["query", "document"]


def test_data_sets_without_groups_have_one_a_row(pair_sets: DatasetDict) -> None:
    del pair_sets["de-en"], pair_sets["de-de"]
    pair_sets["en-de"] = pair_sets["en-de"].remove_columns("group_id")
    sampler = make(HybridMultiDatasetBatchSampler(pairs=language_pairs(pair_sets)), pair_sets)
    groups = sampler.pair_rows.groups[:, 0]
    assert len(set(groups.tolist())) == 80


def test_groups_are_known_across_data_sets(pair_sets: DatasetDict) -> None:
    sampler = make(HybridMultiDatasetBatchSampler(pairs=language_pairs(pair_sets)), pair_sets)
    groups = sampler.pair_rows.groups.reshape(4, 40)
    assert (groups == groups[0]).all()


def test_batch_sizes_may_differ(pair_sets: DatasetDict) -> None:
    maker = HybridMultiDatasetBatchSampler(
        pairs=language_pairs(pair_sets), batch_sizes={"en-de": 3}, num_processes=2
    )
    sampler = make(maker, pair_sets)
    sizes = {(batch[0] // 40, len(batch)) for epoch in range(3) for batch in sampler_epoch(sampler, epoch)}
    assert sizes == {(0, 8), (1, 8), (2, 3), (3, 8)}


def sampler_epoch(sampler: RowBatchSampler, epoch: int) -> list[list[int]]:
    sampler.set_epoch(epoch)
    return list(sampler)


def test_names_in_the_rows_are_used_where_the_trainer_puts_them(pair_sets: DatasetDict) -> None:
    named = {name: part.add_column("dataset_name", [name] * len(part)) for name, part in pair_sets.items()}
    sampler = make(HybridMultiDatasetBatchSampler(), named)
    assert [cell.name for cell in sampler.pair_rows.cells] == list(pair_sets)
    shuffled = {name: language_pairs(pair_sets)[name] for name in sorted(pair_sets)}
    assert list(make(HybridMultiDatasetBatchSampler(pairs=shuffled), named)) == list(sampler)


def test_missing_names_are_asked_for(pair_sets: DatasetDict) -> None:
    with pytest.raises(ConfigError, match=r"does not tell .* pairs=isoglot\.language_pairs\(train_dataset\)"):
        make(HybridMultiDatasetBatchSampler(), pair_sets)


def test_pairs_of_other_data_sets_are_refused(pair_sets: DatasetDict) -> None:
    maker = HybridMultiDatasetBatchSampler(pairs={"en-en": ("en", "en"), "en-de": ("en", "de")})
    with pytest.raises(ConfigError, match=r"names 2 data sets \(en-en, en-de\), the trainer has 4"):
        make(maker, pair_sets)
    named = {name: part.add_column("dataset_name", [name] * len(part)) for name, part in pair_sets.items()}
    others = {f"other.{name}": pair for name, pair in language_pairs(pair_sets).items()}
    with pytest.raises(ConfigError, match=r"the trainer has 4 \(en-en, de-de, en-de, de-en\)"):
        make(HybridMultiDatasetBatchSampler(pairs=others), named)


def test_an_empty_data_set_is_refused(pair_sets: DatasetDict) -> None:
    pair_sets["en-de"] = pair_sets["en-de"].select([])
    with pytest.raises(ConfigError, match="no rows in en-de; leave out what is empty"):
        make(HybridMultiDatasetBatchSampler(pairs=language_pairs(pair_sets)), pair_sets)


def test_a_pair_that_is_none_is_refused(pair_sets: DatasetDict) -> None:
    pairs: Any = {**language_pairs(pair_sets), "en-de": ("en", "german!")}
    with pytest.raises(ConfigError, match=r"pairs\['en-de'\] is \('en', 'german!'\), not two language tags"):
        make(HybridMultiDatasetBatchSampler(pairs=pairs), pair_sets)


def test_batch_sizes_of_nothing_are_refused(pair_sets: DatasetDict) -> None:
    with pytest.raises(ConfigError, match="batch_sizes must be >= 1, got en-de: 0"):
        HybridMultiDatasetBatchSampler(batch_sizes={"en-de": 0})
    maker = HybridMultiDatasetBatchSampler(pairs=language_pairs(pair_sets), batch_sizes={"en-fr": 4})
    with pytest.raises(ConfigError, match=r"batch_sizes names \['en-fr'\]; the data sets are"):
        make(maker, pair_sets)


def test_a_batch_sampler_whose_wish_cannot_be_granted_is_refused(pair_sets: DatasetDict) -> None:
    maker = HybridMultiDatasetBatchSampler(pairs=language_pairs(pair_sets))
    with pytest.raises(ConfigError, match="batch_sampler asks for NoDuplicatesBatchSampler; leave"):
        make(maker, pair_sets, child=NoDuplicatesBatchSampler)
    assert list(make(maker, pair_sets, child=GroupBatchSampler())) == list(make(maker, pair_sets))
