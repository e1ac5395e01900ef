"""What two text encoders make of the same texts: sums over the pairs of vectors, by what a text is for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np
import numpy.typing as npt

from isoglot.errors import ConfigError, SearchError
from isoglot.retrieval.adapters import Adapter, adapt
from isoglot.retrieval.cache import VectorCache, cached, make_keys
from isoglot.retrieval.contents import Side
from isoglot.retrieval.encode import normalize
from isoglot.training.group_vectors import open_cache
from isoglot.training.least_squares import AffineMap, Moments
from isoglot.training.texts import Fold, fold_of, in_chunks

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = npt.NDArray[np.float32]

_TEXTS_AT_ONCE = 16_384
_MOST_KEPT = 20_000
"""Texts whose vectors are kept for the mean cosine."""
_FLAT = 1e-12
"""Share of squared length about the mean below which vectors do not vary but for rounding."""


@dataclass(frozen=True, eq=False)
class TextVectors:
    """Gives the vectors that a model makes of texts.

    Attributes:
        adapter: The model.
        side: Whose prompt it puts before them.
        unit: Whether it compares by cosine, so that lengths mean nothing.
        cache: Where vectors are kept, or None.
        progress: Whether to show a progress bar.
    """

    adapter: Adapter
    side: Side
    unit: bool
    cache: VectorCache | None
    progress: bool

    @classmethod
    def of(
        cls, model: SentenceTransformer, side: Side, cache: bool | str | Path, progress: bool
    ) -> TextVectors:
        """Those of a model.

        Args:
            model: The model.
            side: Whose prompt it puts before texts.
            cache: Whether vectors are kept: True in the usual place, a path there.
            progress: Whether to show a progress bar.

        Returns:
            What gives its vectors.

        Raises:
            SearchError: If it does not encode texts.
        """
        adapter = adapt(model)
        if "text" not in adapter.modalities:
            raise SearchError(
                f"texts are to be encoded, and a model encodes {', '.join(adapter.modalities)} alone; give a "
                "model of texts"
            )
        return cls(adapter, side, adapter.similarity == "cosine", open_cache(adapter, cache), progress)

    def encode(self, texts: list[str]) -> Vectors:
        """(n, D) vectors of distinct texts, as the model gives them.

        Args:
            texts: The texts.

        Returns:
            The vectors, of any length.

        Raises:
            SearchError: If they are not all finite.
        """

        def fresh(numbers: npt.NDArray[np.int64]) -> Vectors:
            given = self.adapter.encode(
                self.side,
                "text",
                [texts[number] for number in numbers],
                batch_size=self.adapter.batch_size,
                progress=self.progress,
            )
            return np.asarray(given, np.float32)

        if self.cache is None:
            vectors = fresh(np.arange(len(texts)))
        else:
            keys = make_keys((text.encode() for text in texts), self.adapter.context(self.side, "text"))
            vectors, _ = cached(self.cache, keys, fresh)
        if vectors.ndim != 2 or not vectors.shape[1] or not np.isfinite(vectors).all():
            raise SearchError(
                f"vectors of {len(texts)} texts, of shape {vectors.shape}, are not all finite; choose "
                "another model"
            )
        return vectors


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
        cls, source: TextVectors, target: TextVectors, texts: Iterable[str], held_out: float
    ) -> PairedVectors:
        """Reads texts once, in chunks.

        Args:
            source: Gives the vectors of the model that is mapped.
            target: Gives those of the model whose space is mapped into.
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
            x, y = source.encode(chunk), target.encode(chunk)
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
