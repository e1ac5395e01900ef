"""Seeded damage to files: bytes, lines, cells, JSON values, whole files."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

QUICK = 100
THOROUGH = int(os.environ.get("ISOGLOT_FUZZ", "1000"))
"""Mutations of each reader in the slow tests; `ISOGLOT_FUZZ=10000` is the full run."""

SNIPPETS = [
    b"", b"\x00", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\n", b"\r\n", b"\r", b"\n\n", b"\t",
    b'"', b"'", b",", b"{", b"]", b"\\", b"\\ud800", b" ", b"-", b"0", b"NaN", b"\xe2\x80\xa8",
    b"\xc2\x85", b"\x0c", b"\xe2\x80\x8b", b"<", b"&", b"#", b"1e999", b"9" * 5000, b"[" * 20_000,
]  # fmt: skip
CELLS = [
    "", " ", "NaN", "inf", "-1", "1e400", "9" * 400, "0", "true", "null", "\u2028", "\ufeff", "\x00", "../x",
    "x y", "é", "[]", "xx", "zh_Hans", '"',
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, -1, 1.5, float("nan"), float("inf"), 2**70, 10**400, "", " ", "x", "\ud800", "\x00",
    "\u2028", "a\tb\nc", [], {}, [[]], [None], {"": {}}, ["x", 3], "../../x", "x" * 3000,
]  # fmt: skip


def mutate_bytes(data: bytes, rng: random.Random) -> bytes:
    """Flips, cuts, doubles or inserts some bytes."""
    at = rng.randrange(len(data) + 1)
    length = rng.choice((1, 1, 2, 5, 30))
    kind = rng.randrange(6)
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data[:at] + data[at + length :]
    if kind == 2:
        return data[:at] + data[at : at + length] + data[at:]
    if kind == 3 and at < len(data):
        return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]
    if kind == 4:
        return data[:at] + rng.randbytes(length) + data[at + length :]
    return data[:at] + rng.choice(SNIPPETS) + data[at + rng.randrange(3) :]


def mutate_lines(data: bytes, rng: random.Random) -> bytes:
    """Removes, doubles, swaps, empties or ends lines in another way."""
    lines = data.split(b"\n")
    at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    kind = rng.randrange(6)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(other, lines[at])
    elif kind == 2:
        lines[at], lines[other] = lines[other], lines[at]
    elif kind == 3:
        lines[at] = rng.choice((b"", b" ", b"\xef\xbb\xbf" + lines[at], lines[at] + b"\x00"))
    elif kind == 4:
        return data.replace(b"\n", b"\r\n")
    else:
        return data.rstrip(b"\n") if rng.random() < 0.5 else data + b"\n"
    return b"\n".join(lines)


def mutate_cells(data: bytes, rng: random.Random) -> bytes:
    """Removes, doubles, swaps or replaces a cell of a line."""
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    at = rng.randrange(len(lines))
    delimiter = rng.choice(("\t", ",", " ", "\t"))
    cells = lines[at].split(delimiter)
    cell, other = rng.randrange(len(cells)), rng.randrange(len(cells))
    kind = rng.randrange(4)
    if kind == 0:
        del cells[cell]
    elif kind == 1:
        cells.insert(other, cells[cell])
    elif kind == 2:
        cells[cell], cells[other] = cells[other], cells[cell]
    else:
        cells[cell] = rng.choice(CELLS)
    lines[at] = delimiter.join(cells)
    return "\n".join(lines).encode("utf-8", "surrogateescape")


def mutate_json(data: bytes, rng: random.Random) -> bytes:
    """Replaces, removes, doubles or renames a value of a JSON document, or of one line of JSON."""
    lines = data.split(b"\n")
    at = rng.randrange(len(lines))
    for part in (data, lines[at]):
        try:
            content = json.loads(part)
        except (ValueError, RecursionError):
            continue
        changed = json.dumps(_changed(content, rng), ensure_ascii=rng.random() < 0.5).encode(
            "utf-8", "replace"
        )
        if part is data:
            return changed
        lines[at] = changed
        return b"\n".join(lines)
    return mutate_cells(data, rng)


def _changed(content: Any, rng: random.Random) -> Any:
    places: list[tuple[Any, Any]] = []
    _collect(content, places)
    if not places or rng.random() < 0.03:
        return rng.choice([*VALUES, [content], {"data": content}])
    holder, key = rng.choice(places)
    kind = rng.randrange(6)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, list):
        holder.insert(rng.randrange(len(holder) + 1), holder[key])
    elif kind == 2 and isinstance(holder, dict):
        holder[f"{key}x"] = holder.pop(key)
    elif kind == 3:
        nested: Any = "x"
        for _ in range(rng.choice((1, 5, 200))):
            nested = [nested]
        holder[key] = nested if rng.random() < 0.2 else [holder[key]]
    else:
        holder[key] = rng.choice(VALUES)
    return content


def _collect(content: Any, places: list[tuple[Any, Any]]) -> None:
    if isinstance(content, dict):
        pairs = list(content.items())
    elif isinstance(content, list):
        pairs = list(enumerate(content))
    else:
        return
    for key, value in pairs:
        places.append((content, key))
        _collect(value, places)


MUTATORS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    mutate_bytes, mutate_lines, mutate_cells, mutate_json, mutate_json,
)  # fmt: skip


def mutate(data: bytes, rng: random.Random) -> bytes:
    """One to three mutations, mostly one."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        data = rng.choice(MUTATORS)(data, rng)
    return data


class Mutated:
    """A folder of files, one of which is damaged at a time.

    Attributes:
        folder: The folder.
        files: What its files hold at the moment, by name.
    """

    def __init__(self, folder: Path, seed: str) -> None:
        self.folder = folder
        self.rng = random.Random(seed)
        self.original = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        self.files = dict(self.original)

    def damage(self) -> str:
        """Restores what was damaged before and damages something else; says what, for a failing test."""
        for name, data in self.original.items():
            if self.files.get(name) != data:
                (self.folder / name).write_bytes(data)
        self.files = dict(self.original)
        name = self.rng.choice(list(self.original))
        kind = self.rng.random()
        if kind < 0.01:
            (self.folder / name).unlink()
            del self.files[name]
            return f"{name} is missing"
        if kind < 0.02:
            self.files[name] = b""
        elif kind < 0.04:
            self.files[name] = self.original[self.rng.choice(list(self.original))]
        else:
            self.files[name] = mutate(self.original[name], self.rng)
        (self.folder / name).write_bytes(self.files[name])
        return f"{name} is {self.files[name][:3000]!r}"
