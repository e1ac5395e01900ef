"""Kills processes that index a table, and says what each of them leaves: a program for a test.

python indexing_run.py FOLDER KILLS BATCH_SIZE ENGINE

Indexes FOLDER/rows.jsonl into a store `whole` of the engine (lance or milvus) undisturbed, and into another
in processes that are killed: while the store is made, between and within batches, and while it is optimised;
after each, another looks at the store. Processes are forked, since starting Python takes longer than what
they do. Prints JSON: of each kill the documents that it left, or null without a store; and what the last
process, which nobody kills, did.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lancedb  # noqa: F401  (before forking)
import numpy as np

from isoglot.retrieval.adapters import Adapter
from isoglot.search import SearchModel, index, open_store, store_exists
from isoglot.search.lance import LanceStore
from isoglot.search.milvus import MilvusStore

FOLDER, KILLS, BATCH = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
ENGINE = {"lance": LanceStore, "milvus": MilvusStore}[sys.argv[4]]


def uri_of(name: str) -> str:
    """A store of the engine."""
    return f"milvus:{FOLDER / name}.db" if ENGINE is MilvusStore else str(FOLDER / name)


def encode(side, modality, contents, *, batch_size, progress):
    """(n, 4) vectors that depend on the texts alone."""
    return np.array([[text.count(letter) for letter in "aeio"] for text in contents], np.float32)


def indexing(store: str, tell: Callable[[str], Any]) -> None:
    """Indexes the table; tells of every batch, and when it optimises."""

    def encode_and_tell(*given, **options):
        tell("encoding")
        return encode(*given, **options)

    optimise = ENGINE.optimise

    def optimise_and_tell(self):
        tell("optimising")
        optimise(self)

    ENGINE.optimise = optimise_and_tell  # type: ignore[method-assign]
    adapter = Adapter(encode_and_tell, "cosine", 32, ("text",), lambda: "f", lambda side, modality: "")
    report = index(
        SearchModel("letters", "f", adapter), [FOLDER / "rows.jsonl"], uri_of(store), batch_size=BATCH
    )
    tell(f"done {report.num_added} {report.num_unchanged}")


def looking(store: str, tell: Callable[[str], Any]) -> None:
    """Tells how many documents a store holds; fails if they are not the first of those of the whole."""
    if not store_exists(uri_of(store)):
        tell("null")
        return
    found, words = content(store)
    right, right_words = content("whole")
    assert found.keys() == {f"d{number}" for number in range(len(found))}, len(found)
    for doc_id, (document, score) in found.items():
        assert document == right[doc_id][0]
        assert abs(score - right[doc_id][1]) < 1e-5
    assert words == right_words & found.keys()
    tell(str(len(found)))


def content(name: str) -> tuple[dict[str, Any], set[str]]:
    """All documents of a store as search by meaning finds them, and which of them search by words finds."""
    store = open_store(uri_of(name))
    hits = store.search(np.ones(4, np.float32), 10_000)
    words = {hit.document.doc_id for hit in store.search_text("odd", 10_000)}
    return {hit.document.doc_id: (hit.document, hit.score) for hit in hits}, words


def started(work: Callable[..., None], store: str) -> tuple[int, Any]:
    """A process, and the lines that it tells."""
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return process, os.fdopen(reading)
    try:
        work(store, lambda line: os.write(writing, f"{line}\n".encode()))
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def told_by(work: Callable[..., None], store: str) -> list[tuple[str, float]]:
    """The lines of a process that ends by itself, and when it told them."""
    process, lines = started(work, store)
    told = [(line.strip(), time.monotonic()) for line in lines]
    assert os.waitpid(process, 0)[1] == 0
    return told


def finished(work: Callable[..., None], store: str) -> str:
    """The last line of a process that ends by itself."""
    return told_by(work, store)[-1][0]


def killed(event: str, times: int, delay: float) -> None:
    """Indexes, and kills the process some time after it told of something so often."""
    process, lines = started(indexing, "store")
    for line in lines:
        times -= line.strip() == event
        if not times or line.startswith("done"):
            break
    time.sleep(delay)
    os.kill(process, signal.SIGKILL)
    assert os.waitpid(process, 0)[1] == signal.SIGKILL, "it ended before it was killed"
    lines.close()


if __name__ == "__main__":
    chance = random.Random(0)
    times = [when for what, when in told_by(indexing, "whole") if what in ("encoding", "optimising")]
    batch_seconds = (times[-1] - times[0]) / (len(times) - 1)
    left = []
    for number in range(KILLS):
        if number < 3:  # while the store is made
            killed("encoding", 1, chance.uniform(0, 2 * batch_seconds))
        elif number < KILLS - 3:
            killed("encoding", chance.randint(2, 4), chance.uniform(0, batch_seconds))
        else:
            killed("optimising", 1, 0)
        left.append(json.loads(finished(looking, "store")))
    last = finished(indexing, "store")
    told = {"left": left, "last": last, "in_the_end": int(finished(looking, "store"))}
    sys.stdout.write(json.dumps(told))
