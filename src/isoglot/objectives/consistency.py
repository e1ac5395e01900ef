"""Consistency: translations of a document score alike for a query, and translations of a query rank alike.

For two lists of scores and K translations, the mean over the pairs of translations of the product of their
differences is twice the lists' covariance over the translations. So every term here costs one pass over the
scores, whatever the number of languages.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor


def score_divergence_loss(
    scores: Float[Tensor, "queries documents"], document_groups: Int[Tensor, " documents"]
) -> Float[Tensor, ""]:
    """How much a query's ranking depends on the language in which it meets a document, in nats.

    The language regulariser of PLAID-X (Yang et al., software of arXiv 2405.00977), for single vectors and
    for batches that hold some languages of each document: take the softmax over a list of candidates, put
    another translation in a document's place, and measure the symmetric divergence (the mean of the KL
    divergences of the two ways) between before and after. For scores s and s' of the translations and p, p'
    their probabilities in the list, that is (p - p') (s - s') / 2. It is the mean over the pairs of a
    document's translations, the sum over the documents that have some in the batch, the mean over queries.

    Where a query is sure, and where a document is far from its best, a difference moves no probability and
    costs nothing; `score_variance_loss` charges for it everywhere.

    Args:
        scores: (Q, N) similarities over the softmax temperature.
        document_groups: (N,) what means the same.

    Returns:
        Scalar loss; 0 if translations score alike, or none are in the batch.
    """
    kept, codes, counts = _translated(document_groups)
    if not len(kept):
        return scores.new_zeros(())
    chosen = scores.T[kept]
    shares = torch.sigmoid(chosen - _others(scores, document_groups)[kept])
    return _covariances(shares, chosen, codes, counts).sum(dim=0).mean()


def score_variance_loss(
    scores: Float[Tensor, "queries documents"], document_groups: Int[Tensor, " documents"]
) -> Float[Tensor, ""]:
    """Variance of the scores that translations of a document get from a query.

    Args:
        scores: (Q, N) similarities over the softmax temperature.
        document_groups: (N,) what means the same.

    Returns:
        Scalar loss: the mean over queries and documents of the unbiased variance over the document's
        translations, 0 for a document that has none in the batch.
    """
    kept, codes, counts = _translated(document_groups)
    if not len(kept):
        return scores.new_zeros(())
    chosen = scores.T[kept]
    variances = _covariances(chosen, chosen, codes, counts)
    return (variances * counts[:, None]).sum() / scores.numel()


def ranking_divergence_loss(
    scores: Float[Tensor, "queries documents"], query_groups: Int[Tensor, " queries"]
) -> Float[Tensor, ""]:
    """How much the ranking of documents depends on the language of the query, in nats.

    The symmetric divergence between the softmax over all documents for a query and for a translation of it;
    the mean over the query's translations, and over queries. C2KD (Rouditchenko et al. 2023, arXiv
    2210.03625) distils such distributions from English queries; here no language is the teacher.

    Args:
        scores: (Q, N) similarities over the softmax temperature.
        query_groups: (Q,) what means the same.

    Returns:
        Scalar loss; 0 if translations rank alike. A query without translation in the batch adds 0.
    """
    kept, codes, counts = _translated(query_groups)
    if not len(kept):
        return scores.new_zeros(())
    chosen = scores[kept]
    divergences = _covariances(chosen.softmax(dim=1), chosen, codes, counts).sum(dim=1)
    return (divergences * counts).sum() / len(scores)


def alignment_loss(
    embeddings: Float[Tensor, "texts dim"], groups: Int[Tensor, " texts"]
) -> Float[Tensor, ""]:
    """Squared distance of translations (Wang and Isola 2020, arXiv 2005.10242).

    Args:
        embeddings: (N, D), L2-normalised.
        groups: (N,) what means the same.

    Returns:
        Scalar loss: the mean over texts of the mean squared distance to their translations, 0 for a text
        that has none in the batch; at most 4.
    """
    kept, codes, counts = _translated(groups)
    if not len(kept):
        return embeddings.new_zeros(())
    chosen = embeddings[kept]
    variances = _covariances(chosen, chosen, codes, counts).sum(dim=1)
    return 2 * (variances * counts).sum() / len(embeddings)


def _translated(
    groups: Int[Tensor, " rows"],
) -> tuple[Int[Tensor, " kept"], Int[Tensor, " kept"], Int[Tensor, " groups"]]:
    """The rows whose group has several, the number of their group among these, and the groups' sizes."""
    _, codes, counts = torch.unique(groups, return_inverse=True, return_counts=True)
    several = counts > 1
    kept = several[codes].nonzero().flatten()
    return kept, (several.cumsum(dim=0) - 1)[codes[kept]], counts[several]


def _covariances(
    left: Float[Tensor, "rows columns"],
    right: Float[Tensor, "rows columns"],
    codes: Int[Tensor, " rows"],
    counts: Int[Tensor, " groups"],
) -> Float[Tensor, "groups columns"]:
    """Unbiased covariance of two lists over the rows of each group: half the mean product of differences."""
    products = _apart(left, codes, counts) * _apart(right, codes, counts)
    return _sums(products, codes, len(counts)) / (counts - 1)[:, None]


def _apart(
    rows: Float[Tensor, "rows columns"], codes: Int[Tensor, " rows"], counts: Int[Tensor, " groups"]
) -> Float[Tensor, "rows columns"]:
    """How far each row is from the mean of its group."""
    return rows - (_sums(rows, codes, len(counts)) / counts[:, None])[codes]


def _sums(
    rows: Float[Tensor, "rows columns"], codes: Int[Tensor, " rows"], num_groups: int
) -> Float[Tensor, "groups columns"]:
    return rows.new_zeros(num_groups, rows.shape[1]).index_add(0, codes, rows)


def _others(
    scores: Float[Tensor, "queries documents"], groups: Int[Tensor, " documents"]
) -> Float[Tensor, "documents queries"]:
    """For each document, the logarithm of the summed exp(score) of the documents of other groups.

    What is left beside the heaviest group is summed apart: as a difference it would cancel.
    """
    distinct, codes = torch.unique(groups, return_inverse=True)
    highest = scores.detach().amax(dim=1)
    masses = _sums((scores.T - highest).exp(), codes, len(distinct))  # (groups, queries)
    heaviest = masses.detach().argmax(dim=0, keepdim=True)
    beside_heaviest = masses.scatter(0, heaviest, 0.0).sum(dim=0)
    others = masses.sum(dim=0) - masses
    others = others.scatter(0, heaviest, beside_heaviest[None])
    tiny = torch.finfo(scores.dtype).tiny
    return (others.clamp(min=tiny).log() + highest)[codes]
