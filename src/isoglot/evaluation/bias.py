"""Language bias: whom a retriever favours when one collection holds all languages.

Here is what follows from the ranks of relevant documents; preference for a language, PEER and the consistency
of rankings have modules of their own. `MEANINGS` says what each number tells a search engineer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from isoglot.errors import SearchError
from isoglot.evaluation.measures import Floats, RelevantRanks

MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "rank_distance": (
            "How many places the worst placed translation of a right answer stands below the best placed one."
        ),
        "worst_rank": "How far down a user must read to have seen the right answer in every language.",
        "random_rank_distance": "What the rank distance would be if results came in random order.",
        "diagonal_excess": "How much better answers fare for being in the query's language (0: not at all).",
        "same_language_preference": (
            "Among the wrong results on the first page, how many more are in the user's language than chance "
            "would put there: results shown for their language alone (0: fair)."
        ),
        "same_language_preference_relevant": (
            "Among the right answers on the first page, how many more are in the user's language than chance "
            "would put there (0: fair)."
        ),
        "english_preference": (
            "Among the wrong results shown to users who did not ask in English, how many more are English "
            "than chance would put there (0: fair)."
        ),
        "english_preference_relevant": (
            "Among the right answers shown to users who did not ask in English, how many more are English "
            "than chance would put there (0: fair)."
        ),
        "language_preference_rate": (
            "How often the first right answer is in the user's language, where it could have been in another."
        ),
        "random_language_preference_rate": "What the language preference rate would be in random order.",
        "lang_nDCG": (
            "Ranking quality for a user to whom an answer in their language is worth twice one in another."
        ),
        "right_content_query_language": "How often the first result is right and in the user's language.",
        "right_content_other_language": (
            "How often the first result is right but in another language: what translating it would mend."
        ),
        "wrong_content_query_language": (
            "How often the first result is wrong but in the user's language: what language bias produces."
        ),
        "wrong_content_other_language": "How often the first result is wrong, and in another language too.",
        "PEER": (
            "How likely it is that equally relevant documents of all languages can expect the same rank "
            "(1: nothing speaks against it)."
        ),
        "MRC": (
            "How alike the results are when the same question is asked in another language (1: the same; two "
            "unrelated lists score far below 0)."
        ),
        "random_MRC": "What MRC would be for two unrelated lists.",
        "transfer_gap": "What quality users lose who do not ask in the language the model was trained in.",
        "low_resource": "Quality for users of languages with little text to train on.",
        "unseen": "Quality for users of languages that training never showed.",
    }
)
"""One sentence on each measure of bias, preference and transfer, by name without cut-off; see `meaning`."""


def meaning(measure: str) -> str | None:
    """What a measure of bias, preference or transfer tells a search engineer, in one sentence.

    Args:
        measure: Name as in results: with a cut-off (`PEER@20`), or on top of another measure (`AP_unseen`).

    Returns:
        The sentence; None for other measures.
    """
    for name in _ON_TOP_OF_A_MEASURE:
        if measure.endswith(f"_{name}"):
            return MEANINGS[name]
    return MEANINGS.get(measure.partition("@")[0])


_ON_TOP_OF_A_MEASURE = ("transfer_gap", "low_resource", "unseen")


@dataclass(frozen=True, eq=False)
class RankSpread:
    """How far apart the relevant documents of each query stand.

    Attributes:
        queries: (K,) numbers of the queries with two relevant documents or more.
        rank_distance: (K,) largest minus smallest rank of each.
        worst_rank: (K,) largest rank of each: Max@R.
    """

    queries: npt.NDArray[np.int64]
    rank_distance: Floats
    worst_rank: Floats


def rank_spread(ranked: RelevantRanks) -> RankSpread:
    """Rank distance (Huang et al. 2023, arXiv 2305.09025) and worst rank, of each query.

    A query with fewer than two relevant documents has no distance and is left out.

    The worst rank is Max@R of Hong et al. (arXiv 2604.05684), read in summaries of it: the rank that must be
    reached to have all parallel relevant documents, lower being better. It is given as a plain rank; whether
    the paper also takes a logarithm or divides by the size of the pool could not be read.

    Args:
        ranked: Ranks in the pooled collection; all must be known, as exact search gives them.

    Returns:
        The values, query by query.

    Raises:
        SearchError: If no query has two relevant documents.
    """
    queries = np.flatnonzero(ranked.num_relevant >= 2)
    if not len(queries):
        raise SearchError("rank distance needs a query with two relevant documents or more; there is none")
    best = ranked.ranks[ranked.indptr[queries]].astype(np.float64)
    worst = ranked.ranks[ranked.indptr[queries + 1] - 1].astype(np.float64)
    return RankSpread(queries, worst - best, worst)


def random_rank_distance(num_documents: int, num_relevant: npt.ArrayLike) -> Floats:
    """Expected rank distance if the collection is in random order: (N + 1) (k - 1) / (k + 1).

    Args:
        num_documents: N, the size of the collection.
        num_relevant: k, relevant documents of a query; any shape.

    Returns:
        The expectation, of the shape of `num_relevant`.
    """
    relevant = np.asarray(num_relevant, np.float64)
    return (num_documents + 1) * (relevant - 1) / (relevant + 1)


def diagonal_excess(matrix: Floats) -> float:
    """Mean of a language matrix' diagonal minus the mean of the rest.

    The matrix is LAReQA's heat map (arXiv 2004.05484): a row for each language of the query, a column for
    each of the document in the same order; a cell is AP in the pooled collection when only the documents of
    that language count as relevant. 0 is fair; the larger, the stronger the pull of the query's own language.

    Args:
        matrix: (L, L) values; NaN where a pair has no query.

    Returns:
        The excess, from -1 to 1.

    Raises:
        SearchError: If the diagonal or the rest is empty.
    """
    own = np.eye(len(matrix), dtype=bool)
    inside, outside = matrix[own], matrix[~own]
    if np.isnan(inside).all() or np.isnan(outside).all():
        raise SearchError("diagonal excess needs pairs of the same language and pairs of two languages")
    return float(np.nanmean(inside) - np.nanmean(outside))
