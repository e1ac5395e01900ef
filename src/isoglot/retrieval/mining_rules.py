"""Which documents are hard negatives of a query: how many, how close to its answers, in which languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
NegativeLanguages = Literal["each", "own", "other", "any"]
Answer = Literal["lowest", "highest"]


@dataclass(frozen=True)
class MiningRules:
    """Which documents are hard negatives.

    Attributes:
        num_negatives: How many a query gets, at most: in `any` language together, else in each.
        skip_top: How many of the best candidates are passed over, as the likeliest to be unjudged answers.
        margin: How far below the answer's score a negative's must lie, at least; None for no such limit.
        relative_margin: The same as a share of the answer's score: 0.05 allows 95 % of it, which Moreira et
            al. (2024, arXiv 2407.15831) found best, as TopK-PercPos. None for no such limit.
        max_score: Highest score of a negative; None for no such limit.
        answer: Whose score the margins are below, where several answers are in the negative's language: the
            `lowest` or the `highest`. Without one in its language, all answers count.
        languages: `each` takes as many from every language, so that none tells a negative; `own` only those
            in the query's language, `other` only those in others, `any` the best wherever they are, which
            suits a model that favours no language. Documents without language go with all but `any` as if
            they were one more.
    """

    num_negatives: int = 4
    skip_top: int = 0
    margin: float | None = None
    relative_margin: float | None = 0.05
    max_score: float | None = None
    answer: Answer = "lowest"
    languages: NegativeLanguages = "each"

    def problems(self) -> list[str]:
        """What is out of range, one line each."""
        rules = {
            "num_negatives must be >= 1": self.num_negatives >= 1,
            "skip_top must be >= 0": self.skip_top >= 0,
            "margin must be a finite number >= 0": _is_margin(self.margin),
            "relative_margin must be a finite number >= 0": _is_margin(self.relative_margin),
            "max_score must be a finite number": self.max_score is None or bool(np.isfinite(self.max_score)),
            f"answer must be one of {', '.join(get_args(Answer))}": self.answer in get_args(Answer),
            f"languages must be one of {', '.join(get_args(NegativeLanguages))}": self.languages
            in get_args(NegativeLanguages),
        }
        values = {rule: getattr(self, rule.split()[0]) for rule in rules}
        return [f"{rule}, got {values[rule]!r}" for rule, holds in rules.items() if not holds]

    def limits(self, answers: Vectors) -> Vectors:
        """(n,) highest score of a negative, from the (n,) scores of the answers."""
        limits = np.full(len(answers), np.inf if self.max_score is None else self.max_score, np.float32)
        if self.margin is not None:
            limits = np.minimum(limits, answers - np.float32(self.margin))
        if self.relative_margin is not None:
            # Of a score below 0, too, a share is a way down.
            limits = np.minimum(limits, answers - np.float32(self.relative_margin) * np.abs(answers))
        return limits


def _is_margin(margin: float | None) -> bool:
    return margin is None or bool(np.isfinite(margin) and margin >= 0)
