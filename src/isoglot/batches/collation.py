"""Collation: the rows of a batch to the tensors that a model takes.

For a static encoder nearly all of a step would be tokenisation, so its texts are cut into subwords once,
when training starts, and a batch is gathered from flat arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from isoglot.batches.labels import BatchLabels
from isoglot.batches.sampler import BatchShare, PairBatchSampler
from isoglot.batches.schemes import PairBatch
from isoglot.corpora.judgements import Rows
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Side = Literal["query", "document"]
Features = dict[str, Any]
Gather = Callable[[Rows], Features]
"""Model input of the given rows of one table."""

_CHUNK_TEXTS = 20_000


class PairBatches(torch.utils.data.Dataset[BatchShare]):
    """The map-style data set under `PairBatchSampler`: a batch stands for itself.

    Its length is the number of pairs that an epoch draws.
    """

    def __init__(self, sampler: PairBatchSampler) -> None:
        self.sampler = sampler

    def __len__(self) -> int:
        return len(self.sampler) * self.sampler.batch_size

    def __getitem__(self, share: BatchShare) -> BatchShare:
        return share

    def __getitems__(self, share: BatchShare) -> BatchShare:
        """What a loader asks for in place of items, one by one: the batch that the sampler yielded."""
        return share


@dataclass(frozen=True, eq=False)
class SubwordTable:
    """The subwords of all texts of a table, in flat arrays.

    Attributes:
        indptr: (rows + 1,) offsets.
        ids: (subwords,) ids.
    """

    indptr: npt.NDArray[np.int64]
    ids: npt.NDArray[np.int32]

    def __call__(self, rows: Rows) -> Features:
        """Input of a `StaticEmbedding`: concatenated ids and the offset of each text."""
        counts = self.indptr[rows + 1] - self.indptr[rows]
        offsets = np.concatenate([[0], np.cumsum(counts)])
        places = np.arange(offsets[-1]) + np.repeat(self.indptr[rows] - offsets[:-1], counts)
        return {
            "input_ids": torch.from_numpy(self.ids[places].astype(np.int64)),
            "offsets": torch.from_numpy(offsets[:-1]),
        }


def subword_table(
    model: SentenceTransformer,
    texts: Callable[[Rows], list[str]],
    rows: Rows,
    num_rows: int,
    prompt: str | None,
) -> SubwordTable:
    """Cuts the texts of a table into subwords, in chunks.

    Args:
        model: A static encoder.
        texts: Texts of the given rows.
        rows: Rows that are needed; the others are left empty.
        num_rows: Rows of the whole table.
        prompt: What stands before every text, or None.

    Returns:
        The table.
    """
    lengths = np.zeros(num_rows, np.int64)
    parts = []
    for start in range(0, len(rows), _CHUNK_TEXTS):
        chunk = rows[start : start + _CHUNK_TEXTS]
        features = model.preprocess(texts(chunk), prompt=prompt)
        ends = np.append(features["offsets"].numpy(), len(features["input_ids"]))
        lengths[chunk] = np.diff(ends)
        parts.append(features["input_ids"].numpy().astype(np.int32))
    return SubwordTable(np.concatenate([[0], np.cumsum(lengths)]), np.concatenate(parts))


class PairCollator:
    """Turns a batch into what sentence-transformers' trainer hands to model and loss.

    The result holds the columns `query_*` and `document_*` of this process' queries and their documents
    (answers first, query by query), `label` with the labels of these documents (`BatchLabels.pack`), and
    `provenance` with the (B * K, 2) language codes of all pairs of the batch, those of other processes too.
    """

    def __init__(self, model: SentenceTransformer, sampler: PairBatchSampler) -> None:
        pairs = sampler.pairs
        self.query_groups = pairs.corpus.query_groups
        self.document_groups = pairs.document_mask_groups
        self.query_languages = pairs.query_languages
        self.document_languages = pairs.document_languages
        self.queries = _Column(model, "query", pairs.corpus, np.sort(pairs.queries.rows))
        self.documents = _Column(model, "document", pairs.corpus, np.sort(np.unique(pairs.documents.rows)))

    def __call__(self, share: BatchShare) -> dict[str, Tensor]:
        """The tensors of a batch."""
        batch, chosen = share.batch, share.queries
        candidates = batch.candidate_rows[chosen]
        columns = (
            ("query", self.queries(batch.query_rows[chosen])),
            ("document", self.documents(candidates.ravel())),
        )
        features = {f"{side}_{key}": value for side, column in columns for key, value in column.items()}
        return features | {
            "label": self._labels(batch, chosen, candidates).pack(),
            "provenance": torch.from_numpy(self._languages(batch)),
        }

    def _labels(self, batch: PairBatch, chosen: slice, candidates: npt.NDArray[np.int32]) -> BatchLabels:
        num_candidates = candidates.shape[1]
        groups = self.query_groups[batch.query_rows[chosen]].astype(np.int64)
        positive = np.arange(num_candidates) < batch.document_rows.shape[1]
        return BatchLabels(
            torch.arange(len(batch))[chosen].repeat_interleave(num_candidates),
            torch.from_numpy(np.tile(positive, len(candidates))),
            torch.from_numpy(np.repeat(groups, num_candidates)),
            torch.from_numpy(self.document_groups[candidates.ravel()]),
        )

    def _languages(self, batch: PairBatch) -> npt.NDArray[np.int64]:
        num_answers = batch.document_rows.shape[1]
        queries = np.repeat(self.query_languages[batch.query_rows], num_answers)
        return np.stack([queries, self.document_languages[batch.document_rows.ravel()]], 1).astype(np.int64)


class _Column:
    """Model input of one side of a batch, whose rows are all of one medium."""

    def __init__(self, model: SentenceTransformer, side: Side, corpus: ParallelCorpus, rows: Rows) -> None:
        self._media, self._codes = corpus.query_modalities if side == "query" else corpus.document_modalities
        self._gathers = {
            int(code): _gather(model, side, self._media[code], corpus, rows[self._codes[rows] == code])
            for code in np.unique(self._codes[rows])
        }

    def __call__(self, rows: Rows) -> Features:
        """Input of the rows, in their order."""
        first = int(self._codes[rows[0]])
        if (self._codes[rows] != first).any():
            media = ", ".join(sorted({self._media[code] for code in self._codes[rows]}))
            raise ConfigError(
                f"one side of a batch holds {media}; train each medium from a corpus of its own, and join "
                "the corpora"
            )
        return self._gathers[first](rows)


def _gather(
    model: SentenceTransformer, side: Side, modality: str, corpus: ParallelCorpus, rows: Rows
) -> Gather:
    if modality != "text":
        from isoglot.batches.media import media_gather

        return media_gather(model, side, modality, corpus, rows)
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    texts, num_rows = corpus.query_texts, corpus.queries.num_rows
    if side == "document":
        texts, num_rows = corpus.document_texts, corpus.documents.num_rows
    prompt = model.prompts.get(side) or None
    if isinstance(model[0], StaticEmbedding):
        return subword_table(model, texts, rows, num_rows, prompt)
    return lambda chosen: dict(model.preprocess(texts(chosen), prompt=prompt))
