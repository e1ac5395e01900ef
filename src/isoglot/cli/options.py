"""Arguments and options that several commands have."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[
    str,
    typer.Argument(
        help="A sentence-transformers model, by folder or name; ready vectors, an .npz file or folder; or "
        "TREC runs, as a file or folder.",
        metavar="MODEL",
    ),
]
Encoder = Annotated[
    str, typer.Argument(help="A sentence-transformers model, by folder or name.", metavar="MODEL")
]
Data = Annotated[
    Path | None,
    typer.Option(help="Folder with a folder for each data set; without it, from the hub.", metavar="DIR"),
]
Languages = Annotated[
    list[str] | None,
    typer.Option(help="Only these tags, with commas between, or given again.", metavar="TAG"),
]
Measures = Annotated[
    list[str] | None,
    typer.Option("--measure", help="Such as AP or nDCG@10; may be given again.", metavar="NAME"),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Override a key, such as `training.seed=1`. May be given again.",
        metavar="KEY=VALUE",
    ),
]
Cache = Annotated[bool, typer.Option(help="Keep vectors by model and content, and use them again.")]
SkipBad = Annotated[
    bool,
    typer.Option(
        "--skip-bad",
        help="Leave out rows whose media files cannot be read, and say how many; without it, stop.",
    ),
]
Seed = Annotated[int, typer.Option(help="Seed of the bootstrap intervals.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON document.")]


def split_tags(entries: Sequence[str] | None) -> tuple[str, ...] | None:
    """Tags given with commas between, or one by one; None if there are none."""
    return tuple(tag.strip() for entry in entries or () for tag in entry.split(",") if tag.strip()) or None
