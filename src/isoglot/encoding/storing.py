"""Vectors in fewer bytes: float16, or int8 with a scale for each vector."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from isoglot.errors import ConfigError, SearchError

StoredType = Literal["float32", "float16", "int8"]
Vectors = npt.NDArray[np.float32]
Stored = npt.NDArray[Any]
"""(n, D) numbers of a stored type."""

_LARGEST = 127


def check_type(dtype: str) -> StoredType:
    """The stored type by its name.

    Args:
        dtype: float32, float16 or int8.

    Returns:
        The same.

    Raises:
        ConfigError: If it is none of these.
    """
    if dtype not in get_args(StoredType):
        raise ConfigError(f"dtype must be one of {', '.join(get_args(StoredType))}, got {dtype!r}")
    found: StoredType = "int8" if dtype == "int8" else "float16" if dtype == "float16" else "float32"
    return found


def pack(vectors: Vectors, dtype: StoredType) -> tuple[Stored, Vectors | None]:
    """Vectors as they are stored.

    int8 is symmetric: each vector is divided by its own scale, its largest component / 127, and rounded. So a
    vector does not depend on others, and dot products of int8 times both scales are those of the vectors.

    Args:
        vectors: (n, D), finite.
        dtype: The type to store.

    Returns:
        (n, D) numbers of that type, and for int8 (n,) scales.

    Raises:
        SearchError: If a component is too large for float16.
    """
    if dtype == "float32":
        return np.ascontiguousarray(vectors, np.float32), None
    if dtype == "float16":
        if np.abs(vectors).max(initial=0) > np.finfo(np.float16).max:
            raise SearchError("a component of a vector is too large for float16; store float32 or int8")
        return vectors.astype(np.float16), None
    scales = (np.abs(vectors).max(axis=1) / _LARGEST).astype(np.float32)
    # Of all zeros, or of components so small that a scale of them is zero.
    divisors = np.where(scales > 0, scales, 1)
    numbers = np.rint(vectors / divisors[:, None]).clip(-_LARGEST, _LARGEST).astype(np.int8)
    return numbers, scales


def unpack(stored: Stored, scales: Vectors | None) -> Vectors:
    """Vectors out of what is stored.

    Args:
        stored: (n, D) numbers; float32 is not copied.
        scales: (n,) scales of int8.

    Returns:
        (n, D) vectors.
    """
    vectors = np.asarray(stored, np.float32)
    return vectors if scales is None else vectors * scales[:, None]
