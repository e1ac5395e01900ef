"""Batches that go through a model at the same time, each on its share of a CPU's cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

import torch

from isoglot.encoding.numerics import keep_rounded_weights

Batch = TypeVar("Batch")
Result = TypeVar("Result")


def num_side_by_side(device: str) -> int:
    """How many batches `side_by_side` works on at a time, if there are as many.

    Args:
        device: Kind of device that works.

    Returns:
        PyTorch's threads on a CPU, else 1.
    """
    return torch.get_num_threads() if device == "cpu" else 1


def side_by_side(
    work: Callable[[Batch], Result], batches: Sequence[Batch], *, device: str
) -> Iterator[Result]:
    """Does work on every batch, on a CPU several at a time.

    Two batches on a core each are done sooner than one after the other on both cores: no thread waits within
    a layer for another.

    Args:
        work: What to do with a batch; it calculates as the caller does, in bfloat16 and without gradients.
        batches: The batches.
        device: Kind of device that works; any but `cpu` is given one batch after another.

    Yields:
        What came of each batch, in order.
    """
    cores = torch.get_num_threads()
    number = min(num_side_by_side(device), len(batches))
    if number <= 1:
        yield from map(work, batches)
        return
    halved, kind = torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu")
    has_gradients = torch.is_grad_enabled()

    def do(batch: Batch) -> Result:
        torch.set_num_threads(cores // number)
        with torch.autocast("cpu", kind, enabled=halved), torch.set_grad_enabled(has_gradients):
            return work(batch)

    try:
        yield from _threads(cores).map(do, batches)
    finally:
        torch.set_num_threads(cores)  # threads that begin later take the last number that any has set


@cache
def _threads(number: int) -> ThreadPoolExecutor:
    """Threads that stay: new ones would ask the system for all their memory anew."""
    # What they round is kept from one batch to the next, and goes with the caller's autocast.
    return ThreadPoolExecutor(number, thread_name_prefix="batch", initializer=keep_rounded_weights)


if hasattr(os, "register_at_fork"):  # a forked process has none of them
    os.register_at_fork(after_in_child=_threads.cache_clear)
