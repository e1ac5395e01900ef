"""Choices that depend on a key alone: the same on every machine, in every process and in every order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import TypeVar

ChosenT = TypeVar("ChosenT")


def number_of(key: str) -> int:
    """A number from a text; Python's own `hash` differs from process to process.

    Args:
        key: Any text.

    Returns:
        From 0 to 2 ** 64 - 1, spread evenly.
    """
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest())


def choose(values: Sequence[ChosenT], key: str) -> ChosenT:
    """One of some values.

    Args:
        values: At least one.
        key: Decides.

    Returns:
        The value.
    """
    return values[number_of(key) % len(values)]


def shuffled(names: Iterable[str], key: str) -> list[str]:
    """Names in an order that depends on the key and each name alone.

    Args:
        names: Any, each once.
        key: Decides.

    Returns:
        The same names; leaving some out leaves the order of the others as it is.
    """
    return sorted(names, key=lambda name: (number_of(f"{key}/{name}"), name))
