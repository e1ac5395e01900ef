"""Starting several processes that train together, over gloo on this computer."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

Launch = Callable[..., None]


@pytest.fixture
def launch() -> Launch:
    """Runs a program in processes, as torchrun does; fails with what they said if one of them fails."""

    def run(*command: str | Path, num_processes: int = 2, timeout_seconds: float = 240) -> None:
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "PYTHONFAULTHANDLER": "1",  # a process that hangs says where
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(find_free_port()),
            "WORLD_SIZE": str(num_processes),
            "LOCAL_WORLD_SIZE": str(num_processes),
        }
        with tempfile.TemporaryFile("w+") as said:
            processes = [
                subprocess.Popen(
                    [sys.executable, *map(str, command)],
                    env={**environment, "RANK": str(number), "LOCAL_RANK": str(number)},
                    stdout=said,
                    stderr=said,
                )
                for number in range(num_processes)
            ]
            codes = wait_for_all(processes, timeout_seconds)
            said.seek(0)
            assert not any(codes), f"exit codes {codes}\n{said.read()}"

    return run


def wait_for_all(processes: list[subprocess.Popen[bytes]], timeout_seconds: float) -> list[int]:
    """The exit codes; after the time, or 20 seconds after one has failed, the others are ended."""
    deadline = time.monotonic() + timeout_seconds
    codes: list[int | None] = [None]
    while None in codes and time.monotonic() < deadline:
        time.sleep(0.05)
        codes = [process.poll() for process in processes]
        if any(codes):
            deadline = min(deadline, time.monotonic() + 20)
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGABRT)
    return [process.wait() for process in processes]


@pytest.fixture
def free_port() -> int:
    """A port of this computer that nobody listens on."""
    return find_free_port()


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
