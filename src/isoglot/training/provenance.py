"""Batch provenance: which languages a training really drew, counted step by step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from isoglot.errors import CheckpointError

FILE_NAME = "provenance.json"


@dataclass
class Provenance:
    """Counts of batches by kind and of pairs by language pair.

    Attributes:
        languages: Tags that codes index.
        batches: Kind -> number of batches; a monolingual one is counted as `monolingual/<language>`.
        pairs: (languages, languages) number of pairs by query and document language.
    """

    languages: tuple[str, ...]
    batches: dict[str, int] = field(default_factory=dict)
    pairs: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        if self.pairs.size == 0:
            # One more row and column for documents without language (code -1).
            self.pairs = np.zeros((len(self.languages) + 1,) * 2, np.int64)

    def count(self, codes: npt.NDArray[np.int64]) -> None:
        """Adds a batch.

        Args:
            codes: (B, 2) language code of each pair's query and document.
        """
        np.add.at(self.pairs, (codes[:, 0], codes[:, 1]), 1)
        same = codes[:, 0] == codes[:, 1]
        if not same.any():
            kind = "cross_lingual"
        elif same.all() and (codes[:, 0] == codes[0, 0]).all():
            kind = f"monolingual/{self.languages[codes[0, 0]]}"
        else:
            kind = "mixed"
        self.batches[kind] = self.batches.get(kind, 0) + 1

    @property
    def share_monolingual(self) -> float:
        """Share of batches in one language; in a hybrid training it tends to alpha."""
        total = sum(self.batches.values())
        return sum(count for kind, count in self.batches.items() if kind.startswith("monolingual/")) / max(
            1, total
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values: batches by kind, and pairs as `query language-document language`."""
        names = [*self.languages, "none"]
        pairs = {
            f"{names[query]}-{names[document]}": int(self.pairs[query, document])
            for query, document in zip(*np.nonzero(self.pairs), strict=True)
        }
        return {
            "num_batches": sum(self.batches.values()),
            "share_monolingual": round(self.share_monolingual, 4),
            "batches": dict(sorted(self.batches.items())),
            "pairs": dict(sorted(pairs.items())),
        }

    def save(self, folder: Path) -> None:
        """Writes the counts beside a checkpoint."""
        state = {"languages": self.languages, "batches": self.batches, "pairs": self.pairs.tolist()}
        (folder / FILE_NAME).write_text(json.dumps(state), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Provenance:
        """Reads the counts of a checkpoint.

        Args:
            folder: The checkpoint.

        Returns:
            The counts so far.

        Raises:
            CheckpointError: If they are missing or damaged.
        """
        try:
            state: Mapping[str, Any] = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
            return cls(tuple(state["languages"]), dict(state["batches"]), np.array(state["pairs"], np.int64))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(
                f"{folder / FILE_NAME}: {error}; delete this checkpoint to go on without it"
            ) from error
