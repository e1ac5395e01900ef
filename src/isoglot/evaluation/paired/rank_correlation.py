"""Correlation with graded labels, and average precision, as they are and under resampling of the pairs.

`spearman` is Pearson's correlation of ranks, ties having their mean rank, and equals scipy's;
`average_precision` takes what has the same score together, and equals scikit-learn's. A score that is the
same for all tells nothing: its correlation is 0.

Under a resample each pair counts as often as it was drawn. Ranks then are running sums of those counts in the
order of the scores, which is sorted once: all resamples cost a few passes over the counts. Where there are
very many scores they are put into bins of equal size first, in which they count as tied; that is for
intervals only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isoglot.evaluation.measures import Floats

Singles = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

_NUM_BINS = 2048
_BIN_ABOVE = 16_384
"""Distinct scores above which resampled ranks are those of bins."""
_ELEMENTS_AT_ONCE = 200_000
"""Counts in work at once; they fit into a processor's cache."""


def pearson(scores: npt.NDArray[np.floating], labels: Floats) -> float:
    """Pearson's correlation.

    Args:
        scores: (n,) scores.
        labels: (n,) what they are compared with.

    Returns:
        From -1 to 1; 0 if all scores are the same, NaN if all labels are.
    """
    x, y = scores - np.mean(scores, dtype=np.float64), labels - labels.mean()
    return float(_ratio(np.sum(x * y), np.sum(x * x), np.sum(y * y)))


def spearman(scores: npt.NDArray[np.floating], labels: Floats) -> float:
    """Spearman's rank correlation; arguments and value as in `pearson`."""
    return pearson(_ranks(scores), _ranks(labels))


def average_precision(scores: npt.NDArray[np.floating], positive: npt.NDArray[np.bool_]) -> float:
    """Mean precision over the positive ones, ranked by score from the highest.

    Args:
        scores: (n,) scores.
        positive: (n,) which are positive.

    Returns:
        From 0 to 1; precision is that of all whose score is not lower. NaN if none is positive.
    """
    _, at = np.unique(-scores, return_inverse=True)
    taken = np.bincount(at).astype(np.float64)
    hits = np.bincount(at, weights=positive)
    total = hits.sum()
    return float(np.sum(hits * np.cumsum(hits) / np.cumsum(taken)) / total) if total else float("nan")


def resampled_spearman(
    scores: npt.NDArray[np.floating], labels: Floats, pairs: Integers, draws: Singles
) -> Singles:
    """Spearman's correlation under every resample.

    Args:
        scores: (n,) scores; a pair may have several, in several languages.
        labels: (P,) label of each pair.
        pairs: (n,) number of the pair that each score belongs to.
        draws: (resamples, P) how often each pair is drawn.

    Returns:
        (resamples,) values; NaN where a resample's labels are all the same.
    """
    by_score = _Ordered.of(scores, pairs, draws.shape[1])
    num_scores = np.bincount(pairs, minlength=draws.shape[1]).astype(np.float32)
    by_label = _Ordered.of(labels, np.arange(len(labels)), len(labels))
    values = np.empty(len(draws), np.float32)
    for chosen in _chunks(len(draws), by_score.size):
        counts = np.ascontiguousarray(draws[chosen].T)
        total = np.maximum(num_scores @ counts, 1)
        of_labels = by_label.sums(counts * num_scores[:, None])
        label_ranks = _centred_ranks(of_labels, total)
        of_scores = by_score.sums(counts)
        score_ranks = _centred_ranks(of_scores, total)
        label_sums = by_score.sums(counts * label_ranks[by_label.places])
        values[chosen] = _ratio(
            np.einsum("ij,ij->j", score_ranks, label_sums),
            np.einsum("ij,ij,ij->j", score_ranks, score_ranks, of_scores),
            np.einsum("ij,ij,ij->j", label_ranks, label_ranks, of_labels),
        )
    return values


def resampled_pearson(
    scores: npt.NDArray[np.floating], labels: Floats, pairs: Integers, draws: Singles
) -> Singles:
    """Pearson's correlation under every resample; arguments and values as in `resampled_spearman`."""
    x, y = scores - np.mean(scores, dtype=np.float64), labels[pairs] - labels[pairs].mean()
    columns = [np.ones_like(x), x, y, x * x, y * y, x * y]
    per_pair = np.stack([np.bincount(pairs, column, draws.shape[1]) for column in columns], axis=1)
    n, sx, sy, sxx, syy, sxy = (draws @ per_pair.astype(np.float32)).astype(np.float64).T
    n = np.maximum(n, 1)
    values = _ratio(sxy - sx * sy / n, sxx - sx * sx / n, syy - sy * sy / n)
    return np.asarray(values, np.float32)


