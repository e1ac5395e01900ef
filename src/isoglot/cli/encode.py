"""`isoglot encode`: vectors of a corpus or of files, in a folder; goes on where it was stopped."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isoglot.cli.options import Encoder, Json, Languages, split_tags

if TYPE_CHECKING:
    from isoglot.encoding import Encodings
    from isoglot.encoding.job import OnProgress

_Sources = Annotated[
    list[str],
    typer.Argument(
        help="A corpus folder, or the name of a data set; or tables of texts (.jsonl .csv .tsv .parquet), "
        "texts (.txt), pictures, videos, sounds, and folders of them.",
        metavar="CORPUS|FILES",
    ),
]
_Out = Annotated[
    Path,
    typer.Option(
        help="Folder of the vectors; where an interrupted job left some, it goes on.", metavar="DIR"
    ),
]
_Side = Annotated[
    str, typer.Option(help="documents, queries, or of a corpus both; their prompts apply to files, too.")
]
_Type = Annotated[str, typer.Option(help="How vectors are stored: float32, float16 or int8.")]
_Tokens = Annotated[
    int | None, typer.Option(help="Tokens of a batch of texts at most; without it, by the device.")
]
_Precision = Annotated[
    str,
    typer.Option(help="What the model calculates in: bf16, fp32, or auto: bf16 where the processor has it."),
]
_Backend = Annotated[str, typer.Option(help="What runs the model: torch, onnx or openvino.")]
_ShardRows = Annotated[
    int | None,
    typer.Option(help="Inputs of a file of vectors, and what a crash costs at most; 4096 unless given."),
]
_TextColumn = Annotated[str, typer.Option(help="Column of a table that holds the text.")]


def encode(
    model: Encoder,
    sources: _Sources,
    out: _Out,
    side: _Side = "documents",
    dtype: _Type = "float32",
    batch_tokens: _Tokens = None,
    precision: _Precision = "auto",
    backend: _Backend = "torch",
    languages: Languages = None,
    shard_rows: _ShardRows = None,
    text_column: _TextColumn = "text",
    as_json: Json = False,
) -> None:
    """Encode a corpus or files into a folder of vectors, fast, and resumable at any point.

    Killed or not: the same command again goes on where it was, and ends with the same bytes.
    """
    from isoglot.encoding import EncodingJob, EncodingSettings
    from isoglot.encoding.encoding import build_encoder
    from isoglot.encoding.reading import is_corpus, read_inputs

    settings = EncodingSettings(dtype, precision, batch_tokens, shard_rows, backend)
    settings.check()
    sides = _sides(side, alone=is_corpus(sources))
    encoder = build_encoder(model, settings)
    read: dict[str, Any] = {
        "modalities": encoder.adapter.modalities,
        "languages": split_tags(languages),
        "text_column": text_column,
    }
    jobs = [EncodingJob(encoder, read_inputs(sources, each, **read), settings) for each in sides]
    reports = []
    for job in jobs:
        start = time.perf_counter()
        with _progress(job.inputs.side) as tell:
            made = job.run(out, tell)
        reports.append(_report(made, time.perf_counter() - start))
    if as_json:
        typer.echo(json.dumps({"out": str(out), "model": encoder.name, "sides": reports}, ensure_ascii=False))
    else:
        _print(reports)


def _sides(side: str, *, alone: bool) -> Sequence[Any]:
    from isoglot.encoding.inputs import check_side
    from isoglot.errors import ConfigError

    if side != "both":
        return [check_side(side)]
    if not alone:
        raise ConfigError(
            "--side both must go with a corpus; of files, say whether they are documents or queries"
        )
    return ["queries", "documents"]


@contextmanager
def _progress(side: str) -> Iterator[OnProgress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn(side), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task(side, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _report(made: Encodings, seconds: float) -> dict[str, Any]:
    kept = ("side", "source", "num_rows", "dimension", "dtype", "precision", "fingerprint", "ways")
    num_bytes = sum(made.stored(shard)[0].nbytes for shard in range(made.num_shards))
    about = {name: made.record[name] for name in kept}
    return about | {"path": str(made.path), "vector_bytes": num_bytes, "seconds": round(seconds, 3)}


def _print(reports: Sequence[dict[str, Any]]) -> None:
    for each in reports:
        size = f"{each['vector_bytes'] / 2**20:,.1f} MiB"
        typer.echo(
            f"{each['num_rows']:,} {each['side']} of {each['source']} in {each['seconds']:,.1f} s: "
            f"vectors of {each['dimension']} components as {each['dtype']}, {size}. Wrote {each['path']}"
        )
        for medium, way in each["ways"].items():
            typer.echo(f"  {medium}: {way}", err=True)
