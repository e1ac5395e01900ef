"""Errors as clients see them: one form for all, without anything of this computer in it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from isoglot.errors import IsoglotError
from isoglot.serving.asked import Refused
from isoglot.serving.batching import Overloaded

log = logging.getLogger("isoglot.serving")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MAX_SHOWN = 20


def refusal(error: Refused) -> Response:
    """The answer to a request that is refused: `{"error": {"status", "message", "problems"}}`."""
    return _answer(error.status, error.problems, error.headers)


def _answer(status: int, problems: tuple[str, ...], headers: dict[str, str] | None = None) -> Response:
    shown = problems[:_MAX_SHOWN]
    body = {"error": {"status": status, "message": "\n".join(shown), "problems": list(shown)}}
    # ASCII, so that whatever a client sent, half a surrogate pair too, can be said back to it.
    return Response(json.dumps(body), status, headers, "application/json")


@contextmanager
def blaming_client() -> Iterator[None]:
    """What goes wrong here is wrong with the request: 422.

    Yields:
        Nothing.

    Raises:
        Refused: In place of this package's errors.
    """
    try:
        yield
    except IsoglotError as error:
        raise Refused(422, *str(error).split("\n")) from None


def install(app: FastAPI) -> None:
    """Lets an app answer errors in one form.

    Args:
        app: The app.
    """

    async def refused(_request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return refusal(error)

    async def invalid(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        problems = (f"{'.'.join(map(str, each['loc']))[:100]}: {each['msg']}" for each in error.errors())
        return _answer(422, tuple(problems))

    async def http(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return _answer(error.status_code, (str(error.detail),), dict(error.headers or {}))

    async def overloaded(_request: Request, _error: Exception) -> Response:
        return _answer(503, ("too many queries wait; ask again in a moment",), {"Retry-After": "1"})

    async def failed(request: Request, error: Exception) -> Response:
        log.error("%s %s: %s", request.method, request.url.path, error)
        return _answer(503, ("the index or its model cannot be used now; see the server's log",))

    async def stuck(request: Request, error: Exception) -> Response:
        log.error("%s %s: %s", request.method, request.url.path, error)
        return _answer(503, ("a file cannot be read or written now; see the server's log",))

    async def gone(_request: Request, _error: Exception) -> Response:
        return _answer(400, ("the request broke off",))

    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Overloaded, overloaded)
    app.add_exception_handler(IsoglotError, failed)
    app.add_exception_handler(OSError, stuck)
    app.add_exception_handler(ClientDisconnect, gone)
    log.addFilter(one_line)


def one_line(record: logging.LogRecord) -> bool:
    """Keeps what clients said from beginning a line of the log, or reaching a terminal.

    Args:
        record: What is logged; its message is changed.

    Returns:
        True: all is logged.
    """
    said = _CONTROL.sub(lambda sign: f"\\x{ord(sign[0]):02x}", record.getMessage())
    record.msg, record.args = said, ()
    return True
