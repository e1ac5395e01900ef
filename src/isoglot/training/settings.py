"""Settings of a training: plain numbers, checked before the first step."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import get_args

from isoglot.objectives import Directions, SeveralPositives
from isoglot.training.terms import Consistency, Translations

_CHOICES = {
    "directions": get_args(Directions),
    "several_answers": get_args(SeveralPositives),
    "translations": get_args(Translations),
    "consistency": get_args(Consistency),
}


@dataclass(frozen=True)
class ObjectiveSettings:
    """Towards what a model is trained. A term whose weight is 0 costs nothing.

    The consistency terms and the alignment compare translations that meet in a batch, so they want a scheme
    that draws several answers to a query.

    Attributes:
        temperature: Softmax temperature.
        learn_temperature: Whether the temperature is trained too.
        directions: Queries look for documents, or `both`.
        several_answers: What is asked of several answers to a query: `each` beats the negatives, all `share`
            the first place, or `any` comes first.
        translations: What a translation of an answer is that was drawn for another query: `ignored`, or
            `positive` as the answer is.
        contrastive_weight: Weight of telling answers from the rest; 0 leaves a distillation, say, alone.
        consistency_weight: Weight of how differently a query scores translations of a document.
        consistency: `divergence` compares what the scores do to the ranking, `variance` the scores.
        query_consistency_weight: Weight of how differently translations of a query rank the documents.
        alignment_weight: Weight of the squared distance of translations.
        distillation_weight: Weight of the squared distance to a teacher's embeddings.
        matryoshka_dimensions: First dimensions of the embeddings that shall be embeddings too, beside all.
        matryoshka_weights: Weight of the terms in each of them; empty for 1 each.
    """

    temperature: float = 0.05
    learn_temperature: bool = False
    directions: Directions = "query_to_document"
    several_answers: SeveralPositives = "each"
    translations: Translations = "ignored"
    contrastive_weight: float = 1.0
    consistency_weight: float = 0.0
    consistency: Consistency = "divergence"
    query_consistency_weight: float = 0.0
    alignment_weight: float = 0.0
    distillation_weight: float = 0.0
    matryoshka_dimensions: tuple[int, ...] = ()
    matryoshka_weights: tuple[float, ...] = ()

    @property
    def weights_by_dimension(self) -> dict[int, float]:
        """Weight of the terms in the first dimensions, widest first."""
        weights = self.matryoshka_weights or (1.0,) * len(self.matryoshka_dimensions)
        return dict(sorted(zip(self.matryoshka_dimensions, weights, strict=True), reverse=True))

    def broken_rules(self) -> list[str]:
        """What is out of range, one line each; `TrainingSettings.problems` tells it with its own."""
        dimensions, weights = self.matryoshka_dimensions, self.matryoshka_weights
        terms = [field.name for field in fields(self) if field.name.endswith("_weight")]
        rules = {
            "temperature must be > 0": self.temperature > 0,
            **{f"{term} must be >= 0": getattr(self, term) >= 0 for term in terms},
            **{
                f"{name} must be one of {', '.join(choices)}": getattr(self, name) in choices
                for name, choices in _CHOICES.items()
            },
            "contrastive_weight must be > 0 where no other term has a weight": any(
                getattr(self, term) for term in terms
            ),
            "matryoshka_dimensions must be different numbers >= 1": (
                len(set(dimensions)) == len(dimensions) and all(dimension >= 1 for dimension in dimensions)
            ),
            "matryoshka_weights must be > 0, one for each of matryoshka_dimensions or none": (
                len(weights) in (0, len(dimensions)) and all(weight > 0 for weight in weights)
            ),
        }
        return _broken(self, rules)


@dataclass(frozen=True)
class TrainingSettings:
    """How long, how fast and towards what a model is trained.

    Attributes:
        steps: Optimiser steps.
        batch_size: Pairs a batch.
        mini_batch_size: Texts that an encoder with layers encodes at a time, so that a batch of any size fits
            its memory; 0 encodes them all at once, which is faster.
        learning_rate: Highest learning rate; 3e-5 suits a pretrained transformer, 0.01 a static encoder.
        warmup_share: Share of the steps over which the rate rises from 0; it falls to 0 over the rest.
        objective: Towards what.
        evaluate_every_steps: Steps between dev evaluations; 0 evaluates at the end only.
        measure: Dev measure whose best checkpoint is kept, as the evaluator names it; "" keeps the last.
        higher_is_better: Direction of that measure (False for rank distance).
        checkpoint_every_steps: Steps between checkpoints, where no evaluation sets them; 0 for none.
        bf16: Mixed precision, where the processor has it.
        seed: Seed of batches, dropout and everything else.
    """

    steps: int = 1_000
    batch_size: int = 100
    mini_batch_size: int = 0
    learning_rate: float = 3e-5
    warmup_share: float = 0.1
    objective: ObjectiveSettings = field(default_factory=ObjectiveSettings)
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
            "mini_batch_size must be >= 0": self.mini_batch_size >= 0,
            "learning_rate must be > 0": self.learning_rate > 0,
            "warmup_share must be between 0 and 1": 0 <= self.warmup_share <= 1,
            "evaluate_every_steps must be >= 0": self.evaluate_every_steps >= 0,
            "checkpoint_every_steps must be >= 0": self.checkpoint_every_steps >= 0,
        }
        return _broken(self, rules) + [f"objective.{problem}" for problem in self.objective.broken_rules()]


def _broken(settings: object, rules: dict[str, bool]) -> list[str]:
    """The rules that do not hold, with the value of the setting that each begins with."""
    return [f"{rule}, got {getattr(settings, rule.split()[0])}" for rule, holds in rules.items() if not holds]
