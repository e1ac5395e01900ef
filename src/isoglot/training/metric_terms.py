"""The terms of a training loss that are distances: PATR, M3L, and the repulsion of texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from isoglot.objectives import (
    Directions,
    Negatives,
    cosine_distances,
    patr_loss,
    ratio_loss,
    repulsion_loss,
)
from isoglot.training.encoded import EncodedBatch
from isoglot.training.terms import Translations

Contrastive = Literal["info_nce", "patr", "m3l"]
"""How answers are told from the rest: by a softmax over all candidates, or by distances."""

Repelled = Literal["texts", "queries", "documents", "both"]
"""Which side is pushed apart among itself: whichever has texts (both, if neither has); or a given one."""


@dataclass(frozen=True, eq=False)
class Anchors:
    """This process' queries, or its answers, with what is near to them and what should not be.

    Attributes:
        own: (R, D) the anchors.
        others: (C, D) the other side of the whole batch.
        kin: (K, D) the anchors' own side of the whole batch.
        positives: (R, C) which of the others are right.
        related: (R, C) which of the others are right, or translations of what is.
        alike: (R, K) which of the kin mean the same as the anchor, itself among them.
    """

    own: Float[Tensor, "rows dim"]
    others: Float[Tensor, "others dim"]
    kin: Float[Tensor, "kin dim"]
    positives: Bool[Tensor, "rows others"]
    related: Bool[Tensor, "rows others"]
    alike: Bool[Tensor, "rows kin"]

    @cached_property
    def distances(self) -> Float[Tensor, "rows others"]:
        """(R, C) distances to the other side."""
        return cosine_distances(self.own, self.others)

    @cached_property
    def distances_to_kin(self) -> Float[Tensor, "rows kin"]:
        """(R, K) distances to their own side."""
        return cosine_distances(self.own, self.kin)


def query_anchors(batch: EncodedBatch, translations: Translations) -> Anchors:
    """This process' queries as anchors.

    Two queries mean the same if an answer of one answers the other too, or is a translation of what does.

    Args:
        batch: The batch.
        translations: What the translations of an answer are.

    Returns:
        The anchors.
    """
    meaning, own = batch.meaning, batch.own_queries
    related = (meaning.drawn | meaning.parallel)[own]
    answers = meaning.labels.positive
    shared = torch.zeros(len(related), len(meaning.numbers), device=related.device)
    shared.index_add_(1, _owners(batch)[answers], related[:, answers].float())
    return Anchors(
        own=batch.query_embeddings[own],
        others=batch.document_embeddings,
        kin=batch.query_embeddings,
        positives=related if translations == "positive" else meaning.drawn[own],
        related=related,
        alike=shared > 0,
    )


def answer_anchors(batch: EncodedBatch, translations: Translations) -> Anchors:
    """The documents that answer this process' queries as anchors.

    Two of them mean the same if they answer one query, or are translations of such.

    Args:
        batch: The batch.
        translations: What the translations of an answer are.

    Returns:
        The anchors.
    """
    meaning, own = batch.meaning, batch.own_documents
    answers = meaning.labels.positive[own]
    related = meaning.drawn | meaning.parallel
    to_queries = related.T[own][answers]
    return Anchors(
        own=batch.document_embeddings[own][answers],
        others=batch.query_embeddings,
        kin=batch.document_embeddings,
        positives=to_queries if translations == "positive" else meaning.drawn.T[own][answers],
        related=to_queries,
        alike=related[_owners(batch)[own][answers]],
    )


_ANCHORS = {"query": query_anchors, "document": answer_anchors}
_BOTH = ("query", "document")
_ASKED: dict[Directions, tuple[str, ...]] = {"query_to_document": ("query",), "both": _BOTH}
_SIDES: dict[Repelled, tuple[str, ...]] = {"queries": ("query",), "documents": ("document",), "both": _BOTH}


def patr(
    batch: EncodedBatch,
    *,
    directions: Directions,
    translations: Translations,
    margin: float,
    negatives: Negatives,
) -> Float[Tensor, ""]:
    """`patr_loss` of this process' queries and, for `both` directions, of its answers; their mean."""

    def value(anchors: Anchors) -> Tensor:
        return patr_loss(
            anchors.distances, anchors.positives, anchors.related, margin=margin, negatives=negatives
        )

    return _mean(value, [_ANCHORS[side](batch, translations) for side in _ASKED[directions]])


