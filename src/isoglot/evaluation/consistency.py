"""Rank consistency: whether a question finds the same documents in whatever language it is asked.

Mean rank correlation, MRC@k, of Yang, Jiang and Baldwin (MRL 2024, arXiv 2509.06195). Read in reviews of it:
Spearman's correlation between the rankings that two parallel queries give one collection, the mean over the
other languages, then over queries. What is correlated is chosen here: the union of both top k, each document
at its rank in both lists, ranks counted anew within the union. A document of the union that a list of known
depth does not hold ties with all others that it does not hold, behind those it does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from isoglot.errors import ConfigError, SearchError
from isoglot.evaluation.measures import Floats, Integers

_CHUNK_PAIRS = 1 << 14
"""Pairs of queries that are correlated at a time."""


def rank_correlation(
    document_rows: npt.NDArray[np.integer],
    cutoff: int,
    groups: npt.NDArray[np.integer],
    languages: npt.NDArray[np.integer],
) -> Floats:
    """MRC@k of each query: mean correlation of its ranking with those of its translations.

    Args:
        document_rows: (Q, depth) documents of one collection, best first, ties already broken; -1 where a
            ranking has ended. The deeper, the fewer documents of a union are tied for being out of sight;
            with the whole collection, none is.
        cutoff: k, from 2 to the depth.
        groups: (Q,) group of each query; parallel queries have the same.
        languages: (Q,) code of each query's language; queries of one group and language are no translations.

    Returns:
        (Q,) means, from -1 to 1; NaN for a query without translation, or where no correlation is defined
        because a ranking holds fewer than two documents. `random_rank_correlation` is what chance gives,
        which is well below 0: what one list has at its head, the other has out of sight.

    Raises:
        ConfigError: If the cut-off is below 2 or beyond the depth.
        SearchError: If the number of queries differs between the arguments, or a ranking repeats a document.
    """
    num_queries, depth = document_rows.shape
    if not 2 <= cutoff <= depth:
        raise ConfigError(f"MRC@k needs 2 <= k <= depth of the rankings, got k = {cutoff} and depth {depth}")
    if not len(groups) == len(languages) == num_queries:
        raise SearchError(f"{num_queries} rankings, but {len(groups)} groups and {len(languages)} languages")
    places = _Places(document_rows)
    whole = depth == cutoff and bool((document_rows >= 0).all())
    sums, counts = np.zeros(num_queries), np.zeros(num_queries)
    for left, right in _parallel_pairs(groups, languages):
        if whole:
            values = _correlations_of_heads(document_rows[left], document_rows[right])
        else:
            values = _correlations(document_rows, places, left, right, cutoff)
        known = ~np.isnan(values)
        for side in (left[known], right[known]):
            sums += np.bincount(side, values[known], num_queries)
            counts += np.bincount(side, minlength=num_queries)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


class _Places:
    """At which place of which ranking a document stands."""

    def __init__(self, document_rows: npt.NDArray[np.integer]) -> None:
        self.depth = document_rows.shape[1]
        self._stride = int(document_rows.max(initial=0)) + 2
        order = np.argsort(document_rows, axis=1, kind="stable")
        ascending = np.take_along_axis(document_rows, order, 1)
        repeated = ((ascending[:, 1:] == ascending[:, :-1]) & (ascending[:, 1:] >= 0)).any(axis=1)
        if repeated.any():
            raise SearchError(f"the ranking of query {int(np.argmax(repeated))} holds a document twice")
        self._order = order.ravel()
        self._keys = self._key(np.arange(len(document_rows))[:, None], ascending).ravel()

    def _key(self, queries: npt.NDArray[np.integer], rows: npt.NDArray[np.integer]) -> Integers:
        return queries.astype(np.int64) * self._stride + rows + 1

    def find(self, queries: npt.NDArray[np.integer], rows: npt.NDArray[np.integer]) -> Integers:
        """(n, c) rank of each document in the ranking of its query, (n,); depth + 1 if it is not there."""
        keys = self._key(queries[:, None], rows)
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.where((self._keys[at] == keys) & (rows >= 0), self._order[at] + 1, self.depth + 1)


def _parallel_pairs(
    groups: npt.NDArray[np.integer], languages: npt.NDArray[np.integer]
) -> Iterator[tuple[Integers, Integers]]:
    """Every pair of queries of one group and two languages, once, some thousands at a time."""
    order = np.argsort(groups, kind="stable")
    step = 1
    while True:
        left, right = order[:-step], order[step:]
        same = groups[left] == groups[right]
        if not same.any():
            return
        same &= languages[left] != languages[right]
        pairs = np.flatnonzero(same)
        for start in range(0, len(pairs), _CHUNK_PAIRS):
            chunk = pairs[start : start + _CHUNK_PAIRS]
            yield left[chunk], right[chunk]
        step += 1


def _correlations_of_heads(left: npt.NDArray[np.integer], right: npt.NDArray[np.integer]) -> Floats:
    """(pairs,) the same where k documents are known of each ranking, and no more.

    A document of one head alone has its place on that side and, on the other, the rank that those out of
    sight share. So the sums follow from the places of the documents that both heads hold.
    """
    cutoff = left.shape[1]
    shared = left[:, :, None] == right[:, None, :]
    places = np.arange(1.0, cutoff + 1)
    of_left, of_right = shared.any(axis=2) @ places, shared.any(axis=1) @ places
    outside = cutoff - shared.sum(axis=(1, 2))
    behind = cutoff + (outside + 1) / 2
    products = (shared @ places) @ places + behind * (2 * places.sum() - of_left - of_right)
    squares = (places**2).sum() + outside * behind**2
    size = cutoff + outside
    centre = size * ((size + 1) / 2) ** 2
    correlations: Floats = (products - centre) / (squares - centre)
    return correlations


def _correlations(
    document_rows: npt.NDArray[np.integer], places: _Places, left: Integers, right: Integers, cutoff: int
) -> Floats:
    """(pairs,) Spearman's correlation on the union of both heads; NaN where a side has no variance."""
    union = np.concatenate([document_rows[left, :cutoff], document_rows[right, :cutoff]], axis=1)
    on_left, on_right = places.find(left, union), places.find(right, union)
    present = union >= 0
    present[:, cutoff:] &= on_left[:, cutoff:] > cutoff
    first = _deviations(on_left, present, places.depth)
    second = _deviations(on_right, present, places.depth)
    with np.errstate(invalid="ignore", divide="ignore"):
        correlations: Floats = (first * second).sum(axis=1) / np.sqrt(
            (first**2).sum(axis=1) * (second**2).sum(axis=1)
        )
    return correlations


