"""The process that serves: a socket, signals, and an end in which nothing is lost."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp

from isoglot.errors import ConfigError
from isoglot.serving.app import build_app
from isoglot.serving.asked import Which
from isoglot.serving.connections import Hurried
from isoglot.serving.engine import Place, open_engine
from isoglot.serving.feedback import Feedback
from isoglot.serving.service import Service
from isoglot.serving.settings import ServingSettings
from isoglot.tagging import Vocabulary

_END_SECONDS = 30
"""What requests under way have to end in, when the server is told to."""


def serve(
    places: Mapping[Which, Place],
    settings: ServingSettings,
    *,
    vocabulary: Vocabulary | None = None,
    announce: Callable[[str, Service], None] = lambda _address, _service: None,
) -> None:
    """Serves until the process is told to end (SIGTERM, SIGINT); SIGHUP opens stores and models anew.

    Args:
        places: The store to serve, as `first`; as `second`, one to compare with.
        settings: How.
        vocabulary: Tags for requests that bring none.
        announce: Told the page's address when the server listens.

    Raises:
        ConfigError: If a setting cannot be, or the port is taken.
        SearchError: If a store or its model cannot be opened.
        CheckpointError: If a model that was named cannot be loaded.
        CorpusError: If files of earlier thumbs are damaged.
    """
    settings.check()
    listening = _listen(settings)
    try:
        folder = settings.feedback_folder
        service = Service(
            settings,
            {name: open_engine(place, settings) for name, place in places.items()},
            vocabulary,
            feedback=None if folder is None else Feedback(folder),
        )
        with _signals(service), suppress(KeyboardInterrupt):
            announce(_address(listening), service)
            uvicorn.Server(process_config(build_app(service))).run(sockets=[listening])
    finally:
        listening.close()


def process_config(app: ASGIApp) -> uvicorn.Config:
    """How uvicorn runs an app of this package.

    Args:
        app: The app.

    Returns:
        What a `uvicorn.Server` takes.
    """
    return uvicorn.Config(
        app,
        http=Hurried,
        ws="none",
        log_level="warning",
        access_log=False,  # addresses may hold the ids of documents
        server_header=False,
        timeout_graceful_shutdown=_END_SECONDS,
    )


@contextmanager
def _signals(service: Service) -> Iterator[None]:
    """SIGHUP reloads; SIGTERM, which the server raises again when it has ended, is no failure."""

    def end(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    handlers = {"SIGHUP": lambda _number, _frame: service.reload_wanted.set(), "SIGTERM": end}
    known = {getattr(signal, name): act for name, act in handlers.items() if hasattr(signal, name)}
    before = {number: signal.signal(number, act) for number, act in known.items()}
    try:
        yield
    finally:
        for number, act in before.items():
            signal.signal(number, act)


def _listen(settings: ServingSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=2_048)
    except OSError as error:
        raise ConfigError(
            f"cannot listen at {settings.host}, port {settings.port} ({error.strerror or error}); choose "
            "another with --port or --host"
        ) from error


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
