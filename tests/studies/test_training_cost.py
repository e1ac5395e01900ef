"""The cost of a training: counted in some steps, scaled to all, and as the closed formula has it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from isoglot.batches import Monolingual
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.encoders import build_static_encoder, train_subwords
from isoglot.experiments.corpora import distinct_texts
from isoglot.studies.flops import similarity_flops, static_flops
from isoglot.studies.training_cost import CostCounter, count_input
from isoglot.training import TrainingSettings, fit


def test_a_training_of_a_bag_of_subwords(toy_corpus: ParallelCorpus, tmp_path: Path) -> None:
    tokenizer = train_subwords(distinct_texts([toy_corpus]), 300, model="bpe")
    model = build_static_encoder(tokenizer, 16)
    few, all_steps = CostCounter(num_counted_steps=3), CostCounter(num_counted_steps=100)
    settings = TrainingSettings(
        steps=8, batch_size=12, learning_rate=0.01, evaluate_every_steps=4, measure="length"
    )
    counters = {"few": few, "all": all_steps}
    for name, counter in counters.items():
        fit(
            model,
            toy_corpus,
            scheme=Monolingual(),
            output_dir=tmp_path / name,
            settings=settings,
            evaluator=lambda model: {"length": float(len(model.encode(["en1 en2 en3"])))},  # does not count
            callbacks=[counter],
        )
    cost = all_steps.cost()
    assert (cost.steps, cost.num_seen_steps, cost.num_counted_steps) == (8, 8, 8)
    assert cost.items == 0
    # Forward and backward of every subword, and the scores of every batch.
    expected = 2 * static_flops(int(cost.tokens), 16) + 8 * similarity_flops(12, 12, 16)
    assert cost.flops == expected
    sampled = few.cost()
    assert sampled.num_counted_steps == 3
    assert sampled.flops == pytest.approx(expected, rel=0.2)


def test_before_any_step_nothing_is_known() -> None:
    cost = CostCounter().cost()
    assert cost.flops is None
    assert (cost.tokens, cost.num_seen_steps) == (0, 0)


def test_padding_is_no_token_and_pictures_are_items() -> None:
    ids = torch.ones(2, 3, dtype=torch.long)
    mask = torch.tensor([[1, 1, 0], [1, 1, 1]])
    assert count_input({"input_ids": ids, "attention_mask": mask}) == (5, 0)
    assert count_input({"input_ids": torch.arange(7), "offsets": torch.tensor([0, 3])}) == (7, 0)
    assert count_input({"pixel_values": torch.zeros(4, 3, 8, 8)}) == (0, 4)
