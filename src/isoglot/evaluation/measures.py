"""Measures of a ranking, from the ranks and grades of its relevant documents. Definitions are trec_eval's.

A query's value depends only on where its relevant documents stand, so nothing else of a ranking is kept: with
exact ranks of the relevant documents, AP needs no cut-off and no list of a thousand results.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from isoglot.errors import ConfigError, SearchError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

NOT_RETRIEVED = np.iinfo(np.int64).max
"""Rank of a relevant document that a ranking does not hold."""


@dataclass(frozen=True, eq=False)
class RelevantRanks:
    """Where the relevant documents of each query stand (CSR), best first.

    Query i has `ranks[indptr[i]:indptr[i + 1]]`, ascending, and the grades of the same documents. Every query
    has at least one relevant document, retrieved or not; build with `from_pairs`, which sees to it.

    Attributes:
        indptr: (Q + 1,) offsets.
        ranks: (J,) ranks from 1; `NOT_RETRIEVED` for a document that is not in the ranking.
        grades: (J,) relevance, 1 and up.
    """

    indptr: Integers
    ranks: Integers
    grades: Integers

    @staticmethod
    def from_pairs(queries: Integers, ranks: Integers, grades: Integers, num_queries: int) -> RelevantRanks:
        """Ranks from parallel arrays in any order.

        Args:
            queries: (J,) query number of each relevant document, from 0.
            ranks: (J,) its rank.
            grades: (J,) its grade, 1 and up.
            num_queries: How many queries there are.

        Returns:
            The ranks, sorted within each query.

        Raises:
            SearchError: If a query has no relevant document, or a rank or grade is below 1.
        """
        if len(ranks) and min(ranks.min(), grades.min()) < 1:
            raise SearchError(f"ranks and grades start at 1, got {ranks.min()} and {grades.min()}")
        counts = np.bincount(queries, minlength=num_queries)
        if not counts.all() or not num_queries:
            raise SearchError(f"query {int(np.argmin(counts > 0))} has no relevant document; leave it out")
        order = _order(queries, ranks)
        indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return RelevantRanks(indptr, ranks[order].astype(np.int64), grades[order].astype(np.int64))

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @cached_property
    def num_relevant(self) -> Integers:
        """(Q,) relevant documents of each query, retrieved or not."""
        return np.diff(self.indptr)

    @cached_property
    def positions(self) -> Integers:
        """(J,) 1 for a query's best placed relevant document, 2 for the next, and so on."""
        return np.arange(len(self.ranks)) - np.repeat(self.indptr[:-1], self.num_relevant) + 1

    @cached_property
    def ideal_grades(self) -> Integers:
        """(J,) grades of each query, highest first."""
        if self.grades.min() == self.grades.max():
            return self.grades
        queries = np.repeat(np.arange(len(self)), self.num_relevant)
        return self.grades[_order(queries, self.grades.max() - self.grades)]

    def total(self, values: npt.NDArray[np.generic]) -> Floats:
        """(Q,) sum of a value per relevant document over each query's documents."""
        return np.add.reduceat(values.astype(np.float64), self.indptr[:-1])


def _order(queries: Integers, numbers: Integers) -> Integers:
    """Order by query and then by number, >= 0; where both are equal, as they came."""
    retrieved = numbers[numbers < NOT_RETRIEVED]
    span = int(retrieved.max(initial=0)) + 2
    if int(queries.max()) * span > NOT_RETRIEVED // 2:
        return np.lexsort((numbers, queries))
    # One key is sorted ten times as fast as two.
    return np.argsort(queries.astype(np.int64) * span + np.minimum(numbers, span - 1), kind="stable")


def _hits(ranked: RelevantRanks, cutoff: int) -> Floats:
    return ranked.total(ranked.ranks <= cutoff)


def _average_precision(ranked: RelevantRanks, cutoff: int) -> Floats:
    precision = np.where(ranked.ranks <= cutoff, ranked.positions / ranked.ranks, 0.0)
    return ranked.total(precision) / ranked.num_relevant


def _recall(ranked: RelevantRanks, cutoff: int) -> Floats:
    return _hits(ranked, cutoff) / ranked.num_relevant


def _precision(ranked: RelevantRanks, cutoff: int) -> Floats:
    return _hits(ranked, cutoff) / cutoff


def _success(ranked: RelevantRanks, cutoff: int) -> Floats:
    return (ranked.ranks[ranked.indptr[:-1]] <= cutoff).astype(np.float64)


