"""Decision thresholds: the score from which on a candidate is taken, chosen where the answers are known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from isoglot.errors import SearchError
from isoglot.evaluation.measures import Floats


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
    if not len(scores):
        raise SearchError("a threshold needs at least one candidate to be chosen on, got none")
    if not np.isfinite(scores).all():
        raise SearchError(f"scores must be finite, got {scores[~np.isfinite(scores)][0]}")
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    last_of_ties = np.flatnonzero(np.append(ordered[1:] < ordered[:-1], True))
    hits = np.cumsum(relevant[order])[last_of_ties]
    there = int(np.count_nonzero(relevant)) if num_relevant is None else num_relevant
    values = f1(hits, last_of_ties + 1, np.float64(there))
    best = int(np.argmax(values))
    lowest, following = ordered[last_of_ties[best]], ordered[last_of_ties[min(best + 1, len(values) - 1)]]
    # In the precision of the scores, which they are compared in; between neighbours there is nothing, and the
    # mean may be the lower one.
    between = lowest / 2 + following / 2
    return float(between if between > following else lowest), float(values[best])
