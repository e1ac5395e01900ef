"""The unmodified trainer, collator and loss of sentence-transformers over our batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets import Dataset, DatasetDict
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from transformers import PrinterCallback, TrainerCallback

from isoglot.batches.plain import (
    GroupBatchSampler,
    HybridBatchSampler,
    HybridMultiDatasetBatchSampler,
    language_pairs,
)
from isoglot.encoders import build_static_encoder, build_transformer_encoder, train_subwords


class StopAt(TrainerCallback):
    """Kills the training after a step."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == self.step:
            raise KeyboardInterrupt


def record(made: SentenceTransformerTrainer) -> list[list[dict[str, str]]]:
    """The rows of every batch that the trainer's collator will get."""
    batches: list[list[dict[str, str]]] = []
    collate = made.data_collator

    def remember(rows: list[dict[str, str]]) -> Any:
        batches.append(rows)
        return collate(rows)

    remember.valid_label_columns = collate.valid_label_columns  # type: ignore[attr-defined]
    made.data_collator = remember
    return batches


def trainer(
    model: SentenceTransformer,
    train_dataset: Any,
    folder: Path,
    *,
    loss: Any = None,
    eval_dataset: Any = None,
    callbacks: list[TrainerCallback] | None = None,
    **options: Any,
) -> SentenceTransformerTrainer:
    defaults = {
        "num_train_epochs": 2,
        "per_device_train_batch_size": 16,
        "learning_rate": 0.05,
        "save_strategy": "no",
        "use_cpu": True,
        "report_to": "none",
        "disable_tqdm": True,
    }
    args = SentenceTransformerTrainingArguments(str(folder), **{**defaults, **options})
    made = SentenceTransformerTrainer(
        model,
        args,
        train_dataset,
        eval_dataset,
        loss or MultipleNegativesRankingLoss(model),
        callbacks=callbacks,
    )
    made.remove_callback(PrinterCallback)
    return made


def tags(text: str) -> set[str]:
    """Languages of the made-up words of a text."""
    return {word.rstrip("0123456789") for word in text.split()}


def aligned(model: SentenceTransformer, pairs: Dataset) -> float:
    """How much nearer a German query is to the English document of its group than to others, in cosine."""
    rows = [
        row
        for row in pairs.with_format(None)
        if (row["query_language"], row["document_language"]) == ("de", "en")
    ]
    queries = model.encode_query([row["query"] for row in rows])
    documents = model.encode_document([row["document"] for row in rows])
    cosines = (
        queries @ documents.T / np.outer(np.linalg.norm(queries, axis=1), np.linalg.norm(documents, axis=1))
    )
    return float(np.diag(cosines).mean() - cosines.mean())


@pytest.fixture
def transformer_encoder(pairs: Dataset) -> SentenceTransformer:
    return build_transformer_encoder(
        train_subwords(pairs["document"], 400, model="unigram"), layers=1, hidden_size=16, heads=2
    )


def test_a_flat_data_set_trains_a_static_encoder(
    static_encoder: SentenceTransformer, pairs: Dataset, tmp_path: Path
) -> None:
    before = aligned(static_encoder, pairs)
    made = trainer(static_encoder, pairs, tmp_path, batch_sampler=HybridBatchSampler())
    batches = record(made)
    made.train()
    assert aligned(static_encoder, pairs) > before + 0.2
    assert [len(batch) for batch in batches] == [16] * 2 * 23  # 360 rows by 16, rounded up
    kinds = []
    for batch in batches:
        assert all(list(row) == ["query", "document"] for row in batch)
        same = [tags(row["query"]) == tags(row["document"]) for row in batch]
        assert all(same) or not any(same)
        assert len({*map(str, (tags(row["query"]) for row in batch))}) == 1 or not any(same)
        kinds.append(same[0])
    assert 0.25 < np.mean(kinds) < 0.75


def test_a_flat_data_set_trains_a_transformer(
    transformer_encoder: SentenceTransformer, pairs: Dataset, tmp_path: Path
) -> None:
    before = torch.cat([parameter.detach().flatten() for parameter in transformer_encoder.parameters()])
    result = trainer(
        transformer_encoder,
        pairs,
        tmp_path,
        batch_sampler=HybridBatchSampler(),
        learning_rate=1e-3,
        max_steps=3,
    ).train()
    after = torch.cat([parameter.detach().flatten() for parameter in transformer_encoder.parameters()])
    assert np.isfinite(result.training_loss)
    assert not torch.equal(before, after)


