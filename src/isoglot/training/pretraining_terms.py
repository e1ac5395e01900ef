"""Terms of a training loss from multilingual multimodal pre-training: of translations, views, texts."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from isoglot.objectives import translation_loss, view_loss
from isoglot.training.conditional import Side
from isoglot.training.encoded import EncodedBatch

_Loss = Callable[
    [Float[Tensor, "rows columns"], Int[Tensor, " rows"], Int[Tensor, " columns"], Int[Tensor, " rows"]],
    Float[Tensor, ""],
]


def translation(batch: EncodedBatch) -> Float[Tensor, ""]:
    """How hard this process' texts find their translations on the same side, of documents plus of queries."""
    documents, queries = batch.document_embeddings, batch.query_embeddings
    return _of_side(batch, "document", documents, documents, translation_loss) + _of_side(
        batch, "query", queries, queries, translation_loss
    )


def intra_modal(batch: EncodedBatch) -> Float[Tensor, ""]:
    """How hard this process' inputs find their views, of documents plus of queries."""
    assert batch.views is not None
    queries, documents = batch.views
    return _of_side(batch, "document", batch.document_embeddings, documents, view_loss) + _of_side(
        batch, "query", batch.query_embeddings, queries, view_loss
    )


def conditional(batch: EncodedBatch) -> Float[Tensor, ""]:
    """How hard this process' texts find their translations, all read beside what they describe.

    A translation is read beside what came with itself, as recalled of the paper: what they describe is a
    hint.

    Args:
        batch: The batch.

    Returns:
        Scalar loss; 0 for a batch of texts on both sides, or on none.
    """
    texts = batch.conditioned
    if texts is None:
        return batch.query_embeddings.sum() * 0.0  # so that there is a gradient in every batch
    return _of_side(batch, texts.side, texts.embeddings, texts.embeddings, translation_loss)


def _of_side(
    batch: EncodedBatch,
    side: Side,
    rows: Float[Tensor, "all dim"],
    others: Float[Tensor, "all dim"],
    loss: _Loss,
) -> Float[Tensor, ""]:
    """A loss of this process' queries, or documents.

    Args:
        batch: The batch.
        side: Which of them.
        rows: (A, D) of all of the side; those of this process are taken.
        others: (A, D) what they are compared with, one for each of the side.
        loss: The loss.

    Returns:
        Scalar loss.
    """
    if side == "query":
        groups, own = batch.meaning.query_groups, batch.own_queries
    else:
        groups, own = batch.meaning.labels.document_groups, batch.own_documents
    themselves = torch.arange(len(groups), device=groups.device)[own]
    return loss(batch.scores(rows[own], others), groups[own], groups, themselves)
