"""The three settings of a search in several languages, all out of one table of counts.

Monolingual: the collection is in the query's language; macro average over languages. Cross-lingual: the
collection is in one other language; macro average over ordered pairs. Multilingual: one collection of all
languages, in which all translations of the answer are relevant; macro average over languages of the query
(arXiv 2408.10536, section 3.2).

A query without a relevant document in a collection is left out there, and counted in `left_out`. Documents
without language (photographs) are candidates in every collection, and relevant in every one if judged so.
Where no document has a language there is but one collection, and only the multilingual setting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from isoglot.errors import SearchError
from isoglot.evaluation.bias import diagonal_excess, random_rank_distance, rank_spread
from isoglot.evaluation.intervals import GroupBootstrap, interval, macro
from isoglot.evaluation.measures import Floats, Integers, Measure, RelevantRanks

Setting = Literal["monolingual", "cross_lingual", "multilingual"]
SETTINGS: tuple[Setting, ...] = ("monolingual", "cross_lingual", "multilingual")
ALL = "*"
"""As language of the document: the pooled collection, or the mean over languages. As language of the query:
the mean over languages."""

_AP = Measure("AP")
_FIXED = frozenset({"random_rank_distance"})
"""Properties of the corpus; a sample of other questions would not change them."""


@dataclass(frozen=True, eq=False)
class Placement:
    """Where the relevant documents of every query stand, collection by collection (CSR over queries).

    Attributes:
        query_languages: Tags.
        query_codes: (Q,) index of each query's language among them.
        query_groups: (Q,) group of each query; its translations have the same.
        document_languages: Tags; block b of the collection is language b, a last block has no language.
        block_sizes: (blocks + 1,) documents in each block.
        indptr: (Q + 1,) offsets of each query's relevant documents.
        blocks: (J,) block of each relevant document.
        grades: (J,) its grade, 1 and up.
        counts_above: (J, blocks + 1) documents of each block that stand above it.
        num_excluded: (Q,) documents of the collection that are no candidates for the query.
    """

    query_languages: tuple[str, ...]
    query_codes: npt.NDArray[np.integer]
    query_groups: npt.NDArray[np.integer]
    document_languages: tuple[str, ...]
    block_sizes: Integers
    indptr: Integers
    blocks: npt.NDArray[np.integer]
    grades: npt.NDArray[np.integer]
    counts_above: npt.NDArray[np.integer]
    num_excluded: npt.NDArray[np.integer]

    def __post_init__(self) -> None:
        shape = (len(self.blocks), len(self.document_languages) + 1)
        if self.counts_above.shape != shape:
            raise SearchError(f"counts must be of shape {shape}, got {self.counts_above.shape}")

    @property
    def no_language(self) -> int:
        """The block of documents without language."""
        return len(self.document_languages)

    def pairs(self) -> Integers:
        """(J,) the query of each relevant document."""
        return np.repeat(np.arange(len(self.query_codes)), np.diff(self.indptr))


@dataclass(frozen=True, eq=False)
class Slice:
    """Some queries before one collection.

    Attributes:
        document_language: Language of the documents that count as relevant; `ALL` for any.
        queries: (n,) numbers of the queries with a relevant document there.
        ranked: Ranks of those documents, query by query.
    """

    document_language: str
    queries: Integers
    ranked: RelevantRanks


def pooled(placement: Placement) -> Slice:
    """All queries before the union of all languages."""
    ranks = placement.counts_above.sum(axis=1) + 1
    everything = np.ones(len(ranks), bool)
    return _slice(placement, ALL, everything, ranks)


def language_slices(placement: Placement) -> Iterator[Slice]:
    """The queries before the documents of one language at a time (and those of no language)."""
    none = placement.no_language
    for block, language in _languages(placement):
        relevant = (placement.blocks == block) | (placement.blocks == none)
        ranks = placement.counts_above[:, block] + placement.counts_above[:, none] + 1
        if relevant.any():
            yield _slice(placement, language, relevant, ranks)


def matrix_slices(placement: Placement) -> Iterator[Slice]:
    """The queries before the union, with one language's documents at a time counted as relevant.

    The other languages' answers then stand in the way like any wrong document: LAReQA's heat map.
    """
    ranks = placement.counts_above.sum(axis=1) + 1
    for block, language in _languages(placement):
        relevant = placement.blocks == block
        if relevant.any():
            yield _slice(placement, language, relevant, ranks)


def left_out(placement: Placement) -> list[dict[str, str | int]]:
    """How many queries have no relevant document in a collection, where there are any.

    Args:
        placement: Where the relevant documents stand.

    Returns:
        `query_language`, `document_language` and `num_queries` of each such pair, in order of the tags.
    """
    sizes = np.bincount(placement.query_codes, minlength=len(placement.query_languages))
    missing: list[dict[str, str | int]] = []
    for part in language_slices(placement):
        present = np.bincount(placement.query_codes[part.queries], minlength=len(sizes))
        missing += [
            {"query_language": name, "document_language": part.document_language, "num_queries": int(number)}
            for name, number in zip(placement.query_languages, sizes - present, strict=True)
            if number
        ]
    return sorted(missing, key=lambda row: (row["query_language"], row["document_language"]))


def _languages(placement: Placement) -> Iterator[tuple[int, str]]:
    for block, language in enumerate(placement.document_languages):
        if placement.block_sizes[block]:
            yield block, language


def _slice(
    placement: Placement, language: str, relevant: npt.NDArray[np.bool_], ranks: npt.NDArray[np.integer]
) -> Slice:
    queries, number = np.unique(placement.pairs()[relevant], return_inverse=True)
    return Slice(
        language,
        queries,
        RelevantRanks.from_pairs(
            number,
            ranks[relevant].astype(np.int64),
            placement.grades[relevant].astype(np.int64),
            len(queries),
        ),
    )


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
class _Cell:
    """A mean of some queries, with its means under every resample."""

    query_language: str
    document_language: str
    value: float
    num_queries: int
    resampled: npt.NDArray[np.float32]


def measure_settings(
    placement: Placement, measures: Sequence[Measure], *, seed: int = 0, num_resamples: int = 1_000
) -> list[Value]:
    """Every measure in every setting: each language and pair, macro averages, and language bias.

    Args:
        placement: Where the relevant documents stand.
        measures: What to compute; the language matrix is of AP whatever they are.
        seed: Seed of the bootstrap.
        num_resamples: How many times groups are resampled for the intervals.

    Returns:
        The values, with intervals.
    """
    bootstrap = GroupBootstrap(placement.query_groups, seed=seed, num_resamples=num_resamples)
    ledger = _Ledger()
    in_language: dict[str, list[_Cell]] = {str(measure): [] for measure in measures}
    for part in language_slices(placement):
        for name, cells in _cells(placement, part, _values(part.ranked, measures), bootstrap).items():
            in_language[name] += cells
    for name, cells in in_language.items():
        _write_monolingual(ledger, name, [c for c in cells if c.query_language == c.document_language])
        _write_cross_lingual(ledger, name, [c for c in cells if c.query_language != c.document_language])
    union = pooled(placement)
    for name, cells in _cells(placement, union, _values(union.ranked, measures), bootstrap).items():
        ledger.write("multilingual", name, [*cells, *_macro(cells, ALL, ALL)])
    _write_bias(ledger, placement, union, bootstrap)
    return ledger.values()


class _Ledger:
    """Collects cells, and gives all of them intervals at once."""

    def __init__(self) -> None:
        self._rows: list[tuple[Setting, str, _Cell]] = []

    def write(self, setting: Setting, measure: str, cells: Iterable[_Cell]) -> None:
        self._rows += [(setting, measure, cell) for cell in cells]

    def values(self) -> list[Value]:
        low, high = interval(np.stack([cell.resampled for _, _, cell in self._rows], axis=1))
        return [
            Value(
                setting,
                cell.query_language,
                cell.document_language,
                measure,
                cell.value,
                cell.num_queries,
                *((float(low[i]), float(high[i])) if measure not in _FIXED else (None, None)),
            )
            for i, (setting, measure, cell) in enumerate(self._rows)
        ]


def _values(ranked: RelevantRanks, measures: Iterable[Measure]) -> dict[str, Floats]:
    return {str(measure): measure(ranked) for measure in measures}


def _cells(
    placement: Placement, part: Slice, values: Mapping[str, Floats], bootstrap: GroupBootstrap
) -> dict[str, list[_Cell]]:
    """A cell for each measure and language of the query."""
    codes = placement.query_codes[part.queries].astype(np.int64)
    counts = np.bincount(codes)
    resampled = bootstrap.means(part.queries, codes, np.stack(list(values.values()), axis=1))
    cells: dict[str, list[_Cell]] = {}
    for column, (name, of_queries) in enumerate(values.items()):
        sums = np.bincount(codes, weights=of_queries)
        cells[name] = [
            _Cell(
                placement.query_languages[code],
                part.document_language,
                float(sums[code] / counts[code]),
                int(counts[code]),
                resampled[:, code, column],
            )
            for code in np.flatnonzero(counts)
        ]
    return cells


def _macro(cells: Sequence[_Cell], query_language: str, document_language: str) -> list[_Cell]:
    """The mean over cells, as a list of one; of none if there is none."""
    if not cells:
        return []
    value = float(np.mean([cell.value for cell in cells]))
    resampled = macro(np.stack([cell.resampled for cell in cells], axis=1))
    queries = sum(cell.num_queries for cell in cells)
    return [_Cell(query_language, document_language, value, queries, resampled)]


def _write_monolingual(ledger: _Ledger, measure: str, cells: list[_Cell]) -> None:
    ledger.write("monolingual", measure, [*cells, *_macro(cells, ALL, ALL)])


def _write_cross_lingual(ledger: _Ledger, measure: str, cells: list[_Cell]) -> None:
    ledger.write("cross_lingual", measure, [*cells, *_macro(cells, ALL, ALL)])
    for language in sorted({cell.query_language for cell in cells}):
        asked = [cell for cell in cells if cell.query_language == language]
        ledger.write("cross_lingual", measure, _macro(asked, language, ALL))
    for language in sorted({cell.document_language for cell in cells}):
        searched = [cell for cell in cells if cell.document_language == language]
        ledger.write("cross_lingual", measure, _macro(searched, ALL, language))


def _write_bias(ledger: _Ledger, placement: Placement, union: Slice, bootstrap: GroupBootstrap) -> None:
    matrix: list[_Cell] = []
    for part in matrix_slices(placement):
        matrix += _cells(placement, part, {"AP": _AP(part.ranked)}, bootstrap)["AP"]
    ledger.write("multilingual", "AP", matrix)
    ledger.write("multilingual", "diagonal_excess", _excess(matrix))
    if not (union.ranked.num_relevant >= 2).any():
        return
    spread = rank_spread(union.ranked)
    candidates = placement.block_sizes.sum() - placement.num_excluded[spread.queries]
    by_chance = random_rank_distance(candidates, union.ranked.num_relevant[spread.queries])
    values = {
        "rank_distance": spread.rank_distance,
        "worst_rank": spread.worst_rank,
        "random_rank_distance": by_chance,
    }
    part = Slice(ALL, spread.queries, union.ranked)
    for name, cells in _cells(placement, part, values, bootstrap).items():
        ledger.write("multilingual", name, [*cells, *_macro(cells, ALL, ALL)])


def _excess(matrix: Sequence[_Cell]) -> list[_Cell]:
    """The diagonal excess, as a list of one; of none without pairs of the same and of two languages."""
    own = _macro([cell for cell in matrix if cell.query_language == cell.document_language], ALL, ALL)
    other = _macro([cell for cell in matrix if cell.query_language != cell.document_language], ALL, ALL)
    if not own or not other:
        return []
    resampled = own[0].resampled - other[0].resampled
    queries = own[0].num_queries + other[0].num_queries
    return [_Cell(ALL, ALL, diagonal_excess(_square(matrix)), queries, resampled)]


def _square(matrix: Sequence[_Cell]) -> Floats:
    """(L, L) values of the cells over all their languages; NaN where there is none."""
    languages = sorted({name for cell in matrix for name in (cell.query_language, cell.document_language)})
    square = np.full((len(languages), len(languages)), np.nan)
    for cell in matrix:
        square[languages.index(cell.query_language), languages.index(cell.document_language)] = cell.value
    return square
