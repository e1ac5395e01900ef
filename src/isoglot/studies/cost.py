"""Estimates of how long cells take, before any has run, and of the time left while they do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from isoglot.experiments.config import EncoderConfig, ExperimentConfig
from isoglot.studies.sizes import static_parameters, transformer_parameters

_TOKENS = 32
"""Subwords of a text, as far as one knows before corpora are read."""
_PER_WEIGHT = 6
"""Operations of a step for each weight and token: two forward and four backward (Kaplan et al. 2020)."""
_UNKNOWN_WEIGHTS = 1e8
"""Weights of a model that is not here yet."""
_BYTES_A_WEIGHT = 4
_OTHER_MEDIA = 20
"""How many times a text a picture, video or sound costs, roughly."""


def estimate_cost(config: ExperimentConfig) -> float:
    """Floating-point operations of a training, within an order of magnitude: enough to sort by.

    Args:
        config: The experiment.

    Returns:
        The estimate; texts are taken to be of equal length in all corpora, a model of the hub that was never
        loaded to be of base size.
    """
    training = config.training
    passes = training.robust.passes["backward"] * (2 if training.mini_batch_size else 1)
    num_texts = 2 * training.batch_size * training.steps * passes
    media = sum(tower is not None for tower in (config.encoder.image, config.encoder.audio))
    per_text = _PER_WEIGHT * _TOKENS * _multiplied_weights(config.encoder)
    similarities = _PER_WEIGHT * training.batch_size * config.encoder.dimension
    return num_texts * (per_text * (1 + _OTHER_MEDIA * media) + similarities)


def _multiplied_weights(encoder: EncoderConfig) -> float:
    """Weights that every token meets; of a bag of subwords, the width of its vector."""
    if encoder.kind == "static":
        return static_parameters(1, encoder.dimension).total
    if encoder.kind == "transformer":
        return transformer_parameters(1, encoder.layers, encoder.dimension).without_embeddings
    assert encoder.path is not None
    return _weights_in(Path(encoder.path))


def _weights_in(folder: Path) -> float:
    """Weights of a saved model without its tables of subwords, by the size of its files."""
    files = [file for file in folder.rglob("*.safetensors") if "checkpoints" not in file.parts]
    if not files:
        return _UNKNOWN_WEIGHTS
    return max(1.0, sum(file.stat().st_size for file in files) / _BYTES_A_WEIGHT - _table_weights(folder))


def _table_weights(folder: Path) -> float:
    """Weights in the table of subwords, as a saved model's configuration tells; 0 if it does not."""
    for path in (folder / "config.json", *folder.glob("*/config.json")):
        try:
            config = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if "vocab_size" in config and "hidden_size" in config:
            return float(config["vocab_size"] * config["hidden_size"])
    return 0.0


def seconds_left(
    costs: Sequence[float], seconds: Sequence[float], remaining: Sequence[float], num_workers: int = 1
) -> float | None:
    """How long the cells that remain will take.

    A cell is taken to need a fixed time and one in proportion to its cost, both fitted to what is done.

    Args:
        costs: Estimates of the cells that are done.
        seconds: What they took.
        remaining: Estimates of the others.
        num_workers: Cells that run at a time.

    Returns:
        Seconds; None before the first cell is done.
    """
    if not costs:
        return None
    known, took = np.asarray(costs, float), np.asarray(seconds, float)
    rate = fixed = 0.0
    spread = float(((known - known.mean()) ** 2).sum())
    if spread > 0:
        rate = max(0.0, float(((known - known.mean()) * (took - took.mean())).sum()) / spread)
    fixed = max(0.0, float(took.mean() - rate * known.mean()))
    return (fixed * len(remaining) + rate * float(sum(remaining))) / max(1, num_workers)
