"""How a server is set up: what is open on this computer, and what must be said before others may reach it."""

from __future__ import annotations

import ipaddress
import math
import re
from dataclasses import dataclass
from pathlib import Path

from isoglot.errors import ConfigError
from isoglot.serving.keys import NO_KEYS, Keys

_LOCAL_BODY = 256 * 2**20
_OTHER_BODY = 16 * 2**20
_OTHER_RATE = 20.0
_OTHER_TIMEOUT = 30.0
_ORIGIN = re.compile(r"https?://[^\s/*?#@]+")


@dataclass(frozen=True)
class ServingSettings:
    """Who may ask a server for what, and how much of it.

    Limits that are None depend on the host. On this computer alone there is none but on the size of a body;
    elsewhere there are all.

    Attributes:
        host: Address to listen at.
        port: Port; 0 takes one that is free.
        keys: Who may ask; without a key, everybody.
        allow_anonymous: Whether another host than this computer may be served without keys. Documents cannot
            be added or deleted then, and thumbs are kept only where `feedback` names a folder.
        origins: Web pages of other origins that may ask, such as `https://example.org`.
        max_body_bytes: Size of a request; None is 256 MiB on this computer, 16 MiB elsewhere.
        rate: Requests a second of one client, with four seconds' worth in a burst; 0 is any number, None 20
            elsewhere.
        timeout_seconds: What a request may take, 0 any time; None is 30 elsewhere.
        max_batch: Queries that share a forward pass.
        max_wait_seconds: What a query waits for others while the model is idle.
        max_waiting: Queries that may wait for the model; the next is told to come again later.
        feedback: Folder for thumbs; None is `feedback` where documents may be changed, and nowhere elsewhere.
        uploads: Folder for pictures and sounds that are added as documents; None takes none.
        watch_seconds: Time between two looks at whether the store was replaced by another.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    keys: Keys = NO_KEYS
    allow_anonymous: bool = False
    origins: tuple[str, ...] = ()
    max_body_bytes: int | None = None
    rate: float | None = None
    timeout_seconds: float | None = None
    max_batch: int = 64
    max_wait_seconds: float = 0.002
    max_waiting: int = 1_024
    feedback: Path | None = None
    uploads: Path | None = None
    watch_seconds: float = 5.0

    @property
    def is_local(self) -> bool:
        """Whether only this computer can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def may_write(self) -> bool:
        """Whether documents may be added and deleted."""
        return self.is_local or bool(self.keys)

    @property
    def body_limit(self) -> int:
        """Bytes that a request may have."""
        return self.max_body_bytes or (_LOCAL_BODY if self.is_local else _OTHER_BODY)

    @property
    def rate_limit(self) -> float:
        """Requests a second of one client; 0 for any number."""
        return self.rate if self.rate is not None else 0.0 if self.is_local else _OTHER_RATE

    @property
    def time_limit(self) -> float:
        """Seconds that a request may take; 0 for any time."""
        if self.timeout_seconds is not None:
            return self.timeout_seconds
        return 0.0 if self.is_local else _OTHER_TIMEOUT

    @property
    def feedback_folder(self) -> Path | None:
        """Folder for thumbs, if they are taken."""
        return self.feedback or (Path("feedback") if self.may_write else None)

    def check(self) -> ServingSettings:
        """The same settings.

        Returns:
            The settings.

        Raises:
            ConfigError: If a value is out of its range, or other computers could ask without a key though
                nobody allowed it; all problems at once.
        """
        problems = []
        if not (self.is_local or self.keys or self.allow_anonymous):
            problems.append(
                f"host {self.host} can be reached by others, and there is no key; give --api-key-file, or "
                "--allow-anonymous if everybody may search"
            )
        if not 0 <= self.port <= 65_535:
            problems.append(f"port must be 0 to 65535, got {self.port}")
        positive = {"max-body": self.max_body_bytes, "max-batch": self.max_batch, "waiting": self.max_waiting}
        problems += [
            f"{name} must be > 0, got {value}"
            for name, value in positive.items()
            if value is not None and value < 1
        ]
        times = {
            "rate": self.rate,
            "timeout": self.timeout_seconds,
            "wait": self.max_wait_seconds,
            "watch": self.watch_seconds,
        }
        problems += [
            f"{name} must be >= 0 and finite, got {value}"
            for name, value in times.items()
            if value is not None and not (math.isfinite(value) and value >= 0)
        ]
        problems += [
            f"an origin must read http://HOST or https://HOST[:PORT], got {origin!r}"
            for origin in self.origins
            if not _ORIGIN.fullmatch(origin)
        ]
        if problems:
            raise ConfigError("\n".join(problems))
        return self
