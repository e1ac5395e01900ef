"""Memory and time of a training step with `mini_batch_size` against that of the whole batch at once.

    python benchmarks/gradient_caching.py [--batch-size N] [--mini-batch-sizes N ...] [--device cpu|cuda]

Each size has a process of its own, so that its peak is no other's: on a CPU the resident memory that the
step adds to what model and batch take, on a GPU the same of what PyTorch has allocated. Prints each size's
peak and time as a share of the whole batch's. The gradients are those of the whole batch (`tests/training`).
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

import numpy as np
import torch

from isoglot.batches.labels import BatchLabels
from isoglot.encoders import build_transformer_encoder, train_subwords
from isoglot.training import TrainingSettings
from isoglot.training.loss import build_loss
from isoglot.world import build_text_corpus

NUM_STEPS = 3


@dataclass(frozen=True)
class Step:
    """What a step takes.

    Attributes:
        megabytes: Peak, beside model and batch.
        seconds: Median of some steps.
    """

    megabytes: float
    seconds: float


def measure(batch_size: int, mini_batch_size: int, layers: int, width: int, device: str) -> Step:
    """Steps of a new encoder on texts of the built-in world, in this process."""
    corpus = build_text_corpus()
    texts = corpus.document_texts(np.arange(min(2_000, corpus.documents.num_rows), dtype=np.int32))
    model = build_transformer_encoder(
        train_subwords(texts, 4_000, model="bpe"), layers=layers, hidden_size=width
    ).to(device)
    loss = build_loss(model, TrainingSettings(mini_batch_size=mini_batch_size)).to(device)
    chosen = np.resize(texts, batch_size).tolist()
    features = [
        {key: value.to(device) if isinstance(value, torch.Tensor) else value for key, value in column.items()}
        for column in (model.preprocess(chosen), model.preprocess(chosen))
    ]
    groups = torch.arange(batch_size, device=device)
    labels = BatchLabels.of_pairs(torch.stack([groups, groups], dim=1)).pack()
    for parameter in loss.parameters():
        parameter.grad = torch.zeros_like(parameter)
    before = peak_megabytes(device)
    seconds = []
    for _ in range(NUM_STEPS):
        start = time.perf_counter()
        torch.stack(list(loss([dict(column) for column in features], labels).values())).sum().backward()
        if device == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return Step(peak_megabytes(device) - before, statistics.median(seconds))


def peak_megabytes(device: str) -> float:
    """The most memory that this process ever had."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--mini-batch-sizes", type=int, nargs="+", default=[128, 32])
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--only", type=int, help="measure this mini-batch size here, and print JSON")
    options = parser.parse_args()
    if options.only is not None:
        step = measure(options.batch_size, options.only, options.layers, options.width, options.device)
        print(json.dumps([step.megabytes, step.seconds]))
        return
    steps = {}
    for size in (0, *options.mini_batch_sizes):
        command = [sys.executable, *sys.argv, "--only", str(size)]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        steps[size] = Step(*json.loads(told.splitlines()[-1]))
    print(
        f"{options.layers} layers of width {options.width}, {options.batch_size} pairs, {options.device}: "
        f"{steps[0].megabytes:,.0f} MB and {steps[0].seconds:.2f} s a step at once"
    )
    for size in options.mini_batch_sizes:
        print(
            f"  {size:5} texts at a time: {steps[size].megabytes / steps[0].megabytes:.2f} of the memory, "
            f"{steps[size].seconds / steps[0].seconds:.2f} of the time"
        )


if __name__ == "__main__":
    main()
