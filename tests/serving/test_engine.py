from __future__ import annotations

import asyncio
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch
from starlette.testclient import TestClient

from isoglot.errors import SearchError
from isoglot.search import SearchSettings, StoredDocument, create_store, open_store
from isoglot.serving import engine as engine_module
from isoglot.serving.app import build_app
from isoglot.serving.batching import Batcher, Overloaded
from isoglot.serving.engine import Place, open_searcher, parse_place

from .conftest import SeeingModel


def batcher(work, **how):
    settings = {"max_size": 8, "max_wait_seconds": 0.0, "max_waiting": 100}
    return Batcher(work, ThreadPoolExecutor(1), **settings | how)


def test_requests_that_come_together_are_answered_together():
    sizes, first = [], threading.Event()

    def work(items):
        first.wait(2)
        return [item * 2 for item in items]

    async def run():
        asked = batcher(work, observe=sizes.append)
        tasks = [asyncio.create_task(asked.ask(0))]
        await asyncio.sleep(0.05)
        tasks += [asyncio.create_task(asked.ask(number)) for number in range(1, 20)]
        await asyncio.sleep(0)
        first.set()
        return await asyncio.gather(*tasks)

    assert asyncio.run(run()) == [2 * number for number in range(20)]
    assert sizes == [1, 8, 8, 3]


def test_an_idle_batcher_waits_for_others_a_moment():
    sizes = []

    async def run():
        asked = batcher(lambda items: items, observe=sizes.append, max_wait_seconds=5.0, max_size=3)
        first = asyncio.create_task(asked.ask(0))
        await asyncio.sleep(0.05)
        others = asyncio.gather(*(asked.ask(number) for number in (1, 2)))
        return await asyncio.wait_for(asyncio.gather(first, others), 3)

    assert asyncio.run(run()) == [0, [1, 2]]
    assert sizes == [3]


def test_one_bad_request_spoils_no_other():
    def work(items):
        if 3 in items:
            raise SearchError("three")
        return items

    async def run():
        asked = batcher(work)
        return await asyncio.gather(*(asked.ask(number) for number in range(5)), return_exceptions=True)

    found = asyncio.run(run())
    assert [each for each in found if not isinstance(each, Exception)] == [0, 1, 2, 4]
    assert str(found[3]) == "three"


def test_who_has_gone_is_passed_over_and_too_many_are_sent_away():
    asked_for, gate = [], threading.Event()

    def work(items):
        gate.wait(2)
        asked_for.extend(items)
        return items

    async def run():
        asked = batcher(work, max_waiting=2)
        first = asyncio.create_task(asked.ask(0))
        await asyncio.sleep(0.05)
        gone, kept = asyncio.create_task(asked.ask(1)), asyncio.create_task(asked.ask(2))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match=r"^$"):
            await asked.ask(3)
        gone.cancel()
        gate.set()
        return await asyncio.gather(first, kept)

    assert asyncio.run(run()) == [0, 2]
    assert asked_for == [0, 2]


def test_queries_of_many_clients_share_a_forward_pass(start):
    model = SeeingModel()
    with TestClient(build_app(start(model=model)), base_url="http://127.0.0.1") as client:
        model.calls.clear()
        queries = [f"dog {number}" for number in range(32)]
        with ThreadPoolExecutor(16) as pool:
            found = list(pool.map(lambda query: client.post("/search", json={"query": query}), queries))
        assert {answer.status_code for answer in found} == {200}
        asked = [contents for side, _, contents in model.calls if side == "query"]
        assert sorted(query for contents in asked for query in contents) == sorted(queries)
        assert len(asked) < 32
        before = len(model.calls)
        client.post("/search", json={"query": "dog 1", "policy": "prefer", "my_languages": ["de"]})
        assert len(model.calls) == before  # the dial was turned, and nothing encoded again
        counted = 'isoglot_requests_total{method="POST",path="/search",status="200"} 33.0'
        assert counted in client.get("/metrics").text


def test_vectors_of_the_last_queries_are_kept_and_no_more(start, monkeypatch):
    monkeypatch.setattr(engine_module, "_KEPT_VECTORS", 2)
    model = SeeingModel()
    engine = start(model=model).engine("first")

    async def run():
        for query in ("a", "b", "a", "c", "a", "b"):
            await engine.search(query, SearchSettings(limit=1))
        await engine.close()

    asyncio.run(run())
    asked = [contents for side, _, contents in model.calls if side == "query"]
    assert [query for contents in asked for query in contents] == ["a", "b", "c", "b"]


