"""Bitext: whether sentences find their translations."""

from isoglot.evaluation.bitext.evaluator import evaluate_bitext

__all__ = ["evaluate_bitext"]
