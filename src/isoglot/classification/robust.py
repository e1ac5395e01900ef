"""The loss of a batch of pairs on perturbed input embeddings, as `isoglot.training.perturbed` makes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from isoglot.classification.fitting import PairLoss, cross_entropy
from isoglot.errors import ConfigError
from isoglot.robustness.embeddings import Side, check_perturbable, taking_perturbations
from isoglot.robustness.settings import RobustSettings
from isoglot.training.encoding import Features
from isoglot.training.perturbed import Perturbations

if TYPE_CHECKING:
    from isoglot.classification.classifier import PairClassifier


_TEXTS: tuple[tuple[Side, str], ...] = (("query", "text"), ("document", "text"))


def perturbed_loss(settings: RobustSettings) -> PairLoss:
    """Cross-entropy under attack (FGM, PGD) or under random noise (RS-RP), for `fit_classifier`.

    The first sentences stand where queries do in `settings.sides`, the second where documents do; pairs that
    are read in one sequence are queries.

    Args:
        settings: Which perturbations; with method `none`, epsilon 0 or weight 0 it is plain cross-entropy.

    Returns:
        The loss.

    Raises:
        ConfigError: If a setting is out of range; in training, if nothing can be perturbed.
    """
    if problems := settings.broken_rules():
        raise ConfigError("\n".join(problems))
    if not settings.active:
        return cross_entropy

    def loss(
        classifier: PairClassifier, columns: Sequence[Features], labels: Tensor, key: tuple[int, ...]
    ) -> Tensor:
        seed, step = key

        def evaluate(first: Features, second: Features) -> dict[str, Tensor]:
            read = [first] if classifier.joint else [first, second]
            return {"cross_entropy": cross_entropy(classifier, read, labels)}

        if classifier.joint and settings.sides == "documents":
            raise ConfigError("robust.sides must be queries or both for pairs that are read in one sequence")
        first, second = columns[0], {} if classifier.joint else columns[1]
        check_perturbable(classifier.encoder, _TEXTS, ("query", "document"))
        with taking_perturbations(classifier.encoder):
            parts = Perturbations(settings, seed).parts(evaluate, classifier.encoder, first, second, step)
        return torch.stack(list(parts.values())).sum()

    return loss
