"""What models were trained on: corpora, batches, and pairs of languages, as counted while they were drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from isoglot.evaluation.results import Results
from isoglot.report.blocks import Block
from isoglot.report.tables import MISSING, Cell, TextTable

TRAINING = "training"
"""Key of a configuration of results under which the record of a model's training stands."""


def provenance_block(results: Results) -> Block:
    """What each model was trained on, where its folder says so.

    Args:
        results: The results.

    Returns:
        The block; empty where no model has a record.
    """
    records = {str(config["model"]): config[TRAINING] for config in results.config if config.get(TRAINING)}
    note = (
        "Batches and pairs that were really drawn: a monolingual batch has its queries and documents in one "
        "language; none stands for what has no language, as a picture."
    )
    tables = tuple(table for table in (_corpora(records), _left_out(records)) if table.rows)
    return Block("What it was trained on", note, tables, folded=tuple(_languages(records)))


def _corpora(records: Mapping[str, Mapping[str, Any]]) -> TextTable:
    """A line for each model and corpus."""
    rows = tuple(
        (
            Cell(model),
            Cell(name),
            _number(part["num_batches"]),
            _share(part["share_monolingual"]),
            _number(sum(part["pairs"].values())),
            _number(len({tag for pair in part["pairs"] for tag in _tags(pair)} - {"none"})),
        )
        for model, record in records.items()
        for name, part in record["provenance"]["parts"].items()
    )
    columns = ("Model", "Corpus", "Batches", "Monolingual", "Pairs", "Languages")
    return TextTable("Corpora", columns, rows, "training")


def _left_out(records: Mapping[str, Mapping[str, Any]]) -> TextTable:
    """A line for each model and corpus of which rows were left out; none where nothing was."""
    rows = tuple(
        (
            Cell(model),
            Cell(skipped["corpus"]),
            _number(skipped["num_queries"]),
            _number(skipped["num_documents"]),
            _number(len(skipped["problems"])),
        )
        for model, record in records.items()
        for skipped in record.get("skipped_media", ())
    )
    columns = ("Model", "Corpus", "Queries", "Documents", "Bad files")
    return TextTable(
        "Left out of training, with media files that cannot be read", columns, rows, "training-left-out"
    )


def _languages(records: Mapping[str, Mapping[str, Any]]) -> Iterator[TextTable]:
    """For each model, a line for each language of the query, a column for each of the document."""
    for number, (model, record) in enumerate(records.items(), 1):
        counts = {_tags(pair): count for pair, count in record["provenance"]["pairs"].items()}
        queries, documents = (sorted({pair[side] for pair in counts}) for side in (0, 1))
        rows = tuple(
            (Cell(query), *(_number(counts.get((query, document))) for document in documents))
            for query in queries
        )
        title = f"{model}: pairs drawn, by language of the query and of the document"
        yield TextTable(title, ("Query language", *documents), rows, f"training-pairs-{number}")


def _tags(pair: str) -> tuple[str, str]:
    """The tags of `pt-BR_to_en`."""
    query, _, document = pair.partition("_to_")
    return query, document


def _number(count: int | None) -> Cell:
    return Cell(MISSING) if count is None else Cell(f"{count:,}", count)


def _share(share: float) -> Cell:
    return Cell(f"{share:.1%}", share)
