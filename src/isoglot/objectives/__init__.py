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

__all__ = [
    "Directions",
    "SeveralPositives",
    "alignment_loss",
    "distillation_loss",
    "info_nce_loss",
    "ranking_divergence_loss",
    "score_divergence_loss",
    "score_variance_loss",
    "truncate",
]
