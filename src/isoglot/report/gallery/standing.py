"""How the documents of a gallery's card stand to its queries, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from isoglot.corpora.judgements import Judgements, Split

if TYPE_CHECKING:
    from isoglot.corpora.parallel import ParallelCorpus

NOT_JUDGED = "not judged"


@dataclass(frozen=True)
class Standing:
    """What the judged queries of a group say of a document.

    Attributes:
        num_queries: To how many of them it is relevant.
        low: The lowest grade above 0; 0 without any.
        high: The highest grade.
    """

    num_queries: int
    low: int
    high: int

    def words(self, num_judged: int) -> str:
        """The standing in words.

        Args:
            num_judged: How many queries of the group are judged.

        Returns:
            Such as `relevant`, `relevant to 2 of 3 queries, grade 2` or `not relevant`.
        """
        if not self.num_queries:
            return "not relevant"
        whom = "" if self.num_queries == num_judged else f" to {self.num_queries} of {num_judged} queries"
        if self.high == 1:
            return f"relevant{whom}"
        grade = f"grade {self.high}" if self.low == self.high else f"grades {self.low} to {self.high}"
        return f"relevant{whom}, {grade}"


def splits_of_group(
    corpus: ParallelCorpus, group: int, query_rows: npt.NDArray[np.integer]
) -> tuple[str, ...]:
    """The splits that judge a group.

    Args:
        corpus: The corpus.
        group: Code of the group.
        query_rows: The rows of its queries.

    Returns:
        Names, in the order of the corpus: splits by groups that name it, and others that judge a query of it.
    """
    return tuple(name for name, part in corpus.splits.items() if _judges(part, group, query_rows))


def _judges(part: Split, group: int, query_rows: npt.NDArray[np.integer]) -> bool:
    if part.groups is not None:
        return bool(np.isin(group, part.groups))
    assert part.judgements is not None
    return bool(np.isin(query_rows, part.judgements.query_rows).any())


def standings(
    corpus: ParallelCorpus,
    group: int,
    query_rows: npt.NDArray[np.integer],
    document_rows: npt.NDArray[np.integer],
) -> tuple[dict[int, Standing], int]:
    """How documents stand to the queries of a group, over all splits.

    Where several splits judge the same query and document, the highest grade counts. Judgements line by line
    go before those by group.

    Args:
        corpus: The corpus.
        group: Code of the group.
        query_rows: The rows of its queries.
        document_rows: The rows of its documents.

    Returns:
        Document row -> standing, for every document that is judged; and how many of the queries are.
    """
    lines = [
        _lines_of(part.judgements, query_rows)
        for part in corpus.splits.values()
        if part.judgements is not None
    ]
    asking, judged, grades = np.concatenate([np.zeros((3, 0), np.int64), *lines], axis=1)
    order = np.lexsort((-grades, asking, judged))
    asking, judged, grades = asking[order], judged[order], grades[order]
    first = np.ones(len(judged), bool)
    first[1:] = (np.diff(judged) != 0) | (np.diff(asking) != 0)
    found = {int(row): _standing(grades[first & (judged == row)]) for row in np.unique(judged)}
    num_judged = len(np.unique(asking))
    by_group = (part.groups for part in corpus.splits.values() if part.groups is not None)
    if len(query_rows) and any(np.isin(group, groups) for groups in by_group):
        num_judged = len(query_rows)
        found = {int(row): Standing(num_judged, 1, 1) for row in document_rows} | found
    return found, num_judged


def _standing(grades: npt.NDArray[np.int64]) -> Standing:
    above = grades[grades > 0]
    return Standing(len(above), int(above.min()), int(above.max())) if len(above) else Standing(0, 0, 0)


def _lines_of(judgements: Judgements, query_rows: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """(3, J) query row, document row and grade of each judgement of some queries."""
    places = np.flatnonzero(np.isin(judgements.query_rows, query_rows))
    parts = [
        np.stack(
            [
                np.full(end - start, judgements.query_rows[place], np.int64),
                judgements.document_rows[start:end].astype(np.int64),
                judgements.grades[start:end].astype(np.int64),
            ]
        )
        for place in places.tolist()
        for start, end in [judgements.indptr[place : place + 2].tolist()]
    ]
    return np.concatenate([np.zeros((3, 0), np.int64), *parts], axis=1)
