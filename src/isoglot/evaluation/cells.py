"""Means over the queries of a language, with what they would be for other questions of the same kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isoglot.evaluation.intervals import GroupBootstrap, interval, macro
from isoglot.evaluation.measures import Floats, Integers
from isoglot.evaluation.placement import ALL, Placement, Setting


def is_fixed(measure: str) -> bool:
    """Whether a measure says what chance gives: a property of the corpus, which has no interval."""
    return measure.startswith("random_")


@dataclass(frozen=True)
class Value:
    """A measured value; the part of a result that does not name model and corpus.

    Attributes:
        setting: How the collection was searched.
        query_language: Tag, or `ALL` for the mean over them.
        document_language: Tag, or `ALL`. In the multilingual setting the collection is always the union; a
            tag says that only that language's documents counted as relevant.
        measure: Name.
        value: The mean over queries, or over languages of such means.
        num_queries: Queries behind it; in a mean over collections, each counts once for each.
        low: Lower bound of the 95 % interval; None if it has none.
        high: Upper bound.
    """

    setting: Setting
    query_language: str
    document_language: str
    measure: str
    value: float
    num_queries: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, eq=False)
class Cell:
    """A mean of some queries, with its means under every resample.

    Attributes:
        query_language: Tag, or `ALL`.
        document_language: Tag, or `ALL`.
        value: The mean.
        num_queries: Queries behind it.
        resampled: (resamples,) means.
    """

    query_language: str
    document_language: str
    value: float
    num_queries: int
    resampled: npt.NDArray[np.float32]


class Ledger:
    """Collects cells, and gives all of them intervals at once.

    Attributes:
        refused: Measure -> why it says nothing on this collection.
    """

    def __init__(self) -> None:
        self.refused: dict[str, str] = {}
        self._rows: list[tuple[Setting, str, Cell]] = []

    def write(self, setting: Setting, measure: str, cells: Iterable[Cell]) -> None:
        """Adds cells of one setting and measure."""
        self._rows += [(setting, measure, cell) for cell in cells]

    def values(self) -> list[Value]:
        """All cells as values, in the order they were written."""
        low, high = interval(np.stack([cell.resampled for _, _, cell in self._rows], axis=1))
        return [
            Value(
                setting,
                cell.query_language,
                cell.document_language,
                measure,
                cell.value,
                cell.num_queries,
                *((float(low[i]), float(high[i])) if not is_fixed(measure) else (None, None)),
            )
            for i, (setting, measure, cell) in enumerate(self._rows)
        ]


def cells_by_language(
    placement: Placement,
    queries: Integers,
    document_language: str,
    values: Mapping[str, Floats],
    bootstrap: GroupBootstrap,
) -> dict[str, list[Cell]]:
    """A cell for each measure and language of the query.

    Args:
        placement: Whose queries they are.
        queries: (n,) numbers of the queries.
        document_language: Of the cells.
        values: Measure -> (n,) values.
        bootstrap: Over the groups of the placement's queries.

    Returns:
        Measure -> cells, in the order of the languages.
    """
    codes = placement.query_codes[queries].astype(np.int64)
    counts = np.bincount(codes)
    resampled = bootstrap.means(queries, codes, np.stack(list(values.values()), axis=1))
    cells: dict[str, list[Cell]] = {}
    for column, (name, of_queries) in enumerate(values.items()):
        sums = np.bincount(codes, weights=of_queries)
        cells[name] = [
            Cell(
                placement.query_languages[code],
                document_language,
                float(sums[code] / counts[code]),
                int(counts[code]),
                resampled[:, code, column],
            )
            for code in np.flatnonzero(counts)
        ]
    return cells


def macro_average(
    cells: Sequence[Cell], query_language: str = ALL, document_language: str = ALL
) -> list[Cell]:
    """The mean over cells, as a list of one; of none if there is none."""
    if not cells:
        return []
    value = float(np.mean([cell.value for cell in cells]))
    resampled = macro(np.stack([cell.resampled for cell in cells], axis=1))
    queries = sum(cell.num_queries for cell in cells)
    return [Cell(query_language, document_language, value, queries, resampled)]
