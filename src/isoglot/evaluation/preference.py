"""Preference for a language: what the head of a ranking holds, against what a fair ranking would hold.

A collection of many languages shows some of them more than others, whatever the ranking does, so a share of
the results says nothing by itself. Here it is always compared with the share of the pool.

Codes of languages: 0 to L - 1 for the L languages of the documents, L for a document without language,
-1 where a ranking has ended (of a query: a language that no document has).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from isoglot.errors import SearchError
from isoglot.evaluation.measures import NOT_RETRIEVED, Floats, Integers, Measure, RelevantRanks

NOTHING = -1
"""Where a ranking has ended; as a query's language: one that no document of the pool has."""


@dataclass(frozen=True, eq=False)
class RankedLanguages:
    """The head of the ranking of each query, and the pool that it was drawn from.

    Attributes:
        languages: (Q, k) code of each ranked document's language, best first.
        grades: (Q, k) its grade; 0 if it is not relevant.
        pool_sizes: (L + 1,) candidates in each language, the last of none; or (Q, L + 1), where queries have
            different candidates.
        num_relevant: (Q, L + 1) relevant candidates in each language, retrieved or not.
    """

    languages: npt.NDArray[np.integer]
    grades: npt.NDArray[np.integer]
    pool_sizes: npt.NDArray[np.integer]
    num_relevant: npt.NDArray[np.integer]

    def __post_init__(self) -> None:
        if self.languages.ndim != 2 or self.grades.shape != self.languages.shape:
            raise SearchError(
                "ranked languages and grades must be two tables of one shape, "
                f"got {self.languages.shape} and {self.grades.shape}"
            )
        sizes = (len(self.languages), self.pool_sizes.shape[-1])
        if self.pool_sizes.shape not in {sizes, sizes[1:]} or self.num_relevant.shape != sizes:
            raise SearchError(
                f"pool sizes must be of shape {sizes[1:]} or {sizes} and relevant documents of {sizes}, "
                f"got {self.pool_sizes.shape} and {self.num_relevant.shape}"
            )
        if (problems := self._wrong_values()) is not None:
            raise SearchError(problems)

    def _wrong_values(self) -> str | None:
        num_languages = self.num_languages
        wrong = (self.languages < NOTHING) | (self.languages > num_languages)
        if wrong.any():
            query, place = np.argwhere(wrong)[0]
            return (
                f"codes of languages go from -1 to {num_languages}, "
                f"got {self.languages[query, place]} for query {query} at rank {place + 1}"
            )
        if (self.num_relevant > self.pool_sizes).any():
            query, language = np.argwhere(self.num_relevant > self.pool_sizes)[0]
            return f"query {query} has more relevant documents in language {language} than the pool has"
        return None

    @property
    def num_languages(self) -> int:
        """L, not counting documents without language."""
        return int(self.pool_sizes.shape[-1]) - 1

    @cached_property
    def named(self) -> npt.NDArray[np.bool_]:
        """(Q, k) where there is a document with a language."""
        named: npt.NDArray[np.bool_] = (self.languages >= 0) & (self.languages < self.num_languages)
        return named


@dataclass(frozen=True, eq=False)
class Preference:
    """By how much a language is over-represented among the first k, each query a value from -1 to 1.

    0 is fair, and what a random ranking has in the mean. NaN where there is nothing to prefer: no document of
    the kind among the first k, or none of the language, or of no other, in the pool.

    Attributes:
        overall: (Q,) among all documents.
        relevant: (Q,) among relevant documents, against the language's share of all relevant ones.
        irrelevant: (Q,) among the others, likewise.
    """

    overall: Floats
    relevant: Floats
    irrelevant: Floats


def same_language_preference(query_languages: npt.NDArray[np.integer], ranked: RankedLanguages) -> Preference:
    """The share of the query's own language among the first k, minus its share in the pool.

    Documents without language are left out of both shares.

    Args:
        query_languages: (Q,) code of each query's language; `NOTHING` leaves the query out.
        ranked: The first k documents, k being the width of the tables.

    Returns:
        The preference, query by query.

    Raises:
        SearchError: If there is not one code, below L, for each query.
    """
    _check_queries(query_languages, ranked)
    return _preference(query_languages, ranked)


