from __future__ import annotations

import asyncio
import logging

import pytest
from starlette.testclient import TestClient

from isoglot.errors import ConfigError
from isoglot.serving.app import build_app
from isoglot.serving.guard import RateLimiter
from isoglot.serving.keys import Keys, read_keys
from isoglot.serving.settings import ServingSettings

KEY = "a-key-that-nobody-guesses"


def keys(tmp_path, text: str = f"# keys\n\n{KEY}\nanother-key-that-is-long\n") -> Keys:
    (tmp_path / "keys").write_text(text, "utf-8")
    return read_keys(tmp_path / "keys")


def test_a_key_opens_and_is_never_said(start, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    service = start(host="0.0.0.0", keys=keys(tmp_path))
    with TestClient(build_app(service), base_url="http://example.org") as client:
        for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": f"Basic {KEY}"}):
            answer = client.post("/search", json={"query": "dog"}, headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        for headers in ({"authorization": f"Bearer {KEY}"}, {"x-api-key": "another-key-that-is-long"}):
            assert client.post("/search", json={"query": "dog"}, headers=headers).status_code == 200
        for path in ("/", "/page/search.js", "/page/search.css", "/page/icon.svg", "/health"):
            assert client.get(path).status_code == 200
        for path in ("/metrics", "/index", "/documents?id=en-dog", "/media/blue"):
            assert client.get(path).status_code == 401
        metrics = client.get("/metrics", headers={"x-api-key": KEY}).text
    for said in (caplog.text, metrics, repr(service.settings)):
        assert KEY not in said


@pytest.mark.parametrize(
    ("text", "rule"),
    [("", "holds no key"), ("short", "keys:1: a key must have 16"), ("a key with blanks in it", "no blank")],
)
def test_files_of_keys_that_are_none(tmp_path, text, rule):
    with pytest.raises(ConfigError, match=rule) as caught:
        keys(tmp_path, text)
    assert not text or text not in str(caught.value)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_keys(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("how", "rule"),
    [
        ({"host": "0.0.0.0"}, "--api-key-file"),
        ({"host": "example.org"}, "--allow-anonymous"),
        ({"port": 70_000}, "port must be"),
        ({"max_body_bytes": 0}, "max-body must be > 0"),
        ({"rate": float("nan")}, "rate must be >= 0"),
        ({"timeout_seconds": -1.0}, "timeout must be"),
        ({"origins": ("*",)}, "an origin must read"),
    ],
)
def test_settings_that_cannot_be(how, rule):
    with pytest.raises(ConfigError, match=rule):
        ServingSettings(**how).check()


def test_limits_are_off_on_this_computer_alone():
    local, other = ServingSettings(), ServingSettings(host="0.0.0.0", allow_anonymous=True)
    assert (local.rate_limit, local.time_limit, local.may_write) == (0, 0, True)
    assert other.rate_limit > 0
    assert other.time_limit > 0
    assert other.body_limit < local.body_limit
    assert not other.may_write
    assert other.feedback_folder is None
    assert ServingSettings(host="::1").is_local


def test_a_body_that_is_too_large_is_refused_stated_or_not(start):
    with TestClient(build_app(start(max_body_bytes=1_000)), base_url="http://127.0.0.1") as client:
        kind = {"content-type": "application/json"}
        assert client.post("/search", content=b"x" * 1_001, headers=kind).status_code == 413
        pieces = (b"x" * 100 for _ in range(11))
        assert client.post("/search", content=pieces, headers=kind).status_code == 413
        odd = {**kind, "content-length": "-5"}
        assert client.post("/search", content=b"{}", headers=odd).status_code == 413


def test_pages_of_other_sites_cannot_ask_through_a_reader(client):
    body = {"query": "dog"}
    own = {"origin": "http://127.0.0.1:8000"}
    assert client.post("/search", json=body, headers=own).status_code == 200
    for headers in ({"origin": "https://evil.example"}, {"origin": "null"}, {"host": "evil.example"}):
        assert client.post("/search", json=body, headers=headers).status_code == 403


def test_origins_that_are_allowed_get_their_headers(start):
    service = start(origins=("https://example.org",))
    with TestClient(build_app(service), base_url="http://127.0.0.1") as client:
        headers = {"origin": "https://example.org"}
        answer = client.post("/search", json={"query": "dog"}, headers=headers)
        assert answer.headers["access-control-allow-origin"] == "https://example.org"
        asked = {**headers, "access-control-request-method": "DELETE"}
        assert client.options("/documents", headers=asked).status_code == 200
        asked["origin"] = "https://evil.example"
        assert client.options("/documents", headers=asked).status_code == 400


def test_rates_are_of_each_client():
    now = [0.0]
    limiter = RateLimiter(2.0, lambda: now[0])
    assert [limiter.wait("a") for _ in range(8)] == [0] * 8
    assert limiter.wait("a") == pytest.approx(0.5)
    assert limiter.wait("b") == 0
    now[0] = 0.5
    assert limiter.wait("a") == 0
    assert limiter.wait("a") > 0


def test_too_many_requests_are_told_when_to_come_again(start):
    with TestClient(build_app(start(rate=0.01)), base_url="http://127.0.0.1") as client:
        assert client.get("/index").status_code == 200
        answer = client.get("/index")
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1


def test_keys_and_addresses_have_rates_of_their_own(start, tmp_path):
    app = build_app(start(rate=0.01, keys=keys(tmp_path)))

    def statuses(address: str, key: str) -> list[int]:
        client = TestClient(app, base_url="http://127.0.0.1", client=(address, 1))
        return [client.get("/index", headers={"x-api-key": key}).status_code for _ in range(2)]

    with TestClient(app):
        assert statuses("192.0.2.1", "wrong") == [401, 429]
        assert statuses("192.0.2.2", "wrong") == [401, 429]
        assert statuses("192.0.2.1", KEY) == [200, 429]
        assert statuses("192.0.2.2", KEY) == [429, 429]
        assert statuses("192.0.2.1", "another-key-that-is-long") == [200, 429]


def test_what_takes_too_long_ends(start, monkeypatch):
    service = start(timeout_seconds=0.05)
    engine = service.engine("first")

    async def slow(*given):
        await asyncio.sleep(5)

    monkeypatch.setattr(engine, "search", slow)
    with TestClient(build_app(service), base_url="http://127.0.0.1") as client:
        answer = client.post("/search", json={"query": "dog"})
    assert answer.status_code == 503
    assert "0.05 seconds" in answer.json()["error"]["message"]


def test_the_page_loads_nothing_from_elsewhere(client):
    answer = client.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["cache-control"] == "no-cache"
    assert client.get("/index").headers["cache-control"] == "no-store"
    for path in ("/", "/page/search.css", "/page/search.js", "/page/icon.svg"):
        text = client.get(path).text
        assert "//" not in text.replace("// ", "").replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert "innerHTML" not in text
    for path in ("/page/../settings.py", "/page/..%2fsettings.py", "/docs", "/redoc"):
        assert client.get(path).status_code == 404
