"""Classifying pairs of sentences: a head on any encoder, trained in one language and used in all."""

from isoglot.classification.classifier import PairClassifier, build_classifier, load_classifier
from isoglot.classification.examples import PairTexts, augment_pairs, pair_texts, part_pairs, with_parts
from isoglot.classification.experiment import ClassificationConfig, run_classification
from isoglot.classification.fitting import cross_entropy, fit_classifier
from isoglot.classification.measuring import evaluate_classifier, generalised_mean
from isoglot.classification.robust import perturbed_loss
from isoglot.classification.settings import ClassifierSettings
from isoglot.classification.smoothed import (
    CertifiedPairs,
    Smoothing,
    certify_pairs,
    noise_deviation,
    word_copies,
)

__all__ = [
    "CertifiedPairs",
    "ClassificationConfig",
    "ClassifierSettings",
    "PairClassifier",
    "PairTexts",
    "Smoothing",
    "augment_pairs",
    "build_classifier",
    "certify_pairs",
    "cross_entropy",
    "evaluate_classifier",
    "fit_classifier",
    "generalised_mean",
    "load_classifier",
    "noise_deviation",
    "pair_texts",
    "part_pairs",
    "perturbed_loss",
    "run_classification",
    "with_parts",
    "word_copies",
]
