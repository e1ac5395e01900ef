"""What a store keeps about itself beside its documents: whose vectors it holds, and how they compare."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, get_args

from isoglot.errors import SearchError
from isoglot.search.documents import FieldKind, check_fields
from isoglot.search.interface import Similarity, StoreInfo

_FORMAT = 1


@dataclass(frozen=True)
class StoreMetadata:
    """What is fixed when a store is made.

    Attributes:
        model: Folder or name of the model.
        fingerprint: What tells it from all others.
        dimension: Width of its vectors.
        similarity: How they compare.
    """

    model: str
    fingerprint: str
    dimension: int
    similarity: Similarity

    def __post_init__(self) -> None:
        if not self.model or not self.fingerprint:
            raise SearchError("a store must name its model and the model's fingerprint; give both")
        if self.dimension < 1:
            raise SearchError(f"dimension must be > 0, got {self.dimension}")
        if self.similarity not in get_args(Similarity):
            raise SearchError(f"similarity must be 'cosine' or 'dot', got {self.similarity!r}")

    def record(self) -> dict[str, Any]:
        """The metadata as stores write them."""
        return {"format": _FORMAT, **asdict(self)}

    @staticmethod
    def parse(uri: str, written: str | bytes | None) -> StoreMetadata:
        """Metadata as they were written.

        Args:
            uri: The store.
            written: JSON; None if there is none.

        Returns:
            The metadata.

        Raises:
            SearchError: If this is no store of this package, or one of another format.
        """
        try:
            record = dict(json.loads(written or "null"))
            number = record.pop("format")
            known = {name: record[name] for name in StoreMetadata.__dataclass_fields__}
        except (ValueError, TypeError, KeyError) as error:
            raise SearchError(f"{uri}: is no store of isoglot; name another place") from error
        if number != _FORMAT:
            raise SearchError(
                f"{uri}: has format {number!r}, and this version reads {_FORMAT}; index the documents again"
            )
        return StoreMetadata(**known)

    def info(self, uri: str, fields: Mapping[str, FieldKind], version: int) -> StoreInfo:
        """What a store says of itself, with what changes."""
        return StoreInfo(uri, **asdict(self), fields=dict(fields), version=version)


def new_fields(there: Mapping[str, FieldKind], wanted: Mapping[str, FieldKind]) -> dict[str, FieldKind]:
    """The fields that a store is still to declare.

    Args:
        there: What it has declared.
        wanted: What it should have.

    Returns:
        What is missing.

    Raises:
        SearchError: If a name is malformed, or there with another kind; all problems at once.
    """
    check_fields({**there, **wanted})
    problems = [
        f"field {name!r} is {there[name]} in the store, got {kind}; name yours otherwise"
        for name, kind in wanted.items()
        if there.get(name, kind) != kind
    ]
    if problems:
        raise SearchError("\n".join(problems))
    return {name: kind for name, kind in wanted.items() if name not in there}
