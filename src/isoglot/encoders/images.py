"""The image tower: a small residual network from a configuration, which learns in a minute on a laptop."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING

from isoglot.errors import ConfigError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_MIN_SIDE = 32
_STEM_WIDTH = 32


def build_image_tower(
    dimension: int = 128,
    *,
    side: int = 64,
    widths: Sequence[int] = (32, 64, 128),
    blocks: int = 1,
    seed: int = 0,
) -> SentenceTransformer:
    """A residual network with random weights (He et al. 2016, arXiv 1512.03385), for small pictures.

    Every picture is brought to one size; its proportions give way, and nothing of it is cut off. Each stage
    but the first halves the map that the stem made four times smaller. The embedding is a projection of the
    mean and the maximum of every channel.

    Args:
        dimension: Width of the embeddings.
        side: Width and height that pictures are brought to, in pixels, at least 32.
        widths: Channels of each stage.
        blocks: Residual blocks a stage.
        seed: Seed of the weights.

    Returns:
        An encoder of pictures alone, all of stock sentence-transformers modules; embeddings are not
        normalised. `build_two_tower_encoder` joins it with an encoder of texts.

    Raises:
        ConfigError: If an argument is out of range; all of them at once.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Pooling, Transformer
    from transformers import ResNetConfig, ResNetModel, ViTImageProcessorPil

    if problems := image_tower_problems(dimension, side, widths, blocks):
        raise ConfigError("\n".join(problems))
    config = ResNetConfig(
        embedding_size=_STEM_WIDTH,
        hidden_sizes=list(widths),
        depths=[blocks] * len(widths),
        layer_type="basic",
    )
    processor = ViTImageProcessorPil(
        size={"height": side, "width": side},
        image_mean=[0.5, 0.5, 0.5],
        image_std=[0.5, 0.5, 0.5],
        do_convert_rgb=True,
    )
    with torch.random.fork_rng(devices=[]), tempfile.TemporaryDirectory() as folder:
        torch.manual_seed(seed)
        ResNetModel(config).save_pretrained(folder)
        processor.save_pretrained(folder)
        network = Transformer(folder)
        pooling = Pooling(widths[-1], ("mean", "max"))
        projection = Dense(2 * widths[-1], dimension, bias=False, activation_function=None)
        return SentenceTransformer(modules=[network, pooling, projection], device="cpu")


def image_tower_problems(dimension: int, side: int, widths: Sequence[int], blocks: int) -> list[str]:
    """What keeps `build_image_tower` from building with these arguments, one line each.

    Args:
        dimension: Width of the embeddings.
        side: Width and height that pictures are brought to, in pixels.
        widths: Channels of each stage.
        blocks: Residual blocks a stage.

    Returns:
        The rules that do not hold, each with the value that breaks it.
    """
    problems = []
    if dimension < 1:
        problems.append(f"dimension must be >= 1, got {dimension}")
    # Every stage but the first halves the map; the last must be left with a pixel.
    least = max(_MIN_SIDE, 2 ** (len(widths) + 1))
    if side < least:
        problems.append(f"side must be >= {least} for {len(widths)} stages, got {side}")
    if not widths or min(widths) < 1:
        problems.append(f"widths must be one number >= 1 or more, got {list(widths)}")
    if blocks < 1:
        problems.append(f"blocks must be >= 1, got {blocks}")
    return problems
