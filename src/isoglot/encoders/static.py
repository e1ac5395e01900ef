"""The static encoder: a text is the mean of its subwords' vectors. Trains in seconds on a laptop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from isoglot.errors import ConfigError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer


def smooth_inverse_frequency(
    tokenizer: Tokenizer, texts: Sequence[str], smoothing: float = 1e-3
) -> npt.NDArray[np.float32]:
    """Weight of each subword: a / (a + p), p its share of all subwords (Arora et al. 2017, SIF).

    Args:
        tokenizer: Gives the subwords.
        texts: Texts to count them in.
        smoothing: a; the weight is one half where p equals it.

    Returns:
        (vocabulary,) weights, in (0, 1].
    """
    counts = np.zeros(tokenizer.get_vocab_size(), np.int64)
    for start in range(0, len(texts), 10_000):
        encodings = tokenizer.encode_batch(list(texts[start : start + 10_000]), add_special_tokens=False)
        ids = np.fromiter((i for encoding in encodings for i in encoding.ids), np.int64)
        counts += np.bincount(ids, minlength=len(counts))
    return np.asarray(smoothing / (smoothing + counts / max(1, counts.sum())), np.float32)


def build_static_encoder(
    tokenizer: Tokenizer,
    dimension: int,
    *,
    weights: npt.NDArray[np.float32] | None = None,
    seed: int = 0,
) -> SentenceTransformer:
    """A bag-of-subwords encoder with random vectors, all of stock sentence-transformers modules.

    Args:
        tokenizer: Cuts texts into subwords.
        dimension: Width of the embeddings.
        weights: (vocabulary,) factor on the length of each subword's first vector, and so on its share in
            the mean; None for 1.
        seed: Seed of the vectors.

    Returns:
        The encoder; embeddings are L2-normalised.

    Raises:
        ConfigError: If dimension < 1.
    """
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, StaticEmbedding

    if dimension < 1:
        raise ConfigError(f"dimension must be >= 1, got {dimension}")
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((tokenizer.get_vocab_size(), dimension), dtype=np.float32)
    if weights is not None:
        vectors *= weights[:, None]
    return SentenceTransformer(
        modules=[StaticEmbedding(tokenizer, embedding_weights=vectors), Normalize()], device="cpu"
    )
