"""The processes that train together: one alone, or those that torchrun started."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from torch import distributed

Outcome = TypeVar("Outcome")


@dataclass(frozen=True)
class Processes:
    """This process among those that train together.

    Attributes:
        number: Of this process, from 0.
        count: How many there are.
    """

    number: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the process that writes."""
        return self.number == 0

    def wait(self) -> None:
        """Returns when all processes have come here."""
        if self.count > 1:
            distributed.barrier()

    def by_first(self, action: Callable[[], Outcome]) -> Outcome:
        """Does something in the first process only, while the others wait.

        Args:
            action: What is done; its outcome must be picklable.

        Returns:
            The outcome, in all processes.

        Raises:
            Exception: What the action raises, in all processes.
        """
        if self.count == 1:
            return action()
        told: list[Any] = [None, None]
        if self.first:
            try:
                told[0] = action()
            except Exception as error:
                told[1] = error
        distributed.broadcast_object_list(told, src=0)
        outcome: Future[Outcome] = Future()
        outcome.set_result(told[0]) if told[1] is None else outcome.set_exception(told[1])
        return outcome.result()


def join_processes(*, cpu: bool) -> Processes:
    """Joins the processes that torchrun or accelerate started with this one, if they did.

    Args:
        cpu: Whether training is on the CPU: processes then speak over gloo.

    Returns:
        This process among them.
    """
    if not distributed.is_available():
        return Processes()
    if not distributed.is_initialized():
        if int(os.environ.get("WORLD_SIZE", "1")) <= 1:
            return Processes()
        from accelerate import PartialState

        PartialState(cpu=cpu)
        atexit.register(_leave_processes)
    return Processes(distributed.get_rank(), distributed.get_world_size())


def _leave_processes() -> None:
    """Ends the threads of gloo while the interpreter lives; one that outlives it aborts the process.

    See https://github.com/pytorch/pytorch/issues/190489. NCCL has no such threads, and would wait here for
    processes that have failed.
    """
    if distributed.is_initialized() and distributed.get_backend() == "gloo":
        distributed.destroy_process_group()
