"""Tables of model input that several trainings have in common: made by the first, mapped by the others.

To cut texts into subwords, or to run frozen modules over pictures, takes the same time in every training of a
study and gives the same arrays. Within `keeping_tables`, they are kept in a folder and found there again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from isoglot.files import locked

Table = TypeVar("Table")

_ABOUT = "about.json"


@dataclass(frozen=True)
class _Store:
    """Where tables are kept.

    Attributes:
        folder: The folder.
        context: What the tables depend on beside contents: tokenizers, prompts, processors.
    """

    folder: Path
    context: str


_STORE: ContextVar[_Store | None] = ContextVar("store of tables", default=None)


@contextmanager
def keeping_tables(folder: Path, context: str) -> Iterator[None]:
    """Within the context, tables are kept in a folder, and taken from there.

    Args:
        folder: The folder; made if need be. Several processes may use it at the same time.
        context: Names all that a model's preprocessing depends on; of one context, equal contents have equal
            tables.

    Yields:
        Nothing.
    """
    token = _STORE.set(_Store(folder, context))
    try:
        yield
    finally:
        _STORE.reset(token)


def kept_table(
    cls: type[Table], parts: Callable[[], Iterable[bytes]], make: Callable[[], Table | None]
) -> Table | None:
    """A table from the folder of `keeping_tables`, or made, and then kept there.

    Args:
        cls: Dataclass of the table: arrays, and what JSON can hold.
        parts: Gives what the table depends on beside the context; not asked for outside of it.
        make: Makes the table; None if there cannot be one, which is not kept.

    Returns:
        The table; its arrays are mapped and read-only if it was kept.
    """
    store = _STORE.get()
    if store is None:
        return make()
    digest = hashlib.sha256(f"{cls.__name__}\0{store.context}".encode())
    for part in parts():
        digest.update(len(part).to_bytes(8, "little") + part)
    folder = store.folder / digest.hexdigest()[:32]
    with locked(folder.with_suffix(".lock")):
        if (folder / _ABOUT).is_file():
            return _read(cls, folder)
        table = make()
        if table is not None:
            _write(table, folder)
        return table


def _write(table: Any, folder: Path) -> None:
    """Writes arrays, then what stands beside them, whose presence says that all is there."""
    values = {field.name: getattr(table, field.name) for field in fields(table)}
    about = {name: value for name, value in values.items() if not isinstance(value, np.ndarray)}
    try:
        text = json.dumps(about)
    except TypeError:  # nothing that JSON can hold: it is made anew each time
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in values.keys() - about.keys():
        np.save(folder / f"{name}.npy", values[name], allow_pickle=False)
    (folder / "partial").write_text(text, encoding="utf-8")
    (folder / "partial").replace(folder / _ABOUT)


def _read(cls: type[Table], folder: Path) -> Table:
    about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
    plain = {name: tuple(value) if isinstance(value, list) else value for name, value in about.items()}
    arrays = {file.stem: np.load(file, mmap_mode="r", allow_pickle=False) for file in folder.glob("*.npy")}
    return cls(**plain, **arrays)
