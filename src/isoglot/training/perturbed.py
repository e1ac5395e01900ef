"""The loss of a batch on perturbed input: adversarial training, and smoothing by random perturbation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, distributed

from isoglot.robustness.attacks import attack
from isoglot.robustness.balls import Balls
from isoglot.robustness.embeddings import PERTURBATION, Side, check_perturbable, inputs_of
from isoglot.robustness.settings import RobustSettings
from isoglot.training.draws import Address
from isoglot.training.encoding import Features
from isoglot.training.gathering import num_processes

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from isoglot.batches.sampler import BatchPart

Parts = dict[str, Tensor]
Evaluate = Callable[[Features, Features], Parts]
"""The weighted terms of a batch, from model input of its queries and of its documents."""

_SIDES: dict[str, tuple[Side, ...]] = {
    "queries": ("query",),
    "documents": ("document",),
    "both": ("query", "document"),
}
_FIRST_KEY = 2
"""Third number of the keys of draws; augmented views have 0 and 1."""


@dataclass(frozen=True, eq=False)
class Perturbations:
    """How the input of a batch is perturbed: at random in another way in every step, or against the loss.

    Of several processes, each perturbs its own rows. Its gradients are those of the losses of all, so
    together they attack the loss of the whole batch, as one process would. A mini-batch of a gradient cache
    carries its rows of the perturbations, so it is attacked by the loss of the whole batch, too.

    Attributes:
        settings: Which perturbations.
        seed: Seed of the random ones.
    """

    settings: RobustSettings
    seed: int

    def check(self, model: SentenceTransformer, parts: Sequence[BatchPart]) -> None:
        """Checks that there is something to perturb.

        Args:
            model: The encoder.
            parts: What a training is drawn from.

        Raises:
            ConfigError: If no column can be perturbed.
        """
        columns: list[tuple[Side, str]] = []
        for part in parts:
            columns += [("query", part.pairs.query_modality), ("document", part.pairs.document_modality)]
        check_perturbable(model, columns, _SIDES[self.settings.sides])

    def parts(
        self,
        evaluate: Evaluate,
        model: SentenceTransformer,
        queries: Features,
        documents: Features,
        step: int,
    ) -> Parts:
        """The terms of a batch, on its input as it is and on perturbed input, each with its share.

        Args:
            evaluate: Gives the terms.
            model: The encoder, within `taking_perturbations`.
            queries: Model input of this process' queries.
            documents: Model input of their documents.
            step: Number of the step, which random perturbations depend on.

        Returns:
            Name -> scalar, `name@perturbed` on perturbed input; the terms as they are, if this batch has
            nothing to perturb.

        Raises:
            ConfigError: If the input has no row for each text.
        """
        batch = _Batch.of(evaluate, model, queries, documents, self.settings)
        if not batch.balls:
            return evaluate(queries, documents)
        plain, perturbed = (
            self._random(batch, step) if self.settings.method == "random" else self._attacked(batch)
        )
        weight = self.settings.weight
        return {
            **{name: (1 - weight) * value for name, value in plain.items()},
            **{f"{name}@perturbed": weight * value for name, value in perturbed.items()},
        }

    def _random(self, batch: _Batch, step: int) -> tuple[Parts, Parts]:
        plain = batch.evaluate({}) if self.settings.weight < 1 else {}
        copies = [
            batch.evaluate(
                {
                    side: balls.random(self.settings.noise, self._address(side, balls, step, copy).uniform)
                    for side, balls in batch.balls.items()
                }
            )
            for copy in range(self.settings.copies)
        ]
        return plain, {name: torch.stack([copy[name] for copy in copies]).mean() for name in copies[0]}

    def _address(self, side: Side, balls: Balls, step: int, copy: int) -> Address:
        num_rows = len(balls.own)
        first_row = distributed.get_rank() * num_rows if num_processes() > 1 else 0
        key = (self.seed, step, _FIRST_KEY + _SIDES["both"].index(side), copy)
        return Address(key, first_row)

    def _attacked(self, batch: _Batch) -> tuple[Parts, Parts]:
        plain: Parts = {}
        keep = self.settings.weight < 1

        def gradients_at(deltas: Sequence[Tensor]) -> list[Tensor]:
            first = not plain
            leaves = [delta.detach().requires_grad_() for delta in deltas]
            found = batch.evaluate(dict(zip(batch.balls, leaves, strict=True)))
            if first:  # the attack starts from no perturbation, so these are the terms as they are
                plain.update(found)
            loss = torch.stack(list(found.values())).sum()
            gradients = torch.autograd.grad(loss, leaves, retain_graph=first and keep, allow_unused=True)
            return [
                torch.zeros_like(leaf) if gradient is None else gradient
                for leaf, gradient in zip(leaves, gradients, strict=True)
            ]

        balls = list(batch.balls.values())
        deltas = attack(gradients_at, balls, steps=self.settings.steps, step_share=self.settings.step_share)
        perturbed = batch.evaluate(dict(zip(batch.balls, deltas, strict=True)))
        return plain if keep else {}, perturbed


@dataclass(frozen=True, eq=False)
class _Batch:
    """A batch that can be perturbed.

    Attributes:
        terms: Gives its terms.
        queries: Model input of this process' queries.
        documents: Model input of their documents.
        balls: Where the perturbations of each column lie; without the columns that take none.
    """

    terms: Evaluate
    queries: Features
    documents: Features
    balls: Mapping[Side, Balls]

    @classmethod
    def of(
        cls,
        terms: Evaluate,
        model: SentenceTransformer,
        queries: Features,
        documents: Features,
        settings: RobustSettings,
    ) -> _Batch:
        columns: dict[Side, Features] = {"query": queries, "document": documents}
        inputs = {side: inputs_of(model, side, columns[side]) for side in _SIDES[settings.sides]}
        balls = {
            side: Balls.around(found.points, found.own, epsilon=settings.epsilon, norm=settings.norm)
            for side, found in inputs.items()
            if found is not None
        }
        return cls(terms, queries, documents, balls)

    def evaluate(self, deltas: Mapping[Side, Tensor]) -> Parts:
        """Its terms, its columns perturbed."""
        return self.terms(
            _perturbed(self.queries, deltas.get("query")), _perturbed(self.documents, deltas.get("document"))
        )


def _perturbed(features: Features, delta: Tensor | None) -> Features:
    return features if delta is None else {**features, PERTURBATION: delta}
