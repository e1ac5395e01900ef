"""Where the input of an encoder is perturbed, and how a perturbation gets there.

| tower | what is perturbed |
|---|---|
| transformer of texts | the vectors of all tokens, as the table of input embeddings gives them |
| static encoder of texts | the mean of the subwords' vectors, as nothing there sees a token alone |
| pictures, videos | the pixels, as the processor gives them; of a video, of its own frames |
| sounds | the spectrogram or the waveform |
| frozen modules, ready features | nothing: training starts behind them |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from isoglot.batches.features import holds_still
from isoglot.errors import ConfigError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PERTURBATION = "perturbation"
"""Feature that carries what is added to the input of a column, a row for each example."""

Side = Literal["query", "document"]

_CONTENT = ("pixel_values_videos", "pixel_values", "input_features", "input_values")
"""What model input of a medium is called, by sentence-transformers."""
_COUNTS = "num_images_per_sample"
_UNPADDED = "cu_seq_lens_q"
"""Feature of texts that stand one after the other, for flash attention."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """What is perturbed of a column.

    Attributes:
        points: (n, ...) its numbers.
        own: Which of them are an example's own, and not padding, in a shape that spreads to the points'.
    """

    points: Float[Tensor, "rows ..."]
    own: Bool[Tensor, "rows ..."]


def inputs_of(model: SentenceTransformer, side: Side, features: Mapping[str, Any]) -> Inputs | None:
    """The numbers of a column that are perturbed.

    Args:
        model: The encoder.
        side: Whether these are queries or documents.
        features: Model input of the column; it is left as it is.

    Returns:
        The numbers; None if the tower takes no perturbations.

    Raises:
        ConfigError: If the texts are not in rows, as flash attention has it.
    """
    place = _place(model, side, str(features.get("modality", "text")))
    if place is None:
        return None
    if _UNPADDED in features:
        raise ConfigError(
            "training.robust needs texts in rows, and flash attention puts them one after the other; load "
            "the model with attn_implementation='sdpa'"
        )
    if "input_ids" in features:
        return _text_inputs(place, features)
    name = next((name for name in _CONTENT if name in features), None)
    return None if name is None else Inputs(features[name], _own(features[name], features))


def check_perturbable(
    model: SentenceTransformer, columns: Iterable[tuple[Side, str]], sides: Iterable[Side]
) -> None:
    """Checks that there is something to perturb.

    Args:
        model: The encoder.
        columns: Side and medium of all columns that training draws.
        sides: Which sides shall be perturbed.

    Raises:
        ConfigError: If none of these columns goes through a tower that takes perturbations.
    """
    wanted = set(sides)
    found = sorted({(side, medium) for side, medium in columns if side in wanted})
    if not any(_place(model, side, medium) is not None for side, medium in found):
        named = ", ".join(f"{medium} as {side}" for side, medium in found)
        raise ConfigError(
            f"training.robust: nothing can be perturbed of {named}: their towers are frozen, take ready "
            "features, or have no table of input embeddings; train one of them, choose other sides, or set "
            "method to none"
        )


@contextmanager
def taking_perturbations(model: SentenceTransformer) -> Iterator[None]:
    """Within the context, model input may carry a `PERTURBATION`, which is added to what is encoded.

    Args:
        model: Any model; input without is encoded as ever.

    Yields:
        Nothing.
    """
    passing = _Passing()
    handles = [model.register_forward_pre_hook(passing.take)]
    handles += [place.register_forward_hook(passing.add) for place in _text_places(model)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


class _Passing:
    """A perturbation on its way from the model's input to where texts are embedded."""

    def __init__(self) -> None:
        self.delta: Tensor | None = None

    def take(self, _: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Before the model: adds to pixels and sounds, keeps what is for texts."""
        if PERTURBATION not in args[0]:
            self.delta = None
            return args
        features = dict(args[0])
        delta = features.pop(PERTURBATION)
        if "input_ids" in features:
            self.delta = delta
        else:
            name = next(name for name in _CONTENT if name in features)
            features[name] = _sum(features[name], delta)
        return (features, *args[1:])

    def add(self, module: nn.Module, args: Any, output: Any) -> Any:
        """After input embeddings, or a static encoder's bag."""
        if self.delta is None:
            return output
        delta, self.delta = self.delta, None
        if not isinstance(output, Tensor):
            return {**output, "sentence_embedding": _sum(output["sentence_embedding"], delta)}
        return _sum(output, delta)


def _sum(vectors: Tensor, delta: Tensor) -> Tensor:
    assert vectors.shape == delta.shape
    return vectors + delta.to(vectors.dtype)


def _place(model: SentenceTransformer, side: Side, medium: str) -> nn.Module | None:
    """The module where a tower is perturbed: of texts what embeds them, else its first; None if nowhere."""
    from sentence_transformers.sentence_transformer.modules import Router

    chain: Any = model
    first: Any = model[0]
    if isinstance(first, Router):
        route = first._resolve_route(task=side, modality=medium)
        assert route is not None  # it raises where there is none
        chain = first.sub_modules[route]
    start: nn.Module = next(iter(chain))
    if holds_still(start):
        return None
    return _text_place(start) if medium == "text" else start


def _text_places(model: nn.Module) -> list[nn.Module]:
    """All modules where texts are perturbed, none twice."""
    found = {id(place): place for module in model.modules() if (place := _text_place(module)) is not None}
    return list(found.values())


def _text_place(module: Any) -> nn.Module | None:
    """What embeds the tokens of texts, or the bag of a static encoder; None if it is not known."""
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding, Transformer

    if isinstance(module, StaticEmbedding):
        return module
    if not isinstance(module, Transformer):
        return None
    try:
        table = module.auto_model.get_input_embeddings()
    except NotImplementedError:  # eyes and ears have none
        return None
    return table if isinstance(table, nn.Embedding) else None


@torch.no_grad()
def _text_inputs(place: nn.Module, features: Mapping[str, Any]) -> Inputs:
    """Vectors of tokens, or means of subwords."""
    ids = features["input_ids"]
    if "offsets" in features:
        pooled = place(dict(features))["sentence_embedding"]
        return Inputs(pooled, torch.ones_like(pooled, dtype=torch.bool))
    points = place(ids)
    mask = features.get("attention_mask", torch.ones_like(ids))
    return Inputs(points, mask.bool()[:, :, None])


def _own(content: Float[Tensor, "rows ..."], features: Mapping[str, Any]) -> Bool[Tensor, "rows ..."]:
    """Which numbers of pictures, videos and sounds are their own."""
    own = torch.ones((1,) * content.ndim, dtype=torch.bool, device=content.device)
    if _COUNTS in features and content.ndim == 5:
        places = torch.arange(content.shape[1], device=content.device)
        counts: Tensor = features[_COUNTS]
        return (places < counts[:, None]).reshape(*content.shape[:2], 1, 1, 1)
    mask: Tensor | None = features.get("attention_mask")
    if mask is None:
        return own
    if mask.shape == content.shape[:2]:
        return mask.bool().reshape(*mask.shape, *[1] * (content.ndim - 2))
    if mask.shape == (len(content), content.shape[-1]):
        return mask.bool().reshape(len(content), *[1] * (content.ndim - 2), -1)
    return own
