"""One of the processes that train with plain sentence-transformers: writes what it saw, and the model.

Arguments: folder; `flat` for one data set, or `several` for one a language pair; pairs a process.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset, DatasetDict
from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from transformers import TrainerCallback

from isoglot.batches.plain import HybridBatchSampler, HybridMultiDatasetBatchSampler, language_pairs
from isoglot.encoders import build_static_encoder, train_subwords
from isoglot.training.batch_card import BatchCard

LANGUAGES = ("de", "en", "th")


def pair(group: int, query: str, document: str) -> dict[str, str]:
    words = np.random.default_rng(group).choice(60, size=5, replace=False)
    return {
        "query": " ".join(f"{query}{word}" for word in words[:3]),
        "document": " ".join(f"{document}{word}" for word in words),
        "query_language": query,
        "document_language": document,
        "group_id": f"g{group}",
    }


def train_dataset(kind: str) -> tuple[Dataset | DatasetDict, list[str]]:
    by_pair = {
        f"{query}-{document}": [pair(group, query, document) for group in range(40)]
        for query in LANGUAGES
        for document in LANGUAGES
    }
    texts = [row["document"] for rows in by_pair.values() for row in rows]
    if kind == "flat":
        return Dataset.from_list([row for rows in by_pair.values() for row in rows]), texts
    return DatasetDict({name: Dataset.from_list(rows) for name, rows in by_pair.items()}), texts


class StopAt(TrainerCallback):
    """Ends the training after a step, as if it had been killed there."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
        control.should_training_stop = state.global_step == self.step
        return control


def made(folder: Path, kind: str, size: int, seen: list[Any], *callbacks: Any) -> SentenceTransformerTrainer:
    dataset, texts = train_dataset(kind)
    model = build_static_encoder(train_subwords(texts, 400, model="bpe"), 16)
    samplers: dict[str, Any] = {"batch_sampler": HybridBatchSampler()}
    if isinstance(dataset, DatasetDict):
        small = dict.fromkeys(("en-de", "de-de"), size // 2)
        sampler = HybridMultiDatasetBatchSampler(pairs=language_pairs(dataset), batch_sizes=small)
        samplers = {"multi_dataset_batch_sampler": sampler}
    args = SentenceTransformerTrainingArguments(
        str(folder / "checkpoints"),
        num_train_epochs=2,
        per_device_train_batch_size=size,
        per_device_eval_batch_size=size,
        learning_rate=0.05,
        use_cpu=True,
        report_to="none",
        disable_tqdm=True,
        save_strategy="steps",
        save_steps=25,
        logging_steps=5,
        dataloader_drop_last=True,
        ddp_find_unused_parameters=False,
        **samplers,
    )
    trainer = SentenceTransformerTrainer(
        model,
        args,
        dataset,
        dataset if kind == "flat" else None,
        MultipleNegativesRankingLoss(model, gather_across_devices=True),
        callbacks=[BatchCard(), *callbacks],
    )
    collate = trainer.data_collator

    def remember(rows: list[dict[str, str]]) -> Any:
        seen.append([[row["query"], row["document"]] for row in rows])
        return collate(rows)

    remember.valid_label_columns = collate.valid_label_columns  # type: ignore[attr-defined]
    trainer.data_collator = remember
    return trainer


def main(folder: Path, kind: str, size: int) -> None:
    seen: list[Any] = []
    whole = made(folder, kind, size, seen)
    whole.train()
    num_seen = len(seen)
    losses = [whole.evaluate()["eval_loss"] for _ in range(2)] if kind == "flat" else []
    again: list[Any] = []
    if kind == "flat":  # in the second epoch, in the middle
        made(folder / "cut", kind, size, [], StopAt(25)).train()
        made(folder / "cut", kind, size, again).train(resume_from_checkpoint=True)
    report = {
        "seen": seen[:num_seen],
        "steps": whole.state.global_step,
        "losses": losses,
        "again": again,
        "logged": [entry["loss"] for entry in whole.state.log_history if "loss" in entry],
    }
    (folder / f"process-{os.environ.get('RANK', '0')}.json").write_text(json.dumps(report))
    if whole.is_world_process_zero():
        whole.save_model(str(folder / "model"))
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()  # or else its threads may outlive the interpreter


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
