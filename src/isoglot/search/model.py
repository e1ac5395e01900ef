"""The model behind a store: what it is, and how it turns queries and documents into vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isoglot.corpora.building import is_unicode
from isoglot.encoders.inputs import medium_of
from isoglot.errors import CheckpointError, SearchError
from isoglot.records import MODALITIES
from isoglot.retrieval.adapters import Adapter, Similarity, adapt
from isoglot.retrieval.contents import Side
from isoglot.search.documents import StoredDocument
from isoglot.search.interface import Vectors

Content = str | Mapping[str, Any]
"""A query: a text, or a file or what is in one under the name of its medium, such as `{"image": picture}`."""


@dataclass(frozen=True, eq=False)
class SearchModel:
    """A model that queries and documents are encoded with.

    Attributes:
        name: Folder or name by which it can be loaded again; of a model in memory, what it calls itself.
        fingerprint: What tells it, with its prompts, from all others.
        adapter: The model.
    """

    name: str
    fingerprint: str
    adapter: Adapter

    @property
    def similarity(self) -> Similarity:
        """What the model compares by."""
        return self.adapter.similarity

    @property
    def modalities(self) -> tuple[str, ...]:
        """Media that it encodes."""
        return self.adapter.modalities

    def embed_queries(self, queries: Sequence[Content], *, batch_size: int | None = None) -> Vectors:
        """Vectors of queries, all texts in one go and so each other medium.

        Args:
            queries: (n,) queries, one at least.
            batch_size: Queries per batch; None chooses by the kind of model.

        Returns:
            (n, D) vectors, of length 1 if that is how the model compares.

        Raises:
            SearchError: If the model does not encode a medium, a query is of none or of several, or a vector
                is not finite.
            MediaError: If files cannot be read; all at once.
        """
        taken = [_content(query) for query in queries]
        names = [content if isinstance(content, str) else medium for medium, content in taken]
        return self._embed("query", taken, names, batch_size, progress=False)

    def embed_documents(
        self, documents: Sequence[StoredDocument], *, batch_size: int | None = None, progress: bool = False
    ) -> Vectors:
        """Vectors of documents.

        Args:
            documents: (n,) documents, one at least.
            batch_size: Documents per batch; None chooses by the kind of model.
            progress: Whether to show a progress bar.

        Returns:
            (n, D) vectors, of length 1 if that is how the model compares.

        Raises:
            SearchError: If the model does not encode a medium, or a vector is not finite.
            MediaError: If files cannot be read; all at once.
        """
        taken = [(each.modality, each.content) for each in documents]
        names = [each.doc_id for each in documents]
        return self._embed("document", taken, names, batch_size, progress=progress)

    def _embed(
        self,
        side: Side,
        taken: Sequence[tuple[str, Any]],
        names: Sequence[str],
        batch_size: int | None,
        *,
        progress: bool,
    ) -> Vectors:
        import numpy as np

        from isoglot.tagging.vectors import check_widths, embed_contents

        if not taken:
            raise SearchError(f"there must be one {side} at least")
        places: dict[str, list[int]] = {}
        for place, (modality, _) in enumerate(taken):
            places.setdefault(modality, []).append(place)
        made = {
            modality: embed_contents(
                self.adapter,
                side,
                modality,
                [taken[place][1] for place in chosen],
                [names[place] for place in chosen],
                batch_size=batch_size,
                progress=progress,
            )
            for modality, chosen in places.items()
        }
        check_widths(made)
        joined = np.empty((len(taken), next(iter(made.values())).shape[1]), np.float32)
        for modality, vectors in made.items():
            joined[places[modality]] = vectors
        return joined


def _content(query: Content) -> tuple[str, Any]:
    """A query's medium, and what the model is given."""
    modality = medium_of(query)
    if modality not in MODALITIES:
        raise SearchError(f"a query must be of one of {', '.join(MODALITIES)}, got {modality!r}")
    if modality == "text":
        text = query["text"] if isinstance(query, Mapping) else query
        if not isinstance(text, str) or not text.strip():
            raise SearchError("the query is empty; say what to search for")
        if not is_unicode(text):
            raise SearchError("the query holds half a surrogate pair, which no UTF-8 text can; mend it")
        return modality, text
    return modality, query[modality] if isinstance(query, Mapping) else query


def load_search_model(model: Any, name: str | None = None) -> SearchModel:
    """A model to search with.

    Args:
        model: A sentence-transformers model, or one of MTEB's protocol; or a folder or name of the former.
        name: What a store is to call it, by which it can be loaded again; None is the folder's absolute path
            or its name, and `model` for a model in memory.

    Returns:
        The model.

    Raises:
        CheckpointError: If there is no such model, or it cannot be loaded.
        SearchError: If it is no model to search with.
    """
    from isoglot.encoding.encoder import fast_adapter

    loaded, called = model, "model"
    if isinstance(model, str | Path):
        from isoglot.encoders import load_encoder

        loaded = load_encoder(model, normalize=False)
        called = str(Path(model).resolve()) if Path(model).is_dir() else str(model)
    called = name or called
    # A store moves between processors: which of them rounds to bfloat16 makes no other model.
    return SearchModel(called, _fingerprint(adapt(loaded), called), fast_adapter(loaded))


def load_store_model(uri: str, name: str) -> SearchModel:
    """The model that a store names.

    Args:
        uri: The store.
        name: The model's folder or name.

    Returns:
        The model.

    Raises:
        SearchError: If it is gone, or cannot be loaded any more.
    """
    try:
        return load_search_model(name)
    except CheckpointError as error:
        raise SearchError(
            f"{uri}: the model that it was indexed with cannot be loaded ({error}); put it back to {name}, "
            "or say where it is now"
        ) from error


def _fingerprint(adapter: Adapter, name: str) -> str:
    """A digest of all that vectors depend on; of a model that cannot be looked into, of its name."""
    identity = adapter.identify() or f"named {name}"
    sides: tuple[Side, ...] = ("query", "document")
    contexts = [adapter.context(side, modality) for side in sides for modality in sorted(adapter.modalities)]
    return hashlib.blake2b("\n".join([identity, *contexts]).encode(), digest_size=16).hexdigest()
