"""Measures, settings and language bias. Nothing here imports torch until a model is evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from isoglot.evaluation.bitext import evaluate_bitext
from isoglot.evaluation.comparing import compare
from isoglot.evaluation.evaluator import DEFAULT_MEASURES, evaluate
from isoglot.evaluation.measures import MEASURES, Measure, RelevantRanks, parse_measure
from isoglot.evaluation.paired import evaluate_pairs
from isoglot.evaluation.reading import read_results
from isoglot.evaluation.results import Comparison, Result, Results, join_results
from isoglot.evaluation.robustness import Perturbing, RobustnessResults, evaluate_robustness
from isoglot.evaluation.tagging import evaluate_tagging
from isoglot.evaluation.transfer_cells import TransferLanguages
from isoglot.evaluation.trec import Run, measure_run, read_qrels, read_run, write_qrels, write_run

if TYPE_CHECKING:
    from isoglot.evaluation.during_training import RetrievalEvaluator

__all__ = [
    "DEFAULT_MEASURES",
    "MEASURES",
    "Comparison",
    "Measure",
    "Perturbing",
    "RelevantRanks",
    "Result",
    "Results",
    "RetrievalEvaluator",
    "RobustnessResults",
    "Run",
    "TransferLanguages",
    "compare",
    "evaluate",
    "evaluate_bitext",
    "evaluate_pairs",
    "evaluate_robustness",
    "evaluate_tagging",
    "join_results",
    "measure_run",
    "parse_measure",
    "read_qrels",
    "read_results",
    "read_run",
    "write_qrels",
    "write_run",
]


def __getattr__(name: str) -> Any:
    """`RetrievalEvaluator` subclasses a class of sentence-transformers, so it is imported when first used."""
    if name == "RetrievalEvaluator":
        from isoglot.evaluation.during_training import RetrievalEvaluator

        return RetrievalEvaluator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
