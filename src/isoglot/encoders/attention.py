"""Which kernel attends: PyTorch's choice on CPUs is a slow one for short inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

LONGEST = 128
"""Positions up to which plain products are faster, and their maps of (positions x positions) small."""
_COLUMNS_PER_POSITION = 2
"""Of a spectrogram: towers of sounds halve them before they attend."""


@contextmanager
def attention_kernel(features: Mapping[str, Any]) -> Iterator[None]:
    """Attends by plain matrix products where these are faster: on a CPU, in 32 bits, over short inputs.

    With the precision of `isoglot.retrieval.exact.fast_matmul`, PyTorch's fused kernel for CPUs takes three
    to nine times as long as plain products up to 64 positions, as long at 256, and half as long at 512.

    Args:
        features: Model input, subwords (n, positions) or spectrograms (n, bands, columns); with any other,
            and within autocast, the choice is left to PyTorch.

    Yields:
        Nothing.
    """
    if 0 < _num_positions(features) <= LONGEST:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    else:
        yield


def _num_positions(features: Mapping[str, Any]) -> int:
    """Positions that attention sees; 0 if they are not known, or on no CPU, or in 16 bits."""
    name = "input_ids" if "input_ids" in features else "input_features"
    given = features.get(name)
    if not isinstance(given, Tensor) or given.device.type != "cpu" or torch.is_autocast_enabled("cpu"):
        return 0
    if name == "input_ids":
        return given.shape[1] if given.ndim == 2 else 0
    return -(-given.shape[2] // _COLUMNS_PER_POSITION) if given.ndim == 3 else 0
