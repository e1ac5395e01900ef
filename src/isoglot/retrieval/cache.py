"""Vectors kept on disk, so that a model encodes the same text or picture once and never again.

A folder for each model, named after its fingerprint, holds shards of two files that are written once and
never changed: `<name>.vectors.npy`, (n, D) raw vectors, and `<name>.keys.npy`, their sorted 128-bit keys with
a checksum of each vector. A shard is there when its keys are; they are written last, under a name that no
other process uses. So several processes may read, write and prune at the same time.
"""

from __future__ import annotations

import hashlib
import os
import time
import uuid
import warnings
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from isoglot.corpora.mapped import cache_folder
from isoglot.errors import SearchError
from isoglot.files import whole_file

Vectors = npt.NDArray[np.float32]
Keys = npt.NDArray[np.bytes_]
"""(n,) digests of 16 bytes."""
Integers = npt.NDArray[np.int64]

_KEYS, _VECTORS = ".keys.npy", ".vectors.npy"
_ENTRY = np.dtype([("key", "S16"), ("checksum", "<u4")])
_SHARD_ROWS = 32_768
"""Vectors that are encoded, then kept: what an interrupted job loses at most."""
_ORPHAN_SECONDS = 86_400.0
"""After this, vectors without keys are not being written but were left behind."""
_DAMAGE = (OSError, ValueError, EOFError)


def make_keys(contents: Iterable[bytes], prefix: str) -> Keys:
    """Keys of what is encoded.

    Args:
        contents: Texts or files, as bytes.
        prefix: What else a vector depends on, such as the side and its prompt.

    Returns:
        (n,) keys.
    """
    start = hashlib.blake2b(f"{prefix}\0".encode(), digest_size=16)
    digests = []
    for content in contents:
        digest = start.copy()
        digest.update(content)
        digests.append(digest.digest())
    return np.frombuffer(b"".join(digests), "S16")


@dataclass(frozen=True, eq=False)
class _Shard:
    """A pair of files.

    Attributes:
        file: The one with the keys.
        entries: (n,) keys in ascending order, with checksums.
        vectors: (n, D), mapped and not read.
    """

    file: Path
    entries: npt.NDArray[Any]
    vectors: Vectors


@dataclass(frozen=True)
class VectorCache:
    """The vectors of one model.

    Attributes:
        folder: Where they lie.
    """

    folder: Path

    def read(self, keys: Keys) -> tuple[npt.NDArray[np.bool_], Vectors]:
        """The vectors that are there.

        A damaged shard is passed over with a warning that names it, and removed.

        Args:
            keys: (n,) what is asked for.

        Returns:
            (n,) whether each is there, and (n, D) vectors, of zeros where not; D is 0 if none is.

        Raises:
            SearchError: If the shards have vectors of several widths.
        """
        shards = self._shards()
        widths = sorted({shard.vectors.shape[1] for shard in shards})
        if len(widths) > 1:
            raise SearchError(
                f"{self.folder}: holds vectors of widths {widths}, of one model; delete the folder"
            )
        found = np.zeros(len(keys), bool)
        vectors = np.zeros((len(keys), widths[0] if widths else 0), np.float32)
        if not shards:
            return found, vectors
        known = np.concatenate([shard.entries["key"] for shard in shards])
        order = np.argsort(known, kind="stable")
        at = np.minimum(np.searchsorted(known, keys, sorter=order), len(known) - 1)
        there = order[at]
        there[known[there] != keys] = -1
        first = 0
        for shard in shards:
            last = first + len(shard.entries)
            asked = np.flatnonzero((there >= first) & (there < last))
            if len(asked) and _take(shard, there[asked] - first, vectors, asked):
                found[asked] = True
            first = last
        return found, vectors

    def write(self, keys: Keys, vectors: Vectors) -> None:
        """Keeps vectors; without room or permission it warns, and keeps nothing.

        Args:
            keys: (n,) what they are of.
            vectors: (n, D), finite.
        """
        order = np.argsort(keys, kind="stable")
        rows = np.ascontiguousarray(vectors[order], np.float32)
        entries = np.empty(len(keys), _ENTRY)
        entries["key"] = keys[order]
        entries["checksum"] = _checksums(rows)
        stem = uuid.uuid4().hex
        try:
            for ending, array in ((_VECTORS, rows), (_KEYS, entries)):
                with whole_file(self.folder / f"{stem}{ending}") as file:
                    np.save(file, array, allow_pickle=False)
        except OSError as error:
            warnings.warn(f"{self.folder}: cannot keep vectors there: {error}", stacklevel=2)

    def _shards(self) -> list[_Shard]:
        shards = []
        for file in sorted(self.folder.glob(f"*{_KEYS}")):
            try:
                shards.append(_open(file))
            except FileNotFoundError:  # Pruned just now.
                continue
            except _DAMAGE as error:
                _remove_damaged(file, str(error))
        return shards


