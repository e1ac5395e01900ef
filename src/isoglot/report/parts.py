"""The parts of a report: what was measured of one corpus, in one direction between media, at one task."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeVar

from isoglot.evaluation.placement import ALL
from isoglot.evaluation.results import Comparison, Result, Results
from isoglot.report.values import is_bias, is_transfer

Task = Literal["retrieval", "pairs", "bitext", "tagging"]
_Row = TypeVar("_Row", Result, Comparison)
_TASKS: dict[str, Task] = {
    **dict.fromkeys(("mAP", "micro_F1"), "tagging"),
    **dict.fromkeys(("spearman", "pearson", "accuracy", "F1", "precision", "recall"), "pairs"),
    **dict.fromkeys(("tatoeba_accuracy", "margin_accuracy"), "bitext"),
    **dict.fromkeys(("mining_precision", "mining_recall", "mining_F1", "mining_F1_oracle"), "bitext"),
}
_SHARED: dict[str, Task] = {"AP": "retrieval", "macro_F1": "tagging"}
"""Measures of several tasks, and whose they are unless the others computed with them tell."""
_FIRST: dict[Task, tuple[str, ...]] = {
    "retrieval": ("AP",),
    "pairs": ("spearman", "accuracy", "F1", "AP"),
    "bitext": ("tatoeba_accuracy", "mining_F1"),
    "tagging": ("mAP", "micro_F1"),
}


@dataclass(frozen=True, eq=False)
class Part:
    """The records of one corpus, split, direction and kind of task.

    Attributes:
        corpus: Name.
        split: Which judged queries.
        query_modality: Medium of the queries; `*` if they have several.
        document_modality: Medium of the documents; `*` if they have several.
        task: What the models were asked to do.
        records: The values.
        comparisons: Differences between models.
    """

    corpus: str
    split: str
    query_modality: str
    document_modality: str
    task: Task
    records: tuple[Result, ...]
    comparisons: tuple[Comparison, ...] = ()

    @cached_property
    def models(self) -> tuple[str, ...]:
        """Names of the models, in order of appearance."""
        return tuple(dict.fromkeys(record.model for record in self.records))

    @cached_property
    def measures(self) -> tuple[str, ...]:
        """Measures of how good a model is (not of bias or transfer), in order of appearance."""
        names = dict.fromkeys(record.measure for record in self.records)
        return tuple(name for name in names if not is_bias(name) and not is_transfer(name))

    @cached_property
    def main_measure(self) -> str:
        """The measure that pictures show: the field's usual one where it was averaged, or else the first."""
        averaged = {measure for _, _, measure in self._macro}
        names = [name for name in self.measures if name in averaged] or self.measures
        usual = (name for name in _FIRST[self.task] if name in names)
        return next(usual, names[0] if names else "")

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], list[Result]]:
        found: dict[tuple[str, str], list[Result]] = {}
        for record in self.records:
            found.setdefault((record.setting, record.measure), []).append(record)
        return found

    @cached_property
    def _macro(self) -> dict[tuple[str, str, str], Result]:
        return {
            (record.model, record.setting, record.measure): record
            for record in reversed(self.records)
            if record.query_language == record.document_language == ALL
        }

    def of(self, setting: str, measure: str) -> list[Result]:
        """All records of a measure in a setting."""
        return self._by_name.get((setting, measure), [])

    def macro(self, model: str, setting: str, measure: str) -> Result | None:
        """The macro average of a measure in a setting; None if there is none."""
        return self._macro.get((model, setting, measure))


def build_parts(results: Results) -> list[Part]:
    """The parts of results, corpus by corpus.

    Args:
        results: The results.

    Returns:
        The parts, in order of appearance; those of a corpus and split stand together.
    """
    records = _by_direction(results.records)
    comparisons = _by_direction(results.comparisons)
    parts = []
    for key, found in records.items():
        of_task: dict[Task, list[Result]] = {}
        names = frozenset(record.measure for record in found)
        for record in found:
            of_task.setdefault(_task(record.measure, names), []).append(record)
        for task, rows in of_task.items():
            compared = (row for row in comparisons.get(key, []) if _task(row.measure, names) == task)
            parts.append(Part(*key, task, tuple(rows), tuple(compared)))
    corpora = list(dict.fromkeys((part.corpus, part.split) for part in parts))
    return sorted(parts, key=lambda part: corpora.index((part.corpus, part.split)))


def _by_direction(rows: Iterable[_Row]) -> dict[tuple[str, str, str, str], list[_Row]]:
    found: dict[tuple[str, str, str, str], list[_Row]] = {}
    for row in rows:
        key = (row.corpus, row.split, row.query_modality, row.document_modality)
        found.setdefault(key, []).append(row)
    return found


def _task(measure: str, names: frozenset[str]) -> Task:
    """The task that a measure belongs to, given all that were computed on the same data."""
    base = _base(measure)
    if base not in _SHARED:
        return _TASKS.get(base, "retrieval")
    others = {_TASKS.get(_base(name), "retrieval") for name in names if _base(name) not in _SHARED}
    if base == "macro_F1":
        others.discard("retrieval")
    return others.pop() if len(others) == 1 else _SHARED[base]


def _base(measure: str) -> str:
    """A measure of quality without what was done to it: probe, head, gap, mean over some languages."""
    for ending in ("_transfer_gap", "_low_resource", "_unseen"):
        measure = measure.removesuffix(ending)
    return measure.removesuffix("_probe").removesuffix("_head")
