"""Language bias: whom a retriever favours when one collection holds all languages.

Each number tells a search engineer one thing:
rank distance: how far down the worst placed translation of a right answer is pushed below the best placed;
worst rank: how deep a user must look to have seen the answer in every language;
language matrix: how well each language's answers compete, by the language of the query;
diagonal excess: how much better an answer fares for being in the query's language.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isoglot.errors import SearchError
from isoglot.evaluation.measures import Floats, RelevantRanks


@dataclass(frozen=True, eq=False)
class RankSpread:
    """How far apart the relevant documents of each query stand.

    Attributes:
        queries: (K,) numbers of the queries with two relevant documents or more.
        rank_distance: (K,) largest minus smallest rank of each.
        worst_rank: (K,) largest rank of each.
    """

    queries: npt.NDArray[np.int64]
    rank_distance: Floats
    worst_rank: Floats


def rank_spread(ranked: RelevantRanks) -> RankSpread:
    """Rank distance (Huang et al. 2023, arXiv 2305.09025) and worst rank, of each query.

    A query with fewer than two relevant documents has no distance and is left out.

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