def _open(file: Path) -> _Shard:
    entries = np.load(file, allow_pickle=False)
    vectors = np.load(_vectors_of(file), mmap_mode="r", allow_pickle=False)
    if entries.dtype != _ENTRY or vectors.dtype != np.float32:
        raise ValueError(f"columns of types {entries.dtype} and {vectors.dtype}")
    if entries.ndim != 1 or vectors.ndim != 2 or len(entries) != len(vectors):
        raise ValueError(f"keys of shape {entries.shape} for vectors of shape {vectors.shape}")
    return _Shard(file, entries, vectors)


def _take(shard: _Shard, rows: Integers, into: Vectors, positions: Integers) -> bool:
    """Copies rows of a shard, in the order in which they lie there; False if one is damaged."""
    order = np.argsort(rows)
    rows, positions = rows[order], positions[order]
    fetched = shard.vectors[rows]
    if (_checksums(fetched) != shard.entries["checksum"][rows]).any():
        _remove_damaged(shard.file, "a vector does not match its checksum")
        return False
    into[positions] = fetched
    with suppress(OSError):
        os.utime(shard.file)
    return True


def _checksums(vectors: Vectors) -> npt.NDArray[np.uint32]:
    return np.fromiter((zlib.crc32(row) for row in vectors), np.uint32, len(vectors))


def _vectors_of(file: Path) -> Path:
    return file.with_name(file.name.removesuffix(_KEYS) + _VECTORS)


def _remove_damaged(file: Path, reason: str) -> None:
    warnings.warn(f"{file}: damaged ({reason}); removed, its vectors are made anew", stacklevel=2)
    _remove(file)


def _remove(file: Path) -> None:
    for part in (file, _vectors_of(file)):
        with suppress(OSError):
            part.unlink()


def cached(cache: VectorCache, keys: Keys, encode: Callable[[Integers], Vectors]) -> tuple[Vectors, int]:
    """Vectors from the cache, and for what it does not hold, from a model; those are kept as they come.

    Vectors that are not finite are returned but not kept.

    Args:
        cache: The cache of the model.
        keys: (n,) what is asked for, without repetition.
        encode: Gives the vectors of some of it, by their numbers.

    Returns:
        (n, D) vectors, and how many the model made.

    Raises:
        SearchError: If the model's vectors are not as wide as those in the cache.
    """
    found, vectors = cache.read(keys)
    missing = np.flatnonzero(~found)
    for start in range(0, len(missing), _SHARD_ROWS):
        part = missing[start : start + _SHARD_ROWS]
        fresh = encode(part)
        if not vectors.shape[1]:
            vectors = np.zeros((len(keys), fresh.shape[1]), np.float32)
        if fresh.shape[1] != vectors.shape[1]:
            raise SearchError(
                f"{cache.folder}: holds vectors of width {vectors.shape[1]}, but the model now gives "
                f"{fresh.shape[1]}; delete the folder"
            )
        vectors[part] = fresh
        if np.isfinite(fresh).all():
            cache.write(keys[part], fresh)
    return vectors, len(missing)


def vectors_folder(root: str | Path | None = None) -> Path:
    """Where the caches of all models lie: below `$ISOGLOT_CACHE` unless another place is named."""
    return Path(root) if root is not None else cache_folder() / "vectors"


def num_cached_bytes(root: str | Path | None = None) -> int:
    """Bytes that the vectors of all models take.

    Args:
        root: Where they lie; None is the usual place.

    Returns:
        The size of all their files.
    """
    return sum(size for _, _, size in _files(vectors_folder(root)))


def prune_cache(
    root: str | Path | None = None, *, max_bytes: int | None = None, max_age_days: float | None = None
) -> int:
    """Removes the vectors that have not been used for the longest time.

    Args:
        root: Where they lie; None is the usual place.
        max_bytes: What may stay; None is no limit.
        max_age_days: How long ago what stays was last used, at most; None is no limit.

    Returns:
        Bytes that were freed.

    Raises:
        SearchError: If a limit is negative.
    """
    for name, limit in (("max_bytes", max_bytes), ("max_age_days", max_age_days)):
        if limit is not None and limit < 0:
            raise SearchError(f"{name} must be >= 0, got {limit}")
    now, kept, freed = time.time(), 0, 0
    oldest = -np.inf if max_age_days is None else now - max_age_days * 86_400
    for file, used, size in sorted(_files(vectors_folder(root)), key=lambda entry: -entry[1]):
        if not file.name.endswith(_KEYS):
            gone = used < now - _ORPHAN_SECONDS
        else:
            gone = used <= oldest or (max_bytes is not None and kept + size > max_bytes)
        if gone:
            _remove(file)
        freed, kept = (freed + size, kept) if gone else (freed, kept + size)
    return freed


def _files(root: Path) -> list[tuple[Path, float, int]]:
    """Shards by the file of their keys, when they were last used, and their size; and what has no keys."""
    files = []
    for folder in root.glob("*/"):
        stats = {}
        for file in folder.iterdir():
            with suppress(FileNotFoundError):
                stats[file] = file.stat()
        for file, stat in stats.items():
            size = stat.st_size
            if file.name.endswith(_KEYS):
                size += stats[_vectors_of(file)].st_size if _vectors_of(file) in stats else 0
            elif file.with_name(file.name.removesuffix(_VECTORS) + _KEYS) in stats:
                continue
            files.append((file, stat.st_mtime, size))
    return files