def resampled_average_precision(
    scores: npt.NDArray[np.floating], positive: npt.NDArray[np.bool_], pairs: Integers, draws: Singles
) -> Singles:
    """Average precision under every resample.

    Args:
        scores: (n,) scores.
        positive: (P,) which pairs are positive.
        pairs: (n,) number of the pair that each score belongs to.
        draws: (resamples, P) how often each pair is drawn.

    Returns:
        (resamples,) values; NaN where a resample has no positive pair.
    """
    from_highest = _Ordered.of(-scores, pairs, draws.shape[1])
    values = np.empty(len(draws), np.float32)
    for chosen in _chunks(len(draws), from_highest.size):
        counts = np.ascontiguousarray(draws[chosen].T)
        hits = from_highest.sums(counts * positive[:, None])
        taken = np.cumsum(from_highest.sums(counts), axis=0)
        precision = np.cumsum(hits, axis=0) / np.maximum(taken, 1)
        with np.errstate(invalid="ignore"):
            values[chosen] = np.einsum("ij,ij->j", hits, precision) / hits.sum(axis=0)
    return values


@dataclass(frozen=True, eq=False)
class _Ordered:
    """Values in ascending order, equal ones together.

    Attributes:
        pairs: (n,) pair of each value, in that order.
        starts: (K,) where each distinct value begins.
        places: (n,) distinct value of each, in the order they were given.
        matrix: (K, P) how many values of each pair are in each bin, in place of the order; None without bins.
    """

    pairs: Integers
    starts: Integers
    places: Integers
    matrix: Singles | None

    @staticmethod
    def of(values: npt.NDArray[np.floating], pairs: Integers, num_pairs: int) -> _Ordered:
        order = np.argsort(values, kind="stable")
        ordered = values[order]
        is_start = np.append(True, ordered[1:] > ordered[:-1])
        numbers = np.cumsum(is_start) - 1
        if numbers[-1] >= _BIN_ABOVE:
            firsts = np.flatnonzero(is_start)
            numbers = firsts[numbers] * _NUM_BINS // len(values)  # equal scores share their first one's bin
            flat = np.bincount(numbers * num_pairs + pairs[order], minlength=_NUM_BINS * num_pairs)
            matrix = flat.reshape(_NUM_BINS, num_pairs).astype(np.float32)
            return _Ordered(pairs[:0], pairs[:0], pairs[:0], matrix)
        places = np.empty(len(values), np.int64)
        places[order] = numbers
        return _Ordered(pairs[order], np.flatnonzero(is_start), places, None)

    @property
    def size(self) -> int:
        """Rows in work per resample."""
        return len(self.pairs) if self.matrix is None else sum(self.matrix.shape)

    def sums(self, counts: Singles) -> Singles:
        """(K, r) sums over each distinct value of (P, r) counts of its pairs."""
        if self.matrix is not None:
            summed: Singles = self.matrix @ counts.astype(np.float32, copy=False)
            return summed
        rows = counts[self.pairs]
        if len(self.starts) < len(rows):
            rows = np.add.reduceat(rows, self.starts, axis=0)
        return rows


def _chunks(num_resamples: int, size: int) -> list[slice]:
    step = max(1, _ELEMENTS_AT_ONCE // max(size, 1))
    return [slice(start, start + step) for start in range(0, num_resamples, step)]


def _centred_ranks(counts: Singles, total: npt.NDArray[np.floating]) -> Singles:
    """Mean rank of each distinct value as a share of the whole, from -0.5 to 0.5."""
    ranks = np.cumsum(counts, axis=0)
    ranks -= counts / 2
    ranks /= total
    ranks -= 0.5
    return ranks


def _ranks(values: npt.NDArray[np.floating]) -> Floats:
    """(n,) mean ranks from 1."""
    _, at, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[at], np.float64)


def _ratio(
    covariance: npt.NDArray[np.floating] | np.floating,
    of_scores: npt.NDArray[np.floating] | np.floating,
    of_labels: npt.NDArray[np.floating] | np.floating,
) -> Floats:
    """Covariance over the root of both variances; 0 where the scores do not vary, NaN where labels do not."""
    product = np.maximum(np.asarray(of_scores * of_labels, np.float64), 0)
    values = np.divide(covariance, np.sqrt(product), out=np.zeros_like(product), where=product > 0)
    return np.where(np.asarray(of_labels) > 0, np.clip(values, -1, 1), np.nan)
