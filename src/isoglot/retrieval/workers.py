"""Threads that search chunks of queries, each with memory of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Item = TypeVar("Item")


@dataclass(frozen=True, eq=False)
class Memory:
    """What one thread writes into, again and again.

    Attributes:
        scores: (queries, columns) of the largest chunk and part.
        comparisons: Results of comparisons.
    """

    scores: npt.NDArray[np.float32]
    comparisons: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Workers:
    """The threads.

    Attributes:
        pool: Threads.
        memories: Memory that none of them uses at the moment.
    """

    pool: ThreadPoolExecutor
    memories: SimpleQueue[Memory]

    def run(self, work: Callable[[Item, Memory], None], items: Sequence[Item]) -> Iterator[Item]:
        """Does the work on every item.

        Args:
            work: What to do with an item and a thread's memory.
            items: The items.

        Yields:
            The items, in order, when they are done.
        """

        def do(item: Item) -> Item:
            memory = self.memories.get()
            try:
                work(item, memory)
            finally:
                self.memories.put(memory)
            return item

        yield from self.pool.map(do, items)


@contextmanager
def start_workers(num_queries: int, num_columns: int, num_comparisons: int, number: int) -> Iterator[Workers]:
    """Starts threads, in each of which PyTorch uses no further threads.

    One thread then multiplies while another counts, and none waits for the other.

    Args:
        num_queries: The most queries of a chunk.
        num_columns: The most columns of a part.
        num_comparisons: The most comparisons that are held at a time.
        number: How many threads.

    Yields:
        The threads.
    """
    import torch

    before = torch.get_num_threads()
    memories: SimpleQueue[Memory] = SimpleQueue()
    for _ in range(number):
        scores = np.empty((num_queries, num_columns), np.float32)
        memories.put(Memory(scores, np.empty(num_comparisons, bool)))

    def start() -> None:
        torch.set_num_threads(1)
        # NumPy copies what it compares where rows are short, unless its own buffers are too small for that.
        np.setbufsize(1_024)

    try:
        with ThreadPoolExecutor(number, initializer=start) as pool:
            yield Workers(pool, memories)
    finally:
        torch.set_num_threads(before)
