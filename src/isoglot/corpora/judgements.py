"""Judgements and splits: which documents answer which queries, as row numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int32]
"""Row numbers, or codes of groups, into one table."""


@dataclass(frozen=True)
class Judgements:
    """Judged queries of a split and their relevant or judged documents, as row numbers (CSR).

    The documents of `query_rows[i]` are `document_rows[indptr[i]:indptr[i + 1]]`, graded by `grades` there.

    Attributes:
        query_rows: (Q,) rows of the queries table, ascending.
        indptr: (Q + 1,) offsets.
        document_rows: (J,) rows of the documents table.
        grades: (J,) relevance; 0 is judged and not relevant.
    """

    query_rows: Rows
    indptr: npt.NDArray[np.int64]
    document_rows: Rows
    grades: Rows

    def __len__(self) -> int:
        return len(self.query_rows)

    @property
    def pair_query_rows(self) -> Rows:
        """(J,) query row of each judgement, parallel to `document_rows` and `grades`."""
        return np.repeat(self.query_rows, np.diff(self.indptr))

    def relevant(self) -> Judgements:
        """Only the judgements with a grade above 0; a query left with none keeps its place."""
        keep = self.grades > 0
        kept_before = np.concatenate([[0], np.cumsum(keep)])
        return Judgements(
            self.query_rows, kept_before[self.indptr], self.document_rows[keep], self.grades[keep]
        )

    @staticmethod
    def from_pairs(query_rows: Rows, document_rows: Rows, grades: Rows) -> Judgements:
        """Judgements from parallel arrays in any order.

        Args:
            query_rows: (J,) query row of each judgement.
            document_rows: (J,) document row of each judgement.
            grades: (J,) grade of each judgement.

        Returns:
            The same, sorted by query row and then by document row.
        """
        order = np.lexsort((document_rows, query_rows))
        judged, starts = np.unique(query_rows[order], return_index=True)
        return Judgements(
            judged.astype(np.int32),
            np.concatenate([starts, [len(order)]]).astype(np.int64),
            document_rows[order].astype(np.int32),
            grades[order].astype(np.int32),
        )


@dataclass(frozen=True)
class Split:
    """A named part of the judged queries: by explicit judgements, or by whole groups.

    Attributes:
        judgements: Explicit judgements, as in qrels; or None.
        groups: Codes of groups, each query of which has as relevant documents (grade 1) all documents of its
            group; or None. Says in one line what explicit qrels say in languages x languages lines.
    """

    judgements: Judgements | None = None
    groups: Rows | None = None

    def __post_init__(self) -> None:
        assert (self.judgements is None) != (self.groups is None)


def union(parts: Sequence[Judgements]) -> Judgements:
    """What is judged in any of several parts.

    Args:
        parts: One or more, in the same row numbers.

    Returns:
        All their judgements.
    """
    return Judgements.from_pairs(
        np.concatenate([part.pair_query_rows for part in parts]),
        np.concatenate([part.document_rows for part in parts]),
        np.concatenate([part.grades for part in parts]),
    )


def renumber(judgements: Judgements, new_query: Rows, new_document: Rows) -> Judgements:
    """Judgements in new row numbers.

    Args:
        judgements: In the old ones.
        new_query: New row of each old query row, -1 for one that goes.
        new_document: New row of each old document row, -1 for one that goes.

    Returns:
        The judgements of which both sides stay.
    """
    query_rows = new_query[judgements.pair_query_rows]
    document_rows = new_document[judgements.document_rows]
    keep = (query_rows >= 0) & (document_rows >= 0)
    return Judgements.from_pairs(query_rows[keep], document_rows[keep], judgements.grades[keep])
