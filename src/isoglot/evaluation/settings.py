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

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from isoglot.evaluation.averages import by_query_language, write_with_averages
from isoglot.evaluation.cells import Cell, Ledger, Value, cells_by_language, macro_average
from isoglot.evaluation.intervals import GroupBootstrap
from isoglot.evaluation.language_bias import Head, write_bias
from isoglot.evaluation.measures import Floats, Integers, Measure, RelevantRanks
from isoglot.evaluation.placement import ALL, Placement, Slice, language_slices, pooled
from isoglot.evaluation.transfer_cells import TransferLanguages, write_transfer


@dataclass(frozen=True, eq=False)
class SliceValues:
    """Values query by query, before one collection.

    Attributes:
        document_language: Tag of the collection; `ALL` for the union.
        queries: (n,) numbers of the queries.
        values: Measure -> (n,) values; NaN for a query that has none.
    """

    document_language: str
    queries: Integers
    values: dict[str, Floats]


@dataclass(frozen=True, eq=False)
class Measured:
    """Everything measured in one direction.

    Attributes:
        values: Means, with intervals.
        per_query: What they are means of; the language matrix excepted.
        refused: Measure -> why it says nothing on this collection.
    """

    values: list[Value]
    per_query: list[SliceValues]
    refused: dict[str, str]


def measure_settings(
    placement: Placement,
    measures: Sequence[Measure],
    *,
    head: Head | None = None,
    transfer: TransferLanguages | None = None,
    seed: int = 0,
    num_resamples: int = 1_000,
) -> Measured:
    """Every measure in every setting: each language and pair, macro averages, language bias and transfer.

    Args:
        placement: Where the relevant documents stand.
        measures: What to compute; the language matrix is of AP whatever they are.
        head: The head of the pooled ranking; None leaves out the measures of bias that look at it.
        transfer: Which languages are the source, low in resources or unseen in training; None leaves transfer
            out.
        seed: Seed of the bootstrap.
        num_resamples: How many times groups are resampled for the intervals.

    Returns:
        The values, with intervals, and what they are means of.
    """
    bootstrap = GroupBootstrap(placement.query_groups, seed=seed, num_resamples=num_resamples)
    ledger = Ledger()
    per_query: list[SliceValues] = []
    in_language: dict[str, list[Cell]] = {str(measure): [] for measure in measures}
    for part in language_slices(placement):
        per_query.append(_measure(part, measures))
        for name, cells in _cells(placement, per_query[-1], bootstrap).items():
            in_language[name] += cells
    for name, cells in in_language.items():
        write_with_averages(ledger, name, cells)
        own = [cell for cell in cells if cell.query_language == cell.document_language]
        write_transfer(ledger, "monolingual", name, own, transfer)
        write_transfer(ledger, "cross_lingual", name, by_query_language(cells), transfer)
    union = pooled(placement)
    per_query.append(_measure(union, measures))
    for name, cells in _cells(placement, per_query[-1], bootstrap).items():
        ledger.write("multilingual", name, [*cells, *macro_average(cells)])
        write_transfer(ledger, "multilingual", name, cells, transfer)
    of_bias = write_bias(ledger, placement, union, bootstrap, head)
    per_query += [SliceValues(ALL, queries, values) for queries, values in of_bias]
    return Measured(ledger.values(), per_query, ledger.refused)


def _measure(part: Slice, measures: Iterable[Measure]) -> SliceValues:
    return SliceValues(part.document_language, part.queries, values_of(part.ranked, measures))


def values_of(ranked: RelevantRanks, measures: Iterable[Measure]) -> dict[str, Floats]:
    """Measure -> (Q,) values."""
    return {str(measure): measure(ranked) for measure in measures}


def _cells(placement: Placement, part: SliceValues, bootstrap: GroupBootstrap) -> dict[str, list[Cell]]:
    return cells_by_language(placement, part.queries, part.document_language, part.values, bootstrap)