def language_preference(
    query_languages: npt.NDArray[np.integer], ranked: RankedLanguages, language: int
) -> Preference:
    """The share of one language among the first k, minus its share in the pool: English preference.

    Only queries in other languages count. For a query in the language itself, this preference is that for the
    query's own language, and would be mistaken for a pull that works on everybody.

    Args:
        query_languages: (Q,) code of each query's language.
        ranked: The first k documents.
        language: Code of the language, such as that of English.

    Returns:
        The preference, query by query; NaN for queries in the language.

    Raises:
        SearchError: If there is not one code, below L, for each query, or no such language.
    """
    _check_queries(query_languages, ranked)
    if not 0 <= language < ranked.num_languages:
        raise SearchError(f"no language {language}; codes go from 0 to {ranked.num_languages - 1}")
    return _preference(np.where(query_languages == language, NOTHING, language), ranked)


def _check_queries(query_languages: npt.NDArray[np.integer], ranked: RankedLanguages) -> None:
    if query_languages.shape != ranked.languages.shape[:1]:
        raise SearchError(
            f"{len(ranked.languages)} queries are ranked, but {query_languages.size} have languages"
        )
    if (
        len(query_languages)
        and not NOTHING <= query_languages.min() <= query_languages.max() < ranked.num_languages
    ):
        worst = max(query_languages.tolist(), key=abs)
        raise SearchError(
            f"codes of queries' languages go from -1 to {ranked.num_languages - 1}, got {worst}"
        )


def _preference(targets: npt.NDArray[np.integer], ranked: RankedLanguages) -> Preference:
    relevant = ranked.grades > 0
    pool = np.broadcast_to(ranked.pool_sizes, ranked.num_relevant.shape)
    return Preference(
        _excess_share(targets, ranked.languages, ranked.named, pool),
        _excess_share(targets, ranked.languages, ranked.named & relevant, ranked.num_relevant),
        _excess_share(targets, ranked.languages, ranked.named & ~relevant, pool - ranked.num_relevant),
    )


def _excess_share(
    targets: npt.NDArray[np.integer],
    languages: npt.NDArray[np.integer],
    counted: npt.NDArray[np.bool_],
    sizes: npt.NDArray[np.integer],
) -> Floats:
    """(Q,) share of the target among the counted documents, minus its share of the sizes; NaN for none."""
    shown = counted.sum(axis=1)
    own = (counted & (languages == targets[:, None])).sum(axis=1)
    size = sizes[np.arange(len(sizes)), np.maximum(targets, 0)]
    total = sizes[:, :-1].sum(axis=1)
    fair = size / np.maximum(total, 1)
    open_to_choice = (targets >= 0) & (shown > 0) & (size > 0) & (size < total)
    return np.where(open_to_choice, own / np.maximum(shown, 1) - fair, np.nan)


FIRST_RESULTS = (
    "right_content_query_language",
    "right_content_other_language",
    "wrong_content_query_language",
    "wrong_content_other_language",
)
"""The four ways that a first result can be."""


def first_results(query_languages: npt.NDArray[np.integer], ranked: RankedLanguages) -> dict[str, Floats]:
    """What the first result is: relevant or not, in the query's language or not.

    The four-way decomposition of MLAIRE (arXiv 2605.07249), of which abstract and summaries could be read,
    not the section that defines it: a miss of meaning and a miss of language are told apart at rank 1.

    Args:
        query_languages: (Q,) code of each query's language.
        ranked: At least the first document of each query.

    Returns:
        For each of `FIRST_RESULTS`, (Q,) 1 or 0, one of the four being 1; NaN in all four for a query without
        results, or whose first result has no language.

    Raises:
        SearchError: If there is not one code, below L, for each query.
    """
    _check_queries(query_languages, ranked)
    right = ranked.grades[:, 0] > 0
    own = ranked.languages[:, 0] == query_languages
    kinds = (right & own, right & ~own, ~right & own, ~right & ~own)
    named = ranked.named[:, 0]
    return {name: np.where(named, kind, np.nan) for name, kind in zip(FIRST_RESULTS, kinds, strict=True)}


