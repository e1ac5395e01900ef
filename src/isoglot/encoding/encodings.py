"""Encoded vectors on the disk: which ids they belong to, and what made them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from isoglot.encoding.folder import RECORD, EncodingFolder
from isoglot.encoding.inputs import Side, check_side
from isoglot.encoding.storing import Stored, Vectors, unpack
from isoglot.errors import SearchError
from isoglot.retrieval.encode import Embeddings


@dataclass(frozen=True, eq=False)
class Encodings:
    """Vectors of queries or documents in the order they were encoded in; nothing is read until asked for.

    Attributes:
        path: Where they lie.
        record: What `encoding.json` says.
    """

    path: Path
    record: dict[str, Any]

    @staticmethod
    def open(folder: str | Path, side: str | None = None, *, verify: bool = False) -> Encodings:
        """Opens what `isoglot encode` wrote.

        Args:
            folder: The folder.
            side: documents or queries; None takes the documents, or the queries if there is nothing else.
            verify: Whether all files are read and compared with their checksums.

        Returns:
            The encodings.

        Raises:
            SearchError: If they are not there, not complete, or damaged.
            ConfigError: If there is no such side.
        """
        root = Path(folder)
        sides: list[Side] = ["documents", "queries"] if side is None else [check_side(side)]
        found = next((each for each in sides if (root / each / RECORD).is_file()), sides[0])
        files = EncodingFolder(root / found)
        record = files.read_record()
        if not record["complete"]:
            raise SearchError(
                f"{files.path}: is not complete; run the same isoglot encode again, it goes on there"
            )
        encodings = Encodings(files.path, record)
        encodings._check()
        if verify:
            encodings.verify()
        return encodings

    def __len__(self) -> int:
        return int(self.record["num_rows"])

    @property
    def side(self) -> Side:
        """Which side of a search these stand on."""
        return check_side(self.record["side"])

    @property
    def dimension(self) -> int:
        """Components of a vector."""
        return int(self.record["dimension"])

    @property
    def num_shards(self) -> int:
        """How many files the vectors are in."""
        return -(-len(self) // int(self.record["shard_rows"]))

    @cached_property
    def rows(self) -> pa.Table:
        """Id, language and modality of each vector."""
        return EncodingFolder(self.path).read_ids(len(self))

    @cached_property
    def ids(self) -> list[str]:
        """The id of each vector."""
        ids: list[str] = self.rows["id"].to_pylist()
        return ids

    def stored(self, shard: int) -> tuple[Stored, Vectors | None]:
        """A shard as it is stored, memory-mapped, and for int8 the scale of each vector.

        Args:
            shard: Its number, from 0.

        Returns:
            (n, D) numbers of the stored type, and (n,) scales or None.

        Raises:
            SearchError: If it is not there or damaged.
        """
        return EncodingFolder(self.path).open_shard(shard)

    def vectors(self, dtype: npt.DTypeLike = np.float32) -> Iterator[npt.NDArray[Any]]:
        """The vectors, shard by shard.

        Args:
            dtype: The type to give them in; of float32 that is stored as such, nothing is copied.

        Yields:
            (n, D) vectors.

        Raises:
            SearchError: If a shard is not there or damaged.
        """
        for shard in range(self.num_shards):
            yield unpack(*self.stored(shard)).astype(dtype, copy=False)

    def array(self) -> Vectors:
        """All vectors in memory, (N, D)."""
        whole = np.empty((len(self), self.dimension), np.float32)
        start = 0
        for part in self.vectors():
            whole[start : start + len(part)] = part
            start += len(part)
        return whole

    def verify(self) -> None:
        """Compares all files with their checksums.

        Raises:
            SearchError: If one is not as it was written; all at once.
        """
        now = EncodingFolder(self.path).checksums(self.num_shards)
        then: dict[str, str] = self.record["checksums"]
        bad = sorted(name for name in then | now if then.get(name) != now.get(name))
        if bad:
            raise SearchError(
                f"{self.path}: {', '.join(bad)} changed since it was written; delete it and encode again"
            )

    def _check(self) -> None:
        """Refuses shards that are missing, of another shape or type."""
        files = EncodingFolder(self.path)
        num_rows, rows = len(self), int(self.record["shard_rows"])
        for shard in range(self.num_shards):
            stored, _ = files.open_shard(shard)
            expected = (min(rows, num_rows - shard * rows), self.dimension)
            if stored.shape != expected or stored.dtype != self.record["dtype"]:
                raise SearchError(
                    f"{files.vectors_file(shard)}: must hold {self.record['dtype']} of shape {expected}, got "
                    f"{stored.dtype} of {stored.shape}; delete it and encode again"
                )


def holds_encodings(folder: str | Path) -> bool:
    """Whether a folder holds encoded queries and documents."""
    return all((Path(folder) / side / RECORD).is_file() for side in ("queries", "documents"))


def read_encoded(folder: str | Path) -> Embeddings:
    """Encoded queries and documents as ready vectors, all in memory, to be evaluated.

    Args:
        folder: The folder, with both sides.

    Returns:
        The embeddings, named after the model.

    Raises:
        SearchError: If a side is missing, not complete or damaged, or the two are of different models.
    """
    queries, documents = Encodings.open(folder, "queries"), Encodings.open(folder, "documents")
    for name in ("fingerprint", "dimension", "similarity"):
        if queries.record[name] != documents.record[name]:
            raise SearchError(
                f"{folder}: queries and documents differ in {name}: {queries.record[name]!r} and "
                f"{documents.record[name]!r}; encode both with the same model"
            )
    record = documents.record
    return Embeddings(
        queries.ids, queries.array(), documents.ids, documents.array(), record["similarity"], record["model"]
    )
