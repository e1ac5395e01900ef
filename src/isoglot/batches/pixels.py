"""Pixels as they are kept for training: whole numbers, which a model's processor scales and shifts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Pixels = npt.NDArray[np.uint8]

AS_DECODED: dict[str, Any] = {"image": {"do_rescale": False, "do_normalize": False}}
"""How a picture processor is told to leave pixels as whole numbers from 0 to 255."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """What a processor does to pixels, channel by channel.

    Attributes:
        gain: (channels, 1, 1) what it multiplies them by.
        offset: (channels, 1, 1) what it adds then.
    """

    gain: Tensor
    offset: Tensor

    def __call__(self, pixels: Pixels) -> Tensor:
        """(..., channels, height, width) model input, of pixels in the same shape."""
        return torch.from_numpy(pixels).float().mul_(self.gain).add_(self.offset)


def read_scaling(black: Tensor, white: Tensor) -> Scaling:
    """Reads off what a processor does to pixels.

    Args:
        black: (channels, height, width) what it makes of a black picture.
        white: (channels, height, width) what it makes of a white one.

    Returns:
        The scaling, if it is one: whether it is shows in a true picture.
    """
    offset = black.mean(dim=(1, 2), keepdim=True)
    return Scaling((white.mean(dim=(1, 2), keepdim=True) - offset) / 255, offset)