def test_a_loaded_model_is_kept_where_it_is_the_right_one(template, monkeypatch):
    model = SeeingModel().search_model()
    loaded = []

    def load(*given):
        loaded.append(given)
        return model

    monkeypatch.setattr(engine_module, "load_store_model", load)
    kept = open_searcher(Place(str(template)), model)
    assert (kept.model is model, loaded) == (True, [])
    fresh = open_searcher(Place(str(template)), replace(model, fingerprint="f9"))
    assert (fresh.model is model, loaded) == (True, [(str(template), "/models/concepts")])
    for each in (kept, fresh):
        each.store.close()


def replace_store(service, tmp_path, fingerprint: str = "f1") -> None:
    """Puts another store into the place of the one that is served."""
    built = create_store(tmp_path / "fresh", model="c", fingerprint=fingerprint, dimension=4)
    model = SeeingModel()
    document = StoredDocument("only", language="en", text="dog")
    built.add([document], model.search_model().embed_documents([document]))
    built.close()
    shutil.move(tmp_path / "store", tmp_path / "old")
    shutil.move(tmp_path / "fresh", tmp_path / "store")


def until(holds, seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    return holds()


def test_a_store_that_was_replaced_is_followed(start, tmp_path):
    service = start(watch_seconds=0.1)
    with TestClient(build_app(service), base_url="http://127.0.0.1") as client:
        replace_store(service, tmp_path)
        assert until(lambda: client.get("/index").json().get("num_documents") == 1)
        found = client.post("/search", json={"query": "dog"}).json()["results"]
        assert [each["doc_id"] for each in found] == ["only"]


def test_reloading_loses_no_request_and_a_failed_one_changes_nothing(start, tmp_path, caplog):
    service = start()
    engine = service.engine("first")
    with TestClient(build_app(service), base_url="http://127.0.0.1") as client:
        old = engine.searcher
        service.reload_wanted.set()
        answers = []
        while engine.searcher is old and len(answers) < 2_000:
            answers.append(client.post("/search", json={"query": f"dog {len(answers)}"}).status_code)
            time.sleep(0.01)
        assert engine.searcher is not old
        assert set(answers) <= {200}
        replace_store(service, tmp_path, "another model")
        now = engine.searcher
        service.reload_wanted.set()
        assert until(lambda: "goes on as it was" in caplog.text)
        assert engine.searcher is now
        assert 'isoglot_reloads_total{outcome="failed"} 1.0' in client.get("/metrics").text


def nesting():
    """How many times this thread is inside autocast; at 0 nothing is kept."""
    torch.autocast_increment_nesting()
    return torch.autocast_decrement_nesting()


def test_rounded_weights_are_kept_until_nobody_uses_their_model(start, monkeypatch):
    forgotten = []
    monkeypatch.setattr(
        engine_module, "forget_rounded_weights", lambda: forgotten.append(threading.current_thread().name)
    )
    engine = start().engine("first")

    async def run():
        async with engine.lease():
            assert await engine.in_model_thread(nesting) == 1
            await engine.reload()
            await engine.in_model_thread(lambda: None)
            assert forgotten == []
        await engine.in_model_thread(lambda: None)
        await engine.close()

    asyncio.run(run())
    assert forgotten == ["model_0"]


def test_what_is_under_way_keeps_the_store_that_it_began_with(start):
    service = start()
    engine = service.engine("first")

    async def run():
        async with engine.lease() as searcher:
            await engine.reload()
            assert engine.searcher is not searcher
            await asyncio.sleep(0.1)
            assert searcher.store.count() == 10
        await engine.in_store_thread(lambda: None)
        with pytest.raises(SearchError, match="closed"):
            searcher.store.count()
        answer = await engine.search("dog", SearchSettings(limit=1))
        await engine.close()
        return answer.results

    assert len(asyncio.run(run())) == 1


def test_health_says_what_serves_and_when_it_cannot(client, tmp_path):
    said = client.get("/health").json()
    assert (said["status"], said["first"]["num_documents"]) == ("ok", 10)
    client.app.state.service.engine("first").searcher.store.close()
    answer = client.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "failing")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("store", Place("store")),
        ("runs/b:store", Place("store", "runs/b")),
        ("milvus:file.db", Place("milvus:file.db")),
        ("b:milvus:http://h:1", Place("milvus:http://h:1", "b")),
        ("lance://a", Place("lance://a")),
    ],
)
def test_places_to_compare_with(text, place):
    assert parse_place(text) == place


def test_a_place_without_a_store_is_refused():
    with pytest.raises(SearchError, match="must read MODEL:STORE"):
        parse_place("model:")


def test_the_store_stays_as_it_was_when_the_server_ends(start, tmp_path):
    with TestClient(build_app(start()), base_url="http://127.0.0.1") as client:
        assert client.get("/health").status_code == 200
    store = open_store(tmp_path / "store")
    assert store.count() == 10
    store.close()
