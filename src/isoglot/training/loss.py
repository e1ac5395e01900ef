"""The training loss as a module: encodes both columns of a batch and adds up the terms of the objective."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from isoglot.errors import ConfigError
from isoglot.training import metric_terms, pretraining_terms, terms
from isoglot.training.conditional import ConditionedTexts, CrossAttention, condition
from isoglot.training.encoded import EncodedBatch
from isoglot.training.encoding import Features, encode_columns, encode_states, medium_of
from isoglot.training.perturbed import Perturbations
from isoglot.training.settings import ObjectiveSettings, TrainingSettings
from isoglot.training.terms import Term
from isoglot.training.views import Views

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from isoglot.training.teacher import TeacherVectors

_MAX_SCALE = 100.0  # as CLIP: beyond it training turns unstable


class RetrievalLoss(nn.Module):
    """The weighted sum of some terms of a batch, for sentence-transformers' trainer.

    Attributes:
        model: The encoder; the trainer swaps in its wrapped one.
        terms: Name -> term.
        dimensions: First dimensions in which the terms are taken too -> weight.
        mini_batch_size: Rows that are encoded at a time; 0 for all.
        views: How augmented views are drawn; None for none.
        conditional: Reads texts beside what they describe; None if nothing does. No part of the model.
        perturbations: How input is perturbed that the terms are taken on too; None for none.
        step: Number of the step, which views and perturbations depend on; the trainer sets it.
        log_scale: Logarithm of the inverse temperature; a parameter if it is learned.
    """

    def __init__(
        self,
        model: SentenceTransformer,
        terms: Mapping[str, Term],
        *,
        temperature: float = 0.05,
        learn_temperature: bool = False,
        dimensions: Mapping[int, float] | None = None,
        mini_batch_size: int = 0,
        views: Views | None = None,
        conditional: CrossAttention | None = None,
        perturbations: Perturbations | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        """Makes the loss.

        Args:
            model: An encoder. If it compares by cosine and does not normalise its embeddings, the loss does.
            terms: Name -> term.
            temperature: Softmax temperature, or its first value if it is learned; > 0.
            learn_temperature: Whether to train it, down to 0.01.
            dimensions: First dimensions in which the terms are taken too -> weight (Kusupati et al. 2022,
                arXiv 2205.13147).
            mini_batch_size: Rows that are encoded at a time, to need less memory; 0 for all.
            views: How the augmented views are drawn that a term asks for.
            conditional: Reads texts beside what they describe, for a term that asks for it.
            perturbations: How input is perturbed; the loss is then taken within `taking_perturbations`.
            config: What the model card says of the loss, beside the temperature.

        Raises:
            ConfigError: If temperature <= 0, if the embeddings have fewer dimensions, or if an encoder that
                needs no mini-batches is to have some.
        """
        super().__init__()
        if temperature <= 0:
            raise ConfigError(f"temperature must be > 0, got {temperature}")
        self.model = model
        self.terms = dict(terms)
        self.dimensions = dict(dimensions or {})
        self.mini_batch_size = mini_batch_size
        self.views, self.conditional, self.step = views, conditional, 0
        self.perturbations = perturbations
        self._config = dict(config or {})
        self._normalize = _leaves_length_open(model)
        _check_encoder(model, self.dimensions, mini_batch_size)
        log_scale = torch.tensor(-math.log(temperature))
        self.log_scale: Tensor
        if learn_temperature:
            self.log_scale = nn.Parameter(log_scale)
        else:
            self.register_buffer("log_scale", log_scale, persistent=False)

    def forward(self, sentence_features: Iterable[Features], labels: Tensor) -> dict[str, Tensor]:
        """The weighted terms of a batch; the loss is their sum.

        Args:
            sentence_features: Model input of this process' queries, then of their documents.
            labels: (n, 4) labels of these documents (`BatchLabels.pack`).

        Returns:
            Name -> scalar; `name@D` for a term in the first D dimensions, `name@perturbed` on
            perturbed input.
        """
        queries, documents = sentence_features
        evaluate = partial(self._parts, (queries, documents), labels)
        if self.perturbations is None:
            return evaluate(queries, documents)
        return self.perturbations.parts(evaluate, self.model, queries, documents, self.step)

    def _parts(
        self, unperturbed: tuple[Features, Features], labels: Tensor, queries: Features, documents: Features
    ) -> dict[str, Tensor]:
        """The weighted terms of a batch, whose views are drawn of what is not perturbed."""
        embeddings, conditioned = self._encode(queries, documents)
        scale = self.log_scale.exp().clamp(max=_MAX_SCALE)
        media = (medium_of(queries), medium_of(documents))
        batch = EncodedBatch.gather(*embeddings, labels, scale, media)
        batch = batch.with_conditioned(conditioned)
        if self.views is not None:
            viewed = (
                self.views.of_queries(unperturbed[0], self.step, batch.own_queries.start),
                self.views.of_documents(unperturbed[1], self.step, batch.own_documents.start),
            )
            batch = batch.with_views(*self._embed(*viewed))
        parts = {name: term.weight * term.value(batch) for name, term in self.terms.items()}
        for dimension, weight in self.dimensions.items():
            truncated = batch.truncated(dimension)
            for name, term in self.terms.items():
                if term.truncated:
                    parts[f"{name}@{dimension}"] = weight * term.weight * term.value(truncated)
        return parts

    def _encode(
        self, queries: Features, documents: Features
    ) -> tuple[tuple[Tensor, Tensor], ConditionedTexts | None]:
        """Embeddings of both columns and, if asked for, their texts read beside what they describe."""
        if self.conditional is None:
            return self._embed(queries, documents), None
        states = encode_states(self.model, queries, documents)
        asked, answered = (self._unit(each["sentence_embedding"]) for each in states)
        return (asked, answered), condition(self.conditional, *states)

    def _embed(self, queries: Features, documents: Features) -> tuple[Tensor, Tensor]:
        """Embeddings of both columns."""
        asked, answered = encode_columns(self.model, queries, documents, self.mini_batch_size)
        return self._unit(asked), self._unit(answered)

    def _unit(self, embeddings: Tensor) -> Tensor:
        return functional.normalize(embeddings) if self._normalize else embeddings

    def get_config_dict(self) -> dict[str, Any]:
        """Settings, for the model card."""
        return {**self._config, "temperature": round(math.exp(-self.log_scale.item()), 6)}


def build_loss(
    model: SentenceTransformer, settings: TrainingSettings, teacher: TeacherVectors | None = None
) -> RetrievalLoss:
    """The loss that settings describe.

    Args:
        model: The encoder.
        settings: Settings without problems.
        teacher: What is distilled, if `objective.distillation_weight` > 0.

    Returns:
        The loss.

    Raises:
        ConfigError: If the encoder does not fit the settings or the teacher, or there is a teacher without
            weight or a weight without teacher.
    """
    objective = settings.objective
    if (teacher is None) == (objective.distillation_weight > 0):
        raise ConfigError(
            f"distillation_weight is {objective.distillation_weight}, and there is "
            f"{'no teacher' if teacher is None else 'a teacher'}; give both or neither"
        )
    width = model.get_embedding_dimension()
    if teacher is not None and width is not None:
        teacher.check_width(width)
    return RetrievalLoss(
        model,
        _terms(objective, teacher),
        temperature=objective.temperature,
        learn_temperature=objective.learn_temperature,
        dimensions=objective.weights_by_dimension,
        mini_batch_size=settings.mini_batch_size,
        views=_views(model, settings),
        conditional=_conditional(model, settings),
        perturbations=Perturbations(settings.robust, settings.seed) if settings.robust.active else None,
        config=asdict(objective) | {"mini_batch_size": settings.mini_batch_size} | _robust(settings),
    )


def _robust(settings: TrainingSettings) -> dict[str, Any]:
    """What the model card says of perturbations, if there are any."""
    return {"robust": asdict(settings.robust)} if settings.robust.active else {}


def _terms(objective: ObjectiveSettings, teacher: TeacherVectors | None) -> dict[str, Term]:
    """The terms whose weight is not 0."""
    consistency = partial(terms.consistency, kind=objective.consistency)
    found = {
        "contrastive": Term(objective.contrastive_weight, _contrastive(objective)),
        "repulsion": Term(objective.repulsion_weight, _repulsion(objective)),
        "consistency": Term(objective.consistency_weight, consistency),
        "query_consistency": Term(objective.query_consistency_weight, terms.query_consistency),
        "alignment": Term(objective.alignment_weight, terms.alignment, truncated=False),
        "translation": Term(objective.translation_weight, pretraining_terms.translation),
        "intra_modal": Term(objective.intra_modal_weight, pretraining_terms.intra_modal),
        "conditional": Term(objective.conditional_weight, pretraining_terms.conditional, truncated=False),
    }
    if teacher is not None:
        distillation = partial(terms.distillation, teacher=teacher)
        found["distillation"] = Term(objective.distillation_weight, distillation, truncated=False)
    return {name: term for name, term in found.items() if term.weight > 0}


def _contrastive(objective: ObjectiveSettings) -> Callable[[EncodedBatch], Tensor]:
    """What tells answers from the rest."""
    asked: dict[str, Any] = {"directions": objective.directions, "translations": objective.translations}
    if objective.contrastive == "info_nce":
        return partial(terms.contrastive, several=objective.several_answers, **asked)
    asked["negatives"] = objective.negatives
    if objective.contrastive == "patr":
        return partial(metric_terms.patr, margin=objective.margin, **asked)
    return partial(
        metric_terms.m3l,
        repelled=objective.repelled,
        exponents=objective.ratio_exponents,
        weights=objective.ratio_weights,
        **asked,
    )


def _repulsion(objective: ObjectiveSettings) -> Callable[[EncodedBatch], Tensor]:
    return partial(
        metric_terms.repulsion,
        translations=objective.translations,
        repelled=objective.repelled,
        margin=objective.margin,
        negatives=objective.negatives,
    )


def _views(model: SentenceTransformer, settings: TrainingSettings) -> Views | None:
    """How augmented views are drawn, if a term compares them."""
    objective = settings.objective
    if not objective.intra_modal_weight:
        return None
    return Views.build(
        model,
        text=objective.text_views,
        media=objective.media_views,
        rate=objective.view_rate,
        seed=settings.seed,
    )


def _conditional(model: SentenceTransformer, settings: TrainingSettings) -> CrossAttention | None:
    """What reads texts beside what they describe, if a term compares them."""
    if not settings.objective.conditional_weight:
        return None
    return CrossAttention.build(model, heads=settings.objective.conditional_heads, seed=settings.seed)


def _leaves_length_open(model: SentenceTransformer) -> bool:
    """Whether embeddings are compared by cosine and yet not of length 1."""
    from sentence_transformers.sentence_transformer.modules import Normalize

    return model.similarity_fn_name == "cosine" and not isinstance(model[-1], Normalize)


def _check_encoder(model: SentenceTransformer, dimensions: Mapping[int, float], mini_batch_size: int) -> None:
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    problems = []
    width = model.get_embedding_dimension()
    if dimensions and width is not None and max(dimensions) >= width:
        problems.append(
            f"matryoshka_dimensions must be below the width of the embeddings, {width}, got {max(dimensions)}"
        )
    if mini_batch_size and any(isinstance(module, StaticEmbedding) for module in model.modules()):
        problems.append(
            f"mini_batch_size must be 0 for a static encoder, or several with one among them, got "
            f"{mini_batch_size}; bags of subwords cannot be cut into mini-batches"
        )
    if problems:
        raise ConfigError("\n".join(problems))
