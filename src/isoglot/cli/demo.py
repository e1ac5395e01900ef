"""`isoglot demo`: the whole story on the built-in corpora."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for models, results and report.")] = Path(
        "runs/demo"
    ),
    seed: Annotated[int, typer.Option(help="Seed of encoder and batches.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as one JSON document.")] = False,
) -> None:
    """Train, evaluate and compare the batch schemes, then search pictures in any language.

    Three minutes on two cores, without network. Texts: parallel facts in fifteen languages, one static
    encoder trained from nothing with monolingual, cross-lingual and hybrid batches, each measured when it
    searches its own language, another one, and all languages at once. Pictures: scenes drawn and said in
    seventeen languages, one encoder of texts and pictures trained from nothing with hybrid batches. The last
    line that it prints opens the search page on scenes that training has not shown.
    """
    from rich.console import Console
    from transformers.utils import logging

    from isoglot.experiments.demo import gains, run_demo
    from isoglot.experiments.picture_search import found_pictures
    from isoglot.training.progress import ProgressBar

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    console = Console(stderr=True)
    results = run_demo(
        out,
        seed=seed,
        progress=lambda line: console.print(line, style="dim"),
        callbacks=lambda name: [ProgressBar(console, f"training {name}")],
    )
    if as_json:
        typer.echo(json.dumps([asdict(record) for record in results.records], ensure_ascii=False))
        return
    console = Console()
    console.print(results.on({(results.corpora[0], "test")}).table())
    changes = gains(results)
    console.print(
        f"Against monolingual batches, hybrid batches change AP by {changes['cross_lingual']:+.3f} across "
        f"languages and {changes['multilingual']:+.3f} in the pooled collection, for "
        f"{changes['monolingual']:+.3f} within one language; parallel answers stand "
        f"{1 / changes['rank_distance']:.1f} times closer together in the ranking.\n"
    )
    console.print(found_pictures(results))
    console.print()
    for line in _closing(out):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _closing(out: Path) -> list[str]:
    """Where the report is, and what to do next; the last line opens the search page."""
    from isoglot.experiments.picture_search import CORPUS_FOLDER
    from isoglot.experiments.scene_store import FOLDER

    program = _program()
    evaluate = [
        "evaluate",
        str(out / "hybrid"),
        str(out / "corpus"),
        "--languages",
        "de",
        "--languages",
        "th",
    ]
    return [
        f"Report: {out / 'report.html'}",
        f"Try: {shlex.join([*program, *evaluate])}",
        f"     {shlex.join([*program, 'data', 'show', str(out / CORPUS_FOLDER)])}",
        f"     {shlex.join([*program, 'train', 'configs/demo/hybrid.toml', '--set', 'scheme.alpha=0.8'])}",
        "Search pictures and captions in any language, in a page at http://127.0.0.1:8000/ that this opens:",
        f"     {shlex.join([*program, 'serve', str(out / FOLDER)])}",
    ]


def _program() -> list[str]:
    """What calls this program from a shell: its name, or where it stands beside this Python."""
    beside = Path(sys.executable).with_name("isoglot")
    if shutil.which("isoglot") or not beside.is_file():
        return ["isoglot"]
    return [str(beside.relative_to(Path.cwd()) if beside.is_relative_to(Path.cwd()) else beside)]
