"""Matryoshka embeddings: the first dimensions of an embedding are an embedding (arXiv 2205.13147)."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional


def truncate(embeddings: Float[Tensor, "texts dim"], dimension: int) -> Float[Tensor, "texts truncated"]:
    """The first dimensions, L2-normalised again.

    Args:
        embeddings: (N, D).
        dimension: How many to keep; at most D.

    Returns:
        (N, dimension); a row whose first dimensions are all 0 stays 0.

    Raises:
        ValueError: If there are not that many dimensions.
    """
    if not 1 <= dimension <= embeddings.shape[1]:
        raise ValueError(f"dimension must be between 1 and {embeddings.shape[1]}, got {dimension}")
    return functional.normalize(embeddings[:, :dimension], dim=1)