def m3l(
    batch: EncodedBatch,
    *,
    directions: Directions,
    translations: Translations,
    repelled: Repelled,
    exponents: tuple[float, float],
    weights: tuple[float, float],
    negatives: Negatives,
) -> Float[Tensor, ""]:
    """M3L (Aggarwal, Tambi and Kale 2021, arXiv 2109.07622), as recalled: two ratios of distances.

    With a text T, its picture I, text T- and picture I- of another meaning, exponents r and weights a, it is
    a1 (d(T, I) / d(T, I-)) ** r1 + a2 (d(T, I) / d(T, T-)) ** r2. The paper's first ratio is that of pictures
    that look for texts, (d(I, T) / d(I, T-)) ** r1; `both` directions take the mean of the two.

    Args:
        batch: The batch.
        directions: Whether queries look for documents, or `both` for each other, in the first ratio.
        translations: What the translations of an answer are.
        repelled: Which side the second ratio pushes apart, that of the texts as a rule.
        exponents: Of the first ratio and of the second.
        weights: The same.
        negatives: Which negatives are pushed away.

    Returns:
        Scalar loss; the sum of the weights where all embeddings are the same.
    """
    pushed = repelled_sides(batch, repelled)
    needed = dict.fromkeys((*_ASKED[directions], *pushed))  # in an order: gradients are summed in it
    anchors = {side: _ANCHORS[side](batch, translations) for side in needed}

    def across(each: Anchors) -> Tensor:
        rivals, alike = each.distances, each.related
        return ratio_loss(
            each.distances, each.positives, rivals, alike, exponent=exponents[0], negatives=negatives
        )

    def within(each: Anchors) -> Tensor:
        rivals, alike = each.distances_to_kin, each.alike
        return ratio_loss(
            each.distances, each.positives, rivals, alike, exponent=exponents[1], negatives=negatives
        )

    media = _mean(across, [anchors[side] for side in _ASKED[directions]])
    texts = _mean(within, [anchors[side] for side in pushed])
    return weights[0] * media + weights[1] * texts


def repulsion(
    batch: EncodedBatch,
    *,
    translations: Translations,
    repelled: Repelled,
    margin: float,
    negatives: Negatives,
) -> Float[Tensor, ""]:
    """`repulsion_loss` of this process' queries or answers from all others on their side."""

    def value(each: Anchors) -> Tensor:
        rivals, alike = each.distances_to_kin, each.alike
        return repulsion_loss(
            each.distances, each.positives, rivals, alike, margin=margin, negatives=negatives
        )

    return _mean(value, [_ANCHORS[side](batch, translations) for side in repelled_sides(batch, repelled)])


def repelled_sides(batch: EncodedBatch, repelled: Repelled) -> tuple[str, ...]:
    """The sides of a batch that are pushed apart, each among itself.

    Args:
        batch: The batch.
        repelled: Which are wanted.

    Returns:
        One side or both.
    """
    if repelled != "texts":
        return _SIDES[repelled]
    return tuple(side for side, medium in zip(_BOTH, batch.media, strict=True) if medium == "text") or _BOTH


def _mean(value: Callable[[Anchors], Tensor], anchors: Sequence[Anchors]) -> Float[Tensor, ""]:
    return torch.stack([value(each) for each in anchors]).mean()


def _owners(batch: EncodedBatch) -> Int[Tensor, " documents"]:
    """(N,) the place among the queries of the one that each document was drawn for."""
    return torch.searchsorted(batch.meaning.numbers, batch.meaning.labels.owners.contiguous())
