"""Language bias of the pooled collection, as values with intervals; `bias` and others define the measures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isoglot.errors import SearchError
from isoglot.evaluation.bias import diagonal_excess, random_rank_distance, rank_spread
from isoglot.evaluation.cells import Cell, Ledger, cells_by_language, macro_average
from isoglot.evaluation.consistency import random_rank_correlation, rank_correlation
from isoglot.evaluation.intervals import GroupBootstrap
from isoglot.evaluation.measures import NOT_RETRIEVED, Floats, Integers, Measure, RelevantRanks
from isoglot.evaluation.peer import equal_weights, peer
from isoglot.evaluation.placement import ALL, Placement, Slice, matrix_slices
from isoglot.evaluation.preference import (
    NOTHING,
    RankedLanguages,
    RelevantLanguages,
    first_results,
    language_ndcg,
    language_preference,
    language_preference_rate,
    random_language_preference_rate,
    same_language_preference,
)

_AP = Measure("AP")
HEAD_DEPTH = 10
"""Documents at the head of the pooled ranking that preference is measured in, if nothing else is said."""


ENGLISH = "en"


@dataclass(frozen=True, eq=False)
class Head:
    """The head of the pooled ranking.

    Attributes:
        document_rows: (Q, k) rows of the best documents of each query, best first; -1 where there are fewer.
        languages: (Q, k) index of each one's language among the placement's; the number of languages if it
            has none, -1 where the ranking has ended.
    """

    document_rows: npt.NDArray[np.int32]
    languages: npt.NDArray[np.int64]

    @staticmethod
    def of(document_rows: npt.NDArray[np.int32], row_languages: npt.NDArray[np.integer]) -> Head:
        """The head of a ranking, from the rows of documents and the language of each row."""
        languages = np.where(document_rows < 0, NOTHING, row_languages[document_rows])
        return Head(document_rows, languages.astype(np.int64))


def write_bias(
    ledger: Ledger, placement: Placement, union: Slice, bootstrap: GroupBootstrap, head: Head | None
) -> list[tuple[Integers, dict[str, Floats]]]:
    """Adds every measure of language bias that the collection has.

    Args:
        ledger: What to add to.
        placement: Where the relevant documents stand.
        union: Its pooled slice.
        bootstrap: Over the groups of its queries.
        head: The head of the pooled ranking; None leaves out what looks at it.

    Returns:
        What the values are means of: queries, and measure -> value of each.
    """
    matrix: list[Cell] = []
    for part in matrix_slices(placement):
        values = {"AP": _AP(part.ranked)}
        matrix += cells_by_language(placement, part.queries, part.document_language, values, bootstrap)["AP"]
    ledger.write("multilingual", "AP", matrix)
    ledger.write("multilingual", "diagonal_excess", _excess(matrix))
    measured = list(_spread(placement, union))
    if head is not None and len(placement.document_languages) > 1:
        measured += _present(_of_head(placement, head, ledger.refused))
    for queries, of_queries in measured:
        for name, cells in cells_by_language(placement, queries, ALL, of_queries, bootstrap).items():
            ledger.write("multilingual", name, [*cells, *macro_average(cells)])
    return measured


def _present(values: dict[str, Floats]) -> Iterator[tuple[Integers, dict[str, Floats]]]:
    """The queries that have a value, by measure; measures with the same queries go together."""
    together: dict[bytes, dict[str, Floats]] = {}
    for name, of_queries in values.items():
        together.setdefault(np.isfinite(of_queries).tobytes(), {})[name] = of_queries
    for mask, named in together.items():
        queries = np.flatnonzero(np.frombuffer(mask, bool))
        if len(queries):
            yield queries, {name: of_queries[queries] for name, of_queries in named.items()}


def _of_head(placement: Placement, head: Head, refused: dict[str, str]) -> dict[str, Floats]:
    """Measure -> (Q,) values, NaN for a query that has none; notes in `refused` what says nothing here."""
    depth = head.document_rows.shape[1]
    asked = _query_languages(placement)
    ranked, relevant = _ranked(placement, head, asked), _relevant(placement, asked)
    own = same_language_preference(asked, ranked)
    values = {
        f"same_language_preference@{depth}": own.irrelevant,
        f"same_language_preference_relevant@{depth}": own.relevant,
    }
    if ENGLISH in placement.document_languages:
        english = language_preference(asked, ranked, placement.document_languages.index(ENGLISH))
        values[f"english_preference@{depth}"] = english.irrelevant
        values[f"english_preference_relevant@{depth}"] = english.relevant
    values["language_preference_rate"] = language_preference_rate(relevant)
    values["random_language_preference_rate"] = random_language_preference_rate(relevant)
    values[f"lang_nDCG@{depth}"] = language_ndcg(relevant, depth)
    values |= first_results(asked, ranked)
    num_documents = int(placement.block_sizes.sum())
    if 2 <= depth <= num_documents:
        correlation = rank_correlation(
            head.document_rows, depth, placement.query_groups, placement.query_codes
        )
        by_chance = random_rank_correlation(num_documents, depth, depth)
        values[f"MRC@{depth}"] = correlation
        values[f"random_MRC@{depth}"] = np.where(np.isnan(correlation), np.nan, by_chance)
    try:
        values[f"PEER@{depth}"] = peer(ranked, relevant, equal_weights(relevant))
    except SearchError as reason:
        refused[f"PEER@{depth}"] = str(reason)
    return values


def _query_languages(placement: Placement) -> Integers:
    """(Q,) index of each query's language among the documents'; `NOTHING` if no document has it."""
    number = {tag: index for index, tag in enumerate(placement.document_languages)}
    codes = np.array([number.get(tag, NOTHING) for tag in placement.query_languages], np.int64)
    of_queries: Integers = codes[placement.query_codes]
    return of_queries


def _ranked(placement: Placement, head: Head, asked: Integers) -> RankedLanguages:
    """Languages and grades of the head, and what it was drawn from."""
    ranks = placement.pooled_ranks
    inside = ranks <= head.document_rows.shape[1]
    if placement.retrieved is not None:
        inside &= placement.retrieved
    pairs = placement.pairs
    grades = np.zeros(head.document_rows.shape, np.int64)
    grades[pairs[inside], ranks[inside] - 1] = placement.grades[inside]
    shape = len(placement.query_codes), len(placement.block_sizes)
    at = pairs * shape[1] + placement.blocks
    num_relevant = np.bincount(at, minlength=shape[0] * shape[1]).reshape(shape)
    pool = np.repeat(placement.block_sizes[None, :], shape[0], axis=0)
    left_out = np.flatnonzero((placement.num_excluded > 0) & (asked >= 0))
    pool[left_out, asked[left_out]] -= placement.num_excluded[left_out]  # the query's own text
    return RankedLanguages(head.languages, grades, pool, num_relevant)


def _relevant(placement: Placement, asked: Integers) -> RelevantLanguages:
    ranks = placement.pooled_ranks
    if placement.retrieved is not None:
        ranks = np.where(placement.retrieved, ranks, NOT_RETRIEVED)
    return RelevantLanguages(
        asked,
        len(placement.document_languages),
        placement.pairs,
        ranks,
        placement.grades.astype(np.int64),
        placement.blocks,
    )


def _spread(placement: Placement, union: Slice) -> Iterator[tuple[Integers, dict[str, Floats]]]:
    """Rank distance and worst rank of the queries with several answers; nothing if there are none."""
    if not (union.ranked.num_relevant >= 2).any():
        return
    ranked = union.ranked if placement.retrieved is None else _all_ranked(placement)
    spread = rank_spread(ranked)
    candidates = placement.block_sizes.sum() - placement.num_excluded[spread.queries]
    yield (
        spread.queries,
        {
            "rank_distance": spread.rank_distance,
            "worst_rank": spread.worst_rank,
            "random_rank_distance": random_rank_distance(candidates, ranked.num_relevant[spread.queries]),
        },
    )


def _all_ranked(placement: Placement) -> RelevantRanks:
    """Ranks in the union, where what a run does not hold comes next after its last."""
    grades = placement.grades.astype(np.int64)
    num_queries = len(placement.query_codes)
    return RelevantRanks.from_pairs(placement.pairs, placement.pooled_ranks, grades, num_queries)


def _excess(matrix: Sequence[Cell]) -> list[Cell]:
    """The diagonal excess, as a list of one; of none without pairs of the same and of two languages."""
    own = macro_average([cell for cell in matrix if cell.query_language == cell.document_language])
    other = macro_average([cell for cell in matrix if cell.query_language != cell.document_language])
    if not own or not other:
        return []
    resampled = own[0].resampled - other[0].resampled
    queries = own[0].num_queries + other[0].num_queries
    return [Cell("*", "*", diagonal_excess(_square(matrix)), queries, resampled)]


def _square(matrix: Sequence[Cell]) -> Floats:
    """(L, L) values of the cells over all their languages; NaN where there is none."""
    languages = sorted({name for cell in matrix for name in (cell.query_language, cell.document_language)})
    square = np.full((len(languages), len(languages)), np.nan)
    for cell in matrix:
        square[languages.index(cell.query_language), languages.index(cell.document_language)] = cell.value
    return square
