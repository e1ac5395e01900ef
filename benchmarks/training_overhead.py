"""Time of a training step through `isoglot.training` against a bare PyTorch loop over the same batches.

    python benchmarks/training_overhead.py [--encoder static|transformer] [--steps N]

Prints, for the same model, batches and loss in one process: the median step time of `fit`'s trainer and of a
bare loop, in turns, and their ratio; and, for the static encoder, what sparse updates gain over dense Adam.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from transformers import TrainerCallback

from isoglot.batches import Hybrid, PairBatchSampler, training_pairs
from isoglot.batches.collation import PairCollator
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.encoders import build_static_encoder, build_transformer_encoder, train_subwords
from isoglot.retrieval.exact import fast_matmul
from isoglot.training import TrainingSettings, fit
from isoglot.training.loss import GroupContrastiveLoss
from isoglot.training.sparse import RowAdam, sparse_updates
from isoglot.world import build_text_corpus

WARM_UP_STEPS = 5


class Clock(TrainerCallback):
    """Times each step, drawing and collating its batch included."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_train_begin(self, *args: Any, **kwargs: Any) -> None:
        """Starts the clock."""
        self.ends.append(time.perf_counter())

    def on_step_end(self, *args: Any, **kwargs: Any) -> None:
        """Takes the time."""
        self.ends.append(time.perf_counter())


def trainer_steps(
    model: SentenceTransformer, corpus: ParallelCorpus, settings: TrainingSettings
) -> list[float]:
    """Seconds of each step through `fit`."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        fit(
            model,
            corpus,
            scheme=Hybrid(),
            output_dir=Path(folder) / "model",
            settings=settings,
            callbacks=[clock],
        )
    return np.diff(clock.ends)[WARM_UP_STEPS:].tolist()


def bare_steps(
    model: SentenceTransformer, corpus: ParallelCorpus, settings: TrainingSettings, *, sparse: bool
) -> list[float]:
    """Seconds of each step of a loop that does no more than it must."""
    sampler = PairBatchSampler(
        training_pairs(corpus), Hybrid(), settings.batch_size, settings.steps, seed=settings.seed
    )
    if not sparse:
        return _loop(
            model,
            sampler,
            lambda loss: torch.optim.AdamW(loss.parameters(), settings.learning_rate, fused=True),
        )
    with sparse_updates(model):
        return _loop(model, sampler, lambda loss: RowAdam(list(loss.parameters()), settings.learning_rate))


def _loop(
    model: SentenceTransformer,
    sampler: PairBatchSampler,
    make_optimiser: Callable[[GroupContrastiveLoss], torch.optim.Optimizer],
) -> list[float]:
    collate = PairCollator(model, sampler)
    loss = GroupContrastiveLoss(model)
    optimiser = make_optimiser(loss)
    model.train()
    with fast_matmul():  # as `fit` does
        return _timed_steps(sampler, collate, loss, optimiser)


def _timed_steps(
    sampler: PairBatchSampler,
    collate: PairCollator,
    loss: GroupContrastiveLoss,
    optimiser: torch.optim.Optimizer,
) -> list[float]:
    ends = [time.perf_counter()]
    for share in sampler:
        batch = collate(share)
        features = [
            {key[len(side) :]: value for key, value in batch.items() if key.startswith(side)}
            for side in ("query_", "document_")
        ]
        loss(features, batch["label"]).backward()
        optimiser.step()
        optimiser.zero_grad()
        ends.append(time.perf_counter())
    return np.diff(ends)[WARM_UP_STEPS:].tolist()


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--encoder", choices=("static", "transformer"), default="static")
    parser.add_argument("--steps", type=int, default=None)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    corpus = build_text_corpus()
    texts = corpus.document_texts(np.arange(corpus.documents.num_rows, dtype=np.int32))
    if options.encoder == "static":
        tokenizer = train_subwords(texts, 30_000, model="bpe")
        model = build_static_encoder(tokenizer, 512)
        settings = TrainingSettings(steps=options.steps or 60, batch_size=512, learning_rate=0.01)
    else:
        model = build_transformer_encoder(
            train_subwords(texts, 8_000, model="bpe"), layers=4, hidden_size=128
        )
        settings = TrainingSettings(steps=options.steps or 20, batch_size=32, learning_rate=1e-4)
    sparse = options.encoder == "static"
    seconds: dict[str, list[float]] = {"trainer": [], "bare loop": []} | (
        {"bare loop, dense Adam": []} if sparse else {}
    )
    for _ in range(options.rounds):  # in turns, so that a busy machine slows all alike
        seconds["trainer"] += trainer_steps(copy.deepcopy(model), corpus, settings)
        seconds["bare loop"] += bare_steps(copy.deepcopy(model), corpus, settings, sparse=sparse)
        if sparse:
            seconds["bare loop, dense Adam"] += bare_steps(
                copy.deepcopy(model), corpus, settings, sparse=False
            )
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    print(f"{options.encoder} encoder, batch {settings.batch_size}, {len(seconds['trainer'])} steps each")
    for name, median in medians.items():
        print(f"  {name:24} {1000 * median:8.1f} ms   {median / medians['bare loop']:.2f} x the bare loop")


if __name__ == "__main__":
    main()
