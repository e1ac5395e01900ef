"""What goes wrong with stock samplers, shown with them, and right with ours.

Accelerate's way of dealing batches to processes is simulated by its own `BatchSamplerShard`; test_trainer.py
and tests/training/test_plain_in_many.py train for real.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from accelerate.data_loader import BatchSamplerShard, DataLoaderShard, SkipBatchSampler
from datasets import Dataset, DatasetDict
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.base.sampler import (
    DefaultBatchSampler,
    MultiDatasetDefaultBatchSampler,
    NoDuplicatesBatchSampler,
    ProportionalBatchSampler,
    RoundRobinBatchSampler,
)
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from torch.utils.data import ConcatDataset, RandomSampler

from isoglot.batches.plain import HybridBatchSampler, HybridMultiDatasetBatchSampler, language_pairs

NUM_ROWS = 40
"""Of each data set of `pair_sets`; row i is of group i."""


def stock(
    data_sets: DatasetDict, child: Any, size: int = 8
) -> tuple[ConcatDataset[Any], list[Any], torch.Generator]:
    """What the trainer passes to a multi-dataset sampler: one generator for all."""
    generator = torch.Generator().manual_seed(0)
    children = [
        child(part, batch_size=size, drop_last=True, generator=generator, seed=0)
        for part in data_sets.values()
    ]
    return ConcatDataset(list(data_sets.values())), children, generator


def default(part: Dataset, *, batch_size: int, drop_last: bool, generator: torch.Generator, seed: int) -> Any:
    return DefaultBatchSampler(
        RandomSampler(part, generator=generator), batch_size, drop_last, None, generator, seed
    )


def ours(data_sets: DatasetDict, **options: Any) -> Any:
    dataset, children, generator = stock(data_sets, default)
    pairs = language_pairs(data_sets)
    return HybridMultiDatasetBatchSampler(pairs=pairs, num_processes=2, **options)(
        dataset, children, generator, 0
    )


def steps(sampler: Any, processes: int = 2) -> list[tuple[list[int], ...]]:
    """The batches that processes hold in each step, as accelerate deals them in a training."""
    shards = [
        BatchSamplerShard(sampler, processes, number, even_batches=False) for number in range(processes)
    ]
    return list(zip(*shards, strict=True))


def data_sets_of(step: tuple[list[int], ...]) -> set[int]:
    return {row // NUM_ROWS for batch in step for row in batch}


def test_1_processes_hold_one_data_set_in_every_step(pair_sets: DatasetDict) -> None:
    dataset, children, generator = stock(pair_sets, default)
    proportional = steps(ProportionalBatchSampler(dataset, children, generator, 0))
    assert any(len(data_sets_of(step)) > 1 for step in proportional), "the control fails as expected"
    assert all(len(data_sets_of(step)) == 1 for step in steps(ours(pair_sets)))


def test_1_processes_hold_one_kind_of_batch_in_every_step(pairs: Dataset) -> None:
    tags = list(zip(pairs["query_language"], pairs["document_language"], strict=True))
    sampler = HybridBatchSampler(num_processes=2)(pairs, 8, drop_last=True)
    kinds = []
    for step in steps(sampler):
        together = {tags[row] for batch in step for row in batch}
        monolingual = [query == document for query, document in together]
        assert all(monolingual) or not any(monolingual)
        assert len(together) == 1 or not any(monolingual)
        kinds.append(monolingual[0])
    assert len(set(kinds)) == 2


class TwoSizes(MultiDatasetDefaultBatchSampler):
    """Batches of 8 and of 4 by turns, on a stock base class."""

    def __iter__(self) -> Iterator[list[int]]:
        for turn in range(8):
            yield from ([list(range(8 if turn % 2 == 0 else 4))] * 2)

    def __len__(self) -> int:
        return 16


def test_2_no_batch_is_dropped_where_sizes_differ(pair_sets: DatasetDict) -> None:
    dataset, children, generator = stock(pair_sets, default)
    control = TwoSizes(dataset, children, generator, 0)
    assert len(steps(control)) == 4 != len(control) // 2, "the control fails as expected"
    sampler = ours(pair_sets, batch_sizes={"en-de": 4})
    dealt = steps(sampler)
    assert len(dealt) == len(sampler) // 2 == 12  # 3 x 40 / 16 + 40 / 8, and the rest left out
    assert {len(batch) for step in dealt for batch in step} == {4, 8}


def test_4_data_sets_of_one_length_come_in_different_orders(pair_sets: DatasetDict) -> None:
    dataset, children, generator = stock(pair_sets, NoDuplicatesBatchSampler)
    by_turns = list(RoundRobinBatchSampler(dataset, children, generator, 0))
    orders = [[row % NUM_ROWS for batch in by_turns[start::4] for row in batch] for start in range(4)]
    assert all(order == orders[0] for order in orders), "the control fails as expected"
    drawn: dict[int, list[int]] = {}
    for batch in ours(pair_sets):
        drawn.setdefault(batch[0] // NUM_ROWS, []).extend(row % NUM_ROWS for row in batch)
    beginnings = [order[:16] for order in drawn.values()]
    assert len(beginnings) == 4
    assert len({tuple(order) for order in beginnings}) == 4
    assert len({tuple(sorted(order)) for order in beginnings}) == 4


def test_5_translations_never_meet_as_negatives(pairs: Dataset) -> None:
    groups = list(pairs["group_id"])
    texts = pairs.select_columns(["query", "document"])
    generator = torch.Generator().manual_seed(0)
    control = NoDuplicatesBatchSampler(texts, 16, drop_last=True, generator=generator, seed=0)
    assert any(len({groups[row] for row in batch}) < 16 for batch in control), "the control fails as expected"
    for first, second in steps(HybridBatchSampler(num_processes=2)(pairs, 16, drop_last=True)):
        assert len({groups[row] for row in first + second}) == 32


def first_batch(model: SentenceTransformer, pairs: Dataset, folder: str, **options: Any) -> dict[str, Any]:
    """What the stock collator makes of the first batch of an unmodified trainer."""
    args = SentenceTransformerTrainingArguments(folder, report_to="none", use_cpu=True, **options)
    trainer = SentenceTransformerTrainer(
        model, args, train_dataset=pairs, loss=MultipleNegativesRankingLoss(model)
    )
    batch: dict[str, Any] = next(iter(trainer.get_train_dataloader()))
    return batch


def test_6_columns_of_meaning_are_not_tokenised(
    static_encoder: SentenceTransformer, pairs: Dataset, tmp_path: Any
) -> None:
    control = first_batch(static_encoder, pairs, str(tmp_path))
    assert "query_language_input_ids" in control, "the control fails as expected"
    batch = first_batch(static_encoder, pairs, str(tmp_path), batch_sampler=HybridBatchSampler())
    inputs = [name for name in batch if name.endswith("_input_ids")]
    assert inputs == ["query_input_ids", "document_input_ids"], "the query first, then its document"


def test_8_data_sets_have_batch_sizes_of_their_own_and_their_names(pair_sets: DatasetDict) -> None:
    sampler = ours(pair_sets, batch_sizes={"de-en": 2})
    sizes = {cell.name: cell.batch_size for cell in sampler.pair_rows.cells}
    assert sizes == {"en-en": 8, "de-de": 8, "en-de": 8, "de-en": 2}


def test_a_resumption_in_a_later_epoch_is_told_to_the_sampler(pairs: Dataset) -> None:
    sampler = HybridBatchSampler(num_processes=2)(pairs, 8, drop_last=True)
    sampler.set_epoch(1)
    expected = [batch for batch, _ in steps(sampler)][3:]
    sampler.set_epoch(0)
    shard = BatchSamplerShard(sampler, 2, 0, even_batches=False)
    loader = DataLoaderShard(
        range(len(pairs)),
        batch_sampler=SkipBatchSampler(shard, 3),
        collate_fn=list,
        device=torch.device("cpu"),
    )
    loader.set_epoch(1)
    assert sampler.epoch == 0, "the control fails as expected: nothing passes the epoch on"
    assert list(loader) == expected
    assert [batch for batch, _ in steps(sampler)][3:] != expected, "by itself it has its own epoch"
