"""Augmented views of pictures, videos, sounds and ready features: parts of them masked, or cropped away."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod, sqrt
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from isoglot.errors import ConfigError
from isoglot.training.draws import Address
from isoglot.training.encoding import Features

MediaViews = Literal["masked", "cropped", "dropout"]
"""Parts of a view are masked, or it is a crop; or all is there, and the encoder's dropout alone differs."""

_CONTENT = ("pixel_values_videos", "pixel_values", "input_features", "input_values", "sentence_embedding")
"""What model input of a medium is called, by sentence-transformers."""
_COUNTS = "num_images_per_sample"
"""What the number of frames of each video is called."""
_PATCHES = 8
_STRETCHES = 32


def media_view(features: Features, kind: MediaViews, rate: float, address: Address) -> Features:
    """Model input of a view of some pictures, videos, sounds or ready features.

    Args:
        features: Their model input; processors bring its mean to about 0, which is what is masked with.
        kind: `masked` masks patches of pictures and of spectrograms (8 by 8 of them), stretches of waveforms
            (32 of them) and single numbers of feature vectors; and leaves out frames of videos and steps of
            features that are a sequence. Never all. `cropped` shows a part of each picture, at a random
            place, in the size of the whole; of a video the same part of every frame. Sounds and features are
            masked then. Colours are left as they are, and nothing is mirrored: captions speak of red, and
            of left.
        rate: Probability of each part to be masked or left out; or the share of a picture that is cut off.
        address: What is drawn.

    Returns:
        New model input; what came in is not changed.

    Raises:
        ConfigError: If there is nothing in it that can be masked.
    """
    if kind == "dropout":
        return dict(features)
    name = next((name for name in _CONTENT if name in features), None)
    if name is None:
        raise ConfigError(
            f"media_views must be dropout for a tower whose input is {', '.join(sorted(features))}; what can "
            f"be masked is called one of {', '.join(_CONTENT)}"
        )
    content = features[name]
    if kind == "cropped" and content.ndim >= 4:
        return {**features, name: _cropped(content, rate, address)}
    if content.ndim == 5 and _COUNTS in features:
        return {**features, **_fewer_frames(name, content, features[_COUNTS], rate, address)}
    mask = features.get("attention_mask")
    if mask is not None and content.ndim == 3 and mask.shape == content.shape[:2] and content.shape[1] > 1:
        left_out = _left_out(mask.bool(), rate, address)
        return {**features, "attention_mask": mask.masked_fill(left_out, 0)}
    waveform = content.ndim == 2 and name == "input_values"
    return {**features, name: _masked(content, rate, address, _STRETCHES if waveform else None)}


def _left_out(own: Bool[Tensor, "rows steps"], rate: float, address: Address) -> Bool[Tensor, "rows steps"]:
    """Which of each row's own steps a view is without."""
    left_out = torch.zeros_like(own)
    left_out[own] = address.pick(own.nonzero()[:, 0].contiguous(), len(own), rate)
    return left_out


def _fewer_frames(
    name: str,
    videos: Float[Tensor, "rows frames channels height width"],
    counts: Int[Tensor, " rows"],
    rate: float,
    address: Address,
) -> dict[str, Tensor]:
    """The videos without some of their frames, the others one after the other."""
    places = torch.arange(videos.shape[1], device=videos.device)
    own = places < counts[:, None]
    kept = own & ~_left_out(own, rate, address)
    left = kept.sum(dim=1)
    order = (~kept).long().argsort(dim=1, stable=True)
    rows = torch.arange(len(videos), device=videos.device)[:, None]
    beyond = (places >= left[:, None]).reshape(*own.shape, 1, 1, 1)
    return {name: videos[rows, order].masked_fill(beyond, 0.0), _COUNTS: left.to(counts.dtype)}


def _masked(
    content: Float[Tensor, "rows ..."], rate: float, address: Address, num_stretches: int | None
) -> Float[Tensor, "rows ..."]:
    """The content with 0 in the parts that are picked."""
    axes, cells = _parts(content.shape, num_stretches)
    rows = torch.arange(len(content), device=content.device).repeat_interleave(prod(cells))
    picked = address.pick(rows, len(content), rate).reshape(len(content), *cells)
    return content.masked_fill(_spread(picked, content.shape, axes), 0.0)


def _parts(shape: Sequence[int], num_stretches: int | None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The axes along which some content is cut into parts, and in how many along each."""
    if len(shape) == 2:  # features, or waveforms
        return (1,), (min(num_stretches or shape[1], shape[1]),)
    if len(shape) == 5:  # (rows, frames, channels, height, width)
        return (1,), (shape[1],)
    if len(shape) == 3 and shape[1] == 1:  # features, as a sequence of one
        return (2,), (shape[2],)
    axes = (1, 2) if len(shape) == 3 else (2, 3)  # spectrograms; pictures (rows, channels, height, width)
    return axes, tuple(min(_PATCHES, shape[axis]) for axis in axes)


def _spread(
    picked: Bool[Tensor, "rows ..."], shape: Sequence[int], axes: tuple[int, ...]
) -> Bool[Tensor, "rows ..."]:
    """Whether each number lies in a part that is picked; of length 1 along all other axes."""
    for place, axis in enumerate(axes, start=1):
        cells = picked.shape[place]
        of_number = torch.arange(shape[axis], device=picked.device) * cells // shape[axis]
        picked = picked.index_select(place, of_number)
    lengths = [size if axis in (0, *axes) else 1 for axis, size in enumerate(shape)]
    return picked.reshape(lengths)


def _cropped(
    content: Float[Tensor, "rows ... height width"], rate: float, address: Address
) -> Float[Tensor, "rows ... height width"]:
    """A part of each picture, as many times smaller in both directions, in the size of the whole."""
    side = sqrt(1 - rate)
    rows = torch.arange(len(content), device=content.device)
    shifts = [(2 * address.uniform(rows, torch.full_like(rows, axis)) - 1) * (1 - side) for axis in (0, 1)]
    zero, scale = torch.zeros_like(shifts[0]), torch.full_like(shifts[0], side)
    corners = torch.stack(
        [torch.stack([scale, zero, shifts[0]], 1), torch.stack([zero, scale, shifts[1]], 1)], dim=1
    )
    frames = content.flatten(0, -4)  # (rows, C, H, W), or (rows * frames, C, H, W)
    corners = corners.repeat_interleave(len(frames) // len(content), dim=0).to(content.dtype)
    grid = functional.affine_grid(corners, list(frames.shape), align_corners=False)
    seen = functional.grid_sample(frames, grid, padding_mode="border", align_corners=False)
    return seen.reshape(content.shape)
