"""Sounds in training: the model input of every sound is made once, and a batch is gathered from it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from isoglot.batches.contents import Preprocess, distinct_contents
from isoglot.batches.storage import Storage
from isoglot.corpora.judgements import Rows
from isoglot.media.hearing import hearing_of

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from isoglot.batches.subwords import Features

_CHUNK_FILES = 64
_PROBE_SECONDS = (0.5, 1.0)


@dataclass(frozen=True, eq=False)
class WaveformTable:
    """What a model takes for the sounds of a table, such as their spectrograms.

    Attributes:
        inputs: Name -> (sounds, ...) the model's input of that name, in a file without name that goes with
            it; floating-point numbers in 16 bits, which is finer than the spectrogram of a recording is.
        dtypes: Name -> the type that the model takes.
        places: (rows,) which sound each row of the table has; -1 where it has none.
        rest: What the model is told beside these, such as the medium.
    """

    inputs: dict[str, npt.NDArray[Any]]
    dtypes: dict[str, torch.dtype]
    places: npt.NDArray[np.int64]
    rest: Features

    def __call__(self, rows: Rows) -> Features:
        """Model input of the rows, in their order."""
        places = self.places[rows]
        tensors = {
            name: torch.from_numpy(table[places]).to(self.dtypes[name]) for name, table in self.inputs.items()
        }
        return {**tensors, **self.rest}


def waveform_table(
    model: SentenceTransformer,
    files: Sequence[str],
    preprocess: Preprocess,
    rows: Rows,
    num_rows: int,
) -> WaveformTable | None:
    """Makes the model input of sounds, of each file once.

    Args:
        model: Encodes sounds.
        files: (n,) file of each row.
        preprocess: Makes model input of files, or of samples.
        rows: (n,) these rows.
        num_rows: Rows of the whole table.

    Returns:
        The table; None if the model takes longer sounds as larger arrays, or opens files itself.

    Raises:
        MediaError: If files cannot be read.
    """
    layout = _layout(model, preprocess)
    if layout is None:
        return None
    distinct, places = distinct_contents(files, rows, num_rows)
    inputs = {name: _mapped((len(distinct), *each.shape[1:]), each.dtype) for name, each in layout.items()}
    rest: Features = {}
    for start in range(0, len(distinct), _CHUNK_FILES):
        chunk = distinct[start : start + _CHUNK_FILES]
        features = preprocess(chunk)
        for name, table in inputs.items():
            table[start : start + len(chunk)] = features[name].numpy()
        rest = {name: value for name, value in features.items() if name not in inputs}
    return WaveformTable(inputs, {name: each.dtype for name, each in layout.items()}, places, rest)


def _layout(model: SentenceTransformer, preprocess: Preprocess) -> Features | None:
    """Name -> model input of one sound, if it is as large for any other."""
    hearing = hearing_of(model)
    if hearing is None:
        return None
    short, long = (
        _tensors(preprocess([np.zeros(round(seconds * hearing.rate), np.float32)]))
        for seconds in _PROBE_SECONDS
    )
    alike = {name: each.shape for name, each in short.items()} == {n: e.shape for n, e in long.items()}
    return short if alike and short else None


def _tensors(features: Features) -> dict[str, Tensor]:
    return {name: value for name, value in features.items() if isinstance(value, Tensor)}


def _mapped(shape: tuple[int, ...], dtype: torch.dtype) -> npt.NDArray[Any]:
    stored = np.dtype(np.float16) if dtype.is_floating_point else torch.empty(0, dtype=dtype).numpy().dtype
    return Storage(Path(tempfile.gettempdir())).zeros(shape, stored)
