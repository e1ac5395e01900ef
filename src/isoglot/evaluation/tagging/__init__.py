"""Tagging: whether items get their tags, in the language of the item and in others."""

from isoglot.evaluation.tagging.evaluator import evaluate_tagging

__all__ = ["evaluate_tagging"]
