"""Contrastive objectives over the scores of a batch, with no translation among the negatives."""

from __future__ import annotations

from typing import Literal

from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

Directions = Literal["query_to_document", "both"]
"""Queries look for documents; or documents for queries as well."""

SeveralPositives = Literal["each", "share", "any"]
"""What is asked of a row's positives: each beats the negatives, all share first place, any comes first."""


def info_nce_loss(
    scores: Float[Tensor, "rows columns"],
    positives: Bool[Tensor, "rows columns"],
    ignored: Bool[Tensor, "rows columns"],
    several: SeveralPositives = "each",
) -> Float[Tensor, ""]:
    """Mean in-batch contrastive loss, in nats (van den Oord et al. 2018, arXiv 1807.03748).

    A row's negatives are the columns that are neither its positives nor ignored for it. With one positive a
    row, all ways to treat several are the same.

    Args:
        scores: (R, C) similarities over the softmax temperature: of queries (rows) to documents (columns),
            or of documents to queries.
        positives: (R, C) which columns are right; one or more a row.
        ignored: (R, C) which columns are neither right nor wrong: translations of what is right, say.
            Disjoint from the positives.
        several: `each` tells each positive from the negatives alone, so that none is pushed away from
            another, and takes the mean over them. `share` tells each from all columns and takes the mean
            (Khosla et al. 2020, arXiv 2004.11362, L_out), which is least where positives score alike. `any`
            asks that together they have all the probability (Miech et al. 2020, arXiv 1912.06430), which one
            alone can do.

    Returns:
        Scalar loss. When all columns score alike, each row has one positive and nothing is ignored, log(C).
        For rows that are perfect 0; with `share` and K positives log(K).
    """
    lowest = scores.new_tensor(float("-inf"))
    negatives = scores.masked_fill(positives | ignored, lowest).logsumexp(dim=1, keepdim=True)
    # log(exp(s) + sum of exp(negatives)) - s = softplus(logsumexp(negatives) - s)
    if several == "each":
        return mean_over_positives(functional.softplus(negatives - scores), positives)
    right = scores.masked_fill(~positives, lowest).logsumexp(dim=1, keepdim=True)
    wrong_or_right = functional.softplus(negatives - right)
    if several == "any":
        return wrong_or_right.mean()
    return mean_over_positives(wrong_or_right + right - scores, positives)


def mean_over_positives(
    costs: Float[Tensor, "rows columns"], positives: Bool[Tensor, "rows columns"]
) -> Float[Tensor, ""]:
    """Mean over the rows of the mean over their positives.

    Args:
        costs: (R, C) what each column costs its row.
        positives: (R, C) which of them count; one or more a row.

    Returns:
        Scalar.
    """
    return (costs.masked_fill(~positives, 0.0).sum(dim=1) / positives.sum(dim=1)).mean()
