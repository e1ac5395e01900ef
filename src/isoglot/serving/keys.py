"""API keys: kept as digests, compared in constant time, never written anywhere."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from pathlib import Path

from isoglot.errors import ConfigError

MIN_CHARS = 16
"""Shorter keys can be guessed."""


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()


@dataclass(frozen=True)
class Keys:
    """Keys that open a server; there may be none.

    Attributes:
        digests: SHA-256 of each.
    """

    digests: tuple[bytes, ...] = field(default=(), repr=False)

    def __bool__(self) -> bool:
        return bool(self.digests)

    def holder(self, key: str) -> str | None:
        """Who holds a key, in a form that can be counted by and tells nothing of it; None if it is wrong."""
        given = _digest(key)
        matches = [hmac.compare_digest(given, known) for known in self.digests]  # all, whichever it is
        return f"key {matches.index(True) + 1}" if any(matches) else None


NO_KEYS = Keys()


def read_keys(path: str | Path) -> Keys:
    """Keys of a file, one a line; empty lines, and those that begin with #, are passed over.

    Args:
        path: The file.

    Returns:
        The keys.

    Raises:
        ConfigError: If it cannot be read, holds no key, or a key is too short or has blanks; all problems at
            once, by line, without the key.
    """
    try:
        lines = Path(path).read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise ConfigError(f"{path}: keys cannot be read ({reason}); name a text file") from error
    keys, problems = [], []
    for number, line in enumerate(lines, start=1):
        key = line.strip()
        if not key or key.startswith("#"):
            continue
        if len(key) < MIN_CHARS or len(key.split()) > 1 or not key.isascii():
            problems.append(
                f"{path}:{number}: a key must have {MIN_CHARS} ASCII characters at least, and no blank"
            )
        keys.append(key)
    if not keys:
        problems.append(f"{path}: holds no key; write one a line")
    if problems:
        raise ConfigError("\n".join(problems))
    return Keys(tuple(_digest(key) for key in dict.fromkeys(keys)))
