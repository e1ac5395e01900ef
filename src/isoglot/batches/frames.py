"""Videos in training: frames are decoded once, and a batch is gathered from small whole numbers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from isoglot.batches.contents import Preprocess, distinct_contents
from isoglot.batches.pixels import AS_DECODED, Pixels, Scaling, read_scaling
from isoglot.corpora.judgements import Rows

if TYPE_CHECKING:
    from isoglot.batches.subwords import Features

_CHUNK_FILES = 32
_PIXELS, _COUNTS = "pixel_values_videos", "num_images_per_sample"
"""What a video tower calls pixels (videos, frames, channels, height, width), and the number of frames."""


@dataclass(frozen=True, eq=False)
class FrameTable:
    """The frames of the videos of a table, in the size that the model takes.

    Attributes:
        pixels: (frames, channels, height, width) from 0 to 255, video by video, in a file without name that
            goes with it.
        indptr: (videos + 1,) where the frames of each video begin and end.
        places: (rows,) which video each row of the table has; -1 where it has none.
        scaling: What the model's processor does to them.
        rest: What the model is told beside them, such as the medium.
    """

    pixels: Pixels
    indptr: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]
    scaling: Scaling
    rest: Features

    def __call__(self, rows: Rows) -> Features:
        """Model input of the rows, in their order; shorter videos are filled up with zeros."""
        videos = self.places[rows]
        starts, counts = self.indptr[videos], self.indptr[videos + 1] - self.indptr[videos]
        within = np.arange(counts.max())
        own = within < counts[:, None]
        frames = self.scaling(self.pixels[(starts[:, None] + within)[own]])
        if own.all():
            filled = frames.reshape(*own.shape, *frames.shape[1:])
        else:
            filled = frames.new_zeros(*own.shape, *frames.shape[1:])
            filled[torch.from_numpy(own)] = frames
        return {_PIXELS: filled, _COUNTS: torch.from_numpy(counts), **self.rest}


def frames_table(
    files: Sequence[str], preprocess: Preprocess, rows: Rows, num_rows: int
) -> FrameTable | None:
    """Decodes videos, each file once, and of each only the frames that the model looks at.

    Args:
        files: (n,) file of each row.
        preprocess: Makes model input of videos.
        rows: (n,) these rows.
        num_rows: Rows of the whole table.

    Returns:
        The table; None if the model takes videos in another form than frames of one size, scaled and shifted
        channel by channel, as `build_video_tower` has them.

    Raises:
        MediaError: If videos cannot be read; all of those that were read at the same time.
    """
    distinct, places = distinct_contents(files, rows, num_rows)
    layout = _layout(preprocess, distinct[0])
    if layout is None:
        return None
    scaling, shape, rest = layout
    counts = []
    # The map keeps the file, which has no name any more: nothing is left behind, however the process ends.
    with tempfile.TemporaryFile() as file:
        for frames in _decode(preprocess, distinct):
            file.write(frames.tobytes())
            counts.append(len(frames))
        file.flush()
        pixels = np.memmap(file, np.uint8, "r", shape=(sum(counts), *shape))
    return FrameTable(pixels, np.concatenate([[0], np.cumsum(counts)]), places, scaling, rest)


def _layout(preprocess: Preprocess, file: str) -> tuple[Scaling, tuple[int, ...], Features] | None:
    """What a model's processor does to pixels, read off black, white and one true video."""
    true = preprocess([file])
    pixels = true.get(_PIXELS)
    if not isinstance(pixels, Tensor) or pixels.ndim != 5 or _COUNTS not in true:
        return None
    decoded = next(_decode(preprocess, [file]))
    ends = np.zeros((2, 1, *pixels.shape[3:], 3), np.uint8)
    ends[1] = 255
    scaling = read_scaling(*preprocess(list(ends))[_PIXELS][:, 0])
    rest = {key: value for key, value in true.items() if key not in (_PIXELS, _COUNTS)}
    plain = not any(isinstance(value, Tensor) for value in rest.values())
    if not plain or not torch.allclose(scaling(decoded), pixels[0], atol=1e-4):
        return None
    return scaling, tuple(pixels.shape[2:]), rest


def _decode(preprocess: Preprocess, files: Sequence[str]) -> Iterator[Pixels]:
    """(frames, channels, height, width) of each video as the model takes it, but for the scale."""
    for start in range(0, len(files), _CHUNK_FILES):
        features = preprocess(list(files[start : start + _CHUNK_FILES]), processing_kwargs=AS_DECODED)
        counts = features[_COUNTS].tolist()
        for frames, count in zip(np.asarray(features[_PIXELS]), counts, strict=True):
            yield frames[:count].astype(np.uint8)
