"""Where the arrays that batches are drawn from lie: in memory, or in files that are mapped into it."""

from __future__ import annotations

import mmap
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Storage:
    """Makes arrays of zeros.

    Attributes:
        folder: Folder for arrays in files; None keeps them in memory. A file has no name once it is made, so
            it goes with the process that made it, however that ends.
    """

    folder: Path | None = None

    def zeros(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """An array of zeros.

        Args:
            shape: Its shape.
            dtype: Its type.

        Returns:
            The array; a plain view of a mapped file, if there is a folder.

        Raises:
            OSError: If the folder cannot be written, or its disk is full.
        """
        num_bytes = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        if self.folder is None or not num_bytes:
            return np.zeros(shape, dtype)
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self.folder) as file:
            file.truncate(num_bytes)
            mapped = mmap.mmap(file.fileno(), num_bytes)
        return np.frombuffer(mapped, dtype).reshape(shape)


def read_at_random(array: npt.NDArray[Any] | None) -> None:
    """Tells the system that a mapped array is read here and there from now on.

    It then reads nothing ahead. What was written stays mapped as long as there is room: to map the pages one
    by one anew costs more than the batches that need them.

    Args:
        array: As `Storage` made it, or a view of it; an array in memory, or None, is left as it is.
    """
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, memoryview):
        base = base.obj
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_RANDOM"):
        base.flush()
        base.madvise(mmap.MADV_RANDOM)
