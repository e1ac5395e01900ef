"""Metric learning: distances to what is right, and to those negatives of a batch that look like it.

The distance is 1 - cosine, from 0 to 2; for embeddings of length 1, half the squared Euclidean distance. The
losses of zero-shot cross-lingual image retrieval (Aggarwal, Tambi and Kale 2021, arXiv 2109.07622; US patent
11,734,339 covers their method) are here as recalled, not checked against the paper's text: hence the margins,
exponents and weights that can be chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from isoglot.objectives.contrastive import mean_over_positives

Negatives = Literal["hardest", "semi_hard", "all"]
"""Which negatives are pushed away: the nearest; the nearest beyond the positive; all, as their mean."""

EPSILON = 0.01
"""What is added to both distances of a ratio: no ratio is over 201, whatever two texts look alike."""


def cosine_distances(
    left: Float[Tensor, "rows dim"], right: Float[Tensor, "columns dim"]
) -> Float[Tensor, "rows columns"]:
    """1 - cosine, in 32 bits or more.

    Args:
        left: (R, D) of any length.
        right: (C, D) of any length.

    Returns:
        (R, C) from 0 to 2; 1 for an embedding that is all 0.
    """
    exact = torch.promote_types(left.dtype, torch.float32)
    with torch.autocast(left.device.type, enabled=False):
        cosines = functional.normalize(left.to(exact)) @ functional.normalize(right.to(exact)).T
        return (1 - cosines).clamp(min=0)


def patr_loss(
    distances: Float[Tensor, "rows columns"],
    positives: Bool[Tensor, "rows columns"],
    ignored: Bool[Tensor, "rows columns"],
    *,
    margin: float,
    negatives: Negatives = "hardest",
) -> Float[Tensor, ""]:
    """Positive-aware triplet ranking (Aggarwal et al. 2019, arXiv 1905.13339), as recalled.

    d(anchor, positive) + max(0, margin - d(anchor, negative)): unlike in a triplet loss, the positive is
    drawn near however far the negative is.

    Args:
        distances: (R, C) of anchors (rows) to candidates (columns).
        positives: (R, C) which candidates are right; one or more a row.
        ignored: (R, C) which are neither right nor wrong; it may name positives too. All others are
            negatives.
        margin: Distance from which on a negative costs nothing.
        negatives: Which of them are pushed away; see `Negatives`.

    Returns:
        Scalar loss, the mean over rows of the mean over their positives: 0 where positives are at distance 0
        and all negatives beyond the margin, `margin` where all embeddings are the same. A row without
        negatives costs the distance of its positives.
    """
    pushed = repulsion_loss(
        distances, positives, distances, positives | ignored, margin=margin, negatives=negatives
    )
    return mean_over_positives(distances, positives) + pushed


def repulsion_loss(
    distances: Float[Tensor, "rows columns"],
    positives: Bool[Tensor, "rows columns"],
    rivals: Float[Tensor, "rows others"],
    ignored: Bool[Tensor, "rows others"],
    *,
    margin: float,
    negatives: Negatives = "hardest",
) -> Float[Tensor, ""]:
    """Pushes apart what differs in meaning: max(0, margin - d(anchor, negative)).

    With texts as anchors and as rivals, beside any loss between texts and pictures, it does what the second
    term of M3L is for.

    Args:
        distances: (R, C) of anchors to candidates; only `semi_hard` asks how far the positives are.
        positives: (R, C) which candidates are right; one or more a row.
        rivals: (R, K) distances of the anchors to what is to be told from them: other candidates, or anchors.
        ignored: (R, K) rivals that are no negatives: the anchor itself, and what means the same.
        margin: Distance from which on a negative costs nothing.
        negatives: Which of them are pushed away; see `Negatives`.

    Returns:
        Scalar loss from 0 to `margin`, the mean over rows; a row without negatives costs 0.
    """

    def cost(apart: Tensor) -> Tensor:
        return functional.relu(margin - apart)

    costs = _negative_costs(distances, rivals, ignored, cost, negatives)
    return mean_over_positives(costs.expand_as(distances), positives)


def ratio_loss(
    distances: Float[Tensor, "rows columns"],
    positives: Bool[Tensor, "rows columns"],
    rivals: Float[Tensor, "rows others"],
    ignored: Bool[Tensor, "rows others"],
    *,
    exponent: float = 1.0,
    negatives: Negatives = "hardest",
) -> Float[Tensor, ""]:
    """(d(anchor, positive) / d(anchor, negative)) ** exponent: a term of M3L (arXiv 2109.07622), as recalled.

    M3L adds up two of them: with the other medium as rivals, and with the texts among themselves. A Euclidean
    distance of unit vectors is the root of twice this one, so its ratio has half the exponent here.

    Args:
        distances: (R, C) of anchors to candidates.
        positives: (R, C) which candidates are right; one or more a row.
        rivals: (R, K) distances of the anchors to what is to be told from them: other candidates, or anchors.
        ignored: (R, K) rivals that are no negatives: the anchor itself, and what means the same.
        exponent: Of the ratio, > 0.
        negatives: Which of them are pushed away; see `Negatives`. Of `all`, the mean ratio counts.

    Returns:
        Scalar loss, the mean over rows of the mean over their positives. `EPSILON` is added to both
        distances: 1 where positive and negative are equally far, (EPSILON / (2 + EPSILON)) ** exponent at
        best. A row without negatives costs 0.
    """

    def cost(apart: Tensor) -> Tensor:
        return (apart + EPSILON) ** -exponent

    costs = _negative_costs(distances, rivals, ignored, cost, negatives)
    return mean_over_positives((distances + EPSILON) ** exponent * costs, positives)


def _negative_costs(
    distances: Float[Tensor, "rows columns"],
    rivals: Float[Tensor, "rows others"],
    ignored: Bool[Tensor, "rows others"],
    cost: Callable[[Tensor], Tensor],
    negatives: Negatives,
) -> Float[Tensor, "rows _"]:
    """(R, 1), or by candidate (R, C), what the chosen negatives cost; 0 for a row that has none.

    Args:
        distances: (R, C) of anchors to candidates.
        rivals: (R, K) of anchors to rivals.
        ignored: (R, K) rivals that are no negatives.
        cost: Cost of a distance, which falls to 0 at infinity.
        negatives: Which are chosen.

    Returns:
        The costs.
    """
    if negatives == "all":
        total = cost(rivals).masked_fill(ignored, 0.0).sum(dim=1, keepdim=True)
        return total / (~ignored).sum(dim=1, keepdim=True).clamp(min=1)
    apart = rivals.masked_fill(ignored, float("inf"))
    if negatives == "hardest":
        return cost(apart.amin(dim=1, keepdim=True))
    ascending = apart.sort(dim=1).values
    beyond = torch.searchsorted(ascending.detach(), distances.detach().contiguous(), right=True)
    farthest = ((~ignored).sum(dim=1, keepdim=True) - 1).clamp(min=0)
    return cost(ascending.gather(1, beyond.minimum(farthest)))  # FaceNet's choice, arXiv 1503.03832
