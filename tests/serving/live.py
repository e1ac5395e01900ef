"""A server in a thread, for what needs a real one."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from isoglot.serving.server import process_config


@contextmanager
def running(app) -> Iterator[str]:
    """Serves an app at an address of this computer; yields the address, without a slash."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(process_config(app))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()
