"""Batches: which pairs of which languages meet in one training step."""

from isoglot.batches.drawing import PairBatch
from isoglot.batches.multilingual import MixEntries, MixPassages, Pooled, RoundRobin
from isoglot.batches.pairs import TrainingPairs, training_pairs
from isoglot.batches.sampler import BatchPart, PairBatchSampler
from isoglot.batches.schemes import CrossLingual, Hybrid, Mixed, Monolingual, Scheme

__all__ = [
    "BatchPart",
    "CrossLingual",
    "Hybrid",
    "MixEntries",
    "MixPassages",
    "Mixed",
    "Monolingual",
    "PairBatch",
    "PairBatchSampler",
    "Pooled",
    "RoundRobin",
    "Scheme",
    "TrainingPairs",
    "training_pairs",
]
