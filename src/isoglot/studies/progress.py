"""Progress of a study: how many cells are done, what the workers are at, and how long the rest will take."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from isoglot.studies.cells import Cell, CellRecord
from isoglot.studies.cost import seconds_left
from isoglot.studies.workers import Event


class StudyProgress:
    """Shows the progress of a study on a console; where that is no terminal, a line for each cell that ends.

    Attributes:
        console: Where it is shown.
    """

    def __init__(
        self,
        console: Console,
        cells: Sequence[Cell],
        records: Mapping[str, CellRecord],
        num_workers: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begins with what is done already.

        Args:
            console: Where it is shown.
            cells: The cells.
            records: What came of some of them.
            num_workers: Cells at a time.
            clock: Gives the time in seconds.
        """
        self.console = console
        self._costs = {cell.id: cell.cost for cell in cells}
        self._seconds = {name: record.seconds.total for name, record in records.items() if record.finished}
        self._waiting = set(self._costs) - set(records)
        self._num_workers, self._clock = max(1, num_workers), clock
        self._started: dict[str, float] = {}
        self._lines: dict[str, str] = {}
        self._bar = Progress(
            TextColumn("cells"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}"),
            TextColumn("{task.fields[doing]}", style="dim"),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        done = len(self._costs) - len(self._waiting)
        self._task = self._bar.add_task("cells", total=len(self._costs), completed=done, left="", doing="")

    def __enter__(self) -> StudyProgress:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, event: Event) -> None:
        """Shows an event.

        Args:
            event: What happened to a cell.
        """
        name = event.cell.id
        self._started.setdefault(name, self._clock())
        if event.record is None:
            self._lines[name] = f"{event.cell.label}: {event.line}"
        else:
            self._end(event.cell, event.record)
        remaining = time_left(self._left())
        doing = "; ".join(self._lines.values())
        completed = len(self._costs) - len(self._waiting)
        self._bar.update(self._task, completed=completed, left=remaining, doing=doing)

    def _end(self, cell: Cell, record: CellRecord) -> None:
        self._lines.pop(cell.id, None)
        self._waiting.discard(cell.id)
        took = self._clock() - self._started[cell.id]
        if record.error is None:
            self._seconds[cell.id] = record.seconds.total
            how = f"{took:.0f} s"
        else:
            how = f"failed: {record.error.type}: {record.error.message.partition(chr(10))[0]}"
        left = time_left(self._left())
        counted = f"{len(self._costs) - len(self._waiting)}/{len(self._costs)}"
        more = f", {left}" if left else ""
        line = f"{counted} {cell.label}: {how}{more}"
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _left(self) -> float | None:
        done = [(self._costs[name], seconds) for name, seconds in self._seconds.items()]
        costs, seconds = ([pair[place] for pair in done] for place in (0, 1))
        waiting = [self._costs[name] for name in sorted(self._waiting)]
        return seconds_left(costs, seconds, waiting, self._num_workers) if waiting else None


def time_left(seconds: float | None) -> str:
    """How long something will take, as people say it.

    Args:
        seconds: How long; None if that is unknown, or nothing is left.

    Returns:
        Such as `0:12:30 left`; empty for None.
    """
    return "" if seconds is None else f"{timedelta(seconds=round(seconds))} left"
