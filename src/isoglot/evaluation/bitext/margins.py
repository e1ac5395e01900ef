"""Margin scoring of sentence pairs: similarity against that of the nearest neighbours (arXiv 1811.01136).

Some sentences are near to everything (hubs), so that a similarity does not tell by itself whether two
sentences translate each other. The margin compares it with the mean similarity of each of the two sentences
with its k nearest neighbours in the other language.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from isoglot.evaluation.measures import Floats, Integers

Margin = Literal["ratio", "distance", "absolute"]
Pairing = Literal["max", "mutual", "forward"]

_LEAST_MEAN = 1e-6
"""Lowest mean similarity to divide by; below it nearest neighbours are no neighbours."""


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest sentences of another language, nearest first.

    Attributes:
        columns: (n, k) their numbers.
        similarities: (n, k).
    """

    columns: npt.NDArray[np.integer]
    similarities: npt.NDArray[np.floating]

    @property
    def means(self) -> Floats:
        """(n,) mean similarity of each sentence with its neighbours."""
        return np.asarray(np.mean(self.similarities, axis=1, dtype=np.float64))


@dataclass(frozen=True, eq=False)
class Pairs:
    """The sentence that each sentence is paired with.

    Attributes:
        columns: (n,) its number; -1 for a sentence that is left alone.
        scores: (n,) margin of the pair; -inf there.
    """

    columns: Integers
    scores: Floats


def margin_scores(similarities: npt.NDArray[np.floating], means: Floats, margin: Margin) -> Floats:
    """Margin of pairs of sentences.

    Args:
        similarities: Of the pairs, in any shape.
        means: Of the same shape: the mean of both sentences' mean similarity with their neighbours.
        margin: `ratio` (similarity / mean), `distance` (similarity - mean) or `absolute` (similarity alone).

    Returns:
        Scores of the same shape. A mean below 0.000001 counts as that in the ratio.
    """
    scores = similarities.astype(np.float64)
    if margin == "ratio":
        return scores / np.maximum(means, _LEAST_MEAN)
    return scores - means if margin == "distance" else scores


def best_by_margin(neighbours: Neighbours, other_means: Floats, margin: Margin) -> Pairs:
    """The best of each sentence's neighbours by margin; of equal ones the nearest.

    Args:
        neighbours: Of n sentences among m of the other language.
        other_means: (m,) mean similarity of the other language's sentences with their neighbours here.
        margin: How to score.

    Returns:
        One pair for each of the n sentences.
    """
    means = (neighbours.means[:, None] + other_means[neighbours.columns]) / 2
    scores = margin_scores(neighbours.similarities, means, margin)
    best = np.argmax(scores, axis=1)[:, None]
    columns = np.take_along_axis(neighbours.columns, best, 1)[:, 0].astype(np.int64)
    return Pairs(columns, np.take_along_axis(scores, best, 1)[:, 0])


def mine_pairs(forward: Neighbours, backward: Neighbours, margin: Margin, pairing: Pairing) -> Pairs:
    """Candidate pairs of a bitext, to be cut at a threshold.

    Args:
        forward: Neighbours of n sentences among m of the other language.
        backward: Neighbours of those m among the n.
        margin: How to score.
        pairing: `forward` gives each sentence its best neighbour; `mutual` keeps the pairs that are each
            other's best; `max` takes the best pairs of both directions in order of their score, each sentence
            once.

    Returns:
        At most one pair for each of the n sentences.
    """
    there = best_by_margin(forward, backward.means, margin)
    if pairing == "forward":
        return there
    back = best_by_margin(backward, forward.means, margin)
    if pairing == "max":
        return _take_best(there, back)
    alone = back.columns[there.columns] != np.arange(len(there.columns))
    return Pairs(np.where(alone, -1, there.columns), np.where(alone, -np.inf, there.scores))


def _take_best(there: Pairs, back: Pairs) -> Pairs:
    """Pairs of both directions, best first, each sentence once; ties in order of the sentences' numbers."""
    rows = np.concatenate([np.arange(len(there.columns)), back.columns])
    columns = np.concatenate([there.columns, np.arange(len(back.columns))])
    scores = np.concatenate([there.scores, back.scores])
    taken = np.full(len(there.columns), -1, np.int64)
    taken_scores = np.full(len(there.columns), -np.inf)
    free = np.ones(len(back.columns), bool)
    for pair in np.lexsort((columns, rows, -scores)).tolist():
        row, column = rows[pair], columns[pair]
        if taken[row] < 0 and free[column]:
            taken[row], taken_scores[row], free[column] = column, scores[pair], False
    return Pairs(taken, taken_scores)
