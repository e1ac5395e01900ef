"""What clients with bad intentions send, and what comes of it: 4xx, or the end of the connection."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import socket
import time
import traceback

import pytest
from starlette.testclient import TestClient

from isoglot.errors import SearchError
from isoglot.search import SearchSettings, open_store
from isoglot.serving import connections, guard, uploads
from isoglot.serving import engine as engine_module
from isoglot.serving.app import build_app
from isoglot.serving.engine import open_searcher
from isoglot.serving.keys import read_keys
from isoglot.serving.settings import ServingSettings
from isoglot.serving.uploads import Upload

from .conftest import png
from .live import running

JSON = {"content-type": "application/json"}
KEY = "a-key-that-nobody-guesses"


@pytest.mark.parametrize("path", ["/search", "/tag", "/documents", "/feedback"])
@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"[" * 60_000, JSON, 400),
        (b'{"grade": NaN, "dial": -Infinity}', JSON, 400),
        (b'{"\\ud800": "\\udfff"}', JSON, 422),
        (gzip.compress(b"\0" * 10**7), {**JSON, "content-encoding": "gzip"}, 415),
        (b"{}", {**JSON, "content-encoding": "br"}, 415),
        (b"query=x", {"content-type": "application/x-www-form-urlencoded"}, 415),
        (b"<!ENTITY a 'b'>", {"content-type": "application/xml"}, 415),
        (b"\x80\x04]\x94.", {"content-type": "application/python-pickle"}, 415),
        (b"{}", {}, 415),
    ],
)
def test_bodies_that_no_route_takes(client, path, body, headers, status):
    answer = client.post(path, content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json()["error"]["problems"]


def part(name: str, content: bytes, more: str = "") -> bytes:
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + content + b"\r\n"


FILE = part("file", png("red"), '; filename="a.png"\r\nContent-Type: image/png')


@pytest.mark.parametrize(
    "body",
    [
        FILE * 50,
        FILE + part("options", b"{}") * 5_000,
        FILE + part("options", b" " * (1 << 21)),
        FILE + part("options", b"[" * 60_000),
        FILE + part("options", b'{"dial": NaN}'),
        FILE + part("options", b"\xff"),
        FILE + part("o" * 50_000, b"{}"),
        part("file", b"", "; x=" + "y" * 200_000),
        part("options", b"{}"),
        FILE.replace(b"image/png", b"image/png" * 1_000),
    ],
)
def test_forms_of_other_parts_than_two(client, body):
    kind = {"content-type": "multipart/form-data; boundary=b"}
    answer = client.post("/search", content=body + b"--b--\r\n", headers=kind)
    assert answer.status_code in (400, 413, 415, 422), answer.text
    assert len(answer.content) < 5_000


def test_more_labels_than_may_go_through_the_model(client):
    labels = {f"en-{chr(97 + number // 26)}{chr(97 + number % 26)}": "x" for number in range(100)}
    tags = [{"tag_id": f"t{number}", "labels": labels} for number in range(60)]
    answer = client.post("/tag", json={"items": ["x"], "languages": ["en"], "tags": tags})
    assert (answer.status_code, "6,000 labels" in answer.text) == (422, True)


def test_pictures_that_wait_for_the_model_are_small(tmp_path):
    def size(width: int, height: int):
        upload = Upload("image", png("red", (width, height)), tmp_path / "a")
        return asyncio.run(upload.as_query())["image"].size

    assert size(3_000, 1_500) == (1_024, 512)
    assert size(300, 150) == (300, 150)


def test_no_address_is_fetched_and_no_path_opened(start, tmp_path):
    """A playlist, a picture of another kind and ids that name addresses."""
    with (
        socket.create_server(("127.0.0.1", 0)) as bait,
        TestClient(build_app(start(uploads=tmp_path / "kept")), base_url="http://127.0.0.1") as client,
    ):
        address = f"http://127.0.0.1:{bait.getsockname()[1]}/a"
        playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{address}.ts\n#EXT-X-ENDLIST\n".encode()
        drawing = f"<svg xmlns='http://www.w3.org/2000/svg'><image href='{address}'/></svg>".encode()
        for content, kind in (
            (playlist, "audio/mpegurl"),
            (f"ffconcat version 1.0\nfile {address}".encode(), "audio/x"),
            (drawing, "image/svg+xml"),
            (address.encode(), "image/png"),
        ):
            form = {"file": ("a.m3u8", content, kind), "options": (None, '{"doc_id": "x"}')}
            assert client.post("/documents", files=form).status_code == 422, kind
        assert client.post("/search", json={"query": address, "source": [address]}).status_code == 200
        assert client.get(f"/media/{address}").status_code == 404
        assert client.get("/media/file:///etc/passwd").status_code == 404
        bait.setblocking(False)
        with pytest.raises(BlockingIOError, match="unavailable"):
            bait.accept()
    assert not list((tmp_path / "kept").rglob("*")) if (tmp_path / "kept").exists() else True


def test_what_clients_say_begins_no_line_of_the_log(client, caplog, monkeypatch):
    store = client.app.state.service.engine("first").searcher.store
    said = SearchError("bad\nERROR forged\x1b[31m")
    monkeypatch.setattr(type(store), "get", lambda *given: (_ for _ in ()).throw(said))
    assert client.get("/media/a%C2%85%1b[2J").status_code == 503
    assert "forged" in caplog.text
    assert len(caplog.records) == 1
    assert not set("\n\x1b") & set(caplog.records[0].getMessage())


def test_what_clients_say_is_in_no_metric(client):
    assert client.get("/nowhere-at-all").status_code == 404
    assert client.get("/media/secret-name").status_code == 404
    assert client.request("BREW", "/index").status_code == 405
    assert client.get("/index", headers={"origin": "https://evil.example"}).status_code == 403
    said = client.get("/metrics").text
    assert [word for word in ("nowhere", "secret", "BREW", "evil") if word in said] == []
    assert 'isoglot_requests_total{method="GET",path="/media/{doc_id:path}",status="404"} 1.0' in said
    assert 'isoglot_requests_total{method="GET",path="other",status="404"} 1.0' in said
    assert "isoglot_requests_under_way 1.0" in said  # this one


def test_a_disk_that_fails_is_503(client, monkeypatch, caplog):
    def full(**how):
        raise OSError(28, "No space left on device", "/secret")

    monkeypatch.setattr(uploads, "TemporaryDirectory", full)
    answer = client.post("/search", files={"file": ("a.png", png("red"), "image/png")})
    assert (answer.status_code, "secret" in answer.text) == (503, False)
    assert "No space left" in caplog.text


def test_a_key_is_in_no_traceback_and_counts_in_no_address(start, tmp_path, monkeypatch, caplog):
    (tmp_path / "keys").write_text(f"{KEY}\nanother-key-that-is-long", "utf-8")
    compared = []

    def compare(*given: bytes) -> bool:
        compared.append(given)
        return given[0] == given[1]

    service = start(keys=read_keys(tmp_path / "keys"))
    monkeypatch.setattr("isoglot.serving.keys.hmac.compare_digest", compare)
    with TestClient(build_app(service), base_url="http://127.0.0.1") as client:
        assert client.get("/health").json() == {"status": "ok"}
        for address in (f"/index?key={KEY}", f"/index?api_key={KEY}", f"/media/{KEY}"):
            assert client.get(address).status_code == 401
        for key in (KEY, "another-key-that-is-long", "wrong", "wr\xf6ng"):
            compared.clear()
            client.get("/index", headers={"x-api-key": key.encode("latin-1")})
            assert len(compared) == 2  # whichever it is, it takes as long
            assert {len(part) for pair in compared for part in pair} == {32}
        known = {"x-api-key": KEY}
        assert client.get("/health", headers=known).json()["first"]["model"] == "store"

        def fail(*given, **named):
            raise RuntimeError("unheard of")

        monkeypatch.setattr(service.engine("first"), "search", fail)
        with pytest.raises(RuntimeError, match="unheard of") as caught:
            client.post("/search", json={"query": "dog"}, headers=known)
    assert KEY not in "".join(traceback.format_exception(caught.value)) + caplog.text


def test_browsers_send_no_secrets_to_other_origins_with_it(start):
    service = start(origins=("https://example.org",))
    with TestClient(build_app(service), base_url="http://127.0.0.1") as client:
        headers = {"origin": "https://example.org", "cookie": "a=b"}
        answer = client.post("/search", json={"query": "dog"}, headers=headers)
        assert answer.headers["access-control-allow-origin"] == "https://example.org"
        assert "access-control-allow-credentials" not in answer.headers
        assert "set-cookie" not in answer.headers


def test_endless_addresses_take_no_endless_memory():
    limiter = guard.RateLimiter(1.0, lambda: 0.0)
    for number in range(guard._CLIENTS + 500):
        limiter.wait(str(number))
    assert len(limiter._buckets) == guard._CLIENTS


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("x" * 10**5, "unknown"),
    ],
)
def test_clients_are_told_apart_by_what_they_cannot_choose(address, client):
    assert guard._network(address) == client


def test_bodies_together_take_no_more_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(guard, "_BODIES", 1)
    settings = ServingSettings(max_body_bytes=100)

    async def answered(standing: guard.Guard, wait: asyncio.Event) -> int:
        statuses = []
        body = iter([b"x" * 60])

        async def receive():
            return {"type": "http.request", "body": next(body), "more_body": False}

        async def send(message):
            statuses.append(message.get("status"))

        scope = {"type": "http", "path": "/", "method": "POST", "headers": [(b"host", b"localhost")]}
        await standing({**scope, "wait": wait}, receive, send)
        return statuses[0]

    async def app(scope, receive, send):
        await receive()
        await scope["wait"].wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def run():
        standing, gate, open_gate = guard.Guard(app, settings), asyncio.Event(), asyncio.Event()
        open_gate.set()
        first = asyncio.create_task(answered(standing, gate))
        await asyncio.sleep(0)
        found = [await answered(standing, open_gate)]
        gate.set()
        return [*found, await first, await answered(standing, open_gate), standing._held_bytes]

    assert asyncio.run(run()) == [503, 200, 200, 0]


def test_a_time_out_within_is_not_taken_for_the_limit(client, monkeypatch):
    def late(*given, **named):
        raise TimeoutError("the store's own")

    monkeypatch.setattr(client.app.state.service.engine("first"), "search", late)
    answer = client.post("/search", json={"query": "dog"})
    assert (answer.status_code, "seconds" in answer.text) == (503, False)


def test_a_model_that_is_gone_stops_no_server_that_has_it(start, tmp_path, monkeypatch):
    opened = []

    def gone(uri, name):
        raise SearchError(f"{uri}: its model {name} is gone")

    def opening(uri):
        opened.append(open_store(uri))
        return opened[-1]

    monkeypatch.setattr(engine_module, "load_store_model", gone)
    monkeypatch.setattr(engine_module, "open_store", opening)
    engine = start().engine("first")
    monkeypatch.setattr(engine, "_open", open_searcher)

    async def run():
        with pytest.raises(SearchError, match="its model /models/concepts is gone"):
            await engine.reload()
        answer = await engine.search("dog", SearchSettings(limit=1))
        await engine.close()
        return answer.results

    assert len(asyncio.run(run())) == 1
    with pytest.raises(SearchError, match="closed"):
        opened[0].count()


@pytest.fixture
def live(start, monkeypatch):
    """A server that waits for nobody's head of a request."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)
    with running(build_app(start())) as address:
        yield ("127.0.0.1", int(address.rpartition(":")[2]))


