"""Settings of a training: plain numbers, checked before the first step."""

from __future__ import annotations

from dataclasses import dataclass

from isoglot.objectives import Directions


@dataclass(frozen=True)
class TrainingSettings:
    """How long, how fast and towards what a model is trained.

    Attributes:
        steps: Optimiser steps.
        batch_size: Pairs a batch.
        learning_rate: Highest learning rate; 3e-5 suits a pretrained transformer, 0.01 a static encoder.
        warmup_share: Share of the steps over which the rate rises from 0; it falls to 0 over the rest.
        temperature: Softmax temperature of the loss.
        learn_temperature: Whether the temperature is trained too.
        directions: Queries look for documents, or `both`.
        evaluate_every_steps: Steps between dev evaluations; 0 evaluates at the end only.
        measure: Dev measure whose best checkpoint is kept, as the evaluator names it; "" keeps the last.
        higher_is_better: Direction of that measure (False for rank distance).
        checkpoint_every_steps: Steps between checkpoints, where no evaluation sets them; 0 for none.
        bf16: Mixed precision, where the processor has it.
        seed: Seed of batches, dropout and everything else.
    """

    steps: int = 1_000
    batch_size: int = 100
    learning_rate: float = 3e-5
    warmup_share: float = 0.1
    temperature: float = 0.05
    learn_temperature: bool = False
    directions: Directions = "query_to_document"
    evaluate_every_steps: int = 0
    measure: str = "mean_AP"
    higher_is_better: bool = True
    checkpoint_every_steps: int = 0
    bf16: bool = False
    seed: int = 0

    def problems(self) -> list[str]:
        """What is out of range, one line each."""
        rules = {
            "steps must be >= 1": self.steps >= 1,
            "batch_size must be >= 2": self.batch_size >= 2,
            "learning_rate must be > 0": self.learning_rate > 0,
            "warmup_share must be between 0 and 1": 0 <= self.warmup_share <= 1,
            "temperature must be > 0": self.temperature > 0,
            "evaluate_every_steps must be >= 0": self.evaluate_every_steps >= 0,
            "checkpoint_every_steps must be >= 0": self.checkpoint_every_steps >= 0,
        }
        values = {rule: getattr(self, rule.split()[0]) for rule in rules}
        return [f"{rule}, got {values[rule]}" for rule, holds in rules.items() if not holds]
