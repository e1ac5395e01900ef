"""Subwords in training: every text is cut once, and a batch is gathered from flat arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from isoglot.batches.kept import kept_table
from isoglot.corpora.judgements import Rows

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Side = Literal["query", "document"]
Features = dict[str, Any]
SubwordChange = Callable[
    [npt.NDArray[np.int32], npt.NDArray[np.int64]], tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]
]
"""From the ids of some texts, one after the other, and their number in each, to other ones."""

_CHUNK_TEXTS = {"bags": 20_000, "sequences": 1_024}
_UNEQUAL = ["a", "a b c d e f"]
"""Texts of which the first is padded, if any is."""


@dataclass(frozen=True, eq=False)
class SubwordTable:
    """The subwords of all texts of a table, in flat arrays.

    Attributes:
        indptr: (rows + 1,) offsets.
        ids: (subwords,) ids.
        pad_id: What fills up shorter texts of a batch; None for an encoder of bags.
        zeros: Features beside ids and mask that are 0 for every subword.
        rest: What the model is told beside the tensors, such as the medium.
    """

    indptr: npt.NDArray[np.int64]
    ids: npt.NDArray[np.int32]
    pad_id: int | None
    zeros: tuple[str, ...]
    rest: Features

    def __call__(self, rows: Rows) -> Features:
        """Model input of the rows, in their order."""
        counts = self.indptr[rows + 1] - self.indptr[rows]
        offsets = np.concatenate([[0], np.cumsum(counts)])
        places = np.arange(offsets[-1]) + np.repeat(self.indptr[rows] - offsets[:-1], counts)
        ids = self.ids[places].astype(np.int64)
        if self.pad_id is None:
            bags = {"input_ids": torch.from_numpy(ids), "offsets": torch.from_numpy(offsets[:-1])}
            return bags | self.rest
        mask = np.arange(counts.max()) < counts[:, None]
        padded = np.full(mask.shape, self.pad_id, np.int64)
        padded[mask] = ids
        sequences = {"input_ids": padded, "attention_mask": mask.astype(np.int64)}
        sequences |= {name: np.zeros_like(padded) for name in self.zeros}
        return {name: torch.from_numpy(array) for name, array in sequences.items()} | self.rest


def subword_table(
    model: SentenceTransformer,
    side: Side,
    texts: Callable[[Rows], list[str]],
    rows: Rows,
    num_rows: int,
) -> SubwordTable | None:
    """Cuts the texts of a table into subwords, in chunks, by the model's own preprocessing.

    Args:
        model: Encodes texts.
        side: Which side they are on; its prompt stands before every text.
        texts: Texts of the given rows.
        rows: Rows that are needed, one or more; the others are left empty.
        num_rows: Rows of the whole table.

    Returns:
        The table; None if the model takes texts in another form than bags of subwords, or sequences that are
        padded at their end to the longest.
    """

    def parts() -> Iterator[bytes]:
        yield from (side.encode(), str(num_rows).encode(), np.ascontiguousarray(rows).tobytes())
        for start in range(0, len(rows), _CHUNK_TEXTS["bags"]):
            yield from (
                text.encode(errors="surrogatepass")
                for text in texts(rows[start : start + _CHUNK_TEXTS["bags"]])
            )

    return kept_table(SubwordTable, parts, lambda: _cut_table(model, side, texts, rows, num_rows))


def _cut_table(
    model: SentenceTransformer,
    side: Side,
    texts: Callable[[Rows], list[str]],
    rows: Rows,
    num_rows: int,
) -> SubwordTable | None:
    prompt = model.prompts.get(side) or None

    def cut(some: list[str]) -> _Cut | None:
        return _read(dict(model.preprocess(some, prompt=prompt, task=side)))

    form = cut(_UNEQUAL)
    if form is None or (form.pad_ids is not None and len(form.pad_ids) != 1):
        return None
    size = _CHUNK_TEXTS["bags" if form.pad_ids is None else "sequences"]
    lengths = np.zeros(num_rows, np.int64)
    ids = []
    for start in range(0, len(rows), size):
        chunk = rows[start : start + size]
        found = cut(texts(chunk))
        if found is None or (found.zeros, found.rest) != (form.zeros, form.rest):
            return None
        lengths[chunk] = found.counts
        ids.append(found.ids)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    return SubwordTable(
        indptr, np.concatenate(ids), next(iter(form.pad_ids or ()), None), form.zeros, form.rest
    )


def subword_changer(
    model: SentenceTransformer, side: Side
) -> Callable[[Features, SubwordChange], Features] | None:
    """What gives the texts in a model's input other subwords.

    Args:
        model: Encodes texts.
        side: Which side they are on.

    Returns:
        A function of model input and of how subwords change; None if the model takes texts in another form,
        as `subword_table` says.
    """
    form = _read(dict(model.preprocess(_UNEQUAL, prompt=model.prompts.get(side) or None, task=side)))
    if form is None or (form.pad_ids is not None and len(form.pad_ids) != 1):
        return None
    pad_id = next(iter(form.pad_ids or ()), None)

    def changed(features: Features, change: SubwordChange) -> Features:
        found = _read(features)
        assert found is not None  # as its form has shown
        ids, counts = change(found.ids, found.counts)
        indptr = np.concatenate([[0], np.cumsum(counts)])
        table = SubwordTable(indptr, ids, pad_id, found.zeros, found.rest)
        return table(np.arange(len(counts), dtype=np.int32))

    return changed


@dataclass(frozen=True, eq=False)
class _Cut:
    """Some texts as subwords.

    Attributes:
        counts: (texts,) subwords of each.
        ids: (subwords,) ids, text by text.
        pad_ids: What stood behind the shorter ones; None for bags.
        zeros: As in `SubwordTable`.
        rest: As in `SubwordTable`.
    """

    counts: npt.NDArray[np.int64]
    ids: npt.NDArray[np.int32]
    pad_ids: set[int] | None
    zeros: tuple[str, ...]
    rest: Features


def _read(features: Features) -> _Cut | None:
    """Subwords out of model input; None if it has another form."""
    tensors = {name: value.numpy() for name, value in features.items() if isinstance(value, Tensor)}
    rest = {name: value for name, value in features.items() if name not in tensors}
    ids = tensors.pop("input_ids", None)
    if ids is None:
        return None
    if ids.ndim == 1 and tensors.keys() == {"offsets"}:
        counts = np.diff(np.append(tensors["offsets"], len(ids)))
        return _Cut(counts, ids.astype(np.int32), None, (), rest)
    mask = tensors.pop("attention_mask", None)
    beside = tensors.values()
    if mask is None or any(array.shape != ids.shape or array.any() for array in beside):
        return None
    real = mask.astype(bool)
    counts = real.sum(axis=1)
    if not np.array_equal(real, np.arange(counts.max()) < counts[:, None]):
        return None
    pad_ids = set(np.unique(ids[~real]).tolist())
    return _Cut(counts, ids[real].astype(np.int32), pad_ids, tuple(sorted(tensors)), rest)
