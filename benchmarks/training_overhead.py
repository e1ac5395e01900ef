"""Training through `isoglot.training` against a bare PyTorch loop, and against plain sentence-transformers.

    python benchmarks/training_overhead.py [--encoder static|transformer] [--steps N] [--rounds N] [--bf16]

Prints, for the same model, batch size and data in one process, the time of a step (drawing and collating its
batch included), and the throughput in proportion to the bare loop's:

    trainer            `fit`: checkable, resumable, counted
    bare loop          the same batches, loss, optimiser, clipping and schedule in a `for` loop
    plain              `SentenceTransformerTrainer` with its own sampler and MultipleNegativesRankingLoss
    bare, dense Adam   for a static encoder, what sparse updates save

They run in turns, so that a busy machine slows all alike, and each round begins with another. Then a profile
of a step through `fit`: where its time goes.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from accelerate import Accelerator
from datasets import Dataset
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from transformers import PrinterCallback, TrainerCallback, get_linear_schedule_with_warmup

from isoglot.batches import Hybrid, PairBatchSampler, training_pairs
from isoglot.batches.collation import PairCollator
from isoglot.batches.schemes import Hybrid as HybridScheme
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.encoders import build_static_encoder, build_transformer_encoder, train_subwords
from isoglot.retrieval.exact import fast_matmul
from isoglot.training import TrainingSettings, fit
from isoglot.training.loss import RetrievalLoss, build_loss
from isoglot.training.sparse import RowAdam, sparse_updates
from isoglot.world import build_text_corpus

WARM_UP_STEPS = 5


@dataclass(frozen=True)
class Setting:
    """What all ways of training are given."""

    model: SentenceTransformer
    corpus: ParallelCorpus
    settings: TrainingSettings


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

    @property
    def steps(self) -> list[float]:
        """Seconds of each step after the first few."""
        return np.diff(self.ends)[WARM_UP_STEPS:].tolist()


def trainer_steps(setting: Setting) -> list[float]:
    """Seconds of each step through `fit`."""
    clock = Clock()
    model = copy.deepcopy(setting.model)
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "model"
        fit(
            model,
            setting.corpus,
            scheme=Hybrid(),
            output_dir=output,
            settings=setting.settings,
            callbacks=[clock],
        )
    return clock.steps


def bare_steps(setting: Setting, *, sparse: bool) -> list[float]:
    """Seconds of each step of a loop that does no more than it must for the same model."""
    model, settings = copy.deepcopy(setting.model), setting.settings
    sampler = PairBatchSampler(
        training_pairs(setting.corpus), Hybrid(), settings.batch_size, settings.steps, seed=settings.seed
    )
    with ExitStack() as stack:
        if sparse:
            stack.enter_context(sparse_updates(model))
        stack.enter_context(fast_matmul())  # as `fit` does
        stack.enter_context(torch.autocast("cpu", torch.bfloat16, enabled=settings.bf16))
        loss = build_loss(model, settings)
        parameters = [parameter for parameter in loss.parameters() if parameter.requires_grad]
        optimiser: torch.optim.Optimizer = (
            RowAdam(parameters, settings.learning_rate)
            if sparse
            else torch.optim.AdamW(parameters, settings.learning_rate, fused=True)
        )
        model.train()
        return _timed_steps(PairCollator(model, sampler), sampler, loss, optimiser, clip=not sparse)


def _timed_steps(
    collate: PairCollator,
    sampler: PairBatchSampler,
    loss: RetrievalLoss,
    optimiser: torch.optim.Optimizer,
    *,
    clip: bool,
) -> list[float]:
    clock = Clock()
    schedule = get_linear_schedule_with_warmup(optimiser, sampler.num_batches // 10, sampler.num_batches)
    clock.on_train_begin()
    for share in sampler:
        batch = collate(share)
        features = [
            {key[len(side) :]: value for key, value in batch.items() if key.startswith(side)}
            for side in ("query_", "document_")
        ]
        sum(loss(features, batch["label"]).values()).backward()
        if clip:
            torch.nn.utils.clip_grad_norm_(loss.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
        clock.on_step_end()
    return clock.steps


def plain_steps(setting: Setting, pairs: Dataset) -> list[float]:
    """Seconds of each step of sentence-transformers' own trainer, samplers and loss."""
    clock, settings, model = Clock(), setting.settings, copy.deepcopy(setting.model)
    with tempfile.TemporaryDirectory() as folder:
        arguments = SentenceTransformerTrainingArguments(
            output_dir=folder,
            max_steps=settings.steps,
            per_device_train_batch_size=settings.batch_size,
            learning_rate=settings.learning_rate,
            bf16=settings.bf16,
            use_cpu=True,
            save_strategy="no",
            logging_steps=max(10, settings.steps // 50),
            report_to="none",
            disable_tqdm=True,
            dataloader_pin_memory=False,
        )
        trainer = SentenceTransformerTrainer(
            model=model,
            args=arguments,
            train_dataset=pairs,
            loss=MultipleNegativesRankingLoss(model, scale=1 / settings.objective.temperature),
            callbacks=[clock],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return clock.steps


def text_pairs(setting: Setting) -> Dataset:
    """As many pairs of texts as a training draws, drawn by the same scheme, in one flat table."""
    settings, corpus = setting.settings, setting.corpus
    sampler = PairBatchSampler(training_pairs(corpus), Hybrid(), settings.batch_size, settings.steps)
    batches = [share.batch for share in sampler]
    queries = np.concatenate([batch.query_rows for batch in batches])
    documents = np.concatenate([batch.document_rows[:, 0] for batch in batches])
    texts = {"query": corpus.query_texts(queries), "document": corpus.document_texts(documents)}
    return Dataset.from_dict(texts)


class Profile:
    """Seconds in the parts of a step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its time counted."""

        def run(*args: Any, **kwargs: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds[part] += time.perf_counter() - started

        return run

    @contextmanager
    def watching(self, *, sparse: bool) -> Iterator[None]:
        """Counts the time of what a step consists of."""
        optimiser = RowAdam if sparse else torch.optim.AdamW
        parts = {
            "drawing": (HybridScheme, "draw"),
            "collation": (PairCollator, "__call__"),
            "forward": (RetrievalLoss, "forward"),
            "backward": (Accelerator, "backward"),
            "clipping": (Accelerator, "clip_grad_norm_"),
            "optimiser": (optimiser, "step"),
        }
        with ExitStack() as stack:
            for part, (owner, name) in parts.items():
                wrapped = self.timed(part, getattr(owner, name))
                stack.enter_context(mock.patch.object(owner, name, wrapped))
            yield


def print_profile(setting: Setting, *, sparse: bool) -> None:
    """Where the time of a step through `fit` goes."""
    profile = Profile()
    with profile.watching(sparse=sparse):
        steps = trainer_steps(setting)
    step = 1000 * statistics.fmean(steps)
    print(f"  of a step of {step:.1f} ms on average:")
    share = 1000 / setting.settings.steps
    parts = {part: share * seconds for part, seconds in profile.seconds.items()}
    for part, milliseconds in (parts | {"the trainer's own": step - sum(parts.values())}).items():
        print(f"    {part:18} {milliseconds:8.2f} ms   {milliseconds / step:6.1%}")


def build_setting(encoder: str, steps: int | None, *, bf16: bool) -> Setting:
    """Model, data and settings."""
    corpus = build_text_corpus()
    texts = corpus.document_texts(np.arange(corpus.documents.num_rows, dtype=np.int32))
    if encoder == "static":
        model = build_static_encoder(train_subwords(texts, 30_000, model="bpe"), 512)
        settings = TrainingSettings(steps=steps or 60, batch_size=512, learning_rate=0.01, bf16=bf16)
    else:
        tokenizer = train_subwords(texts, 8_000, model="bpe")
        model = build_transformer_encoder(tokenizer, layers=4, hidden_size=128)
        settings = TrainingSettings(steps=steps or 20, batch_size=32, learning_rate=1e-4, bf16=bf16)
    return Setting(model, corpus, settings)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--encoder", choices=("static", "transformer"), action="append")
    parser.add_argument("--steps", type=int, default=None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bf16", action="store_true", help="in 16 bits where that is safe (autocast)")
    options = parser.parse_args()
    for encoder in options.encoder or ("static", "transformer"):
        measure(build_setting(encoder, options.steps, bf16=options.bf16), options.rounds, encoder)


def measure(setting: Setting, rounds: int, encoder: str) -> None:
    """Measures one encoder and prints."""
    sparse = encoder == "static"
    ways: dict[str, Callable[[], list[float]]] = {
        "trainer": partial(trainer_steps, setting),
        "bare loop": partial(bare_steps, setting, sparse=sparse),
        "plain": partial(plain_steps, setting, text_pairs(setting)),
    }
    if sparse:
        ways["bare, dense Adam"] = partial(bare_steps, setting, sparse=False)
    seconds: dict[str, list[float]] = defaultdict(list)
    for turn in range(rounds):
        names = list(ways)
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            seconds[name] += ways[name]()
    medians = {name: statistics.median(seconds[name]) for name in ways}
    print(f"{encoder} encoder, batch {setting.settings.batch_size}, {len(seconds['trainer'])} steps each")
    for name, median in medians.items():
        throughput = medians["bare loop"] / median
        print(f"  {name:18} {1000 * median:8.1f} ms a step   throughput {throughput:.2f} of the bare loop's")
    print_profile(setting, sparse=sparse)


if __name__ == "__main__":
    main()
