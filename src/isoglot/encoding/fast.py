"""The fast way through the text tower of a sentence-transformers model: batches of a number of tokens.

What a text becomes is left to the model's own `preprocess` and modules, prompts, routers and all; only the
batches are others than in `SentenceTransformer.encode`. Texts are sorted by their true length in tokens, and
a batch holds as many as fit a budget of tokens: little is spent on padding, and what a batch needs fits the
caches of a CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Router, Transformer
from sentence_transformers.util import truncate_embeddings

from isoglot.encoders.attention import LONGEST, attention_over
from isoglot.encoders.encoder import Encoder
from isoglot.encoders.inputs import as_texts, taken_for_media
from isoglot.encoding.batching import Integers, Ragged, token_batches
from isoglot.encoding.numerics import Precision, calculating
from isoglot.encoding.threads import num_side_by_side, side_by_side
from isoglot.retrieval.adapters import Vectors, prompt_of
from isoglot.retrieval.contents import Side

_OUR_MODULES = ("sentence_transformers.", "isoglot.encoders.")
_OVERHEAD_SHARE = 10
"""A batch costs about a tenth of a full one whatever is in it (measured on a CPU)."""

_RAGGED = {"padding": False}
_PROBE = ["a", "two texts of different length"]
_BY_TOKEN = ("input_ids", "attention_mask", "token_type_ids")
"""Model input that has a value for each token."""


class NotUnderstoodError(Exception):
    """A model does with texts what the fast way does not know; says what."""


@dataclass(frozen=True, eq=False)
class TextTower:
    """One side of a model, ready to encode texts fast.

    Attributes:
        model: The model.
        side: Whether texts are queries or documents.
        precision: What it calculates in.
        batch_tokens: Tokens of a batch at most, padding included.
        tokenizer: The tokenizer of that side.
    """

    model: SentenceTransformer
    side: Side
    precision: Precision
    batch_tokens: int
    tokenizer: Any = field(repr=False)

    def encode(self, texts: Sequence[str], advance: Callable[[int], None] | None = None) -> Vectors:
        """Vectors of texts.

        Args:
            texts: (n,) texts, 1 at least.
            advance: Told the number of texts after each batch.

        Returns:
            (n, D) vectors, as the model gives them.

        Raises:
            NotUnderstoodError: If among the texts is one that the model itself would take for a file.
        """
        tokens, rest, options = self._tokenize(texts)
        batches = token_batches(
            tokens.lengths,
            self.batch_tokens,
            overhead=self.batch_tokens // _OVERHEAD_SHARE,
            num_workers=num_side_by_side(self.model.device.type),
        )
        self.model.eval()
        made: list[Vectors] = []
        with calculating(self.model, self.precision):
            for vectors in self._forward_all(batches, tokens, rest, options):
                made.append(vectors)
                if advance is not None:
                    advance(len(vectors))
        in_order = np.empty((len(texts), made[0].shape[1]), np.float32)
        in_order[np.concatenate(batches)] = np.concatenate(made)
        return in_order

    def _forward_all(
        self, batches: Sequence[Integers], tokens: Ragged, rest: dict[str, Any], options: dict[str, Any]
    ) -> Iterator[Vectors]:
        """Vectors of each batch; the kernel that attends is chosen apart for long and for short ones."""
        longest = [int(tokens.lengths[rows[0]]) for rows in batches]
        num_long = sum(length > LONGEST for length in longest)
        device = self.model.device.type
        for part in (slice(0, num_long), slice(num_long, None)):
            if not batches[part]:
                continue
            with attention_over(longest[part][0], device):
                yield from side_by_side(
                    lambda rows: self._forward(tokens, rest, rows, options), batches[part], device=device
                )

    def _tokenize(self, texts: Sequence[str]) -> tuple[Ragged, dict[str, Any], dict[str, Any]]:
        """Tokens of each text; what else the model's modules are given; and options of its forward."""
        inputs, options = as_texts(self.model, texts)
        options = {"task": self.side} | options
        if "modality" in options and taken_for_media(self.model, inputs):
            raise NotUnderstoodError("some texts read like the address of a picture")
        features: Mapping[str, Any] = self.model.preprocess(
            inputs,
            prompt=prompt_of(self.model, self.side),
            processing_kwargs={"text": _RAGGED, "common": {"return_tensors": None}},
            **options,
        )
        by_token = {name: features[name] for name in _BY_TOKEN if name in features}
        rest = {name: value for name, value in features.items() if name not in by_token}
        strange = [name for name, value in rest.items() if not isinstance(value, str | int | None)]
        if strange or "input_ids" not in by_token:
            raise NotUnderstoodError(f"it makes {', '.join(strange) or 'no tokens'} out of texts")
        fill = {
            "input_ids": self.tokenizer.pad_token_id,
            "attention_mask": 0,
            "token_type_ids": self.tokenizer.pad_token_type_id,
        }
        left = self.tokenizer.padding_side == "left"
        if "attention_mask" not in by_token:
            by_token["attention_mask"] = [[1] * len(row) for row in by_token["input_ids"]]
        return Ragged.of(by_token, fill, left=left), rest, options

    def _forward(
        self, tokens: Ragged, rest: Mapping[str, Any], rows: Integers, options: Mapping[str, Any]
    ) -> Vectors:
        device = self.model.device
        features = {name: torch.from_numpy(array).to(device) for name, array in tokens.padded(rows).items()}
        made = self.model({**features, **rest}, **options)["sentence_embedding"]
        if self.model.truncate_dim is not None:
            made = truncate_embeddings(made, self.model.truncate_dim)
        vectors: Vectors = made.float().cpu().numpy()
        return vectors


