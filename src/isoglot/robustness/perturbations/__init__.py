"""Changes of texts and pictures by name, at graded strength, to measure how much of a model survives them."""

from isoglot.robustness.perturbations.code_switching import Translations
from isoglot.robustness.perturbations.perturbation import (
    Perturbation,
    PicturePerturbation,
    TextPerturbation,
    check_strength,
)
from isoglot.robustness.perturbations.registry import (
    READY,
    SUMMARIES,
    Tables,
    build_perturbations,
    check_perturbations,
)
from isoglot.robustness.perturbations.replaced_words import Neighbours

__all__ = [
    "READY",
    "SUMMARIES",
    "Neighbours",
    "Perturbation",
    "PicturePerturbation",
    "Tables",
    "TextPerturbation",
    "Translations",
    "build_perturbations",
    "check_perturbations",
    "check_strength",
]
