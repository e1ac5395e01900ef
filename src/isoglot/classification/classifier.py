"""A classifier of sentence pairs: any encoder of texts, and a head on what it says of the two.

Each sentence by itself: the head reads [u; v; |u - v|; u * v], of InferSent (arXiv 1705.02364), so that
sentences are encoded once whatever they are paired with. Joint: a transformer reads both in one sequence, as
XTREME's classifiers do, and may compare them word by word; every pair is then encoded anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from torch import Tensor, nn

from isoglot.corpora.labelled import CLASSES, TASKS, Task
from isoglot.encoders import load_encoder
from isoglot.errors import CheckpointError, ConfigError

Features = Mapping[str, Any]
"""Input of an encoder by name."""

_HEAD = "head.safetensors"
_DESCRIPTION = "classifier.json"
_ENCODER = "encoder"


class PairHead(nn.Module):
    """Fully connected layers from the vectors of a pair to its classes.

    Vectors of length 1 are made longer by the root of their width, so that coordinates are about 1.
    """

    def __init__(
        self, width: int, num_classes: int, *, joint: bool, hidden: Sequence[int] = (), dropout: float = 0.0
    ) -> None:
        """Makes a head with random weights of torch's own generator.

        Args:
            width: D, of the encoder's vectors.
            num_classes: K.
            joint: Whether a pair has one vector.
            hidden: Widths of the layers before the last.
            dropout: Share of the inputs of each layer that are left out in training.
        """
        super().__init__()
        self.scale = width**0.5
        self.joint = joint
        widths = [width if joint else 4 * width, *hidden, num_classes]
        layers: list[nn.Module] = []
        for number, (before, after) in enumerate(pairwise(widths)):
            layers += [nn.ReLU()] if number else []
            layers += [nn.Dropout(dropout), nn.Linear(before, after)]
        self.layers = nn.Sequential(*layers)

    def forward(self, vectors: Sequence[Tensor]) -> Float[Tensor, "pairs classes"]:
        """Logits of (P, D) vectors: those of the first and of the second sentences, or of the pairs."""
        scaled = [self.scale * each for each in vectors]
        if not self.joint:
            first, second = scaled
            scaled = [first, second, (first - second).abs(), first * second]
        logits: Tensor = self.layers(torch.cat(scaled, dim=1))
        return logits


class PairClassifier(nn.Module):
    """An encoder and a head, trained together or the head alone.

    Attributes:
        encoder: Any sentence-transformers model that encodes texts.
        head: What is read off its vectors.
        task: What the classes say.
    """

    def __init__(self, encoder: SentenceTransformer, head: PairHead, task: Task) -> None:
        """Puts the two together; neither is copied."""
        super().__init__()
        self.encoder = encoder
        self.head = head
        self.task = task

    @property
    def joint(self) -> bool:
        """Whether both sentences of a pair are read in one sequence."""
        return self.head.joint

    def features(self, first: Sequence[str], second: Sequence[str]) -> list[dict[str, Any]]:
        """Model input of pairs: a column for each sentence, or one for both."""
        if not self.joint:
            return [self.column(first), self.column(second)]
        module: Any = self.encoder[0]
        return [self._placed(module.preprocess(list(zip(first, second, strict=True))))]

    def column(self, texts: Sequence[str]) -> dict[str, Any]:
        """Model input of sentences by themselves, the document prompt before each."""
        prompt = self.encoder.prompts.get("document") or None
        return self._placed(self.encoder.preprocess(list(texts), prompt=prompt))

    def _placed(self, column: Mapping[str, Any]) -> dict[str, Any]:
        device = self.encoder.device
        return {
            key: value.to(device) if isinstance(value, Tensor) else value for key, value in column.items()
        }

    def encode(self, column: Features) -> Float[Tensor, "texts dim"]:
        """Vectors of one column; modules change what they are given, so they are given a copy."""
        vectors: Tensor = self.encoder(dict(column))["sentence_embedding"]
        return vectors

    def forward(self, columns: Sequence[Features]) -> Float[Tensor, "pairs classes"]:
        """Logits of pairs from their model input."""
        logits: Tensor = self.head([self.encode(column) for column in columns])
        return logits

    def save(self, folder: str | Path) -> None:
        """Writes the encoder, which sentence-transformers loads by itself, and the head beside it.

        Args:
            folder: Where; made if it is not there.
        """
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        self.encoder.save(str(target / _ENCODER), create_model_card=False)
        save_file({name: each.contiguous() for name, each in self.head.state_dict().items()}, target / _HEAD)
        linear = [layer for layer in self.head.layers if isinstance(layer, nn.Linear)]
        description = {
            "task": self.task,
            "classes": list(CLASSES[self.task]),
            "joint": self.joint,
            "hidden": [layer.out_features for layer in linear[:-1]],
        }
        (target / _DESCRIPTION).write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")


def build_classifier(
    encoder: SentenceTransformer,
    task: Task,
    *,
    joint: bool = False,
    hidden: Sequence[int] = (),
    dropout: float = 0.0,
    seed: int = 0,
) -> PairClassifier:
    """A classifier whose head has random weights.

    Args:
        encoder: Encodes texts; it is not copied.
        task: `paraphrase` or `entailment`.
        joint: Whether both sentences are read in one sequence, which takes a transformer.
        hidden: Widths of the head's layers before the last.
        dropout: Share of the inputs of each layer of the head that are left out in training.
        seed: Seed of the head.

    Returns:
        The classifier, on the encoder's device.

    Raises:
        ConfigError: If the task has no classes, or the encoder cannot read pairs in one sequence.
    """
    if not CLASSES[task]:
        raise ConfigError(f"task {task!r} has no classes; a classifier takes paraphrase or entailment")
    if joint and not hasattr(encoder[0], "auto_model"):
        raise ConfigError(
            f"joint needs a transformer, which reads both sentences in one sequence; the encoder begins with "
            f"{type(encoder[0]).__name__}; use joint=False"
        )
    width = encoder.get_embedding_dimension()
    assert width is not None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = PairHead(width, len(CLASSES[task]), joint=joint, hidden=hidden, dropout=dropout)
    return PairClassifier(encoder, head.to(encoder.device), task)


def load_classifier(folder: str | Path, *, device: str | None = None) -> PairClassifier:
    """A classifier that was saved; no code that lies beside it is run.

    Args:
        folder: Its folder.
        device: Where it runs; None lets torch choose.

    Returns:
        The classifier, for use and not for training.

    Raises:
        CheckpointError: If the folder holds no classifier, or it cannot be read.
    """
    source = Path(folder)
    try:
        described = json.loads((source / _DESCRIPTION).read_text(encoding="utf-8"))
        weights = load_file(source / _HEAD)
        task = next(task for task in TASKS if task == described["task"])
        hidden, joint = [int(width) for width in described["hidden"]], bool(described["joint"])
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        raise CheckpointError(
            f"{source}: cannot be read as a classifier of pairs: {error}; name a folder that training wrote"
        ) from error
    encoder = load_encoder(source / _ENCODER, device=device, normalize=False)
    classifier = build_classifier(encoder, task, joint=joint, hidden=hidden)
    try:
        classifier.head.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"{source / _HEAD}: does not fit {_DESCRIPTION}: {error}") from error
    return classifier.eval()
