"""How a classifier of pairs is built and trained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class ClassifierSettings:
    """The head of a classifier, and its training.

    Attributes:
        joint: Whether a transformer reads both sentences of a pair in one sequence, as XTREME's classifiers
            do; otherwise each is encoded by itself.
        frozen: Whether only the head is trained.
        hidden: Widths of the head's layers before the last; none for a linear head.
        dropout: Share of the inputs of each layer of the head that are left out in training.
        epochs: How often all training pairs are gone through.
        batch_size: Pairs of a step.
        learning_rate: Of the encoder, at its highest; it falls to 0 in a straight line.
        head_learning_rate: Of the head; likewise.
        warmup_share: Share of the steps in which the rates rise from 0.
        weight_decay: AdamW's.
        max_gradient_norm: Gradients of all weights together are cut to this length; 0 leaves them.
        seed: Seed of the head, of the order of the pairs and of dropout.
    """

    joint: bool = False
    frozen: bool = False
    hidden: tuple[int, ...] = ()
    dropout: float = 0.0
    epochs: int = 10
    batch_size: int = 32
    learning_rate: float = 1e-3
    head_learning_rate: float = 1e-3
    warmup_share: float = 0.0
    weight_decay: float = 0.0
    max_gradient_norm: float = 1.0
    seed: int = 0

    def problems(self) -> list[str]:
        """What is out of range, one line each."""
        return list(self._problems())

    def _problems(self) -> Iterator[str]:
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                yield f"{name} must be >= 1, got {getattr(self, name)}"
        for name in ("learning_rate", "head_learning_rate"):
            if getattr(self, name) <= 0:
                yield f"{name} must be > 0, got {getattr(self, name)}"
        for name in ("dropout", "warmup_share"):
            if not 0 <= getattr(self, name) < 1:
                yield f"{name} must be from 0 to below 1, got {getattr(self, name)}"
        for name in ("weight_decay", "max_gradient_norm", "seed"):
            if getattr(self, name) < 0:
                yield f"{name} must be >= 0, got {getattr(self, name)}"
        if any(width < 1 for width in self.hidden):
            yield f"hidden must be widths >= 1, got {self.hidden}"
