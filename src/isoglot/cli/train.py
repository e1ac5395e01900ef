"""`isoglot train`: one experiment from a TOML file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from isoglot.cli.options import Json, Overrides, SkipBad


def train(
    config: Annotated[Path, typer.Argument(help="The experiment, as TOML.", metavar="CONFIG.toml")],
    overrides: Overrides = None,
    skip_bad: SkipBad = False,
    as_json: Json = False,
) -> None:
    """Train a retriever as a TOML file says.

    The model directory is a sentence-transformers model with `isoglot.json` beside it. The same command,
    started again, goes on where an interrupted one stopped, and does nothing where it had finished.

    On several processors: `torchrun --nproc_per_node N -m isoglot.cli train CONFIG.toml`; `batch_size` counts
    the pairs of all of them, so the model is the same but for rounding.
    """
    from rich.console import Console

    from isoglot.config import read_config
    from isoglot.experiments.config import ExperimentConfig

    chosen = [*(overrides or ()), *(["skip_bad=true"] if skip_bad else [])]
    experiment = read_config(config, ExperimentConfig, tuple(chosen))
    speaks = os.environ.get("RANK", "0") == "0"  # torchrun starts several of us, and one is enough to read
    console = Console(stderr=True, quiet=not speaks)

    from transformers.utils import logging

    from isoglot.corpora.media_files import SkippedMedia
    from isoglot.experiments import run_experiment
    from isoglot.training.artefact import read_record
    from isoglot.training.progress import ProgressBar

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    with console.status("reading corpora") as status:
        # The bar takes the status line's place when training starts.
        def tell(line: str) -> None:
            status.stop() if line == "training" else status.update(line)

        folder = run_experiment(experiment, progress=tell, callbacks=[ProgressBar(console)])
    if not speaks:
        return
    record = read_record(folder) or {}
    skipped = record.get("config", {}).get("skipped_media", [])
    for each in skipped:
        console.print(str(SkippedMedia.of(each)), markup=False, highlight=False)
    if as_json:
        result = {"model": str(folder), "provenance": record.get("provenance"), "skipped_media": skipped}
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    drawn = record["provenance"]
    share = f"{drawn['share_monolingual']:.0%} monolingual"
    console.print(f"[bold]{folder}[/bold]: {drawn['num_batches']:,} batches, {share}")
    console.print(f"Measure it: isoglot evaluate {folder} CORPUS", markup=False)
