"""The best documents of each query, kept while parts of a collection are searched; ties in order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int32]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TopDocuments:
    """The best documents of each query, best first; ties by `doc_id` as in `isoglot.retrieval.ties`.

    Attributes:
        document_rows: (Q, depth) rows of the document embeddings; -1 where a query has fewer candidates.
        scores: (Q, depth) scores; -inf there.
    """

    document_rows: Rows
    scores: Vectors

    def take(self, queries: Integers | slice) -> TopDocuments:
        """Those of some queries, in this order."""
        return TopDocuments(self.document_rows[queries], self.scores[queries])


@dataclass(frozen=True, eq=False)
class Selection:
    """The best documents so far of some queries; `offer` changes it in place.

    Attributes:
        top: (c, depth) documents.
        ties: (N + 1,) place of each document among those of equal score; the last stands for none.
    """

    top: TopDocuments
    ties: Rows

    @staticmethod
    def empty(num_queries: int, depth: int, ties: Rows) -> Selection:
        """Nothing found yet, for so many queries."""
        rows = np.full((num_queries, depth), -1, np.int32)
        return Selection(TopDocuments(rows, np.full((num_queries, depth), -np.inf, np.float32)), ties)

    @property
    def depth(self) -> int:
        """How many documents are kept for a query."""
        return int(self.top.scores.shape[1])

    def __getitem__(self, queries: slice) -> Selection:
        return Selection(self.top.take(queries), self.ties)

    @property
    def bounds(self) -> Vectors:
        """(c,) score that a document needs to be among the best; -inf where there is room."""
        bounds: Vectors = self.top.scores[:, -1]
        return bounds

    def num_reaching(self, cuts: Vectors) -> Integers:
        """(c,) documents found that reach a cut."""
        number: Integers = np.count_nonzero(self.top.scores >= cuts[:, None], axis=1)
        return number

    def offer(self, queries: Integers | slice, rows: Rows, scores: Vectors) -> None:
        """Takes the best of what was found and of further documents.

        Args:
            queries: (g,) numbers of queries.
            rows: (W,) or (g, W) document rows, none of which was offered to the query before.
            scores: (g, W) their scores; -inf for no document.
        """
        before = self.top.document_rows[queries], self.top.scores[queries]
        rows = np.broadcast_to(rows, scores.shape)
        if (before[0] >= 0).any():
            rows = np.concatenate([before[0], rows], axis=1)
            scores = np.concatenate([before[1], scores], axis=1)
        at = best(scores, self.ties, rows, self.depth)
        found = np.take_along_axis(scores, at, 1)
        self.top.scores[queries, : at.shape[1]] = found
        self.top.document_rows[queries, : at.shape[1]] = np.where(
            np.isneginf(found), np.int32(-1), np.take_along_axis(rows, at, 1)
        )


def best(scores: Vectors, ties: Rows, rows: Rows, depth: int) -> Integers:
    """Where the best scores of each query stand, best first.

    Args:
        scores: (g, W) scores.
        ties: (N + 1,) place of each document among those of equal score.
        rows: (g, W) document rows of the scores.
        depth: How many; at most W are returned.

    Returns:
        (g, depth) columns.
    """
    import torch

    depth = min(depth, scores.shape[1])
    more = min(depth + 1, scores.shape[1])
    top, at = (found.numpy() for found in torch.topk(torch.from_numpy(scores), more, dim=1))
    columns, values = at[:, :depth].copy(), top[:, :depth].copy()
    # Which of the documents that tie at the cut torch keeps is chance: those queries are looked at whole.
    cut_in_tie = (top[:, -1] == top[:, depth - 1]) & np.isfinite(top[:, -1]) if more > depth else np.zeros(0)
    for query in np.flatnonzero(cut_in_tie):
        candidates = np.flatnonzero(scores[query] >= top[query, -1])
        place = ties[rows[query, candidates]]
        order = np.lexsort((place, -scores[query, candidates]))[:depth]
        columns[query], values[query] = candidates[order], scores[query, candidates[order]]
    tied = ((values[:, 1:] == values[:, :-1]) & np.isfinite(values[:, 1:])).any(axis=1)
    if tied.any():
        places = ties[np.take_along_axis(rows[tied], columns[tied], 1)]
        order = np.lexsort((places, -values[tied]), axis=-1)
        columns[tied] = np.take_along_axis(columns[tied], order, 1)
    return columns
