"""From scores of labelled pairs to values: every pair of languages, macro averages, and all in one pool."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from isoglot.corpora.labelled import CLASSES, POSITIVE, Task
from isoglot.errors import CorpusError
from isoglot.evaluation.averages import write_with_averages
from isoglot.evaluation.cells import Cell, Ledger, Value
from isoglot.evaluation.intervals import GroupBootstrap
from isoglot.evaluation.measures import Floats
from isoglot.evaluation.paired.rank_correlation import (
    Integers,
    Singles,
    average_precision,
    pearson,
    resampled_average_precision,
    resampled_pearson,
    resampled_spearman,
    spearman,
)
from isoglot.evaluation.placement import ALL
from isoglot.evaluation.transfer_cells import TransferLanguages, write_transfer
from isoglot.retrieval.thresholds import best_f1_threshold, f1, share

BY_THRESHOLD = ("accuracy", "F1")
BY_PROBE = ("accuracy_probe", "macro_F1_probe")
PAIR_MEASURES: dict[Task, tuple[str, ...]] = {
    "similarity": ("spearman", "pearson"),
    "paraphrase": ("AP", *BY_THRESHOLD, *BY_PROBE),
    "entailment": ("AP", *BY_THRESHOLD, *BY_PROBE),
}
"""What can be measured of each task."""

_Columns = Iterator[tuple[str, Floats, Singles]]


@dataclass(frozen=True, eq=False)
class ScoredPairs:
    """What a model and its classifiers say of labelled pairs.

    Attributes:
        task: What the labels say.
        languages: L tags.
        labels: (P,) label of each pair.
        similarities: (P, L, L) by language of the first and of the second sentence; NaN where one is missing.
        thresholds: Measure -> similarity from which on a pair is taken for positive.
        classes: (P, L, L) what the probe says; -1 where a sentence is missing. None without a probe.
    """

    task: Task
    languages: tuple[str, ...]
    labels: Floats
    similarities: Singles
    thresholds: dict[str, float] = field(default_factory=dict)
    classes: npt.NDArray[np.int8] | None = None

    @cached_property
    def positive(self) -> npt.NDArray[np.bool_]:
        """(P,) whether the sentences of a pair ought to be close."""
        return np.asarray(self.labels == POSITIVE[self.task])

    @cached_property
    def present(self) -> npt.NDArray[np.bool_]:
        """(P, L * L) where both sentences are there."""
        return ~np.isnan(self.similarities.reshape(len(self.labels), -1))

    @cached_property
    def columns(self) -> Integers:
        """(C,) pairs of languages that can be measured: they have pairs, and these differ in their labels."""
        compared = self.positive if self.task in POSITIVE else self.labels
        pairs = (compared[there] for there in self.present.T)
        return np.flatnonzero([len(np.unique(labels)) > 1 for labels in pairs])

    def languages_of(self, column: int) -> tuple[str, str]:
        """The language of the first and of the second sentence."""
        first, second = divmod(int(column), len(self.languages))
        return self.languages[first], self.languages[second]

    @property
    def left_out(self) -> list[tuple[str, str]]:
        """Pairs of languages that cannot be measured."""
        every = np.arange(len(self.languages) ** 2)
        return [self.languages_of(column) for column in np.setdiff1d(every, self.columns)]


def calibrate(similarities: npt.NDArray[np.floating], positive: npt.NDArray[np.bool_]) -> dict[str, float]:
    """The thresholds that are best where the answers are known: one for accuracy, one for F1.

    A pair is taken for positive if its similarity is not below the threshold. Where most pairs are negative
    the best accuracy may take none, and an F1 at that threshold would say nothing.

    Args:
        similarities: (n,) similarities.
        positive: (n,) labels.

    Returns:
        Measure -> threshold; of several that do as well, the highest.

    Raises:
        CorpusError: If there is no pair, or all labels are alike.
    """
    if len(np.unique(positive)) < 2:
        raise CorpusError(
            f"a threshold needs positive and negative pairs to be chosen on, got {len(positive)} pairs with "
            "all labels alike; name another calibration_split or source_language"
        )
    return {
        "accuracy": _best_accuracy_threshold(similarities.astype(np.float64), positive),
        "F1": best_f1_threshold(similarities, positive)[0],
    }


def _best_accuracy_threshold(similarities: Floats, positive: npt.NDArray[np.bool_]) -> float:
    levels, at = np.unique(-similarities, return_inverse=True)
    gain = np.cumsum(np.bincount(at, weights=np.where(positive, 1.0, -1.0)))
    best = int(np.argmax(np.append(0.0, gain)))
    if best == 0:
        return float(np.nextafter(-levels[0], np.inf))
    lowest, following = -levels[best - 1], -levels[min(best, len(levels) - 1)]
    between = (lowest + following) / 2
    return float(between if between > following else lowest)


def measure_pairs(
    scored: ScoredPairs, measures: Sequence[str], *, source: str | None, seed: int, num_resamples: int
) -> list[Value]:
    """Every measure for every pair of languages, as macro averages, and with all of them in one pool.

    Args:
        scored: The pairs.
        measures: Names, of those in `PAIR_MEASURES`.
        source: Language whose gap to the others is measured; None for none.
        seed: Seed of the bootstrap.
        num_resamples: How many times pairs are resampled; a pair moves in all its languages together.

    Returns:
        The values, with intervals.

    Raises:
        CorpusError: If a language has no pair that can be measured.
    """
    _check(scored)
    everyone = np.arange(len(scored.labels))
    draws = GroupBootstrap(everyone, seed=seed, num_resamples=num_resamples).draws(everyone)
    counts = scored.present[:, scored.columns].sum(axis=0)
    ledger = Ledger()
    transfer = TransferLanguages(source) if source in scored.languages else None
    for name, values, resampled in _measured(scored, measures, draws):
        cells = [
            Cell(*scored.languages_of(column), float(values[k]), int(counts[k]), resampled[:, k])
            for k, column in enumerate(scored.columns)
        ]
        write_with_averages(ledger, name, cells)
        pool = Cell(ALL, ALL, float(values[-1]), int(counts.sum()), resampled[:, -1])
        ledger.write("multilingual", name, [pool])
        own = [cell for cell in cells if cell.query_language == cell.document_language]
        write_transfer(ledger, "monolingual", name, own, transfer)
    return ledger.values()


def _check(scored: ScoredPairs) -> None:
    measured = {language for column in scored.columns for language in scored.languages_of(column)}
    missing = [language for language in scored.languages if language not in measured]
    if missing:
        raise CorpusError(
            f"no two labelled pairs with different labels have a sentence in {', '.join(missing)}; leave "
            "these languages out, or give more pairs"
        )


def _measured(scored: ScoredPairs, measures: Sequence[str], draws: Singles) -> _Columns:
    """Name, (C + 1,) values and (resamples, C + 1) resampled ones; the last column is the pool."""
    for name in measures:
        if name in _RANKED:
            yield name, *_rank_columns(scored, _RANKED[name], draws)
        else:
            yield name, *_count_columns(scored, name, draws)


@dataclass(frozen=True)
class _Ranked:
    """A measure of scores against labels, and the same under resampling."""

    value: Callable[..., float]
    resampled: Callable[..., Singles]


_RANKED = {
    "spearman": _Ranked(spearman, resampled_spearman),
    "pearson": _Ranked(pearson, resampled_pearson),
    "AP": _Ranked(average_precision, resampled_average_precision),
}


def _rank_columns(scored: ScoredPairs, measure: _Ranked, draws: Singles) -> tuple[Floats, Singles]:
    labels = scored.positive if scored.task in POSITIVE else scored.labels
    flat = scored.similarities.reshape(len(labels), -1)[:, scored.columns]
    parts = [*flat.T[:, :, None], flat]
    values, resampled = [], []
    for part in parts:
        pairs, at = np.nonzero(~np.isnan(part))
        scores = part[pairs, at]
        values.append(measure.value(scores, labels[pairs]))
        resampled.append(measure.resampled(scores, labels, pairs, draws))
    return np.array(values), np.stack(resampled, axis=1)


def _count_columns(scored: ScoredPairs, name: str, draws: Singles) -> tuple[Floats, Singles]:
    """Accuracy or F1, from sums of hits, pairs taken and pairs there by class."""
    truth, said, num_classes = _answers(scored, name)
    there = scored.present[:, scored.columns]
    is_class = (truth[:, None] == np.arange(num_classes))[:, :, None]
    is_taken = said[:, None, :] == np.arange(num_classes)[:, None]
    counts = np.stack([is_class & is_taken, is_taken & there[:, None], is_class & there[:, None]])
    with_pool = np.concatenate([counts, counts.sum(axis=-1, keepdims=True)], axis=-1).astype(np.float32)
    values = _of_counts(name, with_pool.sum(axis=1, dtype=np.float64))
    shape = (len(draws), *with_pool.shape[2:])
    sums = np.stack([(draws @ part.reshape(len(part), -1)).reshape(shape) for part in with_pool])
    return values, _of_counts(name, sums).astype(np.float32)


def _answers(scored: ScoredPairs, name: str) -> tuple[Integers, Integers, int]:
    """(P,) right classes, (P, C) those that are said, -1 where a sentence is missing, and how many."""
    size = len(scored.labels), -1
    if name in BY_PROBE:
        assert scored.classes is not None
        said = scored.classes.reshape(size)[:, scored.columns].astype(np.int64)
        return scored.labels.astype(np.int64), said, len(CLASSES[scored.task])
    similarities = scored.similarities.reshape(size)[:, scored.columns].astype(np.float64)
    taken = np.where(np.isnan(similarities), -1, similarities >= scored.thresholds[name])
    return scored.positive.astype(np.int64), taken.astype(np.int64), 2


def _of_counts(name: str, counts: npt.NDArray[np.floating]) -> Floats:
    """Values from (3, ..., K, columns) hits, taken and there; NaN where nothing is there."""
    hits, taken, there = counts
    total = there.sum(axis=-2)
    if name.startswith("accuracy"):
        values = share(hits.sum(axis=-2), total)
    else:
        of_classes = f1(hits, taken, there)
        values = of_classes[..., 1, :] if name == "F1" else of_classes.mean(axis=-2)
    return np.where(total > 0, values, np.nan)
