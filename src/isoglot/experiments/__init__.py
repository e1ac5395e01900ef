"""Experiments: one TOML file, one trained model, from corpora through training to dev evaluation."""

from isoglot.experiments.config import ExperimentConfig
from isoglot.experiments.run import run_experiment, train

__all__ = ["ExperimentConfig", "run_experiment", "train"]
