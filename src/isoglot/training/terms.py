"""The terms of a training loss, each a function of an encoded batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from isoglot.objectives import (
    Directions,
    SeveralPositives,
    alignment_loss,
    distillation_loss,
    info_nce_loss,
    ranking_divergence_loss,
    score_divergence_loss,
    score_variance_loss,
)
from isoglot.training.encoded import EncodedBatch
from isoglot.training.teacher import TeacherVectors

Translations = Literal["ignored", "positive"]
"""What the translations of an answer are, drawn for other queries: nothing, or answers as well."""

Consistency = Literal["divergence", "variance"]
"""How the scores of a document's translations are compared."""


@dataclass(frozen=True)
class Term:
    """One term of a loss.

    Attributes:
        weight: What it is multiplied with.
        value: Its value for a batch.
        truncated: Whether it is also taken in the first dimensions, where an objective is Matryoshka.
    """

    weight: float
    value: Callable[[EncodedBatch], Float[Tensor, ""]]
    truncated: bool = True


def contrastive(
    batch: EncodedBatch, *, directions: Directions, several: SeveralPositives, translations: Translations
) -> Float[Tensor, ""]:
    """`info_nce_loss` of this process' queries and, for `both` directions, of its answers.

    Args:
        batch: The batch.
        directions: `both` adds the loss of finding the queries for a document that answers one, and halves
            the sum; hard negatives look for no query.
        several: How several positives are used.
        translations: What the translations of an answer are.

    Returns:
        Scalar loss.
    """
    drawn, parallel = batch.meaning.drawn, batch.meaning.parallel
    loss = partial(_contrastive_rows, several=several, translations=translations)
    own = batch.own_queries
    there = loss(batch.own_scores, drawn[own], parallel[own])
    if directions == "query_to_document":
        return there
    own = batch.own_documents
    answers = batch.meaning.labels.positive[own]
    back = loss(batch.scores_of_own.T[answers], drawn.T[own][answers], parallel.T[own][answers])
    return (there + back) / 2


def _contrastive_rows(
    scores: Float[Tensor, "rows columns"],
    drawn: Bool[Tensor, "rows columns"],
    parallel: Bool[Tensor, "rows columns"],
    *,
    several: SeveralPositives,
    translations: Translations,
) -> Float[Tensor, ""]:
    if translations == "positive":
        return info_nce_loss(scores, drawn | parallel, torch.zeros_like(drawn), several)
    return info_nce_loss(scores, drawn, parallel, several)


def consistency(batch: EncodedBatch, *, kind: Consistency) -> Float[Tensor, ""]:
    """How differently this process' queries score translations of a document."""
    loss = score_divergence_loss if kind == "divergence" else score_variance_loss
    return loss(batch.own_scores, batch.meaning.labels.document_groups)


def query_consistency(batch: EncodedBatch) -> Float[Tensor, ""]:
    """How differently translations of a query rank the documents; one value of the whole batch."""
    return ranking_divergence_loss(batch.all_scores, batch.meaning.query_groups)


def alignment(batch: EncodedBatch) -> Float[Tensor, ""]:
    """Squared distance of translations, of documents plus of queries; one value of the whole batch."""
    documents = alignment_loss(batch.document_embeddings, batch.meaning.labels.document_groups)
    return documents + alignment_loss(batch.query_embeddings, batch.meaning.query_groups)


def distillation(batch: EncodedBatch, *, teacher: TeacherVectors) -> Float[Tensor, ""]:
    """Squared distance to the teacher, of documents plus of queries; one value of the whole batch."""
    documents = teacher.lookup("document", batch.meaning.labels.document_groups)
    queries = teacher.lookup("query", batch.meaning.query_groups)
    return distillation_loss(batch.document_embeddings, *documents) + distillation_loss(
        batch.query_embeddings, *queries
    )
