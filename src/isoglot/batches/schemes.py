"""Batch schemes: how the languages of a batch are drawn (arXiv 2408.10536; controls from LAReQA).

A scheme draws whole batches from a `PairSource`, which holds what one epoch remembers. Every scheme is a
frozen dataclass, so that a configuration and a saved model can name it in full.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from isoglot.batches.pairs import TrainingPairs
from isoglot.batches.permutation import PermutedStream
from isoglot.corpora.judgements import Rows
from isoglot.errors import ConfigError

PairKind = Literal["same", "cross"]
BatchKind = Literal["monolingual", "cross_lingual", "mixed"]


@dataclass(frozen=True, eq=False)
class PairBatch:
    """The rows of a batch: query i is answered by each of the documents in row i.

    Attributes:
        kind: How its languages were drawn.
        query_rows: (B,) rows of the queries table.
        document_rows: (B, K) rows of the documents table: K answers to each query, each in another language.
        negative_rows: (B, H) rows of documents that do not answer the query though they look like it.
    """

    kind: BatchKind
    query_rows: Rows
    document_rows: npt.NDArray[np.int32]
    negative_rows: npt.NDArray[np.int32]

    @classmethod
    def of_pairs(cls, kind: BatchKind, query_rows: Rows, document_rows: Rows) -> PairBatch:
        """A batch in which query i is answered by document i alone."""
        return cls(kind, query_rows, document_rows[:, None], np.empty((len(query_rows), 0), np.int32))

    def __len__(self) -> int:
        return len(self.query_rows)

    @property
    def candidate_rows(self) -> npt.NDArray[np.int32]:
        """(B, K + H) the documents of each query, answers first."""
        return np.concatenate([self.document_rows, self.negative_rows], axis=1)


class PairSource:
    """The pairs of one epoch: each language's groups come in an order of their own, none twice in a pass."""

    def __init__(self, pairs: TrainingPairs, seed: int, epoch: int) -> None:
        self.pairs = pairs
        self.rng = np.random.default_rng([seed, epoch])
        keys = np.random.SeedSequence([seed, epoch]).generate_state(2 * len(pairs.languages), np.uint64)
        self._streams = {
            (kind, code): (groups, PermutedStream(len(groups), int(keys[2 * code + offset]) >> 1))
            for offset, (kind, by_language) in enumerate(
                (("same", pairs.same_language_groups), ("cross", pairs.cross_language_groups))
            )
            for code, groups in enumerate(by_language)
            if len(groups)
        }

    def language_probabilities(self, kind: PairKind, exponent: float) -> npt.NDArray[np.float64]:
        """(languages,) probability of each query language: its number of groups to that power."""
        sizes = np.array(
            [len(self._streams.get((kind, code), ((),))[0]) for code in range(len(self.pairs.languages))]
        )
        weights = np.where(sizes > 0, np.maximum(sizes, 1).astype(float) ** exponent, 0.0)
        total: np.float64 = weights.sum()
        return np.asarray(weights / total)

    def take(self, kind: PairKind, languages: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """(B,) the next group of each of the (B,) languages."""
        groups = np.empty(len(languages), np.int64)
        for code in np.unique(languages):
            members, stream = self._streams[kind, int(code)]
            places = np.flatnonzero(languages == code)
            groups[places] = members[stream.take(len(places))]
        return groups

    def same_language_batch(self, kind: BatchKind, languages: npt.NDArray[np.int64]) -> PairBatch:
        """A batch whose pair i has its query and its document in language `languages[i]`."""
        groups = self.take("same", languages)
        only = np.eye(len(self.pairs.languages))[languages]
        queries = self.pairs.queries.choose(groups, only, self.rng)
        return PairBatch.of_pairs(kind, queries, self.pairs.documents.choose(groups, only, self.rng))

    def cross_language_batch(
        self, languages: npt.NDArray[np.int64], weights: npt.NDArray[np.float64]
    ) -> PairBatch:
        """A batch with query i in language `languages[i]` and its document in another.

        Args:
            languages: (B,) query languages.
            weights: (languages,) weight of each document language.

        Returns:
            The batch.
        """
        groups = self.take("cross", languages)
        only = np.eye(len(self.pairs.languages))[languages]
        queries = self.pairs.queries.choose(groups, only, self.rng)
        return PairBatch.of_pairs(
            "cross_lingual",
            queries,
            self.pairs.documents.choose(groups, weights[None, :] * (1 - only), self.rng),
        )


class Scheme(Protocol):
    """How the batches of a training are drawn."""

    def check(self, pairs: TrainingPairs) -> None:
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

    def check(self, pairs: TrainingPairs) -> None:
        """Raises ConfigError unless some language has same-language pairs of different texts."""
        _check_same_language(pairs)

    def draw(self, source: PairSource, batch_size: int) -> PairBatch:
        """A batch in one language."""
        probabilities = source.language_probabilities("same", self.size_exponent)
        language = source.rng.choice(len(probabilities), p=probabilities)
        return source.same_language_batch("monolingual", np.full(batch_size, language))


@dataclass(frozen=True)
class CrossLingual:
    """Every pair in two different languages, drawn pair by pair, so that a batch holds many (X-Y).

    Attributes:
        size_exponent: Query and document languages are drawn in proportion to their number of pairs to this
            power: 0 uniformly, 1 by size, 1 / T at temperature T.
    """

    size_exponent: float = 0.0

    def check(self, pairs: TrainingPairs) -> None:
        """Raises ConfigError unless some group has a query and a document in different languages."""
        if not any(len(groups) for groups in pairs.cross_language_groups):
            raise ConfigError(
                f"corpus {pairs.corpus.name!r} has no pair in two different languages; "
                "use the monolingual scheme or add parallel texts"
            )

    def draw(self, source: PairSource, batch_size: int) -> PairBatch:
        """A batch of cross-lingual pairs."""
        probabilities = source.language_probabilities("cross", self.size_exponent)
        languages = source.rng.choice(len(probabilities), size=batch_size, p=probabilities)
        sizes = source.pairs.num_groups_by_document_language
        return source.cross_language_batch(languages, np.where(sizes > 0, sizes**self.size_exponent, 0.0))


@dataclass(frozen=True)
class Hybrid:
    """A monolingual batch with probability alpha, a cross-lingual one otherwise (arXiv 2408.10536).

    Attributes:
        alpha: Share of monolingual batches, 0 to 1; the paper's best is 0.5.
        size_exponent: As in `Monolingual` and `CrossLingual`.
    """

    alpha: float = 0.5
    size_exponent: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.alpha <= 1:
            raise ConfigError(f"alpha must be between 0 and 1, got {self.alpha}")

    def check(self, pairs: TrainingPairs) -> None:
        """Raises ConfigError unless the pairs can give the batches of both kinds that alpha asks for."""
        if self.alpha > 0:
            Monolingual(self.size_exponent).check(pairs)
        if self.alpha < 1:
            CrossLingual(self.size_exponent).check(pairs)

    def draw(self, source: PairSource, batch_size: int) -> PairBatch:
        """A batch of the one kind or the other."""
        kind = Monolingual if source.rng.random() < self.alpha else CrossLingual
        return kind(self.size_exponent).draw(source, batch_size)


@dataclass(frozen=True)
class Mixed:
    """Pairs in one language each, languages mixed inside the batch (LAReQA's X-X): the known-bad control.

    Negatives in other languages are told apart by their language alone, which teaches language bias.

    Attributes:
        size_exponent: As in `Monolingual`.
    """

    size_exponent: float = 0.0

    def check(self, pairs: TrainingPairs) -> None:
        """Raises ConfigError unless some language has same-language pairs of different texts."""
        _check_same_language(pairs)

    def draw(self, source: PairSource, batch_size: int) -> PairBatch:
        """A batch of same-language pairs in many languages."""
        probabilities = source.language_probabilities("same", self.size_exponent)
        languages = source.rng.choice(len(probabilities), size=batch_size, p=probabilities)
        return source.same_language_batch("mixed", languages)


def _check_same_language(pairs: TrainingPairs) -> None:
    if pairs.corpus.info.symmetric:
        raise ConfigError(
            f"corpus {pairs.corpus.name!r} holds the same sentence as query and as document, so a "
            "same-language pair teaches nothing; use the cross_lingual scheme"
        )
    if not any(len(groups) for groups in pairs.same_language_groups):
        raise ConfigError(
            f"corpus {pairs.corpus.name!r} has no query and relevant document in the same language; "
            "use the cross_lingual scheme or add such pairs"
        )
