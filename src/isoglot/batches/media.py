"""Media in training: every picture is decoded once, and a batch is gathered from small whole numbers."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from isoglot.batches.features import feature_table
from isoglot.batches.frames import frames_table
from isoglot.batches.waveforms import waveform_table
from isoglot.corpora.judgements import Rows
from isoglot.corpora.media_files import media_files
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import MediaError
from isoglot.media.checking import find_bad_media
from isoglot.media.opening import open_media

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from isoglot.batches.collation import Gather
    from isoglot.batches.subwords import Features

_CHUNK_FILES = 32
_AS_DECODED: dict[str, Any] = {"image": {"do_rescale": False, "do_normalize": False}}
"""How a processor is told to leave pixels as whole numbers from 0 to 255."""


@dataclass(frozen=True, eq=False)
class PictureTable:
    """The decoded pictures of a table, in the size that the model takes.

    Attributes:
        pixels: (pictures, channels, height, width) from 0 to 255, in a file without name that goes with it.
        places: (rows,) which picture each row of the table has; -1 where it has none.
        gain: (channels, 1, 1) what the model's processor multiplies them by.
        offset: (channels, 1, 1) what it adds then.
        rest: What the model is told beside the pixels, such as the medium.
    """

    pixels: npt.NDArray[np.uint8]
    places: npt.NDArray[np.int64]
    gain: Tensor
    offset: Tensor
    rest: Features

    def __call__(self, rows: Rows) -> Features:
        """Model input of the rows, in their order."""
        pixels = torch.from_numpy(self.pixels[self.places[rows]]).float()
        return {"pixel_values": pixels.mul_(self.gain).add_(self.offset), **self.rest}


def media_gather(
    model: SentenceTransformer,
    side: Literal["query", "document"],
    modality: str,
    corpus: ParallelCorpus,
    rows: Rows,
) -> Gather:
    """What gathers the model input of media.

    Args:
        model: Encodes the medium.
        side: Whether these are rows of the queries or of the documents.
        modality: The medium.
        corpus: The corpus.
        rows: (n,) rows that will be asked for, all of this medium.

    Returns:
        Given some of the rows, their model input: of pictures from a `PictureTable` if the model takes each
        as pixels in one size, otherwise decoded anew for every batch.

    Raises:
        CorpusError: If files are missing; all at once.
        MediaError: If files cannot be read; all at once.
    """
    files = media_files(corpus, side, rows)
    num_rows = (corpus.queries if side == "query" else corpus.documents).num_rows
    try:
        table = _table(model, side, modality, files, rows, num_rows)
    except MediaError as error:  # found on the way; what else is bad is said as well
        bad = find_bad_media((file, modality) for file in files)
        raise MediaError(list(dict.fromkeys([*error.problems, *bad.values()]))) from error
    if table is not None:
        return table
    if bad := find_bad_media((file, modality) for file in files):
        raise MediaError(list(bad.values()))
    file_of = dict(zip(rows.tolist(), files, strict=True))

    def gather(chosen: Rows) -> Features:
        return _preprocess(model, side, modality, [file_of[row] for row in chosen.tolist()])

    return gather


def _table(
    model: SentenceTransformer,
    side: Literal["query", "document"],
    modality: str,
    files: Sequence[str],
    rows: Rows,
    num_rows: int,
) -> Gather | None:
    """What is made ready once for all batches; None if the model takes the medium in another form."""
    preprocess = partial(_preprocess, model, side, modality)
    if (frozen := feature_table(model, side, modality, files, preprocess, rows, num_rows)) is not None:
        return frozen
    if modality == "image":
        return picture_table(model, side, files, rows, num_rows)
    if modality == "audio":
        return waveform_table(model, files, preprocess, rows, num_rows)
    if modality == "video":
        return frames_table(model, side, files, rows, num_rows)
    return None


def picture_table(
    model: SentenceTransformer,
    side: Literal["query", "document"],
    files: Sequence[str],
    rows: Rows,
    num_rows: int,
) -> PictureTable | None:
    """Decodes pictures, each file once.

    Args:
        model: Encodes pictures.
        side: Which side they are on.
        files: (n,) file of each row.
        rows: (n,) these rows.
        num_rows: Rows of the whole table.

    Returns:
        The table; None if the model takes pictures in another form than one array of pixels each, scaled and
        shifted channel by channel.

    Raises:
        MediaError: If files cannot be read; all at once.
    """
    distinct = list(dict.fromkeys(files))
    scaling = _scaling(model, side, distinct[0])
    if scaling is None:
        return None
    gain, offset, shape, rest = scaling
    place = {file: number for number, file in enumerate(distinct)}
    places = np.full(num_rows, -1, np.int64)
    places[rows] = [place[file] for file in files]
    # The map keeps the file, which has no name any more: nothing is left behind, however the process ends.
    with tempfile.TemporaryFile() as file:
        pixels = np.memmap(file, np.uint8, "w+", shape=(len(distinct), *shape))
    for start in range(0, len(distinct), _CHUNK_FILES):
        chunk = distinct[start : start + _CHUNK_FILES]
        pixels[start : start + len(chunk)] = _decode(model, side, chunk)
    return PictureTable(pixels, places, gain, offset, rest)


def _scaling(
    model: SentenceTransformer, side: str, file: str
) -> tuple[Tensor, Tensor, tuple[int, ...], Features] | None:
    """What a model's processor does to pixels, read off black, white and one true picture."""
    from PIL import Image

    decoded = _decode(model, side, [file])
    if decoded.ndim != 4:
        return None
    height, width = decoded.shape[2:]
    ends = [Image.new("RGB", (width, height), level) for level in ("black", "white")]
    black, white = _preprocess(model, side, "image", ends)["pixel_values"]
    offset = black.mean(dim=(1, 2), keepdim=True)
    gain = (white.mean(dim=(1, 2), keepdim=True) - offset) / 255
    true = _preprocess(model, side, "image", [file])
    rest = {key: value for key, value in true.items() if key != "pixel_values"}
    again = torch.from_numpy(decoded).float() * gain + offset
    plain = not any(isinstance(value, Tensor) for value in rest.values())
    if not plain or not torch.allclose(again, true["pixel_values"], atol=1e-4):
        return None
    return gain, offset, decoded.shape[1:], rest


def _decode(model: SentenceTransformer, side: str, files: list[str]) -> npt.NDArray[np.uint8]:
    """Pixels of pictures as the model takes them, but for their scale.

    Args:
        model: Encodes pictures.
        side: Which side they are on.
        files: (n,) their files.

    Returns:
        (n, channels, height, width) from 0 to 255; empty, in one dimension, if the model takes no pixels.
    """
    features = _preprocess(model, side, "image", files, processing_kwargs=_AS_DECODED)
    pixels = features.get("pixel_values")
    return np.asarray(pixels).astype(np.uint8) if isinstance(pixels, Tensor) else np.empty(0, np.uint8)


def _preprocess(
    model: SentenceTransformer, side: str, modality: str, contents: list[Any], **options: Any
) -> Features:
    prompt = model.prompts.get(side) or None
    inputs = [{modality: content} for content in open_media(modality, contents, model)]
    return dict(model.preprocess(inputs, prompt=prompt, task=side, **options))
