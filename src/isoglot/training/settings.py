"""Settings of a training: plain numbers, checked before the first step."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import get_args

from isoglot.objectives import Directions, Negatives, SeveralPositives
from isoglot.robustness.augmentation_settings import AugmentationSettings
from isoglot.robustness.settings import RobustSettings
from isoglot.training.media_views import MediaViews
from isoglot.training.metric_terms import Contrastive, Repelled
from isoglot.training.terms import Consistency, Translations
from isoglot.training.text_views import TextViews

_CHOICES = {
    "directions": get_args(Directions),
    "several_answers": get_args(SeveralPositives),
    "translations": get_args(Translations),
    "consistency": get_args(Consistency),
    "contrastive": get_args(Contrastive),
    "negatives": get_args(Negatives),
    "repelled": get_args(Repelled),
    "text_views": get_args(TextViews),
    "media_views": get_args(MediaViews),
}


@dataclass(frozen=True)
class ObjectiveSettings:
    """Towards what a model is trained. A term whose weight is 0 costs nothing.

    The consistency terms, the alignment, the translations and the conditional term compare translations that
    meet in a batch, so they want a scheme that draws several answers to a query.

    Attributes:
        temperature: Softmax temperature; nothing to `patr`, `m3l` and the repulsion, which compare distances.
        learn_temperature: Whether the temperature is trained too.
        directions: Queries look for documents, or `both`.
        several_answers: What is asked of several answers to a query: `each` beats the negatives, all `share`
            the first place, or `any` comes first.
        translations: What a translation of an answer is that was drawn for another query: `ignored`, or
            `positive` as the answer is.
        contrastive_weight: Weight of telling answers from the rest; 0 leaves a distillation, say, alone.
        contrastive: How: by a softmax (`info_nce`), or by distances, with the metric losses of zero-shot
            cross-lingual image retrieval (`patr`, `m3l`; `isoglot.objectives.metric`).
        negatives: Which of the batch's negatives `patr`, `m3l` and the repulsion push away: the `hardest`, or
            the nearest beyond the answer (`semi_hard`), or `all`.
        margin: Distance (1 - cosine) from which on a negative costs `patr` and the repulsion nothing.
        ratio_exponents: Exponents of the two ratios of `m3l`, between sides and within one.
        ratio_weights: Weights of the same.
        repulsion_weight: Weight of pushing apart what differs in meaning on one side.
        repelled: What the repulsion and the second ratio of `m3l` push apart: the `texts` of a batch, be they
            queries, documents or both; or the `queries`, the `documents`, or `both`, whatever they are.
        consistency_weight: Weight of how differently a query scores translations of a document.
        consistency: `divergence` compares what the scores do to the ranking, `variance` the scores.
        query_consistency_weight: Weight of how differently translations of a query rank the documents.
        alignment_weight: Weight of the squared distance of translations.
        translation_weight: Weight of telling a text's translations on the same side from other texts.
        intra_modal_weight: Weight of telling the augmented view of an input from those of others.
        text_views: Tokens of a text's view are `masked`, or `dropped`; or it differs by `dropout` alone.
        media_views: Parts of the view of a picture, a video, a sound or of features are `masked`; or it is
            `cropped`; or it differs by `dropout` alone.
        view_rate: Share of an input that its view lacks.
        conditional_weight: Weight of telling a text's translations from other texts, all read beside what
            they describe.
        conditional_heads: Attention heads of what reads them; they divide the width of the text tower.
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
    contrastive: Contrastive = "info_nce"
    negatives: Negatives = "hardest"
    margin: float = 0.5
    ratio_exponents: tuple[float, float] = (1.0, 1.0)
    ratio_weights: tuple[float, float] = (1.0, 1.0)
    repulsion_weight: float = 0.0
    repelled: Repelled = "texts"
    consistency_weight: float = 0.0
    consistency: Consistency = "divergence"
    query_consistency_weight: float = 0.0
    alignment_weight: float = 0.0
    translation_weight: float = 0.0
    intra_modal_weight: float = 0.0
    text_views: TextViews = "masked"
    media_views: MediaViews = "masked"
    view_rate: float = 0.15
    conditional_weight: float = 0.0
    conditional_heads: int = 4
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
            "view_rate must be > 0 and < 1": 0 < self.view_rate < 1,
            "conditional_heads must be >= 1": self.conditional_heads >= 1,
            **self._metric_rules(),
        }
        return _broken(self, rules)

    def _metric_rules(self) -> dict[str, bool]:
        """Rules of what compares distances."""
        softmax = self.contrastive == "info_nce"
        weights = (self.translation_weight, self.intra_modal_weight, self.conditional_weight)
        tempered = (softmax and self.contrastive_weight > 0) or any(weights)
        return {
            "margin must be > 0 and <= 2": 0 < self.margin <= 2,
            "ratio_exponents must be > 0": all(0 < exponent < math.inf for exponent in self.ratio_exponents),
            "ratio_weights must be >= 0, and not both 0": (
                min(self.ratio_weights) >= 0 and 0 < sum(self.ratio_weights) < math.inf
            ),
            "learn_temperature must be false where no term has a softmax": (
                tempered or not self.learn_temperature
            ),
            "several_answers must be each where contrastive is not info_nce": (
                softmax or self.several_answers == "each"
            ),
        }


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
        robust: On which perturbations of its input, too.
        augmentation: What changes the texts that are trained on.
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
    robust: RobustSettings = field(default_factory=RobustSettings)
    augmentation: AugmentationSettings = field(default_factory=AugmentationSettings)
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
            "mini_batch_size must be 0 with objective.conditional_weight, which needs states of tokens": (
                not (self.mini_batch_size and self.objective.conditional_weight)
            ),
        }
        return [
            *_broken(self, rules),
            *(f"objective.{problem}" for problem in self.objective.broken_rules()),
            *(f"robust.{problem}" for problem in self.robust.broken_rules()),
            *(f"augmentation.{problem}" for problem in self.augmentation.broken_rules()),
        ]


def _broken(settings: object, rules: dict[str, bool]) -> list[str]:
    """The rules that do not hold, with the value of the setting that each begins with."""
    return [f"{rule}, got {getattr(settings, rule.split()[0])}" for rule, holds in rules.items() if not holds]
