"""Cells on one machine: in this process, or in several workers, none of which can take the others with it."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from isoglot.errors import IsoglotError
from isoglot.studies.carrying import carry_out, failed, is_current
from isoglot.studies.cells import Cell, CellRecord, read_record, write_record
from isoglot.studies.shared import Shared

_PATIENCE_SECONDS = 10.0
"""How long a process that has nothing to do may take to end."""
SHARED = "shared"
"""Folder of what cells have in common, in that of the study."""


class WorkerDiedError(IsoglotError):
    """The process that carried out a cell ended without a word."""


@dataclass(frozen=True)
class Event:
    """Something that happened to a cell.

    Attributes:
        cell: The cell.
        line: What is being done; empty at the end.
        record: What came of it; None before the end.
    """

    cell: Cell
    line: str = ""
    record: CellRecord | None = None


def run_here(cells: Sequence[Cell], study: Path, *, again: bool = False) -> Iterator[Event]:
    """Carries out cells one after the other, in this process.

    Args:
        cells: The cells, in order.
        study: Folder of the study.
        again: Whether failed cells are tried again.

    Yields:
        The beginning and the end of each.
    """
    shared = Shared(study / SHARED)
    for cell in cells:
        yield Event(cell, "training")
        yield Event(cell, record=carry_out(cell, study, shared, again=again))


def run_in_workers(
    cells: Sequence[Cell], study: Path, *, num_workers: int, again: bool = False
) -> Iterator[Event]:
    """Carries out cells in processes of their own, each of which takes one after the other.

    A process that dies costs the cell that it was at, which fails; another one takes its place. All processes
    end when this one does, however it does.

    Args:
        cells: The cells, in order.
        study: Folder of the study.
        num_workers: Processes at a time.
        again: Whether failed cells are tried again.

    Yields:
        What the processes are at, and what came of each cell.
    """
    waiting = deque(cells)
    num_workers = min(num_workers, len(cells))
    num_threads = max(1, (os.cpu_count() or 1) // max(1, num_workers))
    workers = [_Worker(study, again, num_threads) for _ in range(num_workers)]
    try:
        while waiting or any(worker.cell for worker in workers):
            for worker in workers:
                if worker.cell is None and waiting:
                    yield Event(worker.take(waiting.popleft()), "waiting for a worker")
            for worker in _ready(workers):
                yield from worker.events()
    finally:
        for worker in workers:
            worker.connection.close()
        for worker in workers:
            worker.end()


def _ready(workers: Sequence[_Worker]) -> list[_Worker]:
    """Those that have said something, or died."""
    at_work = [worker for worker in workers if worker.cell is not None]
    told = wait([each for worker in at_work for each in (worker.connection, worker.process.sentinel)])
    return [worker for worker in at_work if {worker.connection, worker.process.sentinel} & set(told)]


class _Worker:
    """A process that carries out cells, and the cell that it is at.

    Attributes:
        cell: The cell; None if it waits for one.
        process: The process.
        connection: To it.
    """

    def __init__(self, study: Path, again: bool, num_threads: int) -> None:
        """Starts the process.

        Args:
            study: Folder of the study.
            again: Whether failed cells are tried again.
            num_threads: Its share of the processor.
        """
        self.cell: Cell | None = None
        self._study, self._again, self._num_threads = study, again, num_threads
        self._start()

    def _start(self) -> None:
        context = get_context("spawn")
        connection, theirs = context.Pipe()
        arguments = (theirs, self._study, self._again, self._num_threads)
        process = context.Process(target=_work, args=arguments, daemon=True)
        process.start()
        theirs.close()  # so that its end is seen when the process dies
        self.process: BaseProcess = process
        self.connection: Connection = connection

    def take(self, cell: Cell) -> Cell:
        """Gives the process a cell."""
        if not self.process.is_alive():
            self._start()
        self.cell = cell
        with suppress(OSError):  # it has died just now, which will be seen
            self.connection.send(cell)
        return cell

    def events(self) -> Iterator[Event]:
        """What it has said; a death is the end of its cell."""
        assert self.cell is not None
        try:
            while self.cell is not None and self.connection.poll():
                said: str | CellRecord = self.connection.recv()
                cell = self.cell
                if isinstance(said, str):
                    yield Event(cell, said)
                else:
                    self.cell = None
                    yield Event(cell, record=said)
        except (EOFError, OSError):
            self.process.join()
        if self.cell is not None and not self.process.is_alive():
            cell, self.cell = self.cell, None
            yield Event(cell, record=self._lost(cell))

    def _lost(self, cell: Cell) -> CellRecord:
        """The record of a cell whose process died: its own, if that was the last that it did."""
        record = read_record(self._study, cell.id)
        if record is not None and is_current(record, cell) and record.finished:
            return record
        code = self.process.exitcode or 0
        how = f"signal {-code} ({signal.Signals(-code).name})" if code < 0 else f"exit code {code}"
        advice = (
            "; a cell that needs too much memory is killed by the system" if code == -signal.SIGKILL else ""
        )
        record = failed(cell, WorkerDiedError(f"its process ended with {how}{advice}"))
        write_record(self._study, record)
        return record

    def end(self) -> None:
        """Ends the process, whose connection is closed; a cell that it is at is left to be taken up later.

        One that is at none ends by itself, and gives back what it holds.
        """
        if self.cell is None:
            self.process.join(_PATIENCE_SECONDS)
        self.process.kill()
        self.process.join()


def _work(connection: Connection, study: Path, again: bool, num_threads: int) -> None:
    """What a process does: takes cells until there is nobody to give any."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # an interrupt from the keyboard is for the one that started us
    threading.Thread(target=_end_with_parent, daemon=True).start()
    be_quiet(num_threads)
    shared = Shared(study / SHARED)
    while True:
        try:
            cell: Cell = connection.recv()
        except EOFError:
            return
        connection.send(carry_out(cell, study, shared, again=again, progress=connection.send))


def _end_with_parent() -> None:
    """Ends this process when the one that started it has ended: nobody would know of what it still does."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def be_quiet(num_threads: int) -> None:
    """Loads the libraries of a worker, and keeps them off the terminal and to its share of the processor.

    Args:
        num_threads: Threads of torch.
    """
    import sentence_transformers  # noqa: F401
    import torch

    silence_libraries()
    torch.set_num_threads(num_threads)
    gc.freeze()  # what libraries consist of is then not looked through before every training


def silence_libraries() -> None:
    """Keeps bars and warnings of libraries off the terminal."""
    from tqdm import tqdm  # type: ignore[import-untyped]
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    # Its own lock is one between processes, and stays behind when this process is killed.
    tqdm.set_lock(threading.RLock())