def text_tower(model: Any, side: Side, precision: Precision, batch_tokens: int) -> TextTower:
    """The fast way through one side of a model.

    Args:
        model: The model.
        side: Whether texts are queries or documents.
        precision: What to calculate in.
        batch_tokens: Tokens of a batch at most, padding included.

    Returns:
        The tower.

    Raises:
        NotUnderstoodError: If the model is not made of stock modules with a Transformer first.
    """
    tower = TextTower(model, side, precision, batch_tokens, _transformer_of(model, side).tokenizer)
    if getattr(tower.tokenizer, "pad_token_id", None) is None:
        raise NotUnderstoodError("its tokenizer has nothing to pad with")
    tower._tokenize(_PROBE)
    return tower


def is_stock(model: Any) -> bool:
    """Whether a model is of sentence-transformers, and all its modules are of it or of this package."""
    return type(model) in (SentenceTransformer, Encoder) and all(
        type(module).__module__.startswith(_OUR_MODULES) for module in _modules(model)
    )


def _modules(model: Any) -> Iterator[Any]:
    for module in model.children():
        yield module
        if isinstance(module, Router):
            routes: Any = module.sub_modules
            yield from (each for route in routes.values() for each in route)


def _transformer_of(model: Any, side: Side) -> Any:
    """The module that texts of a side meet first."""
    if not is_stock(model):
        raise NotUnderstoodError("it has modules or methods of its own")
    if getattr(model, "_distributed_inference", None) is not None:
        raise NotUnderstoodError("it is set up to encode on several devices")
    first: Any = model[0]
    if isinstance(first, Router):
        try:
            route = first._resolve_route(task=side, modality="text")
            first = first.sub_modules[route or ""][0]  # type: ignore[index]
        except (KeyError, ValueError, IndexError) as error:
            raise NotUnderstoodError(f"no route of it is for texts that are {side} texts") from error
    if not isinstance(first, Transformer):
        raise NotUnderstoodError(f"it begins with {type(first).__name__}, which is no Transformer")
    reasons = {
        "it turns texts into conversations": "message" in first.modality_config,
        "it packs texts itself": first.can_flatten_inputs,
        "it fills queries up": side == "query" and first.query_expansion is not None,
        "it has options of its own for texts": bool(first.processing_kwargs),
    }
    for reason, holds in reasons.items():
        if holds:
            raise NotUnderstoodError(reason)
    return first
