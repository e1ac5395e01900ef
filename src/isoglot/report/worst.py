"""Examples: what was asked, where the right answer stands, and what the search put first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from isoglot.evaluation.examples import Example, Placed
from isoglot.report.blocks import Block
from isoglot.report.tables import Cell, TextTable

_WORST = (
    "The queries whose best placed right answer stands farthest down in the pool of all languages, and what "
    "the search put above it."
)
_TYPICAL = (
    "Typical queries were drawn at random, one of each language in turn, no two of the same meaning, and the "
    "same for every model: with what the search put first, right or wrong. The worst queries are those whose "
    "best placed right answer stands farthest down in the pool, with what the search put above it."
)


def examples_block(examples: Iterable[Example]) -> Block:
    """The examples of each model.

    Args:
        examples: Of one corpus and split.

    Returns:
        The block; empty without examples.
    """
    by_model: dict[str, tuple[Example, ...]] = {}
    for example in examples:
        by_model[example.model] = (*by_model.get(example.model, ()), example)
    drawn = any(example.chosen == "typical" for found in by_model.values() for example in found)
    return Block(
        "Typical and worst queries" if drawn else "Worst queries",
        _TYPICAL if drawn else _WORST,
        examples=by_model,
        exported=(examples_table(by_model),),
    )


def examples_table(examples: dict[str, tuple[Example, ...]]) -> TextTable:
    """The examples as a table.

    Args:
        examples: Model -> its examples.

    Returns:
        The table: of each query a line for each document shown, its answer last if it is not among the first.
    """
    rows = tuple(row for of_model in examples.values() for example in of_model for row in _rows(example))
    headings = (
        "Model",
        "Query",
        "Query language",
        "Query text",
        "Rank",
        "Right",
        "Document",
        "Language",
        "Text",
        "Chosen as",
    )
    return TextTable("Examples of queries", headings, rows, "examples")


def _rows(example: Example) -> Iterator[tuple[Cell, ...]]:
    asked = (example.model, example.query_id, example.query_language, example.query)
    answer = () if example.best in example.top else (example.best,)
    for found in (*example.top, *answer):
        words = (*_words(found), example.chosen)
        yield (*map(Cell, asked), Cell(f"{found.rank:,}", found.rank), *map(Cell, words))


def _words(found: Placed) -> tuple[str, ...]:
    return "yes" if found.relevant else "no", found.doc_id, found.language or "none", found.text
