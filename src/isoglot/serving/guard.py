"""What a request passes before it is answered: keys, origins, and limits on size, rate and time."""

from __future__ import annotations

import asyncio
import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from isoglot.serving.asked import Refused
from isoglot.serving.outcomes import refusal
from isoglot.serving.settings import ServingSettings

_PAGE = ("/", "/page/search.css", "/page/search.js", "/page/icon.svg")
_OPEN = frozenset({*_PAGE, "/health", "/openapi.json"})
"""What anybody may have: it tells nothing of the documents."""
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_BURST_SECONDS = 4
_CLIENTS = 10_000
_BODIES = 8
"""Bodies of the greatest size that may be in memory at once, or many more smaller ones."""
_NETWORK_BITS = 64
"""Of an IPv6 address, what tells clients apart: the rest is theirs to choose."""
_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


class RateLimiter:
    """A bucket of tokens for each client: so many a second, and a few seconds' worth in a burst."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Makes the buckets.

        Args:
            rate: Requests a second; 0 for any number.
            clock: Gives the time in seconds.
        """
        self._rate = rate
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str) -> float:
        """Takes one request of a client.

        Args:
            client: Who asks.

        Returns:
            0 if it may go on, else the seconds until it may ask again.
        """
        if not self._rate:
            return 0.0
        now, size = self._clock(), max(1.0, self._rate * _BURST_SECONDS)
        tokens, last = self._buckets.pop(client, (size, now))
        tokens = min(size, tokens + (now - last) * self._rate)
        allowed = tokens >= 1
        self._buckets[client] = (tokens - 1 if allowed else tokens, now)
        if len(self._buckets) > _CLIENTS:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - tokens) / self._rate


class Guard:
    """Middleware that refuses what should not be answered, and puts headers on what is."""

    def __init__(self, app: ASGIApp, settings: ServingSettings, limiter: RateLimiter | None = None) -> None:
        """Stands before an app.

        Args:
            app: What answers.
            settings: Whom, and how much.
            limiter: Counts requests; None makes one by the settings.
        """
        self._app = app
        self._settings = settings
        self._limiter = limiter or RateLimiter(settings.rate_limit)
        self._held_bytes = 0
        self._hosts = _LOCAL_NAMES | {urlsplit(origin).hostname for origin in settings.origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through, or answers why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def sent(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        try:
            self._admit(scope)
            await self._answer(scope, receive, sent)
        except Refused as error:
            if not started:
                await refusal(error)(scope, receive, sent)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets the app answer in the time and with the bytes that a request may have."""
        seconds, body = self._settings.time_limit, _Body()
        try:
            async with asyncio.timeout(seconds or None):
                await self._app(scope, self._counted(scope, receive, body), send)
        except TimeoutError:
            raise Refused(503, f"this took more than {seconds:g} seconds; ask for less") from None
        finally:
            self._held_bytes -= body.num_bytes

    def _admit(self, scope: Scope) -> None:
        """Raises `Refused` unless the request may be answered."""
        headers = Headers(scope=scope)
        self._check_origin(headers)
        client, keys = _network((scope.get("client") or ("unknown",))[0]), self._settings.keys
        holder = keys.holder(_key(headers)) if keys else client
        scope.setdefault("state", {})["is_known"] = holder is not None
        if holder is None and scope["path"] not in _OPEN:
            self._limit(f"without key {client}")
            raise Refused(401, "this needs a key: Authorization: Bearer KEY", headers=_ASK)
        self._limit(holder or client)

    def _limit(self, client: str) -> None:
        seconds = self._limiter.wait(client)
        if seconds:
            after = str(math.ceil(seconds))
            raise Refused(429, f"too many requests; wait {after} s", headers={"Retry-After": after})

    def _check_origin(self, headers: Headers) -> None:
        """Pages of other sites must not ask through a reader's browser what they could not ask themselves."""
        host = headers.get("host", "")
        if self._settings.is_local and _hostname(f"//{host}") not in self._hosts:
            raise Refused(403, "this server answers on this computer only, under its own name")
        origin = headers.get("origin")
        if origin is None or origin in self._settings.origins:
            return
        if origin.partition("://")[2] != host:
            raise Refused(403, "pages of this origin may not ask; start the server with --cors ORIGIN")

    def _counted(self, scope: Scope, receive: Receive, body: _Body) -> Receive:
        limit = self._settings.body_limit
        too_large = Refused(413, f"a request may have {limit:,} bytes; send less")
        stated = Headers(scope=scope).get("content-length", "0")
        if not (stated.isascii() and stated.isdigit()) or int(stated[:20]) > limit:
            raise too_large

        async def counted() -> Message:
            message = await receive()
            more = len(message.get("body", b""))
            body.num_bytes += more
            self._held_bytes += more
            if body.num_bytes > limit:
                raise too_large
            if self._held_bytes > _BODIES * limit:
                raise Refused(503, "too much is being sent; send it again in a moment", headers=_AGAIN)
            return message

        return counted


_ASK = {"WWW-Authenticate": "Bearer"}
_AGAIN = {"Retry-After": "1"}


@dataclass
class _Body:
    """How much of a body has come."""

    num_bytes: int = 0


def _network(address: str) -> str:
    """Who asks, in few letters, whatever a proxy passes on."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    mapped = parsed.ipv4_mapped
    return str(mapped or ipaddress.ip_network((int(parsed), _NETWORK_BITS), strict=False))


def _key(headers: Headers) -> str:
    kind, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if kind.lower() == "bearer" else headers.get("x-api-key", "")


def _hostname(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
