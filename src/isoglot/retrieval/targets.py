"""The documents whose ranks are asked for, chunk by chunk of queries, in the order in which they rank."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isoglot.retrieval.layout import Collection

Vectors = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int32]

_MAX_CELLS = 2**22
"""Counts held at a time while wanted documents are ranked among themselves."""


@dataclass(frozen=True, eq=False)
class Wanted:
    """The documents of each query whose ranks are asked for, or that it must not find (CSR).

    Attributes:
        indptr: (Q + 1,) offsets; query i has `document_rows[indptr[i]:indptr[i + 1]]`.
        document_rows: (J,) rows of the document embeddings.
    """

    indptr: npt.NDArray[np.int64]
    document_rows: Rows

    def places(self, queries: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """(c, R) positions in `document_rows` of the documents of some queries; -1 fills up."""
        sizes = self.indptr[queries + 1] - self.indptr[queries]
        across = np.arange(int(sizes.max(initial=0)))
        return np.where(across < sizes[:, None], self.indptr[queries, None] + across, -1)

    def rows(self, places: npt.NDArray[np.int64]) -> Rows:
        """Document rows at these positions; -1 for position -1."""
        if not places.size:
            return np.zeros(places.shape, np.int32)
        return np.where(places < 0, np.int32(-1), self.document_rows[places])


@dataclass(frozen=True, eq=False)
class Targets:
    """The wanted documents of a chunk of queries, each query's in ranking order, what is missing first.

    Attributes:
        places: (c, R) positions in `Wanted.document_rows`; -1 where a query has fewer documents.
        rows: (c, R) document rows; -1 there.
        scores: (c, R) scores, descending; inf there.
        ties: (c, R) places among documents of equal score, ascending for equal scores; -1 there.
    """

    places: npt.NDArray[np.int64]
    rows: Rows
    scores: Vectors
    ties: Rows

    def __getitem__(self, part: tuple[slice | npt.NDArray[np.int64], slice]) -> Targets:
        return Targets(self.places[part], self.rows[part], self.scores[part], self.ties[part])

    @property
    def width(self) -> int:
        """R, the most documents that a query has."""
        return int(self.places.shape[1])

    @property
    def repeated(self) -> npt.NDArray[np.bool_]:
        """(c, R) whether the document was named before for the same query."""
        repeated = np.zeros(self.places.shape, bool)
        repeated[:, 1:] = (self.places[:, 1:] >= 0) & (self.rows[:, 1:] == self.rows[:, :-1])
        return repeated

    def strips(self, width: int) -> Iterator[Targets]:
        """The same documents, at most so many of a query at a time."""
        for first in range(0, max(self.width, 1), width):
            yield self[:, first : first + width]


def order_targets(
    places: npt.NDArray[np.int64], rows: Rows, scores: Vectors, collection: Collection
) -> Targets:
    """Targets in ranking order.

    Args:
        places: (c, R) positions in `Wanted.document_rows`, -1 for none.
        rows: (c, R) document rows, -1 for none.
        scores: (c, R) their scores; anything for none.
        collection: The documents.

    Returns:
        The targets.
    """
    missing = places < 0
    known = np.where(missing, np.float32(np.inf), scores)
    ties = np.where(missing, np.int32(-1), collection.ties[rows])
    order = np.argsort(-known, axis=-1)
    ranked = np.take_along_axis(known, order, 1)
    if (np.isfinite(ranked[:, 1:]) & (ranked[:, 1:] == ranked[:, :-1])).any():
        order = np.lexsort((ties, -known), axis=-1)
    return Targets(*(np.take_along_axis(array, order, 1) for array in (places, rows, known, ties)))


def rank_among_themselves(targets: Targets, collection: Collection, counts: Counts) -> None:
    """Counts, for each wanted document, the query's other wanted documents that stand above it.

    Args:
        targets: The wanted documents.
        collection: The documents.
        counts: (J, blocks) counts, which are added to.
    """
    size = max(1, _MAX_CELLS // max(1, targets.width * collection.num_blocks))
    for first in range(0, len(targets.places), size):
        part = targets[first : first + size, 0:]
        real = part.places >= 0
        repeated = part.repeated
        blocks = collection.blocks[part.rows]
        seen = (blocks[:, :, None] == np.arange(collection.num_blocks)) & (real & ~repeated)[:, :, None]
        above = np.cumsum(seen, axis=1, dtype=np.int32) - seen
        if repeated.any():  # a document that is named twice is not above itself
            original = np.maximum.accumulate(np.where(repeated, 0, np.arange(part.width)), axis=1)
            above = np.take_along_axis(above, original[:, :, None], 1)
        counts[part.places[real]] += above[real]
