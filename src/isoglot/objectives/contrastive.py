"""Contrastive objectives over a batch of queries and documents, with no translation among the negatives."""

from __future__ import annotations

from typing import Literal

from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

Directions = Literal["query_to_document", "both"]


def info_nce_loss(
    query_embeddings: Float[Tensor, "queries dim"],
    document_embeddings: Float[Tensor, "documents dim"],
    positives: Bool[Tensor, "queries documents"],
    ignored: Bool[Tensor, "queries documents"],
    scale: Float[Tensor, ""] | float,
    directions: Directions = "query_to_document",
) -> Float[Tensor, ""]:
    """Mean in-batch contrastive loss, in nats (van den Oord et al. 2018, arXiv 1807.03748).

    A query's negatives are the documents that are neither its positives nor ignored for it. Each of several
    positives is told from the negatives alone, and a query's loss is the mean over its positives, so that no
    positive is pushed away from another.

    Args:
        query_embeddings: (Q, D), L2-normalised.
        document_embeddings: (N, D), L2-normalised.
        positives: (Q, N) which documents answer which queries; one or more a query.
        ignored: (Q, N) which documents are neither right nor wrong for a query: translations of its answers,
            say. Disjoint from the positives.
        scale: Inverse of the softmax temperature, > 0.
        directions: `both` adds the loss of finding the query for a document that answers one, and halves the
            sum.

    Returns:
        Scalar loss; log(N) when all documents look alike, each query has one positive and nothing is ignored;
        0 for one that is perfect.

    Raises:
        ValueError: If a fixed scale is not > 0.
    """
    if not isinstance(scale, Tensor) and scale <= 0:
        raise ValueError(f"scale must be > 0, got {scale}")
    scores = (query_embeddings @ document_embeddings.T) * scale
    loss = _mean_over_rows(scores, positives, ignored)
    if directions == "both":
        answers = positives.any(dim=0)
        loss = (loss + _mean_over_rows(scores.T[answers], positives.T[answers], ignored.T[answers])) / 2
    return loss


def _mean_over_rows(
    scores: Float[Tensor, "rows columns"],
    positives: Bool[Tensor, "rows columns"],
    ignored: Bool[Tensor, "rows columns"],
) -> Float[Tensor, ""]:
    """Mean over the rows of the mean over their positives of -log p(positive among it and the negatives)."""
    lowest = scores.new_tensor(float("-inf"))
    # log(exp(s) + sum of exp(negatives)) - s = softplus(logsumexp(negatives) - s)
    negatives = scores.masked_fill(positives | ignored, lowest).logsumexp(dim=1, keepdim=True)
    apart = functional.softplus(negatives - scores).masked_fill(~positives, 0.0)
    return (apart.sum(dim=1) / positives.sum(dim=1)).mean()
