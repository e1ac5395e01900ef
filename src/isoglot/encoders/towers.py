"""Towers: encoders of several media in one space, which one model holds and chooses between by medium."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from isoglot.errors import ConfigError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules.module import Module

    from isoglot.encoders.encoder import Encoder


def build_two_tower_encoder(
    text_model: SentenceTransformer,
    image_tower: SentenceTransformer,
    *,
    dimension: int | None = None,
    seed: int = 0,
) -> Encoder:
    """One encoder of texts and pictures, like CLIP's two towers (Radford et al. 2021, arXiv 2103.00020).

    Args:
        text_model: Encodes texts; any sentence-transformers model. Its prompts stay.
        image_tower: Encodes pictures, as `build_image_tower` makes one, or a pretrained one.
        dimension: Width of the common space; None takes that of the texts, so that texts are encoded as
            before.
        seed: Seed of the projections.

    Returns:
        The encoder; see `join_towers`.

    Raises:
        ConfigError: If dimension < 1, or a model does not encode its medium.
    """
    return join_towers({"text": text_model, "image": image_tower}, dimension=dimension, seed=seed)


def join_towers(
    towers: Mapping[str, SentenceTransformer], *, dimension: int | None = None, seed: int = 0
) -> Encoder:
    """One encoder out of one for each medium, all of stock sentence-transformers modules.

    A tower as wide as the common space goes into it as it is; every other gets a linear projection. The
    modules are those of the given models, not copies: they are trained together.

    Args:
        towers: Medium -> its encoder, whose last step may normalise. The first is asked for what bears no
            name of a medium, and gives prompts.
        dimension: Width of the common space; None takes that of the first tower.
        seed: Seed of the projections.

    Returns:
        The encoder, on the device of the first tower; embeddings are L2-normalised. `encode_query` and
        `encode_document` take texts, pictures and so on, also in one list.

    Raises:
        ConfigError: If there are fewer than two towers, dimension < 1, or a model does not encode its medium;
            all problems at once.
    """
    import torch
    from sentence_transformers.sentence_transformer.modules import Normalize, Router

    from isoglot.encoders.encoder import Encoder

    _check(towers, dimension)
    first = next(iter(towers.values()))
    width = dimension or _width(first)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        routes = {medium: list(_route(tower, width)) for medium, tower in towers.items()}
    router = Router(routes, route_mappings={(None, medium): medium for medium in towers})
    joined = Encoder(modules=[router, Normalize()], device=str(first.device))
    joined.prompts.update(first.prompts)
    joined.default_prompt_name = first.default_prompt_name
    return joined


def _route(tower: SentenceTransformer, width: int) -> Iterator[Module]:
    """The modules of a tower, with a projection if it is needed; normalising is left to the end."""
    from sentence_transformers.sentence_transformer.modules import Dense, Normalize

    modules: list[Any] = list(tower)
    while isinstance(modules[-1], Normalize):
        modules.pop()
    yield from modules
    if _width(tower) != width:
        yield Dense(_width(tower), width, bias=False, activation_function=None)


def _width(tower: SentenceTransformer) -> int:
    width: int | None = tower.get_embedding_dimension()
    assert width is not None  # `_check` has seen to it
    return width


def _check(towers: Mapping[str, SentenceTransformer], dimension: int | None) -> None:
    problems = []
    if len(towers) < 2:
        problems.append(f"towers must be two or more, one for each medium, got {', '.join(towers) or 'none'}")
    if dimension is not None and dimension < 1:
        problems.append(f"dimension must be >= 1, got {dimension}")
    for medium, tower in towers.items():
        if medium not in tower.modalities:
            known = ", ".join(str(name) for name in tower.modalities)
            problems.append(f"the tower for {medium} encodes {known}; give a model that encodes {medium}")
        if tower.get_embedding_dimension() is None:
            problems.append(f"the tower for {medium} does not say how wide its embeddings are; add a Dense")
    if problems:
        raise ConfigError("\n".join(problems))
