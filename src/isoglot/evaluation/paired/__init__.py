"""Labelled pairs of sentences: similarity, paraphrase and entailment, within languages and across."""

from isoglot.evaluation.paired.pairs import evaluate_pairs

__all__ = ["evaluate_pairs"]
