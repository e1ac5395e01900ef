"""Objectives: what a batch of embeddings is trained towards."""

from isoglot.objectives.contrastive import Directions, info_nce_loss

__all__ = ["Directions", "info_nce_loss"]