def _deviations(ranks: Integers, present: npt.NDArray[np.bool_], depth: int) -> Floats:
    """(pairs, c) ranks within the union minus their mean; 0 for what is not in it."""
    size = present.sum(axis=1, keepdims=True)
    behind = present & (ranks > depth)
    num_behind = behind.sum(axis=1, keepdims=True)
    within = (
        np.argsort(np.argsort(np.where(present & ~behind, ranks, depth + 1), axis=1, kind="stable"), axis=1)
        + 1
    )
    anew = np.where(behind, size - (num_behind - 1) / 2, within)
    return np.where(present, anew - (size + 1) / 2, 0.0)


def random_rank_correlation(num_documents: int, cutoff: int, depth: int) -> float:
    """Expected MRC@k of two independent rankings in random order.

    Given that the two top k share m documents, their union has u = 2 k - m, of which d = k - m are out of
    each head. The rank sums of heads and tails are fixed, so the expected covariance is -d^2 / 4; a variance
    is (u^2 - 1) / 12 less (t^3 - t) / (12 u) for the t of the d documents that lie beyond the depth. m and t
    are hypergeometric. For two short lists out of many documents this is about -3/4 with the whole collection
    ranked, and -6/7 with nothing known beyond k.

    Args:
        num_documents: N, the size of the collection.
        cutoff: k, from 2 to N.
        depth: How much of each ranking is known, from k to N.

    Returns:
        The expectation.

    Raises:
        ConfigError: If not 2 <= k <= depth <= N.
    """
    if not 2 <= cutoff <= depth <= num_documents:
        raise ConfigError(
            f"need 2 <= k <= depth <= documents, got k = {cutoff}, depth {depth}, {num_documents} documents"
        )
    expectation = 0.0
    for shared in range(max(0, 2 * cutoff - num_documents), cutoff + 1):
        outside, union = cutoff - shared, 2 * cutoff - shared
        inverse_deviation = sum(
            _hypergeometric(num_documents - cutoff, num_documents - depth, outside, tied)
            / math.sqrt((union**2 - 1) / 12 - (tied**3 - tied) / (12 * union))
            for tied in range(outside + 1)
        )
        likely = _hypergeometric(num_documents, cutoff, cutoff, shared)
        expectation -= likely * outside**2 / 4 * inverse_deviation**2
    return expectation


def _hypergeometric(population: int, marked: int, drawn: int, hits: int) -> float:
    """Probability that `hits` of the drawn are marked."""
    ways = math.comb(marked, hits) * math.comb(population - marked, drawn - hits)
    return ways / math.comb(population, drawn)
