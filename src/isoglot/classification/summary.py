"""What a classifier reaches, in a few numbers: by language, and as means."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from isoglot.classification.measuring import ACCURACY, generalised_mean
from isoglot.evaluation.results import Results


@dataclass(frozen=True)
class Line:
    """One number.

    Attributes:
        name: What it is of: a language of both sentences, or a mean.
        value: Accuracy.
        low: Lower bound of its 95 % interval; None if it has none.
        high: Upper bound.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None

    @property
    def shown_interval(self) -> str:
        """Such as `0.712-0.745`; empty without one."""
        return "" if self.low is None or self.high is None else f"{self.low:.3f}-{self.high:.3f}"


def accuracy_lines(results: Results, source_language: str = "en") -> list[Line]:
    """Accuracy in each language, the source language first, and the means that papers give.

    Args:
        results: Of one classifier on one split.
        source_language: The language it was trained in.

    Returns:
        A line for each language; then for the mean over them, over the others than the source, over pairs of
        two languages, over all ordered pairs (the generalised setting), and of all pairs in one pool
        (XTREME's total). Means over nothing are left out.
    """
    own = {
        record.query_language: Line(record.query_language, record.value, record.low, record.high)
        for record in results.select(setting="monolingual", measure=ACCURACY)
        if record.query_language != "*"
    }
    source = own.pop(source_language, None)
    lines = [*([source] if source else []), *own.values()]
    lines += _macro(results, "monolingual", "mean of languages")
    if source and own:
        lines.append(Line("mean of the others", statistics.mean(line.value for line in own.values())))
    lines += _macro(results, "cross_lingual", "two languages")
    lines.append(Line("all pairs of languages", generalised_mean(results)))
    return lines + _macro(results, "multilingual", "one pool")


def _macro(results: Results, setting: str, name: str) -> list[Line]:
    found = results.select(setting=setting, measure=ACCURACY, query_language="*", document_language="*")
    return [Line(name, record.value, record.low, record.high) for record in found]
