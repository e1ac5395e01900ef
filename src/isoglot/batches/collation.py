"""Collation: the rows of a batch to the tensors that a model takes.

For a static encoder nearly all of a step would be tokenisation, so its texts are cut into subwords once,
when training starts, and a batch is gathered from flat arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from isoglot.batches.sampler import PairBatchSampler
from isoglot.corpora.judgements import Rows
from isoglot.corpora.parallel import ParallelCorpus

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Features = dict[str, Any]
Gather = Callable[[Rows], Features]
"""Model input of the given rows of one table."""

_CHUNK_TEXTS = 20_000


class PairNumbers(torch.utils.data.Dataset[int]):
    """The map-style data set under `PairBatchSampler`: every number stands for itself."""

    def __init__(self, num_pairs: int) -> None:
        self.num_pairs = num_pairs

    def __len__(self) -> int:
        return self.num_pairs

    def __getitem__(self, number: int) -> int:
        return number


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
    """Turns the numbers of a batch into what sentence-transformers' trainer hands to model and loss.

    The batch holds the columns `query_*` and `document_*`, `label` with the (B, 2) groups that keep
    translations out of the negatives, and `provenance` with the (B, 2) language codes.
    """

    def __init__(self, model: SentenceTransformer, sampler: PairBatchSampler) -> None:
        pairs = sampler.pairs
        self.rows = sampler.rows
        self.query_groups = pairs.corpus.query_groups
        self.document_groups = pairs.document_mask_groups
        self.query_languages = pairs.query_languages
        self.document_languages = pairs.document_languages
        self.queries = _gather(model, "query", pairs.corpus, np.sort(pairs.queries.rows))
        self.documents = _gather(model, "document", pairs.corpus, np.sort(np.unique(pairs.documents.rows)))

    def __call__(self, numbers: list[int]) -> dict[str, Tensor]:
        """The batch that the numbers stand for."""
        query_rows, document_rows = self.rows(numbers)
        batch = {f"query_{key}": value for key, value in self.queries(query_rows.astype(np.int32)).items()}
        answers = self.documents(document_rows.astype(np.int32))
        batch.update({f"document_{key}": value for key, value in answers.items()})
        groups = np.stack(
            [self.query_groups[query_rows].astype(np.int64), self.document_groups[document_rows]], 1
        )
        languages = np.stack([self.query_languages[query_rows], self.document_languages[document_rows]], 1)
        return batch | {
            "label": torch.from_numpy(groups),
            "provenance": torch.from_numpy(languages.astype(np.int64)),
        }


def _gather(model: SentenceTransformer, side: str, corpus: ParallelCorpus, rows: Rows) -> Gather:
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    texts, num_rows = corpus.query_texts, corpus.queries.num_rows
    if side == "document":
        texts, num_rows = corpus.document_texts, corpus.documents.num_rows
    prompt = model.prompts.get(side) or None
    if isinstance(model[0], StaticEmbedding):
        return subword_table(model, texts, rows, num_rows, prompt)
    return lambda chosen: dict(model.preprocess(texts(chosen), prompt=prompt))
