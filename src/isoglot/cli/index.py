"""`isoglot index`: documents of any language and medium into a store."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from isoglot.cli.options import Encoder, Json, split_tags

if TYPE_CHECKING:
    from isoglot.search import FieldKind

_Documents = Annotated[
    list[str],
    typer.Argument(
        help="Corpus folders or names of data sets; tables (JSONL, CSV, TSV, Parquet); pictures, videos, "
        "sounds and texts (.txt), whatever the model encodes; folders are walked.",
        metavar="CORPUS|FILES...",
    ),
]
_Store = Annotated[
    str,
    typer.Option(
        help="Where: a folder, milvus:http://HOST:PORT[/COLLECTION], or milvus:FILE.db.", metavar="URI"
    ),
]
_Fields = Annotated[
    list[str] | None,
    typer.Option(
        "--field",
        help="Column of the tables to filter by later, perhaps with its kind (text, integer, number, "
        "boolean); may be given again.",
        metavar="NAME[:KIND]",
    ),
]
_Language = Annotated[
    str | None,
    typer.Option(help="Language of texts that name none; without it, it is guessed.", metavar="TAG"),
]
_Source = Annotated[
    str | None,
    typer.Option(
        help="What their source is called; without it, the corpus, column `source`, or the file or folder.",
        metavar="NAME",
    ),
]
_BatchSize = Annotated[int, typer.Option(min=1, help="Documents that go in together, or not at all.")]


def index(
    model: Encoder,
    documents: _Documents,
    store: _Store,
    fields: _Fields = None,
    language: _Language = None,
    source: _Source = None,
    batch_size: _BatchSize = 1024,
    as_json: Json = False,
) -> None:
    """Put documents of any language and medium into a store, to search them.

    What is in the store as it is now is passed over: run it again after an interruption, or when documents
    have changed.
    """
    from isoglot.search import index as fill

    report = fill(
        model,
        documents,
        store,
        fields=_parse_fields(fields),
        language=language,
        source=source,
        batch_size=batch_size,
        progress=sys.stderr.isatty(),
    )
    if as_json:
        typer.echo(json.dumps(asdict(report), ensure_ascii=False))
        return
    typer.echo(
        f"{report.num_added:,} added, {report.num_replaced:,} replaced, {report.num_unchanged:,} unchanged; "
        f"{report.store} holds {report.num_stored:,} documents"
    )
    if report.num_passed:
        typer.echo(f"passed over {report.num_passed:,} files of other kinds", err=True)


def _parse_fields(given: list[str] | None) -> dict[str, FieldKind | None]:
    """Names of fields with their kinds."""
    from isoglot.errors import ConfigError
    from isoglot.search.documents import FIELD_KINDS

    kinds = {kind: kind for kind in FIELD_KINDS}
    fields: dict[str, FieldKind | None] = {}
    for text in split_tags(given) or ():
        name, colon, kind = text.partition(":")
        if colon and kind not in kinds:
            raise ConfigError(f"--field {text!r}: its kind must be one of {', '.join(FIELD_KINDS)}")
        fields[name] = kinds.get(kind)  # type: ignore[call-overload]
    return fields
