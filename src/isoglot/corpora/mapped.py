"""Large corpora from disk: Parquet is converted once to Arrow files, which are mapped and not read."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from isoglot.corpora import manifest as manifests
from isoglot.corpora.checking import find_problems
from isoglot.corpora.judgements import Judgements, Split
from isoglot.corpora.labelled import Key, LabelledPairs, pair_files, read_pairs
from isoglot.corpora.negative_files import negative_files, read_negatives
from isoglot.corpora.negatives import HardNegatives
from isoglot.corpora.parallel import DOCUMENT_SCHEMA, QUERY_SCHEMA, ParallelCorpus, assemble
from isoglot.corpora.tables import (
    DOCUMENTS,
    QUERIES,
    looks_sound,
    read_batches,
    read_split,
    split_files,
)
from isoglot.errors import CorpusError

_VERSION = 3
_DAMAGE = (OSError, ValueError, KeyError, TypeError, EOFError, pa.ArrowException)


def cache_folder() -> Path:
    """Where converted corpora lie: `$ISOGLOT_CACHE`, else `~/.cache/isoglot`."""
    return Path(os.environ.get("ISOGLOT_CACHE") or Path.home() / ".cache" / "isoglot")


def open_mapped(folder: Path, manifest: manifests.Manifest) -> ParallelCorpus:
    """A corpus whose texts stay on disk until they are asked for.

    Args:
        folder: The corpus folder, its checksums verified.
        manifest: Its `corpus.json`.

    Returns:
        The corpus, over Arrow files in the cache; they are made if they are not there, or damaged.

    Raises:
        CorpusError: If a row or a judgement breaks a rule; all problems at once.
        OSError: If the cache cannot be written.
    """
    cached = cache_folder() / "corpora" / _key(folder, manifest)
    if cached.is_dir():
        try:
            return _open(cached, manifest)
        except _DAMAGE:
            shutil.rmtree(cached, ignore_errors=True)
    cached.parent.mkdir(parents=True, exist_ok=True)
    building = cached.parent / f".{cached.name}.{uuid.uuid4().hex[:8]}.tmp"
    try:
        building.mkdir()
        _convert(folder, manifest, building)
        if not cached.is_dir():
            building.rename(cached)
    except OSError:
        if not cached.is_dir():  # Otherwise another process finished it first: use that one.
            raise
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return _open(cached, manifest)


def _key(folder: Path, manifest: manifests.Manifest) -> str:
    """Digest of everything that the converted files depend on."""
    digest = hashlib.sha256(f"isoglot {_VERSION}".encode())
    files = (
        *split_files(folder).values(),
        *pair_files(folder).values(),
        *negative_files(folder).values(),
    )
    for path in (folder / QUERIES, folder / DOCUMENTS, *files):
        name = path.relative_to(folder).as_posix()
        digest.update(f"\n{name} {manifest.checksums.get(name) or manifests.checksum(path)}".encode())
    return digest.hexdigest()[:32]


def _open(cached: Path, manifest: manifests.Manifest) -> ParallelCorpus:
    meta: dict[str, Any] = json.loads((cached / "meta.json").read_text(encoding="utf-8"))
    return ParallelCorpus(
        manifest.info,
        _map_table(cached / "queries.arrow"),
        _map_table(cached / "documents.arrow"),
        _map_codes(cached / "query_groups.npy"),
        _map_codes(cached / "document_groups.npy"),
        int(meta["num_groups"]),
        {name: _open_split(cached / "splits" / name, kind) for name, kind in meta["splits"].items()},
        checksums=dict(manifest.checksums),
        labelled={
            (split, task): _open_pairs(cached / "pairs" / f"{split}.{task}") for split, task in meta["pairs"]
        },
        negatives={split: _open_negatives(cached / "negatives" / split) for split in meta["negatives"]},
    )


def _map_table(path: Path) -> pa.Table:
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def _map_codes(path: Path) -> npt.NDArray[Any]:
    codes: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return codes


def _open_split(stem: Path, kind: str) -> Split:
    if kind == "groups":
        return Split(groups=_map_codes(stem.with_name(f"{stem.name}.groups.npy")))
    arrays = [_map_codes(stem.with_name(f"{stem.name}.{part}.npy")) for part in _JUDGEMENTS]
    return Split(judgements=Judgements(*arrays))


def _open_pairs(stem: Path) -> LabelledPairs:
    return LabelledPairs(*(_map_codes(stem.with_name(f"{stem.name}.{part}.npy")) for part in _PAIRS))


def _open_negatives(stem: Path) -> HardNegatives:
    return HardNegatives(*(_map_codes(stem.with_name(f"{stem.name}.{part}.npy")) for part in _NEGATIVES))


_JUDGEMENTS = ("query_rows", "indptr", "document_rows", "grades")
_PAIRS = ("first_groups", "second_groups", "labels")
_NEGATIVES = ("indptr", "document_rows", "scores")


def _convert(folder: Path, manifest: manifests.Manifest, target: Path) -> None:
    _convert_table(folder / QUERIES, QUERY_SCHEMA, target / "queries.arrow")
    _convert_table(folder / DOCUMENTS, DOCUMENT_SCHEMA, target / "documents.arrow")
    queries, documents = _map_table(target / "queries.arrow"), _map_table(target / "documents.arrow")
    if not (looks_sound(queries) and looks_sound(documents)):
        raise CorpusError(find_problems(folder))
    corpus = assemble(manifest.info, queries, documents)
    splits = {name: read_split(corpus, path) for name, path in split_files(folder).items()}
    np.save(target / "query_groups.npy", corpus.query_groups, allow_pickle=False)
    np.save(target / "document_groups.npy", corpus.document_groups, allow_pickle=False)
    (target / "splits").mkdir()
    for name, split in splits.items():
        if split.groups is not None:
            np.save(target / "splits" / f"{name}.groups.npy", split.groups, allow_pickle=False)
            continue
        for part in _JUDGEMENTS:
            np.save(
                target / "splits" / f"{name}.{part}.npy", getattr(split.judgements, part), allow_pickle=False
            )
    pairs = _convert_pairs(corpus, folder, target / "pairs")
    kinds = {name: "qrels" if split.groups is None else "groups" for name, split in splits.items()}
    negatives = _convert_negatives(replace(corpus, splits=splits), folder, target / "negatives")
    meta = {"num_groups": corpus.num_groups, "splits": kinds, "pairs": pairs, "negatives": negatives}
    (target / "meta.json").write_text(json.dumps(meta), encoding="utf-8")


def _convert_pairs(corpus: ParallelCorpus, folder: Path, target: Path) -> list[Key]:
    """Writes the labelled pairs; the splits and tasks that there are."""
    files = pair_files(folder)
    if files:
        target.mkdir()
    for (split, task), path in files.items():
        pairs = read_pairs(corpus, path, task)
        for part in _PAIRS:
            np.save(target / f"{split}.{task}.{part}.npy", getattr(pairs, part), allow_pickle=False)
    return list(files)


def _convert_negatives(corpus: ParallelCorpus, folder: Path, target: Path) -> list[str]:
    """Writes the hard negatives; the splits that have any."""
    found = read_negatives(corpus, negative_files(folder))
    if found:
        target.mkdir()
    for split, negatives in found.items():
        for part in _NEGATIVES:
            np.save(target / f"{split}.{part}.npy", getattr(negatives, part), allow_pickle=False)
    return list(found)


def _convert_table(source: Path, schema: pa.Schema, target: Path) -> None:
    """Copies a Parquet file to an Arrow file of one record batch, a few rows in memory at a time.

    It must be one batch because Arrow joins the batches of a column in memory whenever rows are taken from
    it.
    """
    spools = [
        _TagSpool()
        if pa.types.is_dictionary(field.type)
        else _TextSpool(target.with_suffix(f".{field.name}"))
        for field in schema
    ]
    try:
        for table in read_batches(source, schema):
            for spool, column in zip(spools, table.columns, strict=True):
                for chunk in column.chunks:
                    spool.append(chunk)
    finally:
        for spool in spools:
            spool.close()
    arrays = [spool.array() for spool in spools]
    with pa.OSFile(str(target), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
    del arrays
    for spool in spools:
        spool.remove()


class _TagSpool:
    """A column of few distinct values: codes of two bytes, kept in memory."""

    def __init__(self) -> None:
        self.codes: list[npt.NDArray[np.int16]] = []
        self.names: dict[str, int] = {}

    def append(self, chunk: pa.Array) -> None:
        encoded = chunk.dictionary_encode()
        local = [self.names.setdefault(name, len(self.names)) for name in encoded.dictionary.to_pylist()]
        if len(self.names) > np.iinfo(np.int16).max:
            raise CorpusError(
                f"more than {np.iinfo(np.int16).max:,} distinct languages or media; check the columns"
            )
        indices = pc.fill_null(encoded.indices, len(local)).to_numpy(zero_copy_only=False)
        self.codes.append(np.array([*local, -1], np.int16)[indices])

    def array(self) -> pa.DictionaryArray:
        codes = np.concatenate(self.codes) if self.codes else np.zeros(0, np.int16)
        names = pa.array(list(self.names), pa.string())
        return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), names)

    def close(self) -> None:
        """Nothing is open."""

    def remove(self) -> None:
        """Nothing lies on disk."""


class _TextSpool:
    """A column of strings as it grows on disk: one file of bytes, one of offsets."""

    def __init__(self, stem: Path) -> None:
        self.data_path, self.offsets_path = (
            stem.with_suffix(stem.suffix + ".data"),
            stem.with_suffix(stem.suffix + ".offsets"),
        )
        self.data: IO[bytes] = self.data_path.open("wb")
        self.offsets: IO[bytes] = self.offsets_path.open("wb")
        self.offsets.write(np.zeros(1, np.int64).tobytes())
        self.valid: list[npt.NDArray[np.bool_]] = []
        self.num_bytes = 0

    def append(self, chunk: pa.LargeStringArray) -> None:
        _, offset_buffer, data_buffer = chunk.buffers()
        offsets = np.frombuffer(offset_buffer, np.int64)[chunk.offset : chunk.offset + len(chunk) + 1]
        if data_buffer is not None:
            self.data.write(memoryview(data_buffer)[offsets[0] : offsets[-1]])
        self.offsets.write((offsets[1:] - offsets[0] + self.num_bytes).tobytes())
        self.num_bytes += int(offsets[-1] - offsets[0])
        self.valid.append(chunk.is_valid().to_numpy(zero_copy_only=False))

    def close(self) -> None:
        self.data.close()
        self.offsets.close()

    def array(self) -> pa.LargeStringArray:
        valid = np.concatenate(self.valid) if self.valid else np.zeros(0, np.bool_)
        bitmap = None if valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little"))
        buffers = [bitmap, _map_buffer(self.offsets_path), _map_buffer(self.data_path)]
        return pa.Array.from_buffers(pa.large_string(), len(valid), buffers)

    def remove(self) -> None:
        self.data_path.unlink()
        self.offsets_path.unlink()


def _map_buffer(path: Path) -> pa.Buffer:
    if not path.stat().st_size:
        return pa.py_buffer(b"")
    return pa.memory_map(str(path)).read_buffer()
