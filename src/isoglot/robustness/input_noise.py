"""Gaussian noise on the input embeddings of texts that are encoded for use, as smoothed prediction needs it.

It goes where training perturbs (`isoglot.robustness.embeddings`), but its deviation is one and the same for
all texts, without which there is no certificate. What is drawn is a function of the key and of the subwords
of the text, and of nothing else: batches, padding and order do not matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor

from isoglot.errors import ConfigError
from isoglot.robustness.embeddings import PERTURBATION, Inputs, inputs_of

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Features = Mapping[str, Any]
Key = tuple[int, ...]
"""Numbers >= 0: seed, copy, side and so on."""


def with_noise(encoder: SentenceTransformer, features: Features, sigma: float, key: Key) -> Features:
    """Model input of texts with noise beside it, which is added within `taking_perturbations`.

    Args:
        encoder: The encoder.
        features: Its input.
        sigma: Standard deviation of each number; 0 gives the input as it is.
        key: Names the draw.

    Returns:
        The input, for one pass of the encoder.

    Raises:
        ConfigError: If sigma < 0, or texts do not enter the encoder by input embeddings.
    """
    if not sigma >= 0:
        raise ConfigError(f"sigma must be >= 0, got {sigma}")
    if not sigma:
        return features
    inputs = _text_inputs(encoder, features)
    own = inputs.own.expand(inputs.points.shape).cpu().numpy()
    noise = np.zeros(own.shape, np.float32)
    for row, ids in enumerate(_subwords(features)):
        there = own[row]
        noise[row][there] = sigma * _draw(ids, int(there.sum()), key)
    return {**features, PERTURBATION: torch.from_numpy(noise).to(inputs.points.device)}


def input_lengths(
    encoder: SentenceTransformer, features: Features
) -> tuple[Float[Tensor, " texts"], Float[Tensor, " texts"]]:
    """How long texts are as the vectors that noise is added to.

    Args:
        encoder: The encoder.
        features: Its input of n texts.

    Returns:
        (n,) L2 norm of each, and (n,) how many numbers it has.

    Raises:
        ConfigError: If texts do not enter the encoder by input embeddings.
    """
    inputs = _text_inputs(encoder, features)
    own = inputs.own.expand(inputs.points.shape)
    points = inputs.points.float().masked_fill(~own, 0.0)
    return points.flatten(1).norm(dim=1), own.flatten(1).sum(dim=1).float()


def _text_inputs(encoder: SentenceTransformer, features: Features) -> Inputs:
    found = inputs_of(encoder, "document", features) if "input_ids" in features else None
    if found is None:
        raise ConfigError(
            "noise on input embeddings needs texts that enter by a table of subword vectors, of a "
            "transformer or a static encoder that is not frozen; a model that was frozen in training is not, "
            "once it is saved and loaded"
        )
    return found


def _subwords(features: Features) -> list[npt.NDArray[np.int64]]:
    """Ids of each text, padding left out."""
    ids = features["input_ids"].cpu().numpy()
    if "offsets" in features:
        return np.split(ids, features["offsets"].cpu().numpy()[1:])
    mask = features.get("attention_mask")
    real = np.ones(ids.shape, bool) if mask is None else mask.cpu().numpy().astype(bool)
    return [own[there] for own, there in zip(ids, real, strict=True)]


def _draw(ids: npt.NDArray[np.int64], size: int, key: Key) -> npt.NDArray[np.float32]:
    """Standard normal numbers that a text has under a key."""
    rng = np.random.default_rng([*key, len(ids), *ids.tolist()])
    return rng.standard_normal(size, np.float32)