def _reciprocal_rank(ranked: RelevantRanks, cutoff: int) -> Floats:
    first = ranked.ranks[ranked.indptr[:-1]]
    return np.where(first <= cutoff, 1.0 / first, 0.0)


def _ndcg(ranked: RelevantRanks, cutoff: int) -> Floats:
    gains = np.where(ranked.ranks <= cutoff, ranked.grades / np.log2(ranked.ranks + 1.0), 0.0)
    ideal = np.where(ranked.positions <= cutoff, ranked.ideal_grades / np.log2(ranked.positions + 1.0), 0.0)
    return ranked.total(gains) / ranked.total(ideal)


def _r_precision(ranked: RelevantRanks, cutoff: int) -> Floats:
    assert cutoff
    within = ranked.ranks <= np.repeat(ranked.num_relevant, ranked.num_relevant)
    return ranked.total(within) / ranked.num_relevant


@dataclass(frozen=True)
class _Family:
    """A measure and how it takes a cut-off: "needs" one, "may" have one, or has "none"."""

    compute: Callable[[RelevantRanks, int], Floats]
    cutoff: str


_FAMILIES = {
    "AP": _Family(_average_precision, "may"),
    "nDCG": _Family(_ndcg, "may"),
    "RR": _Family(_reciprocal_rank, "may"),
    "R": _Family(_recall, "needs"),
    "P": _Family(_precision, "needs"),
    "success": _Family(_success, "needs"),
    "Rprec": _Family(_r_precision, "none"),
}
_NAME = re.compile(r"([A-Za-z]+)(?:@([1-9][0-9]{0,8}))?")

MEASURES = ("AP", "AP@k", "nDCG", "nDCG@k", "RR", "RR@k", "R@k", "P@k", "success@k", "Rprec")
"""The names that `parse_measure` reads, k being a number."""


@dataclass(frozen=True)
class Measure:
    """A measure, with its cut-off if it has one; build with `parse_measure`.

    AP divides by all relevant documents, also with a cut-off, and so does R (recall); P divides by the
    cut-off; nDCG takes the grade as gain and log2(rank + 1) as discount; RR is the reciprocal rank of the
    first relevant document; success is 1 if one stands within the cut-off (what papers on image retrieval
    call R@k); Rprec is the precision at the number of relevant documents.

    Attributes:
        family: The name before the `@`.
        cutoff: The number after it, or None for the whole ranking.
    """

    family: str
    cutoff: int | None = None

    def __str__(self) -> str:
        return self.family if self.cutoff is None else f"{self.family}@{self.cutoff}"

    def __call__(self, ranked: RelevantRanks) -> Floats:
        """(Q,) value of each query, from 0 to 1."""
        return _FAMILIES[self.family].compute(ranked, self.cutoff or NOT_RETRIEVED - 1)


def is_measure(name: str) -> bool:
    """Whether `parse_measure` knows the name."""
    match = _NAME.fullmatch(name)
    if match is None or match[1] not in _FAMILIES:
        return False
    return _FAMILIES[match[1]].cutoff != ("needs" if match[2] is None else "none")


def parse_measure(name: str) -> Measure:
    """The measure of a name.

    Args:
        name: One of `MEASURES`, with a number for k, such as `nDCG@10`.

    Returns:
        The measure; its `str` is the name.

    Raises:
        ConfigError: If there is no such measure; names the nearest.
    """
    if not is_measure(name):
        pattern = re.sub(r"@.*", "@k", name)
        with_cutoff = [f"{name}@k"] if f"{name}@k" in MEASURES else []
        nearest = with_cutoff or difflib.get_close_matches(pattern, MEASURES, 1, 0.4) or ["AP"]
        raise ConfigError(
            f"unknown measure {name!r}; did you mean {nearest[0]!r}? There are {', '.join(MEASURES)}"
        )
    match = _NAME.fullmatch(name)
    assert match
    return Measure(match[1], None if match[2] is None else int(match[2]))


def parse_measures(names: Iterable[str | Measure]) -> tuple[Measure, ...]:
    """The measures of several names, in their order and without repetition.

    Args:
        names: Names, or measures, which stay.

    Returns:
        The measures.

    Raises:
        ConfigError: If a name is unknown, or there is none.
    """
    measures = dict.fromkeys(parse_measure(name) if isinstance(name, str) else name for name in names)
    if not measures:
        raise ConfigError("no measure given; name at least one, such as AP")
    return tuple(measures)
