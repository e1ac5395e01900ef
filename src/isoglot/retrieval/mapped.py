"""Vectors in memory-mapped files: read as they are needed, and not held."""

from __future__ import annotations

import mmap

import numpy as np
import numpy.typing as npt


def release(vectors: npt.NDArray[np.floating]) -> None:
    """Lets go of the memory of pages that were read from a memory-mapped file; the file keeps them.

    Args:
        vectors: Any array; one that is not memory-mapped read-only stays as it is.
    """
    owner: object = vectors
    while isinstance(owner, np.ndarray):
        owner = owner.base
    if isinstance(owner, mmap.mmap) and not vectors.flags.writeable:
        owner.madvise(mmap.MADV_DONTNEED)
