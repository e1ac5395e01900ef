"""Distillation: a student learns to place texts of all languages where a teacher places their original."""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor


def distillation_loss(
    student_embeddings: Float[Tensor, "texts dim"],
    teacher_embeddings: Float[Tensor, "texts dim"],
    known: Bool[Tensor, " texts"] | None = None,
) -> Float[Tensor, ""]:
    """Mean squared distance of the student's embeddings to the teacher's (Reimers and Gurevych 2020).

    The paper (arXiv 2004.09813) adds up this distance for a text in the teacher's language and for its
    translation; here both are texts, whose teacher embedding is that of the same original. For embeddings of
    length 1 the squared distance is 2 - 2 x cosine, so a loss of the cosine would be no other.

    Args:
        student_embeddings: (n, D).
        teacher_embeddings: (n, D) where the teacher places the original of each text; anything if unknown.
        known: (n,) whether the teacher says anything of a text; None for all.

    Returns:
        Scalar loss, summed over dimensions, so that its scale does not depend on the width: 0 where both
        agree, 2 for unit vectors at right angles. 0 if nothing is known.
    """
    distances = (student_embeddings - teacher_embeddings).square().sum(dim=1)
    if known is None:
        return distances.sum() / max(len(distances), 1)
    return distances.masked_fill(~known, 0.0).sum() / known.sum().clamp(min=1)
