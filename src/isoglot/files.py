"""Writing files whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO


@contextmanager
def whole_file(path: str | Path) -> Iterator[BinaryIO]:
    """A file that takes its name only when it is complete; makes the folders it lies in.

    Args:
        path: Where the file is to be.

    Yields:
        The file under a temporary name beside it, open for writing bytes.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            yield file
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: str | Path, content: Any) -> None:
    """Writes JSON with sorted keys, the same bytes for the same content."""
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
    with whole_file(path) as file:
        file.write(f"{text}\n".encode())


def write_records(path: str | Path, records: list[dict[str, Any]]) -> None:
    """Writes a JSON list with one record a line, so that two files compare line by line."""
    lines = [json.dumps(record, ensure_ascii=False, allow_nan=False) for record in records]
    with whole_file(path) as file:
        file.write(("[\n" + ",\n".join(lines) + "\n]\n").encode())
