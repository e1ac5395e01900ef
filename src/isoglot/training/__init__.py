"""Training: sentence-transformers' trainer over pair batches, and what is saved beside a model."""

from isoglot.training.fit import fit
from isoglot.training.settings import ObjectiveSettings, TrainingSettings

__all__ = ["ObjectiveSettings", "TrainingSettings", "fit"]
