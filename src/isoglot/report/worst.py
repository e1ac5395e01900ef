"""The worst queries: what was asked, where the right answer stands, and what stands above it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from isoglot.evaluation.examples import Example, Placed
from isoglot.report.blocks import Block
from isoglot.report.tables import Cell, TextTable


def examples_block(examples: Iterable[Example]) -> Block:
    """The worst queries of each model.

    Args:
        examples: Of one corpus and split.

    Returns:
        The block; empty without examples.
    """
    by_model: dict[str, tuple[Example, ...]] = {}
    for example in examples:
        by_model[example.model] = (*by_model.get(example.model, ()), example)
    return Block(
        "Worst queries",
        "The queries whose best placed right answer stands farthest down in the pool of all languages, and "
        "what the search put above it.",
        examples=by_model,
        exported=(examples_table(by_model),),
    )


def examples_table(examples: dict[str, tuple[Example, ...]]) -> TextTable:
    """The worst queries as a table.

    Args:
        examples: Model -> its worst queries.

    Returns:
        The table: of each query a line for what stands above the answer, and one for the answer.
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
    )
    return TextTable("Worst queries", headings, rows, "examples")


def _rows(example: Example) -> Iterator[tuple[Cell, ...]]:
    asked = (example.model, example.query_id, example.query_language, example.query)
    for found in (*example.above, example.best):
        yield (*map(Cell, asked), Cell(f"{found.rank:,}", found.rank), *map(Cell, _words(found)))


def _words(found: Placed) -> tuple[str, ...]:
    return "yes" if found.relevant else "no", found.doc_id, found.language or "none", found.text
