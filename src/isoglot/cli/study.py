"""`isoglot study`: a grid of experiments that answers a question."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isoglot.cli.options import Json

if TYPE_CHECKING:
    from rich.console import Console

    from isoglot.studies.config import StudyConfig
    from isoglot.studies.runner import Plan


class _Engine(StrEnum):
    local = "local"
    ray = "ray"


def study(
    config: Annotated[Path, typer.Argument(help="The study, as TOML.", metavar="CONFIG.toml")],
    workers: Annotated[
        int, typer.Option(help="Cells at a time, each in a process; 0 for none but this one.", metavar="N")
    ] = 1,
    engine: Annotated[_Engine, typer.Option(help="On this machine, or on a cluster.")] = _Engine.local,
    ray_address: Annotated[
        str | None,
        typer.Option(
            help="Of a running cluster, or auto; without it, one is started here.", metavar="ADDRESS"
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="Only these cells: AXIS=LABEL, a label, or an id. May be given again.", metavar="ARM"
        ),
    ] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try failed cells again.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything and list the cells; carry out none.")
    ] = False,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", help="Override a key, such as `study.seeds=[0]`.", metavar="KEY=VALUE"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Carry out a grid of experiments, and measure all of them.

    Cells are run in the order of their cost. The same command, started again, goes on where it was stopped:
    what is finished is not run again. A cell that fails is kept with its error, and the others go on; the
    exit code is then 1. Where the study says how its question is answered, a report is written at the end.
    """
    from rich.console import Console

    from isoglot.config import read_config
    from isoglot.studies.config import StudyConfig
    from isoglot.studies.grid import build_grid, only_arms
    from isoglot.studies.progress import StudyProgress
    from isoglot.studies.questions import read_answer
    from isoglot.studies.runner import Running, make_plan, run_study
    from isoglot.studies.workers import silence_libraries

    running = Running(engine.value, workers, ray_address, retry_failed)
    read = read_config(config, StudyConfig, overrides or ())
    repeated = [argument for override in overrides or () for argument in ("--set", override)]
    cells = build_grid(read, str(config), repeated)
    if read.study.answer:
        read_answer(read)
    chosen = only_arms(cells, only) if only else cells
    console = Console(stderr=True)
    plan = make_plan(read, chosen)
    if not dry_run:
        silence_libraries()
        before = {} if retry_failed else plan.records
        with StudyProgress(console, chosen, before, workers) as progress:
            plan = run_study(read, cells, chosen=chosen, running=running, watch=progress)
        _report(read, plan, console)
    if as_json:
        typer.echo(json.dumps(_summary(read, plan), ensure_ascii=False))
    else:
        _print(read, plan, console)
    if any(not record.finished for record in plan.records.values()) and not dry_run:
        raise typer.Exit(1)


def _report(config: StudyConfig, plan: Plan, console: Console) -> None:
    """Writes the report, if the study says how it is answered and there is anything to answer it from."""
    from isoglot.studies.report import write_report

    if config.study.answer and any(record.finished for record in plan.records.values()):
        with console.status("report") as status:
            page = write_report(config.study.folder, progress=status.update)
        console.print(f"Report: {page}", markup=False, soft_wrap=True)


def _states(plan: Plan) -> dict[str, str]:
    """Id of each cell -> whether it is `finished`, `failed` or `to do`."""
    states = {cell.id: "to do" for cell in plan.cells}
    return states | {name: "finished" if each.finished else "failed" for name, each in plan.records.items()}


def _summary(config: StudyConfig, plan: Plan) -> dict[str, Any]:
    states = _states(plan)
    return {
        "out": str(config.study.folder),
        "question": config.study.question,
        "cells": [
            {
                "id": cell.id,
                "points": list(cell.points),
                "seed": cell.seed,
                "state": states[cell.id],
                "cost": cell.cost,
                "seconds": record.seconds.total if (record := plan.records.get(cell.id)) else None,
                "results": record.results if record else None,
                "error": f"{record.error.type}: {record.error.message}" if record and record.error else None,
                "command": cell.command,
            }
            for cell in plan.cells
        ],
    }


def _print(config: StudyConfig, plan: Plan, console: Console) -> None:
    from rich.console import Console
    from rich.table import Table

    states = _states(plan)
    table = Table(title=config.study.question)
    table.add_column("cell", no_wrap=True)
    for title in (*(axis.title for axis in config.axes), "seed", "state"):
        table.add_column(title)
    for cell in plan.cells:
        labels = [
            ", ".join(dict.fromkeys(point[axis.title] for point in cell.points)) for axis in config.axes
        ]
        table.add_row(cell.id, *labels, str(cell.seed), states[cell.id])
    Console().print(table)
    for record in plan.records.values():
        if record.error is not None:
            reason = f"{record.error.type}: {record.error.message}"
            console.print(
                f"{record.id} failed: {reason}\n  again: {record.command} --retry-failed",
                markup=False,
                soft_wrap=True,
            )
    console.print(f"Cells, models and results: {config.study.folder}", markup=False, soft_wrap=True)
