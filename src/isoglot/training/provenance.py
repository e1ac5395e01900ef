"""Batch provenance: which languages and corpora a training really drew, counted step by step."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from isoglot.errors import CheckpointError

FILE_NAME = "provenance.json"
_MONOLINGUAL = "monolingual"


@dataclass
class Provenance:
    """Counts of batches by kind and of pairs by language pair, for each part of a training.

    Attributes:
        languages: Tags that codes index; code -1 is no language.
        parts: Names of the parts that batches are drawn from, no two alike.
        batches: For each part, kind -> number of batches; a monolingual one is `monolingual/<language>`.
        pairs: (parts, languages + 1, languages + 1) number of pairs by query and document language; the last
            is no language.
    """

    languages: tuple[str, ...]
    parts: tuple[str, ...]
    batches: list[Counter[str]]
    pairs: npt.NDArray[np.int64]

    @classmethod
    def of_parts(cls, languages: Sequence[str], parts: Sequence[str]) -> Provenance:
        """Counts of nothing yet.

        Args:
            languages: Tags that codes index.
            parts: What the parts are called; those of one name are told apart by a number.

        Returns:
            The counts.
        """
        size = len(languages) + 1
        counts = np.zeros((len(parts), size, size), np.int64)
        return cls(tuple(languages), _distinct(parts), [Counter() for _ in parts], counts)

    def count(self, part: int, kind: str, codes: npt.NDArray[np.int64]) -> None:
        """Adds a batch.

        Args:
            part: Number of the part that it was drawn from.
            kind: How its languages were drawn.
            codes: (P, 2) language codes of the query and the document of each pair.
        """
        np.add.at(self.pairs[part], (codes[:, 0], codes[:, 1]), 1)
        if kind == _MONOLINGUAL:
            # Pictures have no language; a batch of nothing else is in none.
            found = set(codes.ravel().tolist()) - {-1} or {-1}
            assert len(found) == 1, f"a monolingual batch in {len(found)} languages"
            (language,) = found
            kind = f"{_MONOLINGUAL}/{self._names[language]}"
        self.batches[part][kind] += 1

    @property
    def num_batches(self) -> int:
        """Batches of all parts."""
        return sum(kinds.total() for kinds in self.batches)

    @property
    def share_monolingual(self) -> float:
        """Share of batches in one language; in a hybrid training it tends to alpha."""
        return sum(map(_num_monolingual, self.batches)) / max(1, self.num_batches)

    def to_dict(self) -> dict[str, Any]:
        """Plain values: batches by kind, pairs as `de_to_en`, query first; of all, and by part."""
        by_part = zip(self.parts, self.batches, self.pairs, strict=True)
        return {
            "num_batches": self.num_batches,
            "share_monolingual": round(self.share_monolingual, 4),
            "batches": dict(sorted(sum(self.batches, Counter[str]()).items())),
            "pairs": self._named(self.pairs.sum(axis=0)),
            "parts": {
                name: {
                    "num_batches": kinds.total(),
                    "share_monolingual": round(_num_monolingual(kinds) / max(1, kinds.total()), 4),
                    "batches": dict(sorted(kinds.items())),
                    "pairs": self._named(pairs),
                }
                for name, kinds, pairs in by_part
            },
        }

    @property
    def _names(self) -> tuple[str, ...]:
        return (*self.languages, "none")

    def _named(self, pairs: npt.NDArray[np.int64]) -> dict[str, int]:
        drawn = zip(*np.nonzero(pairs), strict=True)
        named = {
            f"{self._names[query]}_to_{self._names[document]}": (query, document) for query, document in drawn
        }
        return {name: int(pairs[place]) for name, place in sorted(named.items())}

    def save(self, folder: Path) -> None:
        """Writes the counts beside a checkpoint."""
        state = {
            "languages": self.languages,
            "parts": self.parts,
            "batches": self.batches,
            "pairs": self.pairs.tolist(),
        }
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
            batches = [Counter[str](kinds) for kinds in state["batches"]]
            pairs = np.array(state["pairs"], np.int64)
            return cls(tuple(state["languages"]), tuple(state["parts"]), batches, pairs)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(
                f"{folder / FILE_NAME}: {error}; delete this checkpoint to go on without it"
            ) from error


def _num_monolingual(kinds: Counter[str]) -> int:
    return sum(count for kind, count in kinds.items() if kind.startswith(f"{_MONOLINGUAL}/"))


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """The names, those that come again with a number."""
    seen: Counter[str] = Counter()
    distinct = []
    for name in names:
        seen[name] += 1
        distinct.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(distinct)
