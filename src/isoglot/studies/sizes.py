"""Sizes of encoders as families: one dial each, and how many parameters every setting of it has.

Two families are built from nothing: `static-<dimension>`, a bag of subwords, and `transformer-<depth>`, a
tower whose depth sets all else: `depth` layers, `depth` heads of 64, width 64 * depth, and four times that
within a layer. So width and depth grow together, and the parameters without embeddings with the cube of the
depth: 0.05, 0.4, 3.2, 25 and 85 million at depths 1, 2, 4, 8 and 12, where 12 is the base size of BERT and
XLM-R. Anything else names a model that is there already.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from isoglot.config import LEFT_OUT

if TYPE_CHECKING:
    from torch import Tensor, nn

HEAD_WIDTH = 64
"""Width of an attention head of a tower."""
_FEED_FORWARD = 4
_DIAL = re.compile(r"(static|transformer)-(\d+)")


@dataclass(frozen=True)
class Parameters:
    """How many numbers an encoder has learnt.

    Attributes:
        total: All of them; what several modules share counts once.
        embeddings: Those in tables of vectors: of subwords, positions and kinds of tokens.
        trained: Those that training changes.
    """

    total: int
    embeddings: int
    trained: int

    @property
    def without_embeddings(self) -> int:
        """Those that are multiplied with every token; 0 for a bag of subwords."""
        return self.total - self.embeddings


def size_problem(size: str) -> str | None:
    """What is wrong with the name of a size, if anything.

    Args:
        size: As in `size_changes`.

    Returns:
        One line; None if it can be.
    """
    dial = _DIAL.fullmatch(size)
    if dial is not None and int(dial[2]) < 1:
        return f"sizes: {size!r} must be >= 1 behind the dash"
    return None if size.strip() else "sizes: an empty name is no model"


def size_changes(size: str) -> dict[str, Any]:
    """The keys of an experiment that a size sets.

    Args:
        size: `static-<dimension>`, `transformer-<depth>`, or the name or folder of a model, in which `{seed}`
            stands for the training's seed; a folder of such a name begins with `./`.

    Returns:
        Key -> value; `LEFT_OUT` for a key that the size has no use for.
    """
    dial = _DIAL.fullmatch(size)
    if dial is None:
        return {"encoder.kind": "pretrained", "encoder.path": size}
    shape = {"encoder.kind": dial[1], "encoder.path": LEFT_OUT}
    if dial[1] == "static":
        return shape | {"encoder.dimension": int(dial[2])}
    depth = int(dial[2])
    width = HEAD_WIDTH * depth
    return shape | {"encoder.layers": depth, "encoder.heads": depth, "encoder.dimension": width}


def static_parameters(vocabulary_size: int, dimension: int) -> Parameters:
    """Parameters of `isoglot.encoders.build_static_encoder`.

    Args:
        vocabulary_size: Subwords that its tokenizer really has.
        dimension: Width of the embeddings.

    Returns:
        The counts.
    """
    total = vocabulary_size * dimension
    return Parameters(total, total, total)


def transformer_parameters(
    vocabulary_size: int, layers: int, width: int, max_tokens: int = 128, *, pad_id: int = 0
) -> Parameters:
    """Parameters of `isoglot.encoders.build_transformer_encoder`.

    Args:
        vocabulary_size: Subwords that its tokenizer really has.
        layers: Number of layers.
        width: Width of the embeddings.
        max_tokens: Longest text.
        pad_id: Number of the padding token; positions start behind it.

    Returns:
        The counts.
    """
    positions = max_tokens + pad_id + 1
    embeddings = (vocabulary_size + positions + 1) * width
    attention = 4 * (width * width + width)
    feed_forward = 2 * _FEED_FORWARD * width * width + (_FEED_FORWARD + 1) * width
    norms = 2 * 2 * width
    total = embeddings + 2 * width + layers * (attention + feed_forward + norms)
    return Parameters(total, embeddings, total)


def count_parameters(model: nn.Module) -> Parameters:
    """Parameters that vectors of a model come from.

    Args:
        model: Any model; frozen parts count, but not as trained. A layer that transformers adds for
            classification, and that pooled token vectors pass by, does not count.

    Returns:
        The counts.
    """
    idle = {id(parameter) for parameter in _idle(model)}
    of_all = [parameter for parameter in model.parameters() if id(parameter) not in idle]
    tables = {id(parameter): parameter for parameter in _tables(model)}
    return Parameters(
        sum(parameter.numel() for parameter in of_all),
        sum(parameter.numel() for parameter in tables.values()),
        sum(parameter.numel() for parameter in of_all if parameter.requires_grad),
    )


def _tables(model: nn.Module) -> Iterator[Tensor]:
    """Tables of vectors that are looked up by number."""
    from torch import nn

    for module in model.modules():
        if isinstance(module, nn.Embedding | nn.EmbeddingBag):
            yield module.weight


def _idle(model: nn.Module) -> Iterator[Tensor]:
    """Parameters of what stands beside the token vectors that are pooled."""
    from sentence_transformers.sentence_transformer.modules import Pooling
    from torch import nn

    for chain in model.modules():
        links = list(chain.children()) if isinstance(chain, nn.Sequential) else []
        if not any(isinstance(link, Pooling) for link in links):
            continue
        for module in links[0].modules():
            beside = getattr(module, "pooler", None)
            if isinstance(beside, nn.Module):
                yield from beside.parameters()
