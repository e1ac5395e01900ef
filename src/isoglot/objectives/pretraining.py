"""Multilingual multimodal pre-training: what belongs together among translations, and among an input's views.

The three families of Huang et al. (2021, arXiv 2103.08849), as recalled: their code is not public.
Inter-modal: texts in two languages and what they describe, pair by pair; the two pairs with a picture or a
video are `info_nce_loss`, that of texts is `translation_loss`. Intra-modal: an input and its augmented view,
`view_loss`. Conditional cross-lingual: `translation_loss` of texts that were read beside what they describe.
"""

from __future__ import annotations

from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from isoglot.objectives.contrastive import info_nce_loss


def translation_loss(
    scores: Float[Tensor, "rows columns"],
    row_groups: Int[Tensor, " rows"],
    column_groups: Int[Tensor, " columns"],
    themselves: Int[Tensor, " rows"],
) -> Float[Tensor, ""]:
    """Mean contrastive loss of finding a text's translations among other texts, in nats.

    Each translation is told from the texts of other groups alone: two translations are not pushed away from
    each other, and a text is not asked to find itself.

    Args:
        scores: (R, C) similarities over the softmax temperature, of some of the texts to all of them.
        row_groups: (R,) what means the same.
        column_groups: (C,) likewise.
        themselves: (R,) the column that is the row itself.

    Returns:
        Scalar loss, the mean over rows of the mean over their translations; a row without any adds 0. Where
        all texts score alike, C / 2 groups of two give log(C - 1).
    """
    same = row_groups[:, None] == column_groups[None, :]
    itself = functional.one_hot(themselves, same.shape[1]).bool()
    translations = same & ~itself
    has_any = translations.any(dim=1)
    if not bool(has_any.any()):
        return scores.sum() * 0.0  # rather than a constant, so that there is a gradient whatever meets
    share = has_any.sum() / len(has_any)
    return share * info_nce_loss(scores[has_any], translations[has_any], itself[has_any])


def view_loss(
    scores: Float[Tensor, "rows columns"],
    row_groups: Int[Tensor, " rows"],
    column_groups: Int[Tensor, " columns"],
    themselves: Int[Tensor, " rows"],
) -> Float[Tensor, ""]:
    """Mean contrastive loss of finding the augmented view of an input among those of others, in nats.

    With views that differ by dropout alone it is SimCSE's (Gao et al. 2021, arXiv 2104.08821).

    Args:
        scores: (R, C) similarities over the softmax temperature, of some inputs to the views of all.
        row_groups: (R,) what means the same.
        column_groups: (C,) likewise: views of other inputs of the row's group are neither right nor wrong.
        themselves: (R,) the column that is the row's own view.

    Returns:
        Scalar loss; log(C) where all views score alike and no two inputs mean the same.
    """
    same = row_groups[:, None] == column_groups[None, :]
    own = functional.one_hot(themselves, same.shape[1]).bool()
    return info_nce_loss(scores, own, same & ~own)
