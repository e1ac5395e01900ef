"""What two text encoders make of the same texts: sums over the pairs of vectors, by what a text is for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import get_args

import numpy as np

from isoglot.errors import ConfigError
from isoglot.retrieval.contents import Side
from isoglot.retrieval.encode import normalize
from isoglot.training.least_squares import AffineMap, Moments
from isoglot.training.text_vectors import TextVectors, Vectors
from isoglot.training.texts import Fold, fold_of, in_chunks

_TEXTS_AT_ONCE = 16_384
_MOST_KEPT = 20_000
"""Texts whose vectors are kept for the mean cosine."""
_FLAT = 1e-12
"""Share of squared length about the mean below which vectors do not vary but for rounding."""


@dataclass(frozen=True, eq=False)
class PairedVectors:
    """What is kept of the vectors of texts under two models.

    Attributes:
        moments: What a text is for -> sums over the pairs of such texts.
        source: (n, S) vectors of the first texts to report on, under the source.
        target: (n, T) those under the target, of length 1 if it compares by cosine.
    """

    moments: dict[Fold, Moments] = field(default_factory=dict)
    source: Vectors = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    target: Vectors = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    @classmethod
    def read(
        cls, source: TextVectors, target: TextVectors, side: Side, texts: Iterable[str], held_out: float
    ) -> PairedVectors:
        """Reads texts once, in chunks.

        Args:
            source: Gives the vectors of the model that is mapped.
            target: Gives those of the model whose space is mapped into.
            side: Whose prompts both put before texts.
            texts: Distinct texts.
            held_out: Share of the texts that is not for fitting.

        Returns:
            What is kept of them.

        Raises:
            ConfigError: If fewer than two texts are for any purpose, or the target gives all the same vector.
            SearchError: If vectors are not all finite.
        """
        moments: dict[Fold, Moments] = {}
        kept: list[tuple[Vectors, Vectors]] = []
        room = _MOST_KEPT
        for chunk in in_chunks(texts, _TEXTS_AT_ONCE):
            x, y = source.encode(side, chunk), target.encode(side, chunk)
            y = normalize(y) if target.unit else y
            folds = np.array([fold_of(text, held_out) for text in chunk])
            for fold in get_args(Fold):
                part = Moments.of(x[folds == fold], y[folds == fold])
                moments[fold] = moments[fold] + part if fold in moments else part
            rows = np.flatnonzero(folds == "report")[:room]
            room -= len(rows)
            kept.append((x[rows], y[rows]))
        _check(moments)
        return cls(moments, *(np.concatenate(side) for side in zip(*kept, strict=True)))

    def mean_cosine(self, fitted: AffineMap) -> float:
        """Mean cosine between what a map makes of the kept source vectors and the kept target vectors."""
        return _mean_cosine(fitted.apply(self.source).astype(np.float32), self.target)

    def mean_cosine_of_mean(self) -> float:
        """The same for a map that gives every text the mean target vector of the texts to fit."""
        return _mean_cosine(self.moments["fit"].target_mean[None].astype(np.float32), self.target)


def _mean_cosine(first: Vectors, second: Vectors) -> float:
    return float((normalize(first) * normalize(second)).sum(axis=1).mean())


def _check(moments: dict[Fold, Moments]) -> None:
    """Refuses too few texts: one alone has no variance to explain."""
    counts = {fold: part.count for fold, part in moments.items()}
    if not counts or min(counts.values()) < 2:
        found = ", ".join(f"{count} to {fold}" for fold, count in counts.items()) or "none"
        raise ConfigError(
            "a linear map needs at least 2 distinct texts to fit, to choose by and to report on, got "
            f"{found}; give more texts, or another held_out"
        )
    flat = [
        fold for fold, part in moments.items() if part.centred.target_square <= _FLAT * part.target_square
    ]
    if flat:
        raise ConfigError(
            f"the target gives one vector to all texts to {' and to '.join(flat)}; choose a model that tells "
            "them apart"
        )