HEAD = b"GET /page/search.css HTTP/1.1\r\nHost: 127.0.0.1\r\n"


def ended(connection: socket.socket, seconds: float = 20.0) -> bool:
    """Whether the server ends a connection, letter by letter though the client goes on."""
    connection.settimeout(0.05)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            connection.send(b"X")
            if not connection.recv(1 << 16):
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


def test_who_sends_letter_by_letter_is_left(live):
    silent, slow, again = (socket.create_connection(live) for _ in range(3))
    again.sendall(HEAD + b"\r\n")
    assert again.recv(15) == b"HTTP/1.1 200 OK"
    slow.sendall(HEAD + b"X-")
    again.settimeout(5)
    assert [ended(each) for each in (slow, again)] == [True, True]
    silent.settimeout(20)
    assert silent.recv(1) == b""
    for each in (silent, slow, again):
        each.close()


def test_of_many_who_send_nothing_the_first_goes(live, monkeypatch):
    monkeypatch.setattr(connections, "HEAD_SECONDS", 60.0)
    monkeypatch.setattr(connections, "MAX_HEADS", 4)
    held = [socket.create_connection(live) for _ in range(6)]
    assert [ended(each) for each in held[:2]] == [True, True]
    held[5].sendall(HEAD + b"Connection: close\r\n\r\n")
    assert held[5].recv(15) == b"HTTP/1.1 200 OK"
    for each in held:
        each.close()
    monkeypatch.undo()


def test_who_leaves_in_the_middle_leaves_no_trace(live, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("uvicorn"), "propagate", True)
    for _ in range(3):
        connection = socket.create_connection(live)
        head = "POST /search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Content-Length: 100\r\n\r\n{json.dumps('x')}".encode())
        connection.close()
    connection = socket.create_connection(live)
    connection.sendall(HEAD + b"Connection: close\r\n\r\n")
    assert connection.recv(15) == b"HTTP/1.1 200 OK"
    connection.close()
    assert caplog.text == ""
