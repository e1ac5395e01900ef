"""Collation: the rows of a batch to the tensors that a model takes.

For a static encoder nearly all of a step would be tokenisation, for a small transformer a tenth, so texts are
cut into subwords once, when training starts (`isoglot.batches.subwords`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from isoglot.batches.drawing import BATCH_KINDS, PairBatch
from isoglot.batches.features import feature_table, still_modules
from isoglot.batches.labels import BatchLabels
from isoglot.batches.sampler import BatchPart, BatchShare, PairBatchSampler
from isoglot.batches.sides import Side as RowSide
from isoglot.batches.subwords import Features, Side, subword_table
from isoglot.corpora.judgements import Rows
from isoglot.corpora.parallel import ParallelCorpus

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Gather = Callable[[Rows], Features]
"""Model input of the given rows of one table."""

_ALWAYS_CUT = 50_000
"""Texts that are cut in a few seconds."""


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


class PairCollator:
    """Turns a batch into what sentence-transformers' trainer hands to model and loss.

    The result holds the columns `query_*` and `document_*` of this process' queries and their documents
    (answers first, query by query), `label` with the labels of these documents (`BatchLabels.pack`), and, of
    the whole batch, that of other processes too, `provenance` with the (B * K, 2) language codes of all pairs
    (they index `sampler.languages`, -1 is none) and `drawn` with the number of its part (of `sampler.parts`)
    and of its kind (of `BATCH_KINDS`).
    """

    def __init__(self, model: SentenceTransformer, sampler: PairBatchSampler) -> None:
        self._parts = [_Part(model, part, sampler) for part in sampler.parts]

    def __call__(self, share: BatchShare) -> dict[str, Tensor]:
        """The tensors of a batch."""
        part, batch, chosen = self._parts[share.part], share.batch, share.queries
        candidates = batch.candidate_rows[chosen]
        columns = (
            ("query", part.gather_queries(batch.query_rows[chosen])),
            ("document", part.gather_documents(candidates.ravel())),
        )
        features = {f"{side}_{key}": value for side, column in columns for key, value in column.items()}
        return features | {
            "label": part.labels(batch, chosen, candidates).pack(),
            "provenance": torch.from_numpy(part.pair_languages(batch)),
            "drawn": torch.tensor([share.part, BATCH_KINDS.index(batch.kind)]),
        }


class _Part:
    """What turns rows of one part's corpus into tensors."""

    def __init__(self, model: SentenceTransformer, part: BatchPart, sampler: PairBatchSampler) -> None:
        self.pairs = part.pairs
        corpus = self.pairs.corpus
        # One more place at the end: code -1, no language, stays -1.
        self._language_codes = np.array([*map(sampler.languages.index, self.pairs.languages), -1], np.int64)
        # Texts that are drawn less than once on average are cheaper to cut when they are drawn.
        worth_a_table = max(sampler.num_batches * part.batch_size, _ALWAYS_CUT)
        self.gather_queries = _gather(
            model,
            "query",
            self.pairs.query_modality,
            corpus,
            lambda: _rows_of(self.pairs.queries),
            cut=self.pairs.queries.num_rows <= worth_a_table,
        )
        self.gather_documents = _gather(
            model,
            "document",
            self.pairs.document_modality,
            corpus,
            lambda: _candidates(part),
            cut=self.pairs.documents.num_rows <= worth_a_table,
        )

    def labels(self, batch: PairBatch, chosen: slice, candidates: npt.NDArray[np.int32]) -> BatchLabels:
        """Labels of the (b, K + H) candidates of the chosen queries."""
        num_candidates = candidates.shape[1]
        groups = self.pairs.corpus.query_groups[batch.query_rows[chosen]].astype(np.int64)
        positive = np.arange(num_candidates) < batch.document_rows.shape[1]
        return BatchLabels(
            torch.arange(len(batch))[chosen].repeat_interleave(num_candidates),
            torch.from_numpy(np.tile(positive, len(candidates))),
            torch.from_numpy(np.repeat(groups, num_candidates)),
            torch.from_numpy(self.pairs.document_mask_groups[candidates.ravel()]),
        )

    def pair_languages(self, batch: PairBatch) -> npt.NDArray[np.int64]:
        """(B * K, 2) language codes of every query and answer."""
        num_answers = batch.document_rows.shape[1]
        queries = np.repeat(self.pairs.query_languages[batch.query_rows], num_answers)
        documents = self.pairs.document_languages[batch.document_rows.ravel()]
        return self._language_codes[np.stack([queries, documents], axis=1)]


def _rows_of(side: RowSide) -> Rows:
    """All rows of a side, ascending, none twice."""
    return np.unique(side.rows_at(np.arange(side.num_rows)))


def _candidates(part: BatchPart) -> Rows:
    """Documents that may stand in a batch, ascending; with hard negatives, all of the medium."""
    if not part.num_negatives:
        return _rows_of(part.pairs.documents)
    names, codes = part.pairs.corpus.document_modalities
    return np.flatnonzero(codes == names.index(part.pairs.document_modality)).astype(np.int32)


def _gather(
    model: SentenceTransformer,
    side: Side,
    modality: str,
    corpus: ParallelCorpus,
    rows: Callable[[], Rows],
    *,
    cut: bool,
) -> Gather:
    """What gathers the model input of one side; its rows are listed only where a table is made of them."""
    if modality != "text":
        from isoglot.batches.media import media_gather

        return media_gather(model, side, modality, corpus, rows())
    texts, num_rows = corpus.query_texts, corpus.queries.num_rows
    if side == "document":
        texts, num_rows = corpus.document_texts, corpus.documents.num_rows
    prompt = model.prompts.get(side) or None

    def preprocess(contents: list[str]) -> Features:
        return dict(model.preprocess(contents, prompt=prompt, task=side))

    table: Gather | None = None
    if cut and still_modules(model, side, modality):
        table = feature_table(model, side, modality, texts(rows()), preprocess, rows(), num_rows)
    if cut and table is None:
        table = subword_table(model, side, texts, rows(), num_rows)
    return table or (lambda chosen: preprocess(texts(chosen)))
