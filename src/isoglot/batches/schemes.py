"""Batch schemes: how the languages of a batch are drawn (arXiv 2408.10536; controls from LAReQA).

A scheme draws whole batches from a `PairSource`, which holds what one epoch remembers. Every scheme is a
frozen dataclass, so that a configuration and a saved model can name it in full.

A row without language, such as a picture, counts as any: where captions ask for pictures, or pictures for
captions, a monolingual batch has its captions in one language and a cross-lingual one mixes theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from isoglot.batches.drawing import PairBatch, PairSource
from isoglot.batches.members import CROSS, SAME
from isoglot.batches.pairs import TrainingPairs
from isoglot.errors import ConfigError


class Scheme(Protocol):
    """How the batches of a training are drawn."""

    def check(self, pairs: TrainingPairs, batch_size: int) -> None:
        """Raises ConfigError if the pairs cannot give such batches."""

    def draw(self, source: PairSource, batch_size: int) -> PairBatch:
        """The next batch."""


@dataclass(frozen=True)
class Monolingual:
    """Every batch in one language, queries and documents alike (X-X-mono).

    Attributes:
        size_exponent: A batch's language is drawn in proportion to its number of pairs to this power: 0
            uniformly, 1 by size, 1 / T at temperature T.
    """

    size_exponent: float = 0.0

    def check(self, pairs: TrainingPairs, batch_size: int) -> None:
        """Raises ConfigError unless some language has same-language pairs of different texts."""
        _check_same_language(pairs)

    def draw(self, source: PairSource, batch_size: int) -> PairBatch:
        """A batch in one language."""
        language = source.draw_languages(SAME, self.size_exponent, 1)
        return source.same_language_batch("monolingual", np.repeat(language, batch_size))


@dataclass(frozen=True)
class CrossLingual:
    """Every pair in two different languages, drawn pair by pair, so that a batch holds many (X-Y).

    Attributes:
        size_exponent: Query and document languages are drawn in proportion to their number of pairs to this
            power: 0 uniformly, 1 by size, 1 / T at temperature T.
    """

    size_exponent: float = 0.0

    def check(self, pairs: TrainingPairs, batch_size: int) -> None:
        """Raises ConfigError unless some group has a query and a document in different languages."""
        if not pairs.members(CROSS).sizes.any():
            raise ConfigError(
                f"corpus {pairs.corpus.name!r} has no pair in two different languages; "
                "use the monolingual scheme or add parallel texts"
            )

    def draw(self, source: PairSource, batch_size: int) -> PairBatch:
        """A batch of cross-lingual pairs."""
        languages = source.draw_languages(CROSS, self.size_exponent, batch_size)
        return source.cross_language_batch(languages, source.document_weights(self.size_exponent))


@dataclass(frozen=True)
class Hybrid:
    """A monolingual batch with probability alpha, a cross-lingual one otherwise (arXiv 2408.10536).

    Alpha may change on the way: in a straight line from `alpha` at the first batch to `final_alpha` after
    `alpha_steps` batches (those of all parts count), where it stays. It depends on nothing but the number of
    the batch, so a resumed training draws what an undisturbed one would, and a longer training begins like a
    shorter one.

    Attributes:
        alpha: Share of monolingual batches, 0 to 1; the paper's best is 0.5.
        size_exponent: As in `Monolingual` and `CrossLingual`.
        final_alpha: What alpha becomes, 0 to 1; None keeps it.
        alpha_steps: Over how many batches; >= 1 with `final_alpha`, 0 without.
    """

    alpha: float = 0.5
    size_exponent: float = 0.0
    final_alpha: float | None = None
    alpha_steps: int = 0

    def __post_init__(self) -> None:
        found = [
            f"{name} must be between 0 and 1, got {value}"
            for name, value in (("alpha", self.alpha), ("final_alpha", self.final_alpha))
            if value is not None and not 0 <= value <= 1
        ]
        if (self.final_alpha is None) != (self.alpha_steps == 0) or self.alpha_steps < 0:
            found.append(
                "alpha_steps must be >= 1 with final_alpha, and 0 without; got "
                f"{self.alpha_steps} with final_alpha {self.final_alpha}"
            )
        if found:
            raise ConfigError("\n".join(found))

    def alpha_at(self, step: int) -> float:
        """Share of monolingual batches at a batch, counted from 0."""
        if self.final_alpha is None:
            return self.alpha
        return self.alpha + (self.final_alpha - self.alpha) * min(1.0, step / self.alpha_steps)

    def check(self, pairs: TrainingPairs, batch_size: int) -> None:
        """Raises ConfigError unless the pairs can give the batches of both kinds that alpha asks for."""
        alphas = (self.alpha, self.alpha if self.final_alpha is None else self.final_alpha)
        if max(alphas) > 0:
            Monolingual(self.size_exponent).check(pairs, batch_size)
        if min(alphas) < 1:
            CrossLingual(self.size_exponent).check(pairs, batch_size)

    def draw(self, source: PairSource, batch_size: int) -> PairBatch:
        """A batch of the one kind or the other."""
        kind = Monolingual if source.rng.random() < self.alpha_at(source.step) else CrossLingual
        return kind(self.size_exponent).draw(source, batch_size)


@dataclass(frozen=True)
class Mixed:
    """Pairs in one language each, languages mixed inside the batch (LAReQA's X-X): the known-bad control.

    Negatives in other languages are told apart by their language alone, which teaches language bias.

    Attributes:
        size_exponent: As in `Monolingual`.
    """

    size_exponent: float = 0.0

    def check(self, pairs: TrainingPairs, batch_size: int) -> None:
        """Raises ConfigError unless some language has same-language pairs of different texts."""
        _check_same_language(pairs)

    def draw(self, source: PairSource, batch_size: int) -> PairBatch:
        """A batch of same-language pairs in many languages."""
        return source.same_language_batch(
            "mixed", source.draw_languages(SAME, self.size_exponent, batch_size)
        )


def _check_same_language(pairs: TrainingPairs) -> None:
    if pairs.answer_themselves:
        raise ConfigError(
            f"corpus {pairs.corpus.name!r} holds the same sentence as query and as document, so a "
            "same-language pair teaches nothing; use the cross_lingual scheme"
        )
    if not pairs.members(SAME).sizes.any():
        raise ConfigError(
            f"corpus {pairs.corpus.name!r} has no query and relevant document in the same language; "
            "use the cross_lingual scheme or add such pairs"
        )
