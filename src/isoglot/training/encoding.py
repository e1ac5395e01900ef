"""Encoding the two columns of a batch, all at once or in mini-batches that need less memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from isoglot.encoders.attention import attention_kernel
from isoglot.errors import ConfigError
from isoglot.robustness.embeddings import PERTURBATION

Features = Mapping[str, Any]
"""Input of an encoder by name; it is left as it is."""

_STATIC_KEYS = ("input_ids", "offsets")


def medium_of(features: Features) -> str:
    """The medium of a column; `text` where nothing is said, as by an encoder of one medium."""
    return str(features.get("modality", "text"))


def encode_columns(
    model: nn.Module, queries: Features, documents: Features, mini_batch_size: int = 0
) -> tuple[Float[Tensor, "queries dim"], Float[Tensor, "documents dim"]]:
    """Embeddings of the queries and of the documents of a batch.

    Args:
        model: The encoder.
        queries: Its input for the queries.
        documents: Its input for the documents, which may be of another medium.
        mini_batch_size: Rows that are encoded at a time (`encode_in_mini_batches`); 0 for all.

    Returns:
        Embeddings of both.

    Raises:
        ConfigError: If a column cannot be cut into mini-batches.
    """
    if mini_batch_size:
        return (
            encode_in_mini_batches(model, queries, mini_batch_size),
            encode_in_mini_batches(model, documents, mini_batch_size),
        )
    if _both_static(queries, documents):
        return _encode_static(model, queries, documents)
    asked, answered = encode_states(model, queries, documents)
    return asked["sentence_embedding"], answered["sentence_embedding"]


def encode_states(model: nn.Module, queries: Features, documents: Features) -> tuple[Features, Features]:
    """All that an encoder makes of the queries and of the documents of a batch: states of tokens, too.

    Args:
        model: The encoder.
        queries: Its input for the queries.
        documents: Its input for the documents, which may be of another medium.

    Returns:
        `sentence_embedding` and, of a transformer, `token_embeddings` of both, among what came in.
    """
    return _encode(model, dict(queries)), _encode(model, dict(documents))


def _encode(model: nn.Module, features: dict[str, Any]) -> Features:
    with attention_kernel(features):
        encoded: Features = model(features)
    return encoded


def encode_in_mini_batches(model: nn.Module, features: Features, size: int) -> Float[Tensor, "rows dim"]:
    """Embeddings whose gradients cost the memory of one mini-batch.

    Gradient caching (Gao et al. 2021, arXiv 2101.06983): nothing of a mini-batch is kept but its embeddings;
    when their gradients are known, the mini-batch is encoded again, with the same random numbers, and
    carries them on. The gradients are those of the whole batch, at the price of a second forward pass.

    Args:
        model: The encoder.
        features: Its input; each tensor has a row for each text or picture.
        size: Rows of a mini-batch.

    Returns:
        (rows, D) embeddings.

    Raises:
        ConfigError: If the input has no such rows.
    """

    def encode(part: Features) -> Tensor:
        # Modules change what they are given, and the second pass must start where the first did.
        copied = {key: value.clone() if isinstance(value, Tensor) else value for key, value in part.items()}
        embeddings: Tensor = _encode(model, copied)["sentence_embedding"]
        return embeddings

    parts = mini_batches(features, size)
    return torch.cat([checkpoint(encode, part, use_reentrant=False) for part in parts])


def mini_batches(features: Features, size: int) -> Iterator[Features]:
    """The rows of some model input, so many at a time, without the padding that none of them needs.

    Args:
        features: Model input; each tensor has a row for each text or picture.
        size: Rows of a mini-batch; the last may have fewer.

    Yields:
        Model input of the next rows.

    Raises:
        ConfigError: If a tensor has no row for each text or picture.
    """
    tensors = {key: value for key, value in features.items() if isinstance(value, Tensor) and value.ndim}
    lengths = {key: len(value) for key, value in tensors.items()}
    num_rows = next(iter(lengths.values()))
    if len(set(lengths.values())) > 1 or "offsets" in tensors:
        shapes = ", ".join(f"{key} {tuple(value.shape)}" for key, value in tensors.items())
        raise ConfigError(
            f"mini_batch_size needs model input with a row for each text, got {shapes}; use 0 (a static "
            "encoder gains nothing from it; with flash attention, load the model with "
            "attn_implementation='sdpa')"
        )
    for start in range(0, num_rows, size):
        part = {key: value[start : start + size] for key, value in tensors.items()}
        yield {**features, **_without_padding(part)}


def _without_padding(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors, cut to the longest of their texts."""
    mask = tensors.get("attention_mask")
    if mask is None or mask.ndim != 2:
        return tensors
    width, used = mask.shape[1], mask.any(dim=0).nonzero()
    longest = int(used.max()) + 1 if len(used) else width
    return {
        key: value[:, :longest] if value.ndim in (2, 3) and value.shape[1] == width else value
        for key, value in tensors.items()
    }


def _both_static(queries: Features, documents: Features) -> bool:
    """Whether both columns are subwords of texts, for the same tower of a model with several."""
    if not all(key in column for column in (queries, documents) for key in _STATIC_KEYS):
        return False
    if PERTURBATION in queries or PERTURBATION in documents:  # rows of texts, which are not merged
        return False
    routes = [
        {key: value for key, value in column.items() if not isinstance(value, Tensor)}
        for column in (queries, documents)
    ]
    return routes[0] == routes[1]


def _encode_static(model: nn.Module, queries: Features, documents: Features) -> tuple[Tensor, Tensor]:
    """Both columns in one pass: one lookup of the batch's distinct subwords."""
    num_query_ids, num_queries = len(queries["input_ids"]), len(queries["offsets"])
    merged = {
        **queries,
        "input_ids": torch.cat([queries["input_ids"], documents["input_ids"]]),
        "offsets": torch.cat([queries["offsets"], documents["offsets"] + num_query_ids]),
    }
    embeddings = model(merged)["sentence_embedding"]
    return embeddings[:num_queries], embeddings[num_queries:]
