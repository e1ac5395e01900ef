"""Starting several processes that train together, over gloo on this computer."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

Launch = Callable[..., None]


@pytest.fixture
def launch(free_port: int) -> Launch:
    """Runs a program in processes, as torchrun does; fails with what they said if one of them fails."""

    def run(*command: str | Path, num_processes: int = 2, timeout_seconds: float = 120) -> None:
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(free_port),
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
            try:
                codes = [process.wait(timeout_seconds) for process in processes]
            finally:
                for process in processes:
                    process.kill()
            said.seek(0)
            assert not any(codes), said.read()

    return run


@pytest.fixture
def free_port() -> int:
    """A port of this computer that nobody listens on."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
