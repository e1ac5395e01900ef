"""Objectives: what a batch of embeddings is trained towards."""

from isoglot.objectives.contrastive import Directions, info_nce_loss, parallel_mask

__all__ = ["Directions", "info_nce_loss", "parallel_mask"]
