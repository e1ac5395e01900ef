"""Vectors of what a model encodes, medium by medium, each checked and ready to be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from isoglot.errors import SearchError
from isoglot.retrieval.adapters import Adapter
from isoglot.retrieval.contents import Side
from isoglot.retrieval.encode import Vectors, normalize
from isoglot.tagging.items import Item


def embed_contents(
    adapter: Adapter,
    side: Side,
    modality: str,
    contents: Sequence[Any],
    names: Sequence[str],
    *,
    batch_size: int | None = None,
    progress: bool = False,
) -> Vectors:
    """Vectors of contents of one medium.

    Args:
        adapter: The model.
        side: Whether they are encoded as queries or as documents.
        modality: The medium.
        contents: (n,) texts, files, or what is in them.
        names: (n,) what errors call them.
        batch_size: Contents per batch; None chooses by the kind of model.
        progress: Whether to show a progress bar.

    Returns:
        (n, D) vectors, of length 1 if that is how the model compares.

    Raises:
        SearchError: If the model does not encode the medium, or a vector is not finite.
        MediaError: If files cannot be read; all at once.
    """
    if modality not in adapter.modalities:
        raise SearchError(
            f"{names[0]!r} is {modality}, but the model encodes {', '.join(adapter.modalities)}; take a "
            f"model for {modality}, or leave it out"
        )
    given = adapter.encode(
        side, modality, list(contents), batch_size=batch_size or adapter.batch_size, progress=progress
    )
    vectors = np.asarray(given, np.float32)
    if vectors.ndim != 2 or len(vectors) != len(contents):
        raise SearchError(f"{len(contents)} {side} {modality}s gave embeddings of shape {vectors.shape}")
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad):
        raise SearchError(f"the model's vector of {names[bad[0]]!r} is not finite; mend the model or it")
    return normalize(vectors) if adapter.similarity == "cosine" else vectors


def embed_items(
    adapter: Adapter, items: Sequence[Item], *, batch_size: int | None = None, progress: bool = False
) -> Vectors:
    """Vectors of items of any media, on the side of queries.

    Args:
        adapter: The model.
        items: The items, one at least.
        batch_size: Items per batch; None chooses by the kind of model.
        progress: Whether to show a progress bar.

    Returns:
        (n, D) vectors in the order of the items.

    Raises:
        SearchError: If the model does not encode a medium, a vector is not finite, or widths differ by
            medium.
        MediaError: If files cannot be read; all at once.
    """
    places: dict[str, list[int]] = {}
    for place, item in enumerate(items):
        places.setdefault(item.modality, []).append(place)
    made = {}
    for modality, of_medium in places.items():
        chosen = [items[place] for place in of_medium]
        contents, names = [item.content for item in chosen], [item.name for item in chosen]
        made[modality] = embed_contents(
            adapter, "query", modality, contents, names, batch_size=batch_size, progress=progress
        )
    check_widths(made)
    joined = np.empty((len(items), next(iter(made.values())).shape[1]), np.float32)
    for modality, vectors in made.items():
        joined[places[modality]] = vectors
    return joined


def check_widths(made: Mapping[str, Vectors]) -> None:
    """Sees to it that vectors can be compared.

    Args:
        made: What they are of -> (n, D) vectors.

    Raises:
        SearchError: If they differ in width.
    """
    widths = {name: vectors.shape[1] for name, vectors in made.items()}
    if len(set(widths.values())) > 1:
        raise SearchError(f"the model's vectors differ in width: {widths}; take a model of one space")
