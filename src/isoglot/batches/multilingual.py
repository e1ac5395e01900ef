"""Batch schemes whose candidates are in many languages: pooled ones, and those of PLAID-X.

Multilingual Translate-Distill (Yang et al., SIGIR 2024, arXiv 2405.00977) trains with entries: a query and
several passages, one that answers it and others that do not. Its three ways to choose the passages' languages
are given here as its model cards name them. There the query is English always and the passages come with a
teacher's scores; here the query's language is drawn too, an entry is a query with its answer and the hard
negatives that the sampler adds (`isoglot.batches.negatives`), and the entries of a batch serve each other as
negatives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isoglot.batches.drawing import BatchKind, PairBatch, PairSource
from isoglot.batches.members import Relation
from isoglot.batches.pairs import TrainingPairs
from isoglot.corpora.judgements import Rows
from isoglot.errors import ConfigError


@dataclass(frozen=True)
class Pooled:
    """Each query with answers in several languages, against the answers to all others, in all languages.

    What a pooled collection asks of a model: every version of the answer before every version of everything
    else. Query languages are drawn pair by pair; the languages of the answers are drawn without repetition
    among those of the group, the query's own among them, but for a corpus of the same texts on both sides. A
    group with answers in fewer languages is not drawn.

    Attributes:
        num_answers: Answers to each query, each in another language; >= 1.
        size_exponent: Query and document languages are drawn in proportion to their number of pairs to this
            power: 0 uniformly, 1 by size, 1 / T at temperature T.
    """

    num_answers: int = 2
    size_exponent: float = 0.0

    def __post_init__(self) -> None:
        if self.num_answers < 1:
            raise ConfigError(f"num_answers must be >= 1, got {self.num_answers}")

    def check(self, pairs: TrainingPairs, batch_size: int) -> None:
        """Raises ConfigError unless some group has answers in that many languages."""
        if not pairs.members(answers_in(pairs, self.num_answers)).sizes.any():
            raise ConfigError(
                f"corpus {pairs.corpus.name!r} has no query with answers in {self.num_answers} languages"
                f"{_beside_its_own(pairs)}; lower num_answers or add parallel texts"
            )

    def draw(self, source: PairSource, batch_size: int) -> PairBatch:
        """A batch of queries with `num_answers` answers each."""
        relation = answers_in(source.pairs, self.num_answers)
        languages = source.draw_languages(relation, self.size_exponent, batch_size)
        groups = source.take(relation, languages)
        queries = source.queries(groups, languages)
        answers = source.answers(
            groups,
            source.document_weights(self.size_exponent),
            but=source.own_language(languages),
            number=self.num_answers,
        )
        return PairBatch.of_answers("pooled", queries, answers)


@dataclass(frozen=True)
class MixPassages:
    """Every passage of every query in a language of its own choice (PLAID-X's `mix-passages`).

    Attributes:
        size_exponent: Languages of queries and answers are drawn in proportion to their number of pairs to
            this power; those of hard negatives uniformly.
    """

    size_exponent: float = 0.0

    def check(self, pairs: TrainingPairs, batch_size: int) -> None:
        """Raises ConfigError unless a query can be answered."""
        _check_answers(pairs)

    def draw(self, source: PairSource, batch_size: int) -> PairBatch:
        """A batch of pairs of any languages."""
        return _draw_entries("mix_passages", source, batch_size, self.size_exponent)


@dataclass(frozen=True)
class MixEntries:
    """All passages of a query in one language, drawn for each query (PLAID-X's `mix-entries`).

    It differs from `MixPassages` where there are hard negatives: here they are in the answer's language.

    Attributes:
        size_exponent: Languages of queries and answers are drawn in proportion to their number of pairs to
            this power.
    """

    size_exponent: float = 0.0

    def check(self, pairs: TrainingPairs, batch_size: int) -> None:
        """Raises ConfigError unless a query can be answered."""
        _check_answers(pairs)

    def draw(self, source: PairSource, batch_size: int) -> PairBatch:
        """A batch of pairs of any languages, one for all documents of a query."""
        return _draw_entries("mix_entries", source, batch_size, self.size_exponent)


@dataclass(frozen=True)
class RoundRobin:
    """Every query once for each language, its passages in that language (PLAID-X's `round-robin-entries`).

    The entries of one query stand one after the other, in an order of languages that is drawn anew; the last
    query of a batch may lose some. A document in another language is no negative of its own query's entries.

    Attributes:
        size_exponent: Query languages are drawn in proportion to their number of pairs to this power.
    """

    size_exponent: float = 0.0

    def check(self, pairs: TrainingPairs, batch_size: int) -> None:
        """Raises ConfigError unless a query can be answered, and a batch holds entries of two queries."""
        _check_answers(pairs)
        num_languages = int((pairs.num_groups_by_document_language > 0).sum())
        if batch_size <= num_languages:
            raise ConfigError(
                f"batch_size must be > {num_languages}, the number of document languages of corpus "
                f"{pairs.corpus.name!r}, or a batch could hold one query alone; got {batch_size}"
            )

    def draw(self, source: PairSource, batch_size: int) -> PairBatch:
        """A batch of entries, language by language of query after query."""
        queries, documents, missing = [], [], batch_size
        while missing > 0:
            asked, answers = self._entries(source, missing)
            queries.append(asked)
            documents.append(answers)
            missing -= len(asked)
        return PairBatch.of_pairs("round_robin", np.concatenate(queries), np.concatenate(documents))

    def _entries(self, source: PairSource, wanted: int) -> tuple[Rows, Rows]:
        """The entries of some queries, up to the wanted number: rows of queries and of documents."""
        relation, num_languages = answers_in(source.pairs, 1), source.pairs.documents.num_languages
        spoken = source.draw_languages(relation, self.size_exponent, _queries_for(wanted, source.pairs))
        groups = source.take(relation, spoken)
        cells = source.pairs.documents.cells.of(groups)
        present = cells.present()
        if source.pairs.answer_themselves:
            present[np.arange(len(groups)), spoken] = False
        needed = int(np.searchsorted(np.cumsum(present.sum(axis=1)), wanted)) + 1
        source.give_back(relation, spoken[needed:])
        shuffled = source.rng.permuted(np.tile(np.arange(num_languages), (len(groups), 1)), axis=1)
        entries, places = np.nonzero(np.take_along_axis(present, shuffled, axis=1))
        entries, languages = entries[:wanted], shuffled[entries, places][:wanted]
        answers = source.pairs.documents.choose_in(cells[entries], languages, source.rng)
        return source.queries(groups, spoken)[entries], answers


def _queries_for(num_entries: int, pairs: TrainingPairs) -> int:
    """Queries whose answers are likely as many; some more than that on average."""
    answers = pairs.num_groups_by_document_language.sum() / pairs.num_groups
    return int(1.05 * num_entries / answers) + 1


def answers_in(pairs: TrainingPairs, num_languages: int) -> Relation:
    """What a group must hold so that a query can get answers in so many languages."""
    return Relation("cross" if pairs.answer_themselves else "answered", num_languages)


def _beside_its_own(pairs: TrainingPairs) -> str:
    return " beside its own" if pairs.answer_themselves else ""


def _check_answers(pairs: TrainingPairs) -> None:
    if not pairs.members(answers_in(pairs, 1)).sizes.any():
        raise ConfigError(
            f"corpus {pairs.corpus.name!r} has no query with an answer in a language"
            f"{_beside_its_own(pairs)}; add parallel texts"
        )


def _draw_entries(kind: BatchKind, source: PairSource, batch_size: int, exponent: float) -> PairBatch:
    """Queries of any language, each with an answer of any language."""
    relation = answers_in(source.pairs, 1)
    languages = source.draw_languages(relation, exponent, batch_size)
    groups = source.take(relation, languages)
    queries = source.queries(groups, languages)
    weights = source.document_weights(exponent)
    answers = source.answers(groups, weights, but=source.own_language(languages))
    return PairBatch.of_answers(kind, queries, answers)