@dataclass(frozen=True, eq=False)
class RelevantLanguages:
    """The relevant documents of every query: rank, grade and language of each.

    Attributes:
        query_languages: (Q,) code of each query's language; `NOTHING` if no document has it.
        num_languages: L.
        queries: (J,) query of each relevant document, from 0; in any order.
        ranks: (J,) its rank in the pool, from 1; `NOT_RETRIEVED` if the ranking does not hold it.
        grades: (J,) its grade, 1 and up.
        languages: (J,) code of its language; `num_languages` for none.
    """

    query_languages: npt.NDArray[np.integer]
    num_languages: int
    queries: Integers
    ranks: Integers
    grades: Integers
    languages: npt.NDArray[np.integer]

    @cached_property
    def own(self) -> npt.NDArray[np.bool_]:
        """(J,) whether it is in the query's language."""
        own: npt.NDArray[np.bool_] = self.languages == self.query_languages[self.queries]
        return own

    def count(self, which: npt.NDArray[np.bool_]) -> Integers:
        """(Q,) relevant documents for which `which` (J,) is true."""
        return np.bincount(self.queries[which], minlength=len(self.query_languages))


def language_preference_rate(relevant: RelevantLanguages) -> Floats:
    """Whether the best placed answer is in the query's language: 1 or 0, averaged to a rate.

    LPR of MLAIRE (arXiv 2605.07249). Its formula could not be read; this follows the summaries of it: among
    equivalent translations, how often the query's language comes first. The values published with it (99.9 %
    for a retriever whose nDCG is 96.2 %, 93.7 % for BM25 at 27.9 %) fit a rate over answers only, as here, in
    which wrong results above them play no part. A random ranking has `random_language_preference_rate`.

    Args:
        relevant: The relevant documents. Those without language are left out.

    Returns:
        (Q,) 1, 0, or NaN for a query that has no choice (no answer in its language, or none in another) or
        none of whose answers was retrieved.
    """
    named = relevant.languages < relevant.num_languages
    best = np.full(len(relevant.query_languages), NOT_RETRIEVED)
    np.minimum.at(best, relevant.queries[named], relevant.ranks[named])
    first = relevant.own & named & (relevant.ranks == best[relevant.queries])
    has_choice = ~np.isnan(random_language_preference_rate(relevant))
    return np.where(has_choice & (best < NOT_RETRIEVED), relevant.count(first) > 0, np.nan)


def random_language_preference_rate(relevant: RelevantLanguages) -> Floats:
    """What `language_preference_rate` is in the mean of random rankings: the own language's share of answers.

    Args:
        relevant: The relevant documents.

    Returns:
        (Q,) shares; NaN for a query that has no choice.
    """
    named = relevant.count(relevant.languages < relevant.num_languages)
    own = relevant.count(relevant.own)
    return np.where((own > 0) & (own < named), own / np.maximum(named, 1), np.nan)


def language_ndcg(
    relevant: RelevantLanguages, cutoff: int, *, own_weight: int = 2, other_weight: int = 1
) -> Floats:
    """Lang-nDCG@k: nDCG in which an answer gains more for being in the query's language.

    Of MLAIRE (arXiv 2605.07249), whose gains could not be read. The choice here: an answer in the query's
    language has twice the gain of one in another; what has no language (a photograph) is read by everybody.
    The ideal ranking has the same gains, best first, so 1 means: every answer above all else, and those in
    the query's language above the others. With equal weights this is nDCG.

    Args:
        relevant: The relevant documents, at least one for each query.
        cutoff: k.
        own_weight: Multiplies the grade of answers in the query's language or in none, 1 and up.
        other_weight: Multiplies the grade of answers in other languages, 1 and up.

    Returns:
        (Q,) values from 0 to 1.

    Raises:
        SearchError: If a query has no relevant document, or a rank, grade or weight is below 1.
    """
    if min(own_weight, other_weight) < 1:
        raise SearchError(f"weights must be 1 or more, got {own_weight} and {other_weight}")
    readable = relevant.own | (relevant.languages >= relevant.num_languages)
    gains = relevant.grades * np.where(readable, own_weight, other_weight)
    ranked = RelevantRanks.from_pairs(relevant.queries, relevant.ranks, gains, len(relevant.query_languages))
    return Measure("nDCG", cutoff)(ranked)
