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

from isoglot.batches.augmented import (
    Augmentation,
    AugmentedTexts,
    Place,
    Texts,
    copied,
    drawn_place,
    rows_of_copies,
)
from isoglot.batches.drawing import BATCH_KINDS, PairBatch
from isoglot.batches.features import feature_table, still_modules
from isoglot.batches.labels import BatchLabels
from isoglot.batches.pairs import TrainingPairs
from isoglot.batches.sampler import BatchPart, BatchShare, PairBatchSampler
from isoglot.batches.sides import Side as RowSide
from isoglot.batches.subwords import Features, Side, subword_changer, subword_table
from isoglot.corpora.judgements import Rows
from isoglot.errors import ConfigError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Gather = Callable[[Rows], Features]
"""Model input of the given rows of one table."""
Draw = Callable[[Rows, Place], Features]
"""The same, of rows that stand in some place of a batch."""

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

    def __init__(
        self,
        model: SentenceTransformer,
        sampler: PairBatchSampler,
        augmentation: Augmentation | None = None,
    ) -> None:
        """Makes the collator.

        Args:
            model: Takes the tensors.
            sampler: Draws the batches.
            augmentation: What changes the texts of a batch; None leaves them as they are.

        Raises:
            ConfigError: If subwords are to change, and the model takes texts in another form.
            CorpusError: If a file cannot be read.
        """
        self._parts = [_Part(model, part, sampler, augmentation) for part in sampler.parts]

    def __call__(self, share: BatchShare) -> dict[str, Tensor]:
        """The tensors of a batch."""
        part, batch, chosen = self._parts[share.part], share.batch, share.queries
        candidates = batch.candidate_rows[chosen]
        first, num_candidates = chosen.start, candidates.shape[1]
        asking = drawn_place(share.step, "query", first, len(candidates))
        answering = drawn_place(share.step, "document", first * num_candidates, candidates.size)
        columns = (
            ("query", part.draw_queries(batch.query_rows[chosen], asking)),
            ("document", part.draw_documents(candidates.ravel(), answering)),
        )
        features = {f"{side}_{key}": value for side, column in columns for key, value in column.items()}
        return features | {
            "label": part.labels(batch, chosen, candidates).pack(),
            "provenance": torch.from_numpy(part.pair_languages(batch)),
            "drawn": torch.tensor([share.part, BATCH_KINDS.index(batch.kind)]),
        }


class _Part:
    """What turns rows of one part's corpus into tensors."""

    def __init__(
        self,
        model: SentenceTransformer,
        part: BatchPart,
        sampler: PairBatchSampler,
        augmentation: Augmentation | None,
    ) -> None:
        self.pairs = part.pairs
        # One more place at the end: code -1, no language, stays -1.
        self._language_codes = np.array([*map(sampler.languages.index, self.pairs.languages), -1], np.int64)
        # Texts that are drawn less than once on average are cheaper to cut when they are drawn.
        worth_a_table = max(sampler.num_batches * part.batch_size, _ALWAYS_CUT)
        times = max(1, augmentation.copies) if augmentation is not None else 1
        self.draw_queries = _draw(
            model,
            "query",
            self.pairs,
            lambda: _rows_of(self.pairs.queries),
            cut=self.pairs.queries.num_rows * times <= worth_a_table,
            augmentation=augmentation,
        )
        self.draw_documents = _draw(
            model,
            "document",
            self.pairs,
            lambda: _candidates(part),
            cut=self.pairs.documents.num_rows * times <= worth_a_table,
            augmentation=augmentation,
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


def _draw(
    model: SentenceTransformer,
    side: Side,
    pairs: TrainingPairs,
    rows: Callable[[], Rows],
    *,
    cut: bool,
    augmentation: Augmentation | None,
) -> Draw:
    """What makes the model input of one side; its rows are listed only where a table is made of them."""
    modality = pairs.query_modality if side == "query" else pairs.document_modality
    if modality != "text":
        from isoglot.batches.media import media_gather

        return _wherever(media_gather(model, side, modality, pairs.corpus, rows()))
    texts = _texts(side, pairs)
    preprocess = _preprocessing(model, side)
    if augmentation is not None:
        return _augmented(model, side, texts, rows, augmentation, cut=cut)
    table = _table(model, side, texts, rows()) if cut else None
    return _wherever(table or (lambda chosen: preprocess(texts.of(chosen))))


def _wherever(gather: Gather) -> Draw:
    """What gathers rows alike in whatever place they stand."""
    return lambda rows, _: gather(rows)


def _texts(side: Side, pairs: TrainingPairs) -> Texts:
    corpus, tags = pairs.corpus, np.array([*pairs.languages, None], object)  # code -1 is the last: none
    if side == "query":
        codes, of, num_rows = pairs.query_languages, corpus.query_texts, corpus.queries.num_rows
    else:
        codes, of, num_rows = pairs.document_languages, corpus.document_texts, corpus.documents.num_rows
    return Texts(of, lambda rows: tags[codes[rows]].tolist(), num_rows)


def _preprocessing(model: SentenceTransformer, side: Side) -> Callable[[list[str]], Features]:
    prompt = model.prompts.get(side) or None
    return lambda contents: dict(model.preprocess(contents, prompt=prompt, task=side))


def _table(model: SentenceTransformer, side: Side, texts: Texts, rows: Rows) -> Gather | None:
    """Model input of texts that is made once, if the model takes it in a form that a table can hold."""
    table: Gather | None = None
    if still_modules(model, side, "text"):
        preprocess = _preprocessing(model, side)
        table = feature_table(model, side, "text", texts.of(rows), preprocess, rows, texts.num_rows)
    return table or subword_table(model, side, texts.of, rows, texts.num_rows)


def _augmented(
    model: SentenceTransformer,
    side: Side,
    texts: Texts,
    rows: Callable[[], Rows],
    augmentation: Augmentation,
    *,
    cut: bool,
) -> Draw:
    """What makes the model input of augmented texts."""
    change = None
    if augmentation.changes_subwords:
        change = subword_changer(model, side)
        if change is None:
            raise ConfigError(
                f"augmentation.subword_rate must be 0 for this encoder: its {side} input is no bag of "
                "subwords, nor subwords that are padded at their end"
            )
    table: Gather | None = None
    if cut and augmentation.changes_words and augmentation.copies:
        every = rows_of_copies(rows(), texts.num_rows, augmentation.copies)
        # Frozen modules can run ahead only where subwords stay as they are.
        make = _table if change is None else _subword_table
        table = make(model, side, copied(texts, augmentation, side), every)
    elif cut and not augmentation.changes_words:
        table = _subword_table(model, side, texts, rows())
    return AugmentedTexts(augmentation, texts, side, table, _preprocessing(model, side), change)


def _subword_table(model: SentenceTransformer, side: Side, texts: Texts, rows: Rows) -> Gather | None:
    return subword_table(model, side, texts.of, rows, texts.num_rows)
