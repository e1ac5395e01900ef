"""Pictures in training: each is decoded once, and a batch is gathered from small whole numbers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from isoglot.batches.contents import Preprocess, distinct_contents
from isoglot.batches.kept import kept_table
from isoglot.batches.pixels import AS_DECODED, Pixels, Scaling, read_scaling
from isoglot.batches.storage import Storage
from isoglot.corpora.judgements import Rows

if TYPE_CHECKING:
    from isoglot.batches.subwords import Features

_CHUNK_FILES = 32
_PIXELS = "pixel_values"


@dataclass(frozen=True, eq=False)
class PictureTable:
    """The decoded pictures of a table, in the size that the model takes.

    Attributes:
        pixels: (pictures, channels, height, width) from 0 to 255, in a file without name that goes with it.
        places: (rows,) which picture each row of the table has; -1 where it has none.
        scaling: What the model's processor does to them.
        rest: What the model is told beside the pixels, such as the medium.
    """

    pixels: Pixels
    places: npt.NDArray[np.int64]
    scaling: Scaling
    rest: Features

    def __call__(self, rows: Rows) -> Features:
        """Model input of the rows, in their order."""
        return {_PIXELS: self.scaling(self.pixels[self.places[rows]]), **self.rest}


def picture_table(
    files: Sequence[str], preprocess: Preprocess, rows: Rows, num_rows: int
) -> PictureTable | None:
    """Decodes pictures, each file once.

    Args:
        files: (n,) file of each row.
        preprocess: Makes model input of pictures.
        rows: (n,) these rows.
        num_rows: Rows of the whole table.

    Returns:
        The table; None if the model takes pictures in another form than one array of pixels each, scaled and
        shifted channel by channel.

    Raises:
        MediaError: If files cannot be read; all of those that were read at the same time.
    """
    distinct, places = distinct_contents(files, rows, num_rows)
    layout = _layout(preprocess, distinct[0])
    if layout is None:
        return None
    scaling, shape, rest = layout
    decoded = kept_table(
        _Decoded, partial(_identities, distinct, shape), partial(_decode_all, distinct, shape, preprocess)
    )
    assert decoded is not None
    return PictureTable(decoded.pixels, places, scaling, rest)


@dataclass(frozen=True, eq=False)
class _Decoded:
    """What of a table of pictures several trainings may have in common.

    Attributes:
        pixels: (pictures, channels, height, width) from 0 to 255.
    """

    pixels: Pixels


def _identities(files: Sequence[str], shape: tuple[int, ...]) -> Iterator[bytes]:
    """What tells pictures from others: name, size and time of each file, for to read all takes as long."""
    yield repr(shape).encode()
    for file in files:
        stat = Path(file).stat()
        yield f"{file}\0{stat.st_size}\0{stat.st_mtime_ns}".encode()


def _decode_all(files: Sequence[str], shape: tuple[int, ...], preprocess: Preprocess) -> _Decoded:
    pixels = Storage(Path(tempfile.gettempdir())).zeros((len(files), *shape), np.uint8)
    for start in range(0, len(files), _CHUNK_FILES):
        chunk = list(files[start : start + _CHUNK_FILES])
        pixels[start : start + len(chunk)] = _decode(preprocess, chunk)
    return _Decoded(pixels)


def _layout(preprocess: Preprocess, file: str) -> tuple[Scaling, tuple[int, ...], Features] | None:
    """What a model's processor does to pixels, read off black, white and one true picture."""
    from PIL import Image

    decoded = _decode(preprocess, [file])
    if decoded.ndim != 4:
        return None
    height, width = decoded.shape[2:]
    black, white = preprocess([Image.new("RGB", (width, height), level) for level in ("black", "white")])[
        _PIXELS
    ]
    scaling, true = read_scaling(black, white), preprocess([file])
    rest: dict[str, Any] = {key: value for key, value in true.items() if key != _PIXELS}
    plain = not any(isinstance(value, Tensor) for value in rest.values())
    if not plain or not torch.allclose(scaling(decoded), true[_PIXELS], atol=1e-4):
        return None
    return scaling, decoded.shape[1:], rest


def _decode(preprocess: Preprocess, files: list[str]) -> Pixels:
    """(n, channels, height, width) as the model takes pictures, but for the scale; empty if it takes none."""
    pixels = preprocess(files, processing_kwargs=AS_DECODED).get(_PIXELS)
    return np.asarray(pixels).astype(np.uint8) if isinstance(pixels, Tensor) else np.empty(0, np.uint8)
