"""Cells on a cluster, through Ray: every machine must see the folder of the study and the corpora."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from isoglot.errors import ConfigError
from isoglot.studies.carrying import carry_out, failed
from isoglot.studies.cells import Cell, CellRecord, write_record
from isoglot.studies.shared import Shared
from isoglot.studies.workers import SHARED, Event, be_quiet

_POLL_SECONDS = 1.0


def run_on_ray(
    cells: Sequence[Cell],
    study: Path,
    *,
    address: str | None = None,
    num_workers: int | None = None,
    num_cpus: float = 1,
    num_gpus: float = 0,
    again: bool = False,
) -> Iterator[Event]:
    """Carries out cells as tasks of Ray, which finds each a machine with room for it.

    The package must be installed on all machines, and paths must mean the same: on a file system that they
    share, whose locks hold between them.

    Args:
        cells: The cells, in order.
        study: Folder of the study.
        address: Of a running cluster, or `auto`; None starts one on this machine.
        num_workers: Cells at a time; None leaves it to Ray.
        num_cpus: Processors that a cell takes.
        num_gpus: Accelerators that a cell takes.
        again: Whether failed cells are tried again.

    Yields:
        The beginning and the end of each cell.

    Raises:
        ConfigError: If Ray is not installed.
    """
    ray = _import_ray()
    ray.init(address=address, include_dashboard=False, log_to_driver=False, ignore_reinit_error=True)
    remote = ray.remote(num_cpus=num_cpus, num_gpus=num_gpus, max_retries=0)(_carry_out_there)
    waiting, running = deque(cells), dict[Any, Cell]()
    try:
        while waiting or running:
            while waiting and len(running) < (num_workers or len(cells)):
                cell = waiting.popleft()
                task = remote.remote(cell, str(study), str(Path.cwd()), again, int(max(1, num_cpus)))
                running[task] = cell
                yield Event(cell, "waiting for a machine")
            done, _ = ray.wait(list(running), num_returns=1, timeout=_POLL_SECONDS)
            for task in done:
                cell = running.pop(task)
                yield Event(cell, record=_outcome(ray, task, cell, study))
    finally:
        for task in running:
            ray.cancel(task, force=True)
        ray.shutdown()


def _import_ray() -> Any:
    try:
        return import_module("ray")
    except ModuleNotFoundError as error:
        raise ConfigError(
            "engine 'ray' needs Ray; install it with: pip install 'isoglot[cluster]', or leave --engine out"
        ) from error


def _outcome(ray: Any, task: Any, cell: Cell, study: Path) -> CellRecord:
    """What came of a task; if its process died or its machine went, the cell has failed."""
    try:
        record: CellRecord = ray.get(task)
    except ray.exceptions.RayError as error:
        record = failed(cell, error)
        write_record(study, record)
    return record


@cache
def _shared(study: str) -> Shared:
    """What a process of Ray's keeps for its next cell."""
    return Shared(Path(study) / SHARED)


def _carry_out_there(cell: Cell, study: str, folder: str, again: bool, num_threads: int) -> CellRecord:
    """What runs on another machine: one cell, from the folder that the command was given in."""
    os.chdir(folder)
    be_quiet(num_threads)
    return carry_out(cell, Path(study), _shared(study), again=again)
