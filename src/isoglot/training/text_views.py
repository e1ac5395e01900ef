"""Augmented views of texts: some of their tokens masked, or left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

import torch
from jaxtyping import Bool, Int
from torch import Tensor, nn

from isoglot.errors import ConfigError
from isoglot.training.draws import Address
from isoglot.training.encoding import Features

TextViews = Literal["masked", "dropped", "dropout"]
"""Tokens of a view are masked, or dropped; or all are there, and the encoder's dropout alone differs."""


@dataclass(frozen=True)
class SpecialTokens:
    """The tokens of a vocabulary that are no part of a text.

    Attributes:
        ids: All of them: start, end, padding and so on; they are left as they are.
        mask: The one that stands for a masked token; None if the vocabulary has none.
    """

    ids: frozenset[int]
    mask: int | None

    @classmethod
    def of(cls, towers: Iterable[nn.Module]) -> SpecialTokens:
        """The special tokens of the vocabulary that texts are written in.

        Args:
            towers: All that encode texts.

        Returns:
            Their special tokens.

        Raises:
            ConfigError: If no tokenizer says which they are, or several say different ones, so that an id
                could be either.
        """
        found = list(dict.fromkeys(_special_tokens(towers)))
        if len(found) != 1:
            raise ConfigError(
                "text_views must be dropout unless all texts are cut by one tokenizer of Hugging Face; this "
                f"model has {len(found)} with special tokens of their own"
            )
        return found[0]


def _special_tokens(towers: Iterable[nn.Module]) -> Iterator[SpecialTokens]:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerBase

    for module in chain.from_iterable(tower.modules() for tower in towers):
        tokenizer: Any = getattr(module, "tokenizer", None)
        if isinstance(tokenizer, Tokenizer):
            added = tokenizer.get_added_tokens_decoder()
            masks = [
                code for code, token in added.items() if token.special and "mask" in token.content.lower()
            ]
            special = frozenset(code for code, token in added.items() if token.special)
            yield SpecialTokens(special, masks[0] if masks else None)
        elif isinstance(tokenizer, PreTrainedTokenizerBase):
            yield SpecialTokens(frozenset(tokenizer.all_special_ids), tokenizer.mask_token_id)


def text_view(
    features: Features, kind: TextViews, rate: float, special: SpecialTokens, address: Address
) -> Features:
    """Model input of a view of some texts.

    Args:
        features: Model input of the texts, padded or (of a static encoder) one after the other.
        kind: What the view lacks. A text of several tokens keeps at least one of them.
        rate: Probability of each token to be masked or dropped.
        special: Tokens that are left as they are; with a mask, if the kind is `masked`.
        address: What is drawn.

    Returns:
        New model input; what came in is not changed.
    """
    if kind == "dropout":
        return dict(features)
    ids = features["input_ids"]
    ordinary = ~torch.isin(ids, torch.tensor(sorted(special.ids), device=ids.device))
    picked = _picked(features, ordinary, rate, address)
    if kind == "masked":
        assert special.mask is not None
        return {**features, "input_ids": ids.masked_fill(picked, special.mask)}
    if "offsets" in features:
        return {**features, **_without(ids, features["offsets"], picked)}
    return {**features, "attention_mask": features["attention_mask"].masked_fill(picked, 0)}


def _picked(
    features: Features, ordinary: Bool[Tensor, ...], rate: float, address: Address
) -> Bool[Tensor, ...]:
    """Which tokens are masked or dropped, in the shape of the ids."""
    picked = torch.zeros_like(ordinary)
    if "offsets" in features:
        offsets = features["offsets"]
        places = torch.arange(len(ordinary), device=ordinary.device)
        rows = torch.searchsorted(offsets, places, right=True) - 1
        picked[ordinary] = address.pick(rows[ordinary], len(offsets), rate)
        return picked
    ordinary = ordinary & features["attention_mask"].bool()
    rows = ordinary.nonzero()[:, 0].contiguous()
    picked[ordinary] = address.pick(rows, len(ordinary), rate)
    return picked


def _without(
    ids: Int[Tensor, " ids"], offsets: Int[Tensor, " texts"], dropped: Bool[Tensor, " ids"]
) -> dict[str, Tensor]:
    """Texts one after the other, without some of their ids."""
    dropped_before = torch.cat([dropped.new_zeros(1, dtype=torch.long), dropped.cumsum(dim=0)])
    return {"input_ids": ids[~dropped], "offsets": offsets - dropped_before[offsets]}
