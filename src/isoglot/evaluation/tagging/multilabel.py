"""Measures of tagging: items with any number of tags each, from a score for every item and tag.

Average precision is that of `isoglot.evaluation.measures`: a tag ranks all items (the usual mAP of
multi-label classification, macro over tags), or an item ranks all tags. Ties follow the project's one rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from isoglot.evaluation.intervals import GroupBootstrap
from isoglot.evaluation.measures import Floats, Integers
from isoglot.retrieval.thresholds import f1

Scores = npt.NDArray[np.floating]
Labels = npt.NDArray[np.bool_]

_CHUNK_CELLS = 2**20
"""Scores that are ranked at a time, so that memory stays bounded."""


class Resampled(NamedTuple):
    """A value, and what it would be for other items of the same kind.

    Attributes:
        value: The value.
        resamples: (resamples,) values; NaN where a resample leaves nothing to measure.
    """

    value: float
    resamples: npt.NDArray[np.float32]


def average_precision(scores: Scores, labels: Labels, ties: npt.NDArray[np.integer]) -> Floats:
    """Average precision of each column's ranking of the rows.

    Args:
        scores: (n, T).
        labels: (n, T) which rows are right for a column.
        ties: (n,) place of each row among rows of equal score, the lower standing higher.

    Returns:
        (T,) values; NaN for a column without a right row.
    """
    values = np.full(scores.shape[1], np.nan)
    for part in _chunks(scores.shape):
        order = _order(scores[:, part], ties)
        right = np.take_along_axis(labels[:, part], order, 0)
        found = np.cumsum(right, axis=0)
        sums = np.sum(found / np.arange(1, len(scores) + 1)[:, None], axis=0, where=right)
        np.divide(sums, found[-1], out=values[part], where=found[-1] > 0)
    return values


def average_precision_influence(scores: Scores, labels: Labels, ties: npt.NDArray[np.integer]) -> Floats:
    """How far mAP moves when an item counts for more: its derivative by the weight of each item.

    With weights w on the items, a column's average precision is the weighted mean over its right items of the
    share of right weight among all weight down to there. Resampling items changes weights, so that to first
    order a resampled mAP is mAP plus the influences in proportion; an exact bootstrap would rank again for
    every resample.

    Args:
        scores: (n, T).
        labels: (n, T) which rows are right for a column.
        ties: (n,) place of each row among rows of equal score.

    Returns:
        (n,) derivatives of the mean over the columns with a right row; their sum is 0.
    """
    total = np.zeros(len(scores))
    num_columns = int(labels.any(axis=0).sum())
    ranks = np.arange(1, len(scores) + 1)[:, None]
    for part in _chunks(scores.shape):
        kept = labels[:, part].any(axis=0)
        order = _order(scores[:, part][:, kept], ties)
        right = np.take_along_axis(labels[:, part][:, kept], order, 0)
        found = np.cumsum(right, axis=0)
        precision = found / ranks
        average = np.sum(precision, axis=0, where=right) / found[-1]
        below = _sum_from_here(right / ranks)
        pushed_down = _sum_from_here(right * precision / ranks)
        influence = (right * (precision + below - average) - pushed_down) / found[-1]
        total += np.bincount(order.ravel(), influence.ravel(), minlength=len(scores))
    return total / max(1, num_columns)


def mean_average_precision(
    scores: Scores, labels: Labels, ties: npt.NDArray[np.integer], items: Integers, bootstrap: GroupBootstrap
) -> Resampled:
    """Mean over the tags with an item of the average precision of their ranking of the items.

    Args:
        scores: (n, T) of items and tags.
        labels: (n, T) which tags an item has; one at least has an item.
        ties: (n,) place of each item among items of equal score.
        items: (n,) numbers of the items, as the bootstrap has them.
        bootstrap: Over groups of items.

    Returns:
        The value; resamples to first order, cut to 0..1.
    """
    value = float(np.nanmean(average_precision(scores, labels, ties)))
    influence = average_precision_influence(scores, labels, ties) * len(scores)
    moved = bootstrap.means(items, np.zeros_like(items), influence[:, None])[:, 0, 0]
    return Resampled(value, np.clip(value + moved, 0, 1))


def micro_f1(taken: Labels, labels: Labels, items: Integers, bootstrap: GroupBootstrap) -> Resampled:
    """F1 of all decisions on all items and tags together.

    Args:
        taken: (n, T) tags given to the items.
        labels: (n, T) tags that they have.
        items: (n,) numbers of the items, as the bootstrap has them.
        bootstrap: Over groups of items.

    Returns:
        The value, with resamples.
    """
    counts = np.stack([(taken & labels).sum(axis=1), taken.sum(axis=1), labels.sum(axis=1)], axis=1)
    resampled = bootstrap.means(items, np.zeros_like(items), counts.astype(np.float64))[:, 0]
    return Resampled(float(f1(*counts.sum(axis=0))), f1(*resampled.T).astype(np.float32))


def macro_f1(taken: Labels, labels: Labels, items: Integers, bootstrap: GroupBootstrap) -> Resampled:
    """Mean of F1 tag by tag, over the tags that an item has.

    Args:
        taken: (n, T) tags given to the items.
        labels: (n, T) tags that they have; one at least has an item.
        items: (n,) numbers of the items, as the bootstrap has them.
        bootstrap: Over groups of items.

    Returns:
        The value, with resamples; a resample without a tag's items leaves the tag out.
    """
    kept = labels.any(axis=0)
    taken, labels = taken[:, kept], labels[:, kept]
    value = float(f1((taken & labels).sum(axis=0), taken.sum(axis=0), labels.sum(axis=0)).mean())
    total = np.zeros(bootstrap.num_resamples)
    present = np.zeros(bootstrap.num_resamples)
    for part in _chunks(labels.shape):
        counts = np.concatenate([(taken & labels)[:, part], taken[:, part], labels[:, part]], axis=1)
        resampled = bootstrap.means(items, np.zeros_like(items), counts.astype(np.float64))[:, 0]
        hits, of_taken, of_labels = np.split(resampled, 3, axis=1)
        has_items = of_labels > 0
        total += np.sum(f1(hits, of_taken, of_labels), axis=1, where=has_items)
        present += has_items.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return Resampled(value, (total / present).astype(np.float32))


def _chunks(shape: tuple[int, ...]) -> Iterator[slice]:
    """Columns of a matrix, a few at a time."""
    size = max(1, _CHUNK_CELLS // max(1, shape[0]))
    return (slice(start, start + size) for start in range(0, shape[1], size))


def _order(scores: Scores, ties: npt.NDArray[np.integer]) -> Integers:
    """(n, T) rows in order of each column's ranking."""
    by_ties = np.argsort(ties)
    return by_ties[np.argsort(-scores[by_ties], axis=0, kind="stable")]


def _sum_from_here(values: Floats) -> Floats:
    """Sums of each value and those below it in its column."""
    sums: Floats = np.cumsum(values[::-1], axis=0)[::-1]
    return sums
