"""Augmented views of a batch: what intra-modal objectives compare an input with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import nn

from isoglot.batches.features import holds_still
from isoglot.errors import ConfigError
from isoglot.training.draws import Address
from isoglot.training.encoding import Features
from isoglot.training.media_views import MediaViews, media_view
from isoglot.training.text_views import SpecialTokens, TextViews, text_view

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_DROPOUT = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)


@dataclass(frozen=True)
class Views:
    """How views are drawn: another one in every step, and the same one whenever the step is done again.

    Attributes:
        text: Kind of the views of texts.
        media: Kind of the views of all else.
        rate: Share of an input that its view lacks.
        seed: Seed.
        special: Special tokens of its texts; none where no text is changed.
    """

    text: TextViews
    media: MediaViews
    rate: float
    seed: int
    special: SpecialTokens

    @classmethod
    def build(
        cls, model: SentenceTransformer, *, text: TextViews, media: MediaViews, rate: float, seed: int
    ) -> Views:
        """How views of an encoder's input are drawn.

        Args:
            model: The encoder.
            text: Kind of the views of texts.
            media: Kind of the views of all else.
            rate: Share of an input that its view lacks, between 0 and 1.
            seed: Seed.

        Returns:
            The views.

        Raises:
            ConfigError: If the encoder has no mask token, no known tokenizer or no dropout where its views
                need some.
        """
        reading, others = _towers(model, of_text=True), _towers(model, of_text=False)
        changes_texts = bool(reading) and text != "dropout"
        special = SpecialTokens.of(reading) if changes_texts else SpecialTokens(frozenset(), None)
        problems = []
        if changes_texts and text == "masked" and special.mask is None:
            problems.append(
                "text_views must be dropped or dropout for an encoder without mask token, got masked"
            )
        for name, kind, towers in (("text_views", text, reading), ("media_views", media, others)):
            if kind == "dropout" and not all(map(_drops_out, towers)):
                problems.append(
                    f"{name} must not be dropout for a tower without: a view would be the input itself"
                )
        if problems:
            raise ConfigError("\n".join(problems))
        return cls(text, media, rate, seed, special)

    def of_queries(self, features: Features, step: int, first_row: int) -> Features:
        """Model input of views of queries.

        Args:
            features: Model input of this process' queries.
            step: Number of the step.
            first_row: Number of the first of them in the whole batch.

        Returns:
            New model input.

        Raises:
            ConfigError: If there is nothing in it that can be masked.
        """
        return self._of(features, Address((self.seed, step, 0), first_row))

    def of_documents(self, features: Features, step: int, first_row: int) -> Features:
        """Model input of views of documents; otherwise as `of_queries`."""
        return self._of(features, Address((self.seed, step, 1), first_row))

    def _of(self, features: Features, address: Address) -> Features:
        if "input_ids" in features:
            return text_view(features, self.text, self.rate, self.special, address)
        return media_view(features, self.media, self.rate, address)


def _towers(model: SentenceTransformer, *, of_text: bool) -> list[nn.Module]:
    """What encodes texts, or what encodes other media."""
    from sentence_transformers.sentence_transformer.modules import Router

    if not isinstance(model[0], Router):
        fits = "text" in model.modalities if of_text else set(model.modalities) != {"text"}
        return [model] if fits else []
    return [
        route
        for route in model[0].sub_modules.values()
        if ("text" in getattr(next(iter(route.children())), "modalities", ["text"])) == of_text
    ]


def _drops_out(module: nn.Module) -> bool:
    """Whether there is dropout in a module, in training; none is in what holds still."""
    if holds_still(module):
        return False
    if isinstance(module, _DROPOUT):
        return module.p > 0
    return any(map(_drops_out, module.children()))
