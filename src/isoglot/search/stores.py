"""Stores by address: the embedded one in a folder, the distributed one behind a URI."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from isoglot.errors import SearchError
from isoglot.search.documents import FieldKind
from isoglot.search.interface import Similarity, Store
from isoglot.search.metadata import StoreMetadata


class _Place(NamedTuple):
    """A store's address, taken apart.

    Attributes:
        engine: `lance` or `milvus`.
        address: What the engine is given.
    """

    engine: str
    address: str


def _place(uri: str | Path) -> _Place:
    text = str(uri)
    if not text.strip() or "\0" in text:
        raise SearchError(f"a store must be a folder or a URI, got {text!r}")
    scheme, _, rest = text.partition(":")
    if scheme == "milvus" and rest.strip("/"):
        return _Place("milvus", rest if rest.startswith("http") else rest.removeprefix("//"))
    if text.startswith("lance://") and text != "lance://":
        return _Place("lance", text.removeprefix("lance://"))
    if "://" in text or scheme in ("milvus", "lance"):
        raise SearchError(
            "a store must be a folder, lance://FOLDER, milvus:http://HOST:PORT or milvus:FILE.db, got "
            f"{text!r}"
        )
    return _Place("lance", text)


def open_store(uri: str | Path) -> Store:
    """Opens a store.

    Args:
        uri: A folder or `lance://FOLDER` for the embedded store, `milvus:http://HOST:PORT[/COLLECTION]` for a
            Milvus server, `milvus:FILE.db` for Milvus Lite.

    Returns:
        The store.

    Raises:
        SearchError: If the address is malformed, nothing is there or within reach, it is damaged, or it is no
            store of this package.
    """
    place = _place(uri)
    if place.engine == "milvus":
        from isoglot.search.milvus import open_milvus

        return open_milvus(str(uri), place.address)
    from isoglot.search.lance import open_lance

    return open_lance(str(uri), place.address)


def store_exists(uri: str | Path) -> bool:
    """Whether there is a store at an address, sound or not.

    Args:
        uri: As in `open_store`.

    Returns:
        True if something is there.

    Raises:
        SearchError: If the address is malformed or out of reach.
    """
    place = _place(uri)
    if place.engine == "milvus":
        from isoglot.search.milvus import milvus_exists

        return milvus_exists(str(uri), place.address)
    from isoglot.search.lance import lance_exists

    return lance_exists(place.address)


def create_store(
    uri: str | Path,
    *,
    model: str,
    fingerprint: str,
    dimension: int,
    similarity: Similarity = "cosine",
    fields: Mapping[str, FieldKind] | None = None,
) -> Store:
    """Makes an empty store.

    Args:
        uri: As in `open_store`.
        model: Folder or name of the model whose vectors it will hold.
        fingerprint: What tells the model from all others.
        dimension: Width of its vectors.
        similarity: How they compare.
        fields: The user's own fields by which documents will be filtered -> kind of their values.

    Returns:
        The store.

    Raises:
        SearchError: If there is a store already, or the place or a field cannot be.
    """
    place = _place(uri)
    metadata = StoreMetadata(model, fingerprint, dimension, similarity)
    if place.engine == "milvus":
        from isoglot.search.milvus import create_milvus

        return create_milvus(str(uri), place.address, metadata, fields or {})
    from isoglot.search.lance import create_lance

    return create_lance(str(uri), place.address, metadata, fields or {})
