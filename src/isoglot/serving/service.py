"""All that the routes of one server share."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isoglot.search.documents import StoredDocument
from isoglot.search.searcher import Answer, Searcher
from isoglot.serving.asked import Refused, Which
from isoglot.serving.engine import Engine
from isoglot.serving.feedback import Feedback
from isoglot.serving.metrics import Metrics
from isoglot.serving.naming import Tagger
from isoglot.serving.settings import ServingSettings
from isoglot.serving.thumbnails import SHOWN
from isoglot.tagging import Vocabulary

log = logging.getLogger("isoglot.serving")
_TICK_SECONDS = 0.25


@dataclass(eq=False)
class Service:
    """A server's state.

    Attributes:
        settings: How it is set up.
        engines: `first`, and `second` where two models are compared.
        vocabulary: What is tagged with, unless a request brings its own.
        metrics: What is counted.
        feedback: Keeps thumbs; None if nobody does.
        reload_wanted: Set from a signal handler to have stores and models opened anew.
        taggers: Labels that are encoded, by the model's fingerprint.
    """

    settings: ServingSettings
    engines: Mapping[Which, Engine]
    vocabulary: Vocabulary | None = None
    metrics: Metrics = field(default_factory=Metrics)
    feedback: Feedback | None = None
    reload_wanted: threading.Event = field(default_factory=threading.Event)
    taggers: dict[str, Tagger] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for engine in self.engines.values():
            engine.observe = self.metrics.batch.observe

    def engine(self, which: Which) -> Engine:
        """One of the engines; raises `Refused` (422) if there is no second one."""
        if which not in self.engines:
            raise Refused(422, "engine: there is one model here; start the server with --compare for two")
        return self.engines[which]

    def tagger(self, searcher: Searcher) -> Tagger:
        """The tagger of a model; those of models that are gone are forgotten."""
        known = {engine.searcher.model.fingerprint for engine in self.engines.values()}
        for gone in self.taggers.keys() - known:
            self.taggers.pop(gone, None)
        return self.taggers.setdefault(searcher.model.fingerprint, Tagger(searcher.model))

    async def watch(self) -> None:
        """Reloads when that is asked for, and when a store was replaced; never ends by itself."""
        waited = 0.0
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            waited += _TICK_SECONDS
            if self.reload_wanted.is_set():
                self.reload_wanted.clear()
                await self._each(reload=True)
            elif self.settings.watch_seconds and waited >= self.settings.watch_seconds:
                waited = 0.0
                await self._each(reload=False)

    async def _each(self, *, reload: bool) -> None:
        for name, engine in self.engines.items():
            try:
                changed = await (engine.reload() if reload else engine.follow())
            except Exception as error:  # files that are being written raise almost anything
                self.metrics.reloads.labels("failed").inc()
                log.error("%s: cannot be opened anew, and goes on as it was: %s", engine.place.store, error)
                continue
            if reload or changed:
                self.metrics.reloads.labels("done").inc()
                log.warning("%s: opened anew (%s)", engine.place.store, name)

    async def close(self, watching: asyncio.Task[None]) -> None:
        """Ends the watch, and what the engines do."""
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        for engine in self.engines.values():
            await engine.close()


def about(searcher: Searcher, version: int | None = None) -> dict[str, Any]:
    """What every answer says: model, fingerprint, and version of the index."""
    return {
        "model": shown_name(searcher.model.name),
        "fingerprint": searcher.model.fingerprint,
        "index_version": searcher.store.info.version if version is None else version,
    }


def shown_name(name: str) -> str:
    """A model's name without the folders of this computer."""
    return Path(name).name if Path(name).is_absolute() else name


def answer_record(answer: Answer, which: Which) -> dict[str, Any]:
    """An answer as clients get it: paths of this computer left out, pictures by the id of their document."""
    record = answer.record()
    record["model"] = shown_name(record["model"])
    record["engine"] = which
    for each in record["results"]:
        finish_record(each)
    return record


def document_record(document: StoredDocument) -> dict[str, Any]:
    """A document as clients get it."""
    return finish_record(document.record())


def finish_record(record: dict[str, Any]) -> dict[str, Any]:
    """The same record with the name of its file in place of the path, and where its picture is."""
    path = record.pop("path")
    record["file"] = None if path is None else Path(path).name
    record["has_picture"] = record["modality"] in SHOWN
    return record
