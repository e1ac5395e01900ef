"""Transformer pooling: frames look at each other and know their places in time before their mean is taken."""

from __future__ import annotations

from typing import Any, Self

import torch
from sentence_transformers.base.modules import Module
from torch import Tensor, nn


class TimeTransformer(Module):
    """Transformer layers over the frames of a video, with a learned vector for each place in time.

    The pooling head of Huang et al. 2021 (arXiv 2103.08849), "TP"; the mean over the frames follows it. Each
    layer normalises its input and adds to it, at first nothing: training starts close to the plain mean.
    Where a video has more frames than there are places, these are stretched over it.

    Attributes:
        dimension: Width of the vectors of frames.
        num_frames: How many places in time there are.
        layers: How many layers.
        heads: Heads of attention.
    """

    config_keys: list[str] = ["dimension", "num_frames", "layers", "heads"]  # noqa: RUF012  # as in its parents

    def __init__(self, dimension: int, num_frames: int, layers: int = 1, heads: int = 4) -> None:
        """Makes the module, with random weights.

        Args:
            dimension: Width of the vectors of frames.
            num_frames: How many places in time there are.
            layers: How many layers.
            heads: Heads of attention, which must divide the width.
        """
        super().__init__()  # type: ignore[no-untyped-call]
        self.dimension, self.num_frames, self.layers, self.heads = dimension, num_frames, layers, heads
        self.positions = nn.Parameter(torch.randn(num_frames, dimension) * 0.02)
        self.blocks = nn.ModuleList(_block(dimension, heads) for _ in range(layers))

    def forward(self, features: dict[str, Tensor | Any], **_: Any) -> dict[str, Tensor | Any]:
        """Changes the vectors of frames.

        Args:
            features: `token_embeddings` (videos, frames, dimension) and `attention_mask` (videos, frames).

        Returns:
            The same, with new vectors.
        """
        vectors, mask = features["token_embeddings"], features["attention_mask"]
        vectors = vectors + self._places(mask).to(vectors.dtype)
        for block in self.blocks:
            vectors = block(vectors, src_key_padding_mask=mask == 0)
        return {**features, "token_embeddings": vectors}

    def _places(self, mask: Tensor) -> Tensor:
        """(videos, frames, dimension) the vector of each frame's place, between two where it lies there."""
        last = self.num_frames - 1
        lasts = (mask.sum(dim=1, keepdim=True) - 1).clamp(min=1)
        numbers = torch.arange(mask.shape[1], device=mask.device) * (last / lasts).clamp(max=1)
        numbers = numbers.clamp(max=last)
        low = numbers.floor().long()
        share = (numbers - low)[..., None]
        return torch.lerp(self.positions[low], self.positions[(low + 1).clamp(max=last)], share)

    def get_embedding_dimension(self) -> int:
        """Width of the vectors."""
        return self.dimension

    def save(self, output_path: str, *_: Any, safe_serialization: bool = True, **__: Any) -> None:
        """Writes settings and weights.

        Args:
            output_path: Folder.
            safe_serialization: Whether the weights are written as safetensors.
        """
        self.save_config(output_path)
        self.save_torch_weights(output_path, safe_serialization=safe_serialization)

    @classmethod
    def load(
        cls,
        model_name_or_path: str,
        subfolder: str = "",
        token: bool | str | None = None,
        cache_folder: str | None = None,
        revision: str | None = None,
        local_files_only: bool = False,
        init_defaults: dict[str, Any] | None = None,  # noqa: ARG003
        **kwargs: Any,  # noqa: ARG003
    ) -> Self:
        """Reads what `save` wrote.

        Args:
            model_name_or_path: The model's folder or name.
            subfolder: Where in it.
            token: Of the hub.
            cache_folder: Where files of the hub are kept.
            revision: Of a model of the hub.
            local_files_only: Whether nothing is fetched.
            init_defaults: Not used.
            **kwargs: Not used.

        Returns:
            The module.
        """
        where: dict[str, Any] = {
            "subfolder": subfolder,
            "token": token,
            "cache_folder": cache_folder,
            "revision": revision,
            "local_files_only": local_files_only,
        }
        module = cls(**cls.load_config(model_name_or_path, **where))
        cls.load_torch_weights(model_name_or_path, model=module, **where)
        return module


def _block(dimension: int, heads: int) -> nn.Module:
    block = nn.TransformerEncoderLayer(
        dimension,
        heads,
        dim_feedforward=4 * dimension,
        dropout=0.0,
        activation="gelu",
        batch_first=True,
        norm_first=True,
    )
    for last in (block.self_attn.out_proj, block.linear2):
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
    return block