def test_data_sets_of_language_pairs_train(
    static_encoder: SentenceTransformer, pair_sets: DatasetDict, tmp_path: Path
) -> None:
    sampler = HybridMultiDatasetBatchSampler(pairs=language_pairs(pair_sets))
    made = trainer(static_encoder, pair_sets, tmp_path, multi_dataset_batch_sampler=sampler)
    batches = record(made)
    made.train()
    for batch in batches:
        assert len(batch) == 16
        assert all(list(row) == ["query", "document"] for row in batch)
        assert len({(*tags(row["query"]), *tags(row["document"])) for row in batch}) == 1


def test_a_loss_for_each_data_set_tells_the_names(
    static_encoder: SentenceTransformer, pair_sets: DatasetDict, tmp_path: Path
) -> None:
    losses = {name: MultipleNegativesRankingLoss(static_encoder) for name in pair_sets}
    made = trainer(
        static_encoder,
        pair_sets,
        tmp_path,
        loss=losses,
        multi_dataset_batch_sampler=HybridMultiDatasetBatchSampler(0.0),
        max_steps=4,
    )
    batches = list(made.get_train_dataloader())
    assert {batch["dataset_name"] for batch in batches} == {"en-de", "de-en"}
    assert np.isfinite(made.train().training_loss)


@pytest.mark.parametrize("sampler", [HybridBatchSampler(), GroupBatchSampler()], ids=["hybrid", "groups"])
def test_evaluation_loss_is_finite_and_the_same_every_time(
    static_encoder: SentenceTransformer, pairs: Dataset, tmp_path: Path, sampler: Any
) -> None:
    made = trainer(
        static_encoder,
        pairs,
        tmp_path,
        eval_dataset=pairs.select(range(180)),
        batch_sampler=sampler,
        per_device_eval_batch_size=8,
    )
    first, second = made.evaluate(), made.evaluate()
    assert first["eval_loss"] == second["eval_loss"] > 0
    made.train()
    assert made.evaluate()["eval_loss"] < first["eval_loss"] / 2


def test_evaluation_by_data_set(
    static_encoder: SentenceTransformer, pair_sets: DatasetDict, tmp_path: Path
) -> None:
    made = trainer(
        static_encoder,
        pair_sets,
        tmp_path,
        eval_dataset=pair_sets,
        batch_sampler=GroupBatchSampler(),
        multi_dataset_batch_sampler=HybridMultiDatasetBatchSampler(pairs=language_pairs(pair_sets)),
    )
    measures = made.evaluate()
    assert {f"eval_{name}_loss" for name in pair_sets} <= set(measures)
    assert np.isfinite(made.train().training_loss)


def test_a_resumed_training_sees_the_batches_it_would_have_seen(pairs: Dataset, tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "batch_sampler": HybridBatchSampler(),
        "save_strategy": "steps",
        "save_steps": 30,
    }

    def made(folder: str, *callbacks: TrainerCallback) -> SentenceTransformerTrainer:
        model = build_static_encoder(
            train_subwords(pairs.with_format(None)["document"], 400, model="bpe"), 16
        )
        return trainer(model, pairs, tmp_path / folder, callbacks=list(callbacks), **options)

    whole, cut, resumed = made("whole"), made("cut", StopAt(33)), made("cut")
    undisturbed, again = record(whole), record(resumed)
    whole.train()
    with pytest.raises(KeyboardInterrupt):
        cut.train()
    resumed.train(resume_from_checkpoint=True)
    assert again == undisturbed[30:], "in the second epoch, in the middle"
    for one, other in zip(whole.model.parameters(), resumed.model.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_loader_workers_draw_the_same(
    static_encoder: SentenceTransformer, pairs: Dataset, tmp_path: Path
) -> None:
    made = trainer(static_encoder, pairs, tmp_path, batch_sampler=HybridBatchSampler())
    alone = [batch["query_input_ids"] for batch in made.get_train_dataloader()]
    made.args.dataloader_num_workers = 1
    shared = [batch["query_input_ids"] for batch in made.get_train_dataloader()]
    assert all(torch.equal(one, other) for one, other in zip(alone, shared, strict=True))
