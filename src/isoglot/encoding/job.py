"""An encoding job: shard by shard into a folder, where what is done stays, whatever happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from isoglot.encoding.encoder import FastEncoder
from isoglot.encoding.encodings import Encodings
from isoglot.encoding.folder import FORMAT, RECORD, EncodingFolder, differences
from isoglot.encoding.inputs import ONE_OF, Inputs
from isoglot.encoding.loading import check_backend
from isoglot.encoding.storing import StoredType, Vectors, check_type, pack
from isoglot.errors import ConfigError, SearchError
from isoglot.versions import installed_versions

TEXTS_PER_SHARD = 4096
"""Rows of a shard of texts: the window in which they are sorted by length, and what a crash costs at most."""
MEDIA_PER_SHARD = 256
"""Rows of a shard where there are other media."""
_PACKAGES = ("isoglot", "numpy", "torch", "transformers", "sentence-transformers")

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class EncodingSettings:
    """How to encode.

    Attributes:
        dtype: How vectors are stored: float32, float16 or int8.
        precision: What the model calculates in: bf16, fp32, or auto, which takes bf16 where the processor has
            instructions for it.
        batch_tokens: Tokens of a batch of texts at most, padding included; None chooses by the device.
        shard_rows: Inputs of a shard; None takes 4096, or 256 where there are other media than text.
        backend: What runs a model that is given by name: torch, onnx or openvino.
    """

    dtype: str = "float32"
    precision: str = "auto"
    batch_tokens: int | None = None
    shard_rows: int | None = None
    backend: str = "torch"

    def check(self) -> StoredType:
        """The stored type.

        Returns:
            The type.

        Raises:
            ConfigError: If a value cannot be; all problems at once.
        """
        problems = [
            f"{name} must be >= 1, got {value}"
            for name, value in (("batch_tokens", self.batch_tokens), ("shard_rows", self.shard_rows))
            if value is not None and value < 1
        ]
        for check in (partial(check_type, self.dtype), partial(check_backend, self.backend)):
            try:
                check()
            except ConfigError as error:
                problems.append(str(error))
        if self.precision not in ("auto", "bf16", "fp32"):
            problems.append(f"precision must be one of auto, bf16, fp32, got {self.precision!r}")
        if problems:
            raise ConfigError("\n".join(problems))
        return check_type(self.dtype)


@dataclass(frozen=True, eq=False)
class EncodingJob:
    """Inputs that a model is to encode into a folder.

    Attributes:
        encoder: The model.
        inputs: What to encode.
        settings: How.
    """

    encoder: FastEncoder
    inputs: Inputs
    settings: EncodingSettings

    @property
    def shard_rows(self) -> int:
        """Inputs of a shard."""
        usual = TEXTS_PER_SHARD if self.inputs.modalities == ("text",) else MEDIA_PER_SHARD
        return self.settings.shard_rows or usual

    def run(self, out: Path, on_progress: OnProgress | None = None) -> Encodings:
        """Encodes what is not yet there.

        Args:
            out: The folder above that of the side.
            on_progress: Told how many inputs are done, and how many there are.

        Returns:
            The encodings.

        Raises:
            ConfigError: If a setting cannot be.
            SearchError: If the folder holds something else, cannot be written, or a vector is not finite.
            MediaError: If files cannot be read; all of a shard at once.
        """
        dtype = self.settings.check()
        self._check_media()
        folder = EncodingFolder(out / self.inputs.side)
        num_rows, shard_rows = len(self.inputs), self.shard_rows
        with folder.locked():
            record = self._begin(folder)
            num_shards = -(-num_rows // shard_rows)
            missing = [
                shard
                for shard in range(num_shards)
                if not folder.holds(shard, min(shard_rows, num_rows - shard * shard_rows), dtype)
            ]
            tell = _Progress(num_rows, on_progress)
            for shard in range(num_shards):
                start, stop = shard * shard_rows, min((shard + 1) * shard_rows, num_rows)
                if shard in missing:
                    folder.write_shard(shard, *pack(self._encode(start, stop, tell), dtype))
                tell.reach(stop)
            if missing or not record["complete"]:
                self._end(folder, record, num_shards)
        return Encodings.open(out, self.inputs.side)

    def record(self) -> dict[str, Any]:
        """What is written down of the job before it begins."""
        side = ONE_OF[self.inputs.side]
        ways = self.encoder.ways(side)
        return {
            "format": FORMAT,
            "model": self.encoder.name,
            "fingerprint": self.encoder.fingerprint,
            "similarity": self.encoder.adapter.similarity,
            "side": self.inputs.side,
            "contexts": {name: self.encoder.adapter.context(side, name) for name in self.inputs.modalities},
            "source": self.inputs.name,
            "source_fingerprint": self.inputs.fingerprint,
            "num_rows": len(self.inputs),
            "dimension": None,
            "dtype": self.settings.dtype,
            "precision": self.encoder.precision,
            "batch_tokens": self.encoder.batch_tokens,
            "shard_rows": self.shard_rows,
            "backend": getattr(self.encoder.model, "backend", "torch"),
            "ways": {name: ways[name] for name in self.inputs.modalities},
            "versions": installed_versions(*_PACKAGES),
            "checksums": {},
            "complete": False,
        }

    def _check_media(self) -> None:
        unknown = [name for name in self.inputs.modalities if name not in self.encoder.adapter.modalities]
        if unknown:
            raise SearchError(
                f"{self.inputs.name} has {', '.join(unknown)}, but the model encodes "
                f"{', '.join(self.encoder.adapter.modalities)}; take a model for these media"
            )

    def _begin(self, folder: EncodingFolder) -> dict[str, Any]:
        """The record of the job: the one that is there, or a new one with the ids beside it."""
        new = self.record()
        if not (folder.path / RECORD).is_file():
            if any(folder.path.iterdir()):
                raise SearchError(f"{folder.path}: holds other files; give an empty folder, or a new one")
            folder.write_record(new)
            folder.write_ids(self.inputs.rows)
            return new
        old = folder.read_record()
        problems = differences(old, new)
        if self.encoder.fingerprint is None and not problems:
            problems = ["fingerprint: nothing tells the model from others, so that it cannot be the same"]
        if problems:
            lines = "\n".join(f"  {problem}" for problem in problems)
            raise SearchError(
                f"{folder.path}: holds vectors of another job; give another folder, or delete "
                f"this one:\n{lines}"
            )
        if not folder.holds_ids(self.inputs.rows):  # killed between the two, or damaged since
            folder.write_ids(self.inputs.rows)
        return old

    def _end(self, folder: EncodingFolder, record: dict[str, Any], num_shards: int) -> None:
        widths = {folder.open_shard(shard)[0].shape[1] for shard in range(num_shards)}
        if len(widths) > 1:
            raise SearchError(
                f"{folder.path}: holds vectors of widths {sorted(widths)}; delete it and encode again"
            )
        done = {"complete": True, "dimension": widths.pop(), "checksums": folder.checksums(num_shards)}
        folder.write_record(record | done)

    def _encode(self, start: int, stop: int, tell: _Progress) -> Vectors:
        """(n, D) vectors of the inputs from one number to before another."""
        side = ONE_OF[self.inputs.side]
        vectors: Vectors | None = None
        for part in self.inputs.read(start, stop):
            made = self.encoder.encode(side, part.modality, part.distinct, tell.add)
            if vectors is None:
                vectors = np.empty((stop - start, made.shape[1]), np.float32)
            if made.shape[1] != vectors.shape[1]:
                raise SearchError(
                    f"the model's vectors of {part.modality} are of width {made.shape[1]}, others of "
                    f"{vectors.shape[1]}; take a model of one space"
                )
            vectors[part.positions] = made[part.numbers]
        assert vectors is not None
        bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
        if len(bad):
            name = self.inputs.rows["id"][start + int(bad[0])].as_py()
            raise SearchError(f"the vector of {name!r} is not finite; mend the model, or try precision fp32")
        return vectors


class _Progress:
    """Counts inputs that are done; of a shard, distinct ones, so that its end may come as a leap."""

    def __init__(self, total: int, on_progress: OnProgress | None) -> None:
        self._total, self._tell, self._done = total, on_progress, 0

    def add(self, number: int) -> None:
        """So many more are done."""
        self.reach(self._done + number)

    def reach(self, number: int) -> None:
        """So many are done in all."""
        self._done = number
        if self._tell is not None:
            self._tell(number, self._total)
