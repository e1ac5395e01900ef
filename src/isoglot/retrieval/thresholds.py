"""Decision thresholds: the score from which on a candidate is taken, chosen where the answers are known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from isoglot.errors import SearchError

Floats = npt.NDArray[np.float64]


def f1(
    num_hits: npt.NDArray[np.generic] | float,
    num_taken: npt.NDArray[np.generic] | float,
    num_relevant: npt.NDArray[np.generic] | float,
) -> Floats:
    """Harmonic mean of precision and recall, from counts; 0 where nothing is taken and nothing relevant.

    Args:
        num_hits: Candidates that are taken and relevant.
        num_taken: Candidates that are taken.
        num_relevant: Relevant candidates, and those that never became one.

    Returns:
        Values from 0 to 1.
    """
    return share(2 * np.asarray(num_hits, np.float64), np.asarray(num_taken) + np.asarray(num_relevant))


def share(part: npt.NDArray[np.generic], whole: npt.NDArray[np.generic]) -> Floats:
    """Part of a whole, element by element; 0 of an empty whole, NaN of an unknown one."""
    full = np.broadcast_to(
        np.asarray(whole, np.float64), np.broadcast_shapes(np.shape(part), np.shape(whole))
    )
    shares: Floats = np.divide(part, full, out=np.zeros(full.shape), where=full != 0)
    return shares


def best_f1_threshold(
    scores: npt.NDArray[np.floating], relevant: npt.NDArray[np.bool_], num_relevant: int | None = None
) -> tuple[float, float]:
    """The threshold with the best F1 on given candidates, as BUCC's systems choose it.

    A candidate is taken if its score is not below the threshold. Candidates of equal score are taken together
    or not at all, so that the value does not depend on their order. The threshold lies halfway between the
    last score that is taken and the next; where all are taken, at the lowest.

    Args:
        scores: (n,) scores of the candidates.
        relevant: (n,) which of them are right.
        num_relevant: What there was to find; None if every relevant item is among the candidates.

    Returns:
        The threshold, and F1 there; of several with that F1, the highest.

    Raises:
        SearchError: If there is no candidate, or a score is not finite.
    """
    cuts = _Cuts(scores, relevant)
    there = int(np.count_nonzero(relevant)) if num_relevant is None else num_relevant
    values = f1(cuts.hits, cuts.taken, np.float64(there))
    best = int(np.argmax(values))
    return cuts.threshold(best), float(values[best])


def precise_threshold(
    scores: npt.NDArray[np.floating], relevant: npt.NDArray[np.bool_], precision: float
) -> tuple[float | None, float]:
    """The lowest threshold that keeps to a precision on given candidates.

    It takes the most candidates of all thresholds at which the share of right ones among those taken is not
    below the precision; thresholds higher up may miss it. Ties and the place between two scores are as in
    `best_f1_threshold`.

    Args:
        scores: (n,) scores of the candidates.
        relevant: (n,) which of them are right.
        precision: The share that must be right, above 0, up to 1.

    Returns:
        The threshold, or None if there is none; and the precision there, or the highest there is.

    Raises:
        SearchError: If there is no candidate, or a score is not finite.
    """
    cuts = _Cuts(scores, relevant)
    values = share(cuts.hits, cuts.taken)
    kept = np.flatnonzero(values >= precision)
    if not len(kept):
        return None, float(values.max())
    return cuts.threshold(int(kept[-1])), float(values[kept[-1]])


class _Cuts:
    """Every way of taking the candidates down to some score: (c,) right ones taken, and (c,) taken."""

    def __init__(self, scores: npt.NDArray[np.floating], relevant: npt.NDArray[np.bool_]) -> None:
        if not len(scores):
            raise SearchError("a threshold needs at least one candidate to be chosen on, got none")
        if not np.isfinite(scores).all():
            raise SearchError(f"scores must be finite, got {scores[~np.isfinite(scores)][0]}")
        order = np.argsort(-scores, kind="stable")
        self._ordered = scores[order]
        self._last_of_ties = np.flatnonzero(np.append(self._ordered[1:] < self._ordered[:-1], True))
        self.hits = np.cumsum(relevant[order])[self._last_of_ties]
        self.taken = self._last_of_ties + 1

    def threshold(self, cut: int) -> float:
        """The threshold of a cut, halfway to the next score; where all are taken, the lowest score."""
        following = self._ordered[self._last_of_ties[min(cut + 1, len(self.taken) - 1)]]
        lowest = self._ordered[self._last_of_ties[cut]]
        # In the precision of the scores, which they are compared in; between neighbours there is nothing, and
        # the mean may be the lower one.
        between = lowest / 2 + following / 2
        return float(between if between > following else lowest)
