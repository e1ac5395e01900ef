"""Contrastive objectives over a batch of pairs, with translations kept out of the negatives."""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

Directions = Literal["query_to_document", "both"]


def parallel_mask(groups: Int[Tensor, "batch sides"]) -> Bool[Tensor, "batch batch"]:
    """Which documents of a batch must not be negatives of which queries.

    Document j is no negative of query i where their queries or their documents mean the same: another
    language's version of a positive is not wrong, it is right. What means the same is known by group, never
    by string.

    Args:
        groups: (B, 2) group of each pair's query, and group of its document.

    Returns:
        (B, B) True where row i's query must leave out column j's document; False on the diagonal.
    """
    same = (groups[:, None, :] == groups[None, :, :]).any(dim=-1)
    same.fill_diagonal_(False)
    return same


def info_nce_loss(
    query_embeddings: Float[Tensor, "batch dim"],
    document_embeddings: Float[Tensor, "batch dim"],
    groups: Int[Tensor, "batch sides"],
    scale: Float[Tensor, ""] | float,
    directions: Directions = "query_to_document",
) -> Float[Tensor, ""]:
    """Mean in-batch contrastive loss, in nats (van den Oord et al. 2018, arXiv 1807.03748).

    Query i's positive is document i; its negatives are the other documents of the batch but those that mean
    the same (`parallel_mask`).

    Args:
        query_embeddings: (B, D), L2-normalised.
        document_embeddings: (B, D), L2-normalised; row i answers query i.
        groups: (B, 2) group of each pair's query, and of its document.
        scale: Inverse of the softmax temperature, > 0.
        directions: `both` adds the loss of finding the query for a document, and halves the sum.

    Returns:
        Scalar loss; log(B) when all documents look alike and nothing is masked, 0 for one that is perfect.

    Raises:
        ValueError: If a fixed scale is not > 0.
    """
    if not isinstance(scale, Tensor) and scale <= 0:
        raise ValueError(f"scale must be > 0, got {scale}")
    scores = (query_embeddings @ document_embeddings.T) * scale
    scores = scores.masked_fill(parallel_mask(groups), float("-inf"))
    targets = torch.arange(len(scores), device=scores.device)
    loss = functional.cross_entropy(scores, targets)
    if directions == "both":
        loss = (loss + functional.cross_entropy(scores.T, targets)) / 2
    return loss
