"""A store with its model, as a server holds it: shared by requests, and replaced without losing one."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from isoglot.encoding.numerics import forget_rounded_weights, keep_rounded_weights
from isoglot.errors import SearchError
from isoglot.search.interface import StoreInfo
from isoglot.search.model import Content, SearchModel, load_search_model, load_store_model
from isoglot.search.searcher import Answer, Searcher, SearchSettings
from isoglot.search.stores import open_store
from isoglot.serving.batching import Batcher
from isoglot.serving.settings import ServingSettings

R = TypeVar("R")
Vector = npt.NDArray[np.float32]
_KEPT_VECTORS = 4_096
"""Queries whose vectors are kept: a reader who turns the dial asks the same again."""
_STORE_THREADS = 8


class Place(NamedTuple):
    """Where a store and its model are.

    Attributes:
        store: The store's URI.
        model: Folder or name of its model; None for the one that the store names.
    """

    store: str
    model: str | None = None


def open_searcher(place: Place, model: SearchModel | None = None) -> Searcher:
    """Opens a store, and loads its model unless a loaded one is the right one.

    Args:
        place: Where they are.
        model: A model that is loaded already.

    Returns:
        Both together.

    Raises:
        SearchError: If the store or its model is gone or damaged, or they do not belong together.
        CheckpointError: If the model that was named cannot be loaded.
    """
    with ExitStack() as undone:
        store = undone.enter_context(closing(open_store(place.store)))
        info = store.info
        if model is None or model.fingerprint != info.fingerprint:
            named = place.model
            model = load_store_model(place.store, info.model) if named is None else load_search_model(named)
        searcher = Searcher(model, store)
        undone.pop_all()  # from here on it stays open
        return searcher


@dataclass(eq=False)
class _Held:
    """An open searcher, and how many requests are using it."""

    searcher: Searcher
    vectors: OrderedDict[str, Vector] = field(default_factory=OrderedDict)
    users: int = 0
    retired: bool = False
    batcher: Batcher[Content, Vector] | None = None


class Engine:
    """One store with its model, used by many requests at once."""

    def __init__(
        self,
        place: Place,
        searcher: Searcher,
        settings: ServingSettings,
        opened: Callable[[Place, SearchModel | None], Searcher] = open_searcher,
        observe: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Makes an engine of what is open; `open_engine` opens it.

        Args:
            place: Where store and model are.
            searcher: Both, open.
            settings: How the server is set up.
            opened: Opens them anew.
            observe: Told how many queries went through the model together.
        """
        self.place = place
        self.observe = observe
        self._settings = settings
        self._open = opened
        self._model_thread: Executor = ThreadPoolExecutor(
            1, thread_name_prefix="model", initializer=keep_rounded_weights
        )
        self._store_threads: Executor = ThreadPoolExecutor(_STORE_THREADS, thread_name_prefix="store")
        self._reloading = asyncio.Lock()
        self._held = self._hold(searcher)

    def _hold(self, searcher: Searcher) -> _Held:
        held = _Held(searcher)
        held.batcher = Batcher(
            lambda queries: list(searcher.model.embed_queries(queries)),
            self._model_thread,
            max_size=self._settings.max_batch,
            max_wait_seconds=self._settings.max_wait_seconds,
            max_waiting=self._settings.max_waiting,
            observe=self._tell,
        )
        return held

    def _tell(self, size: int) -> None:
        self.observe(size)  # as it is by now

    @property
    def searcher(self) -> Searcher:
        """What is served now; hold it with `lease` over anything that waits."""
        return self._held.searcher

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[Searcher]:
        """What is served now, kept open until the block ends."""
        async with self._lease() as held:
            yield held.searcher

    @asynccontextmanager
    async def _lease(self) -> AsyncIterator[_Held]:
        held = self._held
        held.users += 1
        try:
            yield held
        finally:
            held.users -= 1
            self._let_go(held)

    def _let_go(self, held: _Held) -> None:
        if held.retired and not held.users:
            self._store_threads.submit(held.searcher.store.close)
            self._model_thread.submit(forget_rounded_weights)

    async def search(self, query: Content, settings: SearchSettings) -> Answer:
        """Searches, sharing the model's work with other requests.

        Args:
            query: The query.
            settings: How to search.

        Returns:
            The answer.

        Raises:
            SearchError: If a setting cannot be, or model or store fails.
            MediaError: If a file cannot be read.
            Overloaded: If too many queries wait for the model.
        """
        text = query if isinstance(query, str) else None
        async with self._lease() as held:
            vector = await self._embed(held, query)
            return await self.in_store_thread(held.searcher.search_vector, vector, settings, text=text)

    async def _embed(self, held: _Held, query: Content) -> Vector:
        assert held.batcher is not None
        if not isinstance(query, str):
            return await held.batcher.ask(query)
        if query in held.vectors:
            held.vectors.move_to_end(query)
            return held.vectors[query]
        vector = held.vectors[query] = await held.batcher.ask(query)
        if len(held.vectors) > _KEPT_VECTORS:
            held.vectors.popitem(last=False)
        return vector

    async def in_store_thread(self, work: Callable[..., R], *given: Any, **named: Any) -> R:
        """Runs what waits for the store."""
        return await _run(self._store_threads, work, *given, **named)

    async def in_model_thread(self, work: Callable[..., R], *given: Any, **named: Any) -> R:
        """Runs what needs the model; nothing else uses it meanwhile."""
        return await _run(self._model_thread, work, *given, **named)

    async def reload(self) -> bool:
        """Opens store and model anew; requests under way end with what they began with.

        Returns:
            Whether the model is another one now.

        Raises:
            SearchError: If they cannot be opened; what was served goes on being served.
            CheckpointError: Likewise.
        """
        async with self._reloading:
            old = self._held
            # The files of a model may have changed under its name: it is read again, and told by fingerprint.
            fresh = await self.in_store_thread(self._open, self.place, None)
            changed = fresh.model.fingerprint != old.searcher.model.fingerprint
            self._retire(old, fresh)
            return changed

    async def follow(self) -> bool:
        """Looks whether the place of the store holds another store than was opened, and reloads if so.

        What is added to or deleted from a store is seen without that. Only embedded stores are looked at.

        Returns:
            Whether there was another one.

        Raises:
            SearchError: If what is there now cannot be opened; what was served goes on being served.
            CheckpointError: Likewise.
        """
        if self.place.store.startswith("milvus:"):  # a file that one handle holds at a time
            return False
        async with self._reloading:
            old = self._held
            if not await self.in_store_thread(_is_another, self.place.store, old.searcher.store.info):
                return False
            fresh = await self.in_store_thread(self._open, self.place, old.searcher.model)
            self._retire(old, fresh)
            return True

    def _retire(self, old: _Held, fresh: Searcher) -> None:
        self._held = self._hold(fresh)
        old.retired = True
        self._let_go(old)

    async def close(self) -> None:
        """Ends the threads, once what they do is done, and closes the store."""
        loop = asyncio.get_running_loop()
        for threads in (self._model_thread, self._store_threads):
            await loop.run_in_executor(None, threads.shutdown)
        self.searcher.store.close()


