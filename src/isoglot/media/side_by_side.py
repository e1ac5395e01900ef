"""Several files of media read side by side, and what is wrong with them told all at once."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from isoglot.errors import MediaError

Source = TypeVar("Source")
Content = TypeVar("Content")

_MAX_THREADS = 4


def num_threads() -> int:
    """How many files are read at a time: each may be large, and is held several times over."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(_MAX_THREADS, cores)


def read_side_by_side(read: Callable[[Source], Content], sources: Sequence[Source]) -> Iterator[Content]:
    """Reads files in threads, `num_threads` at a time, and no further ahead of what is taken.

    Args:
        read: Reads one.
        sources: The files, or what else it takes.

    Yields:
        What was read, in the order of the sources, up to the first that cannot be.

    Raises:
        MediaError: If some cannot be read; all of them at once, when all have been tried.
    """
    problems: list[str] = []
    for done in _in_order(read, sources):
        try:
            content = done.result()
        except MediaError as error:
            problems += error.problems
            continue
        if not problems:
            yield content
    if problems:
        raise MediaError(problems)


def _in_order(read: Callable[[Source], Content], sources: Sequence[Source]) -> Iterator[Future[Content]]:
    running: deque[Future[Content]] = deque()
    with ThreadPoolExecutor(num_threads()) as pool:
        for source in sources:
            if len(running) == num_threads():
                yield running.popleft()
            running.append(pool.submit(read, source))
        yield from running
