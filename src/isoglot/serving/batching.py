"""Requests that come at the same time, answered in one go."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Overloaded(Exception):  # noqa: N818 - a state, not a mistake
    """More requests wait than may."""


class Batcher(Generic[T, R]):
    """Collects what several tasks ask for, and has it done together in a worker thread.

    While a batch is under way, the next one gathers, so that batches are as large as the load is; only where
    nothing is under way does a request wait for others, and that briefly.
    """

    def __init__(
        self,
        work: Callable[[Sequence[T]], Sequence[R]],
        executor: Executor,
        *,
        max_size: int,
        max_wait_seconds: float,
        max_waiting: int,
        observe: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Makes a batcher that runs from its first request on.

        Args:
            work: Answers a batch, in its order; called in the executor, one batch at a time.
            executor: Where it runs.
            max_size: Requests in a batch, at most.
            max_wait_seconds: How long the first request of an idle batcher waits for others.
            max_waiting: Requests that may wait.
            observe: Told the size of each batch.
        """
        self._work = work
        self._executor = executor
        self._max_size = max_size
        self._max_wait_seconds = max_wait_seconds
        self._max_waiting = max_waiting
        self._observe = observe
        self._waiting: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._full = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def ask(self, item: T) -> R:
        """Has one request answered.

        Args:
            item: The request.

        Returns:
            Its answer. Whatever `work` raises for this request alone is raised here.

        Raises:
            Overloaded: If too many wait already.
        """
        if len(self._waiting) >= self._max_waiting:
            raise Overloaded
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if len(self._waiting) >= self._max_size:
            self._full.set()
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        if len(self._waiting) < self._max_size and self._max_wait_seconds:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._full.wait(), self._max_wait_seconds)
        while self._waiting:
            self._full.clear()
            batch = [self._waiting.popleft() for _ in range(min(self._max_size, len(self._waiting)))]
            await self._answer([pair for pair in batch if not pair[1].done()])  # some have gone

    async def _answer(self, batch: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        if not batch:
            return
        self._observe(len(batch))
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.run_in_executor(self._executor, self._work, [item for item, _ in batch])
        except Exception as error:  # whatever it is, it belongs to whoever asked
            if len(batch) > 1:
                for pair in batch:
                    await self._answer([pair])
            elif not batch[0][1].done():
                batch[0][1].set_exception(error)
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():
                future.set_result(answer)
