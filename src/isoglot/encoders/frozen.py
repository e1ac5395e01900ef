"""Frozen towers with a head that is trained, and towers whose input is ready features."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, get_args

from isoglot.errors import ConfigError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Activation = Literal["relu", "tanh", "gelu", "identity"]
"""What stands between the layers of a head."""

FeatureMedium = Literal["image", "video", "audio"]
"""What ready features stand for."""


def freeze(tower: SentenceTransformer, media: Iterable[str] | None = None) -> SentenceTransformer:
    """Takes a tower out of training: no parameter changes, dropout and batch statistics rest.

    Training runs its modules once over every distinct text or file, not in every step, as long as nothing
    that is trained stands before them. Whether a tower is frozen is a matter of the training, not of the
    model: one that was saved and read again is not.

    Args:
        tower: An encoder, changed in place: of one medium, or of several that `join_towers` has joined.
        media: Which of its towers are taken, by their media; None for all. Modules that several share are
            frozen with the first.

    Returns:
        The same encoder; `add_head` puts a head on one of one medium, `join_towers` joins it with others.

    Raises:
        ConfigError: If it does not encode a medium, or not by a tower of its own.
    """
    from isoglot.batches.features import hold_still

    for module in _modules_of(tower, media):
        hold_still(module)
    return tower


def frozen_parts(model: SentenceTransformer) -> list[str]:
    """What is out of training, for the record of a training.

    Args:
        model: Any model.

    Returns:
        Names of the outermost modules that have parameters of which none is trained, in their order.
    """
    found: list[str] = []
    for name, module in model.named_modules():
        within = not name or any(name.startswith(f"{each}.") for each in found)
        parameters = [] if within else list(module.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            found.append(name)
    return found


def _modules_of(model: SentenceTransformer, media: Iterable[str] | None) -> list[Any]:
    """The modules of some of a model's towers, or all: training takes those of a router one by one."""
    from sentence_transformers.sentence_transformer.modules import Router

    known = [str(medium) for medium in model.modalities]
    wanted = known if media is None else list(media)
    unknown = [medium for medium in wanted if medium not in known]
    if unknown:
        raise ConfigError(
            f"there is no tower for {' or '.join(unknown)} to freeze; the model encodes {', '.join(known)}"
        )
    first: Any = model[0]
    whole = set(wanted) == set(known)
    if not isinstance(first, Router):
        if wanted and not whole:
            raise ConfigError(
                f"{', '.join(wanted)} cannot be frozen alone, as one module encodes {', '.join(known)}; "
                "freeze them all, or join towers of one medium each (load_text_tower, load_image_tower)"
            )
        return list(model) if wanted else []
    routes = {route for (_, medium), route in first.route_mappings.items() if medium in wanted}
    chosen: list[Any] = [modules for route, modules in first.sub_modules.items() if whole or route in routes]
    return [*(module for modules in chosen for module in modules), *(list(model)[1:] if whole else [])]


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
