"""Connections that must come to the point: who sends a request letter by letter holds none for long."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.auto import AutoHTTPProtocol

HEAD_SECONDS = 10.0
"""What the head of a request may take from its first byte, or from the opening of the connection."""
MAX_HEADS = 512
"""Connections that may be waited for at once; of more, the one that has taken longest is ended."""


class Hurried(asyncio.Protocol):
    """uvicorn's own protocol, given up on where the head of a request does not come.

    uvicorn waits for it for ever. A body is timed by the guard as part of its request, and the time between
    two requests by uvicorn.
    """

    _slow: ClassVar[dict[Hurried, asyncio.TimerHandle]] = {}
    """Those that are waited for, the one that has taken longest first."""

    def __init__(self, **given: Any) -> None:
        """Stands before a protocol.

        Args:
            **given: What uvicorn makes a protocol of.
        """
        self._inner: Any = AutoHTTPProtocol(**given)
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins to wait."""
        self._transport = transport
        self._inner.connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Waits on, unless a request has come with this."""
        self._inner.data_received(data)
        if self._is_answering():
            self._stop()
        else:
            self._wait()

    def eof_received(self) -> bool | None:
        """Passes it on."""
        ends: bool | None = self._inner.eof_received()
        return ends

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits no longer."""
        self._stop()
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        """Passes it on."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Passes it on."""
        self._inner.resume_writing()

    def _is_answering(self) -> bool:
        cycle = self._inner.cycle
        return cycle is not None and not cycle.response_complete

    def _wait(self) -> None:
        if self not in self._slow:
            self._slow[self] = asyncio.get_running_loop().call_later(HEAD_SECONDS, self._end)
        if len(self._slow) > MAX_HEADS:
            next(iter(self._slow))._end()

    def _stop(self) -> None:
        if timer := self._slow.pop(self, None):
            timer.cancel()

    def _end(self) -> None:
        self._stop()
        if isinstance(self._transport, asyncio.Transport) and not self._is_answering():
            self._transport.abort()
