"""Training: sentence-transformers' trainer over pair batches, and what is saved beside a model."""

from isoglot.training.fit import fit
from isoglot.training.linear_map import FittedLinearMap, LinearMapReport, fit_linear_map
from isoglot.training.settings import ObjectiveSettings, TrainingSettings
from isoglot.training.student import build_student
from isoglot.training.teacher import TeacherVectors

__all__ = [
    "FittedLinearMap",
    "LinearMapReport",
    "ObjectiveSettings",
    "TeacherVectors",
    "TrainingSettings",
    "build_student",
    "fit",
    "fit_linear_map",
]
