"""Objectives: what a batch of embeddings is trained towards."""

from isoglot.objectives.consistency import (
    alignment_loss,
    ranking_divergence_loss,
    score_divergence_loss,
    score_variance_loss,
)
from isoglot.objectives.contrastive import Directions, SeveralPositives, info_nce_loss
from isoglot.objectives.distillation import distillation_loss
from isoglot.objectives.matryoshka import truncate
from isoglot.objectives.metric import (
    Negatives,
    cosine_distances,
    patr_loss,
    ratio_loss,
    repulsion_loss,
)
from isoglot.objectives.pretraining import translation_loss, view_loss

__all__ = [
    "Directions",
    "Negatives",
    "SeveralPositives",
    "alignment_loss",
    "cosine_distances",
    "distillation_loss",
    "info_nce_loss",
    "patr_loss",
    "ranking_divergence_loss",
    "ratio_loss",
    "repulsion_loss",
    "score_divergence_loss",
    "score_variance_loss",
    "translation_loss",
    "truncate",
    "view_loss",
]