def _is_another(uri: str, known: StoreInfo) -> bool:
    with closing(open_store(uri)) as now:
        info = now.info
    return (info.fingerprint, info.dimension) != (known.fingerprint, known.dimension) or (
        info.version < known.version
    )


async def _run(threads: Executor, work: Callable[..., R], *given: Any, **named: Any) -> R:
    return await asyncio.get_running_loop().run_in_executor(threads, lambda: work(*given, **named))


def open_engine(place: Place, settings: ServingSettings) -> Engine:
    """Opens a store with its model.

    Args:
        place: Where they are.
        settings: How the server is set up.

    Returns:
        The engine.

    Raises:
        SearchError: If the store or its model is gone or damaged, or they do not belong together.
        CheckpointError: If the model that was named cannot be loaded.
    """
    return Engine(place, open_searcher(place), settings)


def parse_place(text: str) -> Place:
    """A place as the command line has it: `MODEL:STORE`, or a store alone, with the model that it names.

    Args:
        text: What was given.

    Returns:
        The place.

    Raises:
        SearchError: If there is no store in it.
    """
    model, colon, store = text.partition(":")
    if not colon or model in ("milvus", "lance"):
        model, store = "", text
    if not store.strip():
        raise SearchError(f"a model to compare with must read MODEL:STORE or STORE, got {text!r}")
    return Place(store, model or None)
