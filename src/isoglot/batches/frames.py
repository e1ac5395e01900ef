"""Videos in training: frames are decoded once, and a batch is gathered from small whole numbers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from isoglot.corpora.judgements import Rows

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from isoglot.batches.subwords import Features

Pixels = npt.NDArray[np.uint8]

_CHUNK_FILES = 32
_PIXELS, _COUNTS = "pixel_values_videos", "num_images_per_sample"
"""What a video tower calls pixels (videos, frames, channels, height, width), and the number of frames."""
_AS_DECODED: dict[str, Any] = {"image": {"do_rescale": False, "do_normalize": False}}
"""How a picture processor is told to leave pixels as whole numbers from 0 to 255."""


@dataclass(frozen=True, eq=False)
class FrameTable:
    """The frames of the videos of a table, in the size that the model takes.

    Attributes:
        pixels: (frames, channels, height, width) from 0 to 255, video by video, in a file without name that
            goes with it.
        indptr: (videos + 1,) where the frames of each video begin and end.
        places: (rows,) which video each row of the table has; -1 where it has none.
        gain: (channels, 1, 1) what the model's processor multiplies them by.
        offset: (channels, 1, 1) what it adds then.
        rest: What the model is told beside them, such as the medium.
    """

    pixels: Pixels
    indptr: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]
    gain: Tensor
    offset: Tensor
    rest: Features

    def __call__(self, rows: Rows) -> Features:
        """Model input of the rows, in their order; shorter videos are filled up with zeros."""
        videos = self.places[rows]
        starts, counts = self.indptr[videos], self.indptr[videos + 1] - self.indptr[videos]
        within = np.arange(counts.max())
        own = within < counts[:, None]
        frames = torch.from_numpy(self.pixels[(starts[:, None] + within)[own]]).float()
        frames.mul_(self.gain).add_(self.offset)
        if own.all():
            filled = frames.reshape(*own.shape, *frames.shape[1:])
        else:
            filled = frames.new_zeros(*own.shape, *frames.shape[1:])
            filled[torch.from_numpy(own)] = frames
        return {_PIXELS: filled, _COUNTS: torch.from_numpy(counts), **self.rest}


def frames_table(
    model: SentenceTransformer,
    side: Literal["query", "document"],
    files: Sequence[str],
    rows: Rows,
    num_rows: int,
) -> FrameTable | None:
    """Decodes videos, each file once, and of each only the frames that the model looks at.

    Args:
        model: Encodes videos.
        side: Which side they are on.
        files: (n,) file of each row.
        rows: (n,) these rows.
        num_rows: Rows of the whole table.

    Returns:
        The table; None if the model takes videos in another form than frames of one size, scaled and shifted
        channel by channel, as `build_video_tower` has them.

    Raises:
        MediaError: If videos cannot be read; all of those that were read at the same time.
    """
    distinct = list(dict.fromkeys(files))
    scaling = _scaling(model, side, distinct[0])
    if scaling is None:
        return None
    gain, offset, shape, rest = scaling
    place = {file: number for number, file in enumerate(distinct)}
    places = np.full(num_rows, -1, np.int64)
    places[rows] = [place[file] for file in files]
    counts = []
    # The map keeps the file, which has no name any more: nothing is left behind, however the process ends.
    with tempfile.TemporaryFile() as file:
        for frames in _decode(model, side, distinct):
            file.write(frames.tobytes())
            counts.append(len(frames))
        file.flush()
        pixels = np.memmap(file, np.uint8, "r", shape=(sum(counts), *shape))
    return FrameTable(pixels, np.concatenate([[0], np.cumsum(counts)]), places, gain, offset, rest)


def _scaling(
    model: SentenceTransformer, side: str, file: str
) -> tuple[Tensor, Tensor, tuple[int, ...], Features] | None:
    """What a model's processor does to pixels, read off black, white and one true video."""
    true = _preprocess(model, side, [file])
    pixels = true.get(_PIXELS)
    if not isinstance(pixels, Tensor) or pixels.ndim != 5 or _COUNTS not in true:
        return None
    decoded = torch.from_numpy(next(_decode(model, side, [file]))).float()
    ends = np.zeros((2, 1, *pixels.shape[3:], 3), np.uint8)
    ends[1] = 255
    black, white = _preprocess(model, side, list(ends))[_PIXELS][:, 0]
    offset = black.mean(dim=(1, 2), keepdim=True)
    gain = (white.mean(dim=(1, 2), keepdim=True) - offset) / 255
    rest = {key: value for key, value in true.items() if key not in (_PIXELS, _COUNTS)}
    plain = not any(isinstance(value, Tensor) for value in rest.values())
    if not plain or not torch.allclose(decoded * gain + offset, pixels[0], atol=1e-4):
        return None
    return gain, offset, tuple(pixels.shape[2:]), rest


def _decode(model: SentenceTransformer, side: str, files: Sequence[str]) -> Iterator[Pixels]:
    """(frames, channels, height, width) of each video as the model takes it, but for the scale."""
    for start in range(0, len(files), _CHUNK_FILES):
        chunk = files[start : start + _CHUNK_FILES]
        features = _preprocess(model, side, chunk, processing_kwargs=_AS_DECODED)
        counts = features[_COUNTS].tolist()
        for frames, count in zip(np.asarray(features[_PIXELS]), counts, strict=True):
            yield frames[:count].astype(np.uint8)


def _preprocess(model: SentenceTransformer, side: str, contents: Sequence[Any], **options: Any) -> Features:
    prompt = model.prompts.get(side) or None
    inputs = [{"video": content} for content in contents]
    return dict(model.preprocess(inputs, prompt=prompt, task=side, **options))
