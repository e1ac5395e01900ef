"""PEER: whether documents of different languages that are equally relevant can expect equal ranks.

Yang, Jänich, Mayfield and Lawrie, SIGIR 2024 (arXiv 2405.00978); computed as their package `peer_measure`
0.0.1 does, whose code was read: where paper and package differ, published values are the package's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from isoglot.errors import ConfigError, SearchError
from isoglot.evaluation.measures import Floats, Integers
from isoglot.evaluation.preference import RankedLanguages, RelevantLanguages

_NO_CHOICE = (
    "PEER says nothing here: at no weighted grade ({}) does any query have two documents of one language, so "
    "every group that the Kruskal-Wallis test compares has one member and p is the same for every ranking; "
    "use rank_distance"
)


def peer(ranked: RankedLanguages, relevant: RelevantLanguages, weights: Mapping[int, float]) -> Floats:
    """Probability of equal expected rank of each query, from 0 to 1; the higher, the fairer.

    For each grade, the ranks of its documents, grouped by language, go through a Kruskal-Wallis test; its p
    is weighted by grade and summed. A relevant document that is not among the first k gets the tied rank
    (2 M + U + 1) / 2, where M counts the documents of the grade and U those of them not among the first k.
    p is 1 where fewer than two languages have a document of the grade, where none of them is among the first
    k, and where all ranks are equal (`peer_measure` divides by zero there). A grade that a query's judgements
    lack adds nothing, as in the package, so that grades in use by few queries lower the mean. Documents
    without language belong to no group.

    Args:
        ranked: The first k documents, k being the width of its tables.
        relevant: All relevant documents of the same queries; their ranks are not looked at.
        weights: Weight of each grade, 0 being that of documents that are not relevant; they sum to 1.

    Returns:
        (Q,) probabilities.

    Raises:
        ConfigError: If a weight is negative, or they do not sum to 1.
        SearchError: If the measure is the same for every ranking because no query has two documents of one
            language at a weighted grade, or a ranked document has a grade that its query's judgements lack.
    """
    _check(weights)
    total = np.zeros(len(ranked.languages))
    largest = 0
    for grade, weight in sorted(weights.items()):
        if weight > 0:
            listed, missing = _groups(ranked, relevant, grade)
            largest = max(largest, int((listed + missing).max(initial=0)))
            present = (listed + missing).any(axis=1) | (grade == 0)
            total += weight * np.where(present, _equal_rank_probability(ranked, grade, listed, missing), 0.0)
    if largest < 2:
        raise SearchError(_NO_CHOICE.format(", ".join(str(g) for g, w in sorted(weights.items()) if w > 0)))
    return total


def equal_weights(relevant: RelevantLanguages) -> dict[int, float]:
    """The same weight for every grade that occurs among relevant documents; none for the others.

    Args:
        relevant: The relevant documents.

    Returns:
        Weights that sum to 1.
    """
    grades = np.unique(relevant.grades).tolist()
    return {int(grade): 1 / len(grades) for grade in grades}


def _check(weights: Mapping[int, float]) -> None:
    problems = [
        f"weight of grade {grade} must be >= 0, got {weight}"
        for grade, weight in weights.items()
        if weight < 0
    ]
    if not math.isclose(sum(weights.values()), 1.0, rel_tol=1e-5, abs_tol=1e-8):
        problems.append(f"weights of PEER must sum to 1, got {sum(weights.values())}")
    if problems:
        raise ConfigError("; ".join(problems))


def _groups(ranked: RankedLanguages, relevant: RelevantLanguages, grade: int) -> tuple[Integers, Integers]:
    """Two (Q, L): documents of a grade and language among the first k, and relevant ones that are not."""
    shape = (len(ranked.languages), ranked.num_languages)
    query, place = np.nonzero(ranked.named & (ranked.grades == grade))
    listed = _table(query, ranked.languages[query, place], shape)
    if grade == 0:
        return listed, np.zeros_like(listed)
    wanted = (relevant.grades == grade) & (relevant.languages < relevant.num_languages)
    missing = _table(relevant.queries[wanted], relevant.languages[wanted], shape) - listed
    if missing.min(initial=0) < 0:
        query = np.argwhere(missing < 0)[0, 0]
        raise SearchError(
            f"the ranking of query {query} has more documents of grade {grade} than are judged so"
        )
    return listed, missing


def _table(queries: Integers, languages: npt.NDArray[np.integer], shape: tuple[int, int]) -> Integers:
    return np.bincount(queries * shape[1] + languages, minlength=shape[0] * shape[1]).reshape(shape)


def _equal_rank_probability(
    ranked: RankedLanguages, grade: int, listed: Integers, missing: Integers
) -> Floats:
    """(Q,) p of the Kruskal-Wallis test between the languages' documents of one grade."""
    sizes = listed + missing
    size = sizes.sum(axis=1)
    num_missing = missing.sum(axis=1)
    missing_rank = (2 * size + num_missing + 1) / 2
    inside = ranked.named & (ranked.grades == grade)
    query, place = np.nonzero(inside)
    at = query * listed.shape[1] + ranked.languages[query, place]
    sums = np.bincount(at, place + 1.0, listed.size).reshape(listed.shape) + missing * missing_rank[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = sums.sum(axis=1) / size
        between = np.where(sizes > 0, (sums / sizes - mean[:, None]) ** 2 * sizes, 0.0).sum(axis=1)
        deviations = np.where(inside, np.arange(1, inside.shape[1] + 1) - mean[:, None], 0.0)
        within = (deviations**2).sum(axis=1) + num_missing * (missing_rank - mean) ** 2
        statistic = (size - 1) * between / within
    num_groups = (sizes > 0).sum(axis=1)
    tested = (num_groups >= 2) & listed.any(axis=1) & (within > 0)
    p_values = np.ones(len(sizes))
    p_values[tested] = chi_square_tail(statistic[tested], num_groups[tested] - 1)
    return p_values


def chi_square_tail(statistic: Floats, freedom: Integers) -> Floats:
    """Probability that a chi-square variable is larger; in closed form, degrees of freedom being whole.

    Args:
        statistic: (n,) values, 0 and up.
        freedom: (n,) degrees of freedom, 1 and up.

    Returns:
        (n,) probabilities.
    """
    half = statistic / 2
    roots = [math.erfc(math.sqrt(value)) for value in half]
    tail = np.where(freedom % 2 == 0, np.exp(-half), roots)
    with np.errstate(divide="ignore"):
        logarithms = np.log(half)
    for step in range((int(freedom.max(initial=1)) - 1) // 2):
        power = step + np.where(freedom % 2 == 0, 1.0, 0.5)
        factorial = np.where(freedom % 2 == 0, math.lgamma(step + 2.0), math.lgamma(step + 1.5))
        term = np.exp(power * logarithms - half - factorial)
        tail += np.where(power < freedom / 2, term, 0.0)
    return np.minimum(tail, 1.0)
