"""Batches: which pairs of which languages meet in one training step."""

from isoglot.batches.pairs import TrainingPairs, training_pairs
from isoglot.batches.sampler import PairBatchSampler
from isoglot.batches.schemes import CrossLingual, Hybrid, Mixed, Monolingual, PairBatch, Scheme

__all__ = [
    "CrossLingual",
    "Hybrid",
    "Mixed",
    "Monolingual",
    "PairBatch",
    "PairBatchSampler",
    "Scheme",
    "TrainingPairs",
    "training_pairs",
]
