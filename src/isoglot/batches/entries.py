"""The rows of a split that training pairs are made of, with their groups, some at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from isoglot.batches.grouping import ROWS_AT_ONCE, Entries
from isoglot.batches.storage import Storage
from isoglot.corpora.judgements import Judgements, Rows
from isoglot.corpora.parallel import ParallelCorpus

Tags = tuple[tuple[str, ...], npt.NDArray[np.int16]]
"""Names, and the index of each row's name among them; -1 for none."""


def split_entries(corpus: ParallelCorpus, split: str, storage: Storage) -> tuple[Entries, Entries]:
    """The queries of a split, and the documents that are relevant to them, each with the group of the query.

    Args:
        corpus: The corpus.
        split: Name of the split.
        storage: Where a mark for each group lies.

    Returns:
        Queries and documents.

    Raises:
        CorpusError: If there is no such split.
    """
    part = corpus.split(split)
    if part.groups is None:
        assert part.judgements is not None
        return _judged_queries(part.judgements, corpus.query_groups), _relevant_documents(
            part.judgements, corpus.query_groups
        )
    chosen = storage.zeros((corpus.num_groups,), np.bool_)
    for start in range(0, len(part.groups), ROWS_AT_ONCE):
        chosen[part.groups[start : start + ROWS_AT_ONCE]] = True
    return grouped_rows(corpus.query_groups, chosen), grouped_rows(corpus.document_groups, chosen)


def grouped_rows(groups: Rows, chosen: npt.NDArray[np.bool_] | None) -> Entries:
    """The rows of a table that have a group.

    Args:
        groups: (rows,) group of each row, negative for none.
        chosen: (groups,) which groups are taken; None takes all.

    Returns:
        The rows and their groups.
    """

    def entries() -> Iterator[tuple[Rows, Rows]]:
        for start in range(0, len(groups), ROWS_AT_ONCE):
            some = groups[start : start + ROWS_AT_ONCE]
            kept = some >= 0
            if chosen is not None:
                kept &= chosen[some]
            within = np.flatnonzero(kept)
            yield (within + start).astype(np.int32), some[within]

    return entries


def of_medium(entries: Entries, modalities: Tags, medium: str | None) -> Entries:
    """The rows of one medium.

    Args:
        entries: Rows and their groups.
        modalities: Medium of every row of the table.
        medium: The medium; None takes all.

    Returns:
        The rows and their groups.
    """
    names, codes = modalities
    if medium is None or names == (medium,):
        return entries
    code = names.index(medium) if medium in names else -1

    def chosen() -> Iterator[tuple[Rows, Rows]]:
        for rows, groups in entries():
            kept = codes[rows] == code
            yield rows[kept], groups[kept]

    return chosen


def _judged_queries(judgements: Judgements, query_groups: Rows) -> Entries:
    def entries() -> Iterator[tuple[Rows, Rows]]:
        for start in range(0, len(judgements.query_rows), ROWS_AT_ONCE):
            rows = judgements.query_rows[start : start + ROWS_AT_ONCE]
            yield rows, query_groups[rows]

    return entries


def _relevant_documents(judgements: Judgements, query_groups: Rows) -> Entries:
    """Documents of grade 1 or more, with the groups of the queries that they answer."""

    def entries() -> Iterator[tuple[Rows, Rows]]:
        for start in range(0, len(judgements.document_rows), ROWS_AT_ONCE):
            stop = min(start + ROWS_AT_ONCE, len(judgements.document_rows))
            relevant = np.flatnonzero(judgements.grades[start:stop] > 0) + start
            queries = np.searchsorted(judgements.indptr, relevant, "right") - 1
            yield judgements.document_rows[relevant], query_groups[judgements.query_rows[queries]]

    return entries
