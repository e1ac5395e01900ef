"""Numbers of a server for Prometheus, without anything that clients said in them."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """What is counted, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "isoglot_requests_total",
            "Requests answered.",
            ["method", "path", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "isoglot_request_seconds",
            "Time to answer a request.",
            ["path"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.under_way = Gauge(
            "isoglot_requests_under_way", "Requests being answered now.", registry=self.registry
        )
        self.batch = Histogram(
            "isoglot_batch_queries",
            "Queries that went through the model together.",
            buckets=_SIZES,
            registry=self.registry,
        )
        self.reloads = Counter(
            "isoglot_reloads_total", "Stores opened anew.", ["outcome"], registry=self.registry
        )
        self.documents = Gauge(
            "isoglot_documents", "Documents in the store.", ["engine"], registry=self.registry
        )
        self.version = Gauge(
            "isoglot_index_version", "Version of the store.", ["engine"], registry=self.registry
        )

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)


class Measured:
    """Middleware that counts and times requests by the pattern of their path."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        """Stands around an app.

        Args:
            app: What answers.
            metrics: Takes the numbers.
        """
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through, and counts it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        begin = time.perf_counter()
        self._metrics.under_way.inc()
        try:
            await self._app(scope, receive, sent)
        finally:
            self._metrics.under_way.dec()
            route = scope.get("route")
            path = route.path if isinstance(route, Route) else "other"
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.requests.labels(method, path, status).inc()
            self._metrics.seconds.labels(path).observe(time.perf_counter() - begin)


_METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS"})
