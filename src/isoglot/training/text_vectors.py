"""The vectors that a ready model gives to texts, as it gives them, each text encoded once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from isoglot.errors import SearchError
from isoglot.retrieval.adapters import Adapter, adapt
from isoglot.retrieval.cache import VectorCache, cached, make_keys
from isoglot.retrieval.contents import Side
from isoglot.retrieval.encode import open_cache

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class TextVectors:
    """Gives the vectors that a model makes of texts.

    Attributes:
        adapter: The model.
        cache: Where vectors are kept, or None.
        progress: Whether to show a progress bar.
        role: What the model is, for errors.
    """

    adapter: Adapter
    cache: VectorCache | None
    progress: bool
    role: str

    @classmethod
    def of(
        cls, model: SentenceTransformer, cache: bool | str | Path, *, progress: bool, role: str
    ) -> TextVectors:
        """Those of a model.

        Args:
            model: The model.
            cache: Whether vectors are kept on disk, and used again: True in the usual place, a path there.
            progress: Whether to show a progress bar.
            role: What the model is, such as `teacher`, for errors.

        Returns:
            What gives its vectors.

        Raises:
            SearchError: If it does not encode texts.
        """
        adapter = adapt(model)
        if "text" not in adapter.modalities:
            raise SearchError(
                f"the {role} must encode texts, but it encodes {', '.join(adapter.modalities)} alone; give a "
                "model of texts"
            )
        return cls(adapter, open_cache(adapter, cache), progress, role)

    @property
    def unit(self) -> bool:
        """Whether the model compares by cosine, so that lengths mean nothing."""
        return self.adapter.similarity == "cosine"

    def encode(self, side: Side, texts: Sequence[str]) -> Vectors:
        """The vectors of distinct texts.

        Args:
            side: Whose prompt the model puts before them.
            texts: (n,) the texts.

        Returns:
            (n, D) vectors of any length.

        Raises:
            SearchError: If they are not n vectors of finite numbers.
        """

        def fresh(numbers: npt.NDArray[np.int64]) -> Vectors:
            given = self.adapter.encode(
                side,
                "text",
                [texts[number] for number in numbers],
                batch_size=self.adapter.batch_size,
                progress=self.progress,
            )
            return np.asarray(given, np.float32)

        if self.cache is None:
            vectors = fresh(np.arange(len(texts)))
        else:
            keys = make_keys((text.encode() for text in texts), self.adapter.context(side, "text"))
            vectors, _ = cached(self.cache, keys, fresh)
        if vectors.ndim != 2 or not vectors.shape[1] or not np.isfinite(vectors).all():
            raise SearchError(
                f"the {self.role}'s vectors of {len(texts)} {side} texts, of shape {vectors.shape}, are not "
                f"all finite; choose another {self.role}"
            )
        return vectors
