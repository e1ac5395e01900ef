"""An encoder of several media at once: sentence-transformers' model, which takes them in one list."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.util.decorators import deprecated_kwargs
from sentence_transformers.util.quantization import quantize_embeddings

from isoglot.encoders.inputs import as_texts, medium_of
from isoglot.media.opening import open_media


class Encoder(SentenceTransformer):
    """A sentence-transformers model whose `encode`, `encode_query` and `encode_document` take mixed lists.

    A list may hold texts, pictures, and files or arrays under the name of their medium, in any order:
    `["a red circle", picture, {"image": "dog.jpg"}, {"audio": "bark.wav"}]`. Pictures are opened as
    everywhere in this package (`isoglot.media.pictures`); a text is never taken for the path or address of a
    file. Otherwise, and on disk, it is a `SentenceTransformer`, which loads what it saves.
    """

    # The arguments are those of the parent, whose overloads no signature of ours could repeat.
    @deprecated_kwargs(sentences="inputs")
    def encode(self, inputs: Any, *args: Any, **options: Any) -> Any:
        """Vectors of inputs of any media.

        Args:
            inputs: One input, or several.
            *args: As of `SentenceTransformer.encode`.
            **options: As of `SentenceTransformer.encode`. Prompts stand before texts alone.

        Returns:
            As `SentenceTransformer.encode` gives them, in the order of the inputs.

        Raises:
            MediaError: If it cannot be told of which medium an input is, or a picture cannot be read.
        """
        if self.is_singular_input(inputs):
            return super().encode(inputs, *args, **options)
        items = list(inputs)
        media = [medium_of(item) for item in items]
        if len(set(media)) < 2:
            return super().encode(items, *args, **options)
        named = dict(zip(_POSITIONAL, args, strict=False))
        return self._encode_mixed(items, media, named | options)

    def _encode_mixed(self, items: Sequence[Any], media: Sequence[str], options: dict[str, Any]) -> Any:
        """Encodes medium by medium; what a vector's numbers are rounded to depends on all of them."""
        precision = options.pop("precision", None) or "float32"
        parts = []
        for medium in dict.fromkeys(media):
            places = [place for place, each in enumerate(media) if each == medium]
            parts.append((places, super().encode([items[place] for place in places], **options)))
        joined = _in_order(parts, len(items))
        return joined if precision == "float32" else _quantized(joined, precision, options)

    def preprocess(self, inputs: Sequence[Any], prompt: str | None = None, **options: Any) -> dict[str, Any]:
        """Model input of inputs of one medium.

        Args:
            inputs: Inputs.
            prompt: What stands before texts.
            **options: As of `SentenceTransformer.preprocess`.

        Returns:
            As `SentenceTransformer.preprocess` gives it.

        Raises:
            MediaError: If it cannot be told of which medium an input is, or pictures cannot be read.
        """
        media = {medium_of(item) for item in inputs}
        if media == {"text"}:
            inputs, more = as_texts(self, inputs)
            if more:  # the parent would look at what the texts read like
                router: Any = self[0]
                return dict(router.preprocess(inputs, prompt=prompt, **{**options, **more}))
        if media in ({"image"}, {"audio"}):
            medium = media.pop()
            given = [item.get(medium, item) if isinstance(item, Mapping) else item for item in inputs]
            inputs = [{medium: each} for each in open_media(medium, given, self)]
        features: dict[str, Any] = super().preprocess(inputs, prompt=prompt, **options)
        return features


_POSITIONAL = list(inspect.signature(SentenceTransformer.encode).parameters)[2:]
"""Names of the arguments that follow the inputs."""


def _in_order(parts: Iterable[tuple[list[int], Any]], total: int) -> Any:
    """Rows of several parts in the places that they came from: of one array or tensor, or a list."""
    known = list(parts)
    first = known[0][1]
    if isinstance(first, np.ndarray):
        array = np.empty((total, *first.shape[1:]), first.dtype)
        for places, rows in known:
            array[places] = rows
        return array
    if isinstance(first, torch.Tensor):
        tensor = first.new_empty((total, *first.shape[1:]))
        for places, rows in known:
            tensor[places] = rows
        return tensor
    placed: list[Any] = [None] * total
    for places, rows in known:
        for place, row in zip(places, rows, strict=True):
            placed[place] = row
    return placed


def _quantized(vectors: Any, precision: Any, options: Mapping[str, Any]) -> Any:
    """Vectors in fewer bits, as the parent would have given them."""
    whole = torch.stack(vectors) if isinstance(vectors, list) else vectors
    fewer = quantize_embeddings(whole, precision=precision)
    if options.get("convert_to_tensor") or isinstance(vectors, torch.Tensor):
        return torch.as_tensor(fewer)
    return list(torch.from_numpy(fewer)) if isinstance(vectors, list) else fewer
