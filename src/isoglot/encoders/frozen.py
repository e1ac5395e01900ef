"""Frozen towers with a head that is trained, and towers whose input is ready features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, get_args

from isoglot.errors import ConfigError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Activation = Literal["relu", "tanh", "gelu", "identity"]
"""What stands between the layers of a head."""

FeatureMedium = Literal["image", "video", "audio"]
"""What ready features stand for."""


def freeze(tower: SentenceTransformer) -> SentenceTransformer:
    """Takes a tower out of training: no parameter changes, dropout and batch statistics rest.

    Training runs its modules once over every distinct text or file, not in every step, as long as nothing
    that is trained stands before them. Whether a tower is frozen is a matter of the training, not of the
    model: one that was saved and read again is not.

    Args:
        tower: An encoder of one medium, changed in place.

    Returns:
        The same tower; `add_head` puts a head on it, `join_towers` joins it with others.
    """
    from isoglot.batches.features import hold_still

    for module in tower:
        hold_still(module)
    return tower


def add_head(
    tower: SentenceTransformer,
    dimension: int,
    *,
    hidden: Sequence[int] = (),
    dropout: float = 0.0,
    activation: Activation = "relu",
    seed: int = 0,
) -> SentenceTransformer:
    """Fully connected layers on a tower, as on frozen features in Aggarwal et al. (2021, arXiv 2109.07622).

    Args:
        tower: An encoder of one medium, `freeze`-d or not; its modules are shared, not copied.
        dimension: Width of the embeddings.
        hidden: Widths of the layers before the last.
        dropout: Share of the inputs of each layer that are left out in training.
        activation: What follows every layer but the last.
        seed: Seed of the layers.

    Returns:
        An encoder on the tower's device, of stock sentence-transformers modules where the tower is, with the
        tower's prompts; embeddings are not normalised.

    Raises:
        ConfigError: If an argument is out of range, or the tower does not say how wide its embeddings are;
            all problems at once.
    """
    from sentence_transformers import SentenceTransformer

    width = tower.get_embedding_dimension()
    problems = _problems(dimension, hidden, dropout, activation)
    if width is None:
        problems.append("the tower does not say how wide its embeddings are; add a Dense")
    if problems:
        raise ConfigError("\n".join(problems))
    assert width is not None
    layers = _layers([width, *hidden, dimension], dropout, activation, seed)
    headed = SentenceTransformer(modules=[*tower, *layers], device=str(tower.device))
    headed.prompts.update(tower.prompts)
    headed.default_prompt_name = tower.default_prompt_name
    return headed


def feature_tower(
    width: int,
    dimension: int,
    *,
    medium: FeatureMedium = "image",
    hidden: Sequence[int] = (),
    dropout: float = 0.0,
    activation: Activation = "relu",
    seed: int = 0,
) -> SentenceTransformer:
    """A tower for ready features, such as the 2,048 numbers that a ResNet-152 pools of a picture.

    Its documents are arrays, or files of arrays: `encode_document([{"image": array}, {"image": "a.npy"},
    {"image": "all.npz#a"}])`; in a corpus, `path` names such files. An array has shape (width,), or
    (steps, width), of which the mean is taken.

    Args:
        width: Numbers in a vector of the features.
        dimension: Width of the embeddings.
        medium: What the features stand for.
        hidden: Widths of the layers before the last.
        dropout: Share of the inputs of each layer that are left out in training.
        activation: What follows every layer but the last.
        seed: Seed of the layers.

    Returns:
        An encoder on the CPU; embeddings are not normalised. Its first module is of this package, all others
        are stock ones.

    Raises:
        ConfigError: If an argument is out of range; all of them at once.
    """
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    from isoglot.encoders.features import FeatureInput

    if problems := _problems(dimension, hidden, dropout, activation):
        raise ConfigError("\n".join(problems))
    layers = _layers([width, *hidden, dimension], dropout, activation, seed)
    return SentenceTransformer(
        modules=[FeatureInput(width, medium), Pooling(width, "mean"), *layers], device="cpu"
    )


def _problems(dimension: int, hidden: Sequence[int], dropout: float, activation: str) -> list[str]:
    problems = []
    if dimension < 1:
        problems.append(f"dimension must be >= 1, got {dimension}")
    if hidden and min(hidden) < 1:
        problems.append(f"hidden must be numbers >= 1, got {list(hidden)}")
    if not 0 <= dropout < 1:
        problems.append(f"dropout must be at least 0 and below 1, got {dropout}")
    if activation not in get_args(Activation):
        problems.append(f"activation must be one of {', '.join(get_args(Activation))}, got {activation!r}")
    return problems


def _layers(widths: Sequence[int], dropout: float, activation: Activation, seed: int) -> list[Any]:
    """Linear layers from one width to the next."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return list(_each_layer(widths, dropout, activation))


def _each_layer(widths: Sequence[int], dropout: float, activation: Activation) -> Iterator[Any]:
    from sentence_transformers.sentence_transformer.modules import Dense, Dropout
    from torch import nn

    between = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU, "identity": nn.Identity}[activation]
    for layer, (before, after) in enumerate(pairwise(widths), 2):
        if dropout:
            yield Dropout(dropout)
        yield Dense(before, after, activation_function=None if layer == len(widths) else between())
