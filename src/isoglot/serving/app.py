"""The app: routes, middleware and life span, over engines that are open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from isoglot.errors import IsoglotError
from isoglot.search.searcher import Searcher
from isoglot.serving.guard import Guard
from isoglot.serving.keeping import keeping
from isoglot.serving.metrics import Measured
from isoglot.serving.outcomes import install, log
from isoglot.serving.searching import searching
from isoglot.serving.service import Service, about

_PAGE = {
    "/": ("search.html", "text/html; charset=utf-8"),
    "/page/search.css": ("search.css", "text/css; charset=utf-8"),
    "/page/search.js": ("search.js", "text/javascript; charset=utf-8"),
    "/page/icon.svg": ("icon.svg", "image/svg+xml"),
}


def build_app(service: Service) -> FastAPI:
    """An app that answers with a service, and closes it in the end.

    Args:
        service: Engines and settings.

    Returns:
        The ASGI app. What it takes is at `/openapi.json`; no page of it loads anything from elsewhere.
    """
    from isoglot import __version__

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        watching = asyncio.create_task(service.watch())
        yield
        await service.close(watching)

    app = FastAPI(title="Isoglot", version=__version__, lifespan=life, docs_url=None, redoc_url=None)
    app.state.service = service
    install(app)
    app.include_router(searching(service))
    app.include_router(keeping(service))
    app.include_router(_watching(service))
    app.include_router(_page())
    app.add_middleware(Guard, settings=service.settings)
    if service.settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=service.settings.origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["authorization", "content-type", "x-api-key"],
            max_age=600,
        )
    app.add_middleware(Measured, metrics=service.metrics)
    return app


def _watching(service: Service) -> APIRouter:
    router = APIRouter()

    @router.get("/health", summary="Health", responses={503: {"description": "The store cannot be read."}})
    async def health(request: Request) -> Response:
        """Whether questions can be answered; who may ask them also learns by which model and version."""
        said: dict[str, Any] = {"status": "ok"}
        for name, engine in service.engines.items():
            try:
                async with engine.lease() as searcher:
                    said[name] = await engine.in_store_thread(_state, searcher)
            except IsoglotError as error:
                log.error("%s", error)
                said |= {"status": "failing", name: None}
        shown = said if request.state.is_known else {"status": said["status"]}
        return JSONResponse(shown, 200 if said["status"] == "ok" else 503)

    @router.get("/metrics", summary="Metrics", response_class=Response)
    async def metrics() -> Response:
        """Counters and times in Prometheus' text format."""
        for name, engine in service.engines.items():
            try:
                async with engine.lease() as searcher:
                    state = await engine.in_store_thread(_state, searcher)
            except IsoglotError as error:
                log.error("%s", error)
                continue
            service.metrics.documents.labels(name).set(state["num_documents"])
            service.metrics.version.labels(name).set(state["index_version"])
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router


def _state(searcher: Searcher) -> dict[str, Any]:
    return {**about(searcher), "num_documents": searcher.store.count()}


def _page() -> APIRouter:
    """The search page: files of this package."""
    router = APIRouter(include_in_schema=False)
    for path, (name, kind) in _PAGE.items():
        router.add_api_route(path, _file(name, kind), methods=["GET"], response_class=Response)
    return router


def _file(name: str, kind: str) -> Callable[[], Awaitable[Response]]:
    content = (files("isoglot.serving") / "page" / name).read_bytes()

    async def page() -> Response:
        return Response(content, media_type=kind, headers={"cache-control": "no-cache"})

    return page
