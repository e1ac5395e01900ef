"""Which kernel attends: PyTorch's choice on CPUs is a slow one for short inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
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
    """Attends by plain matrix products where these are faster: see `attention_over`.

    Args:
        features: Model input, subwords (n, positions) or spectrograms (n, bands, columns); with any other the
            choice is left to PyTorch.

    Yields:
        Nothing.
    """
    name = "input_ids" if "input_ids" in features else "input_features"
    given = features.get(name)
    if not isinstance(given, Tensor) or given.ndim != (2 if name == "input_ids" else 3):
        yield
        return
    columns = given.shape[-1]
    positions = columns if name == "input_ids" else -(-columns // _COLUMNS_PER_POSITION)
    with attention_over(positions, given.device.type):
        yield


@contextmanager
def attention_over(num_positions: int, device: str) -> Iterator[None]:
    """Attends by plain matrix products where these are faster: on a CPU, in 32 bits, over short inputs.

    With the precision of `isoglot.retrieval.exact.fast_matmul`, PyTorch's fused kernel for CPUs takes three
    to nine times as long as plain products up to 64 positions, as long at 256, and half as long at 512. The
    choice is that of the whole process.

    Args:
        num_positions: Positions of the longest input.
        device: Kind of device; on any but `cpu`, and within autocast, the choice is left to PyTorch.

    Yields:
        Nothing.
    """
    in_32_bits = device == "cpu" and not torch.is_autocast_enabled("cpu")
    with sdpa_kernel(SDPBackend.MATH) if in_32_bits and num_positions <= LONGEST else nullcontext():
        yield
