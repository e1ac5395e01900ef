"""What one epoch draws its pairs from, and the batch that a scheme makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from isoglot.batches.cells import Codes, GroupCells, Groups
from isoglot.batches.members import CROSS, SAME, Relation
from isoglot.batches.pairs import TrainingPairs
from isoglot.batches.permutation import PermutedStreams
from isoglot.batches.sides import Side, draw_code, draw_codes
from isoglot.corpora.judgements import Rows

BatchKind = Literal[
    "monolingual", "cross_lingual", "mixed", "pooled", "mix_passages", "mix_entries", "round_robin"
]
BATCH_KINDS: tuple[BatchKind, ...] = get_args(BatchKind)
Weights = npt.NDArray[np.float64]


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
        return cls.of_answers(kind, query_rows, document_rows[:, None])

    @classmethod
    def of_answers(cls, kind: BatchKind, query_rows: Rows, document_rows: npt.NDArray[np.int32]) -> PairBatch:
        """A batch without hard negatives: (B,) queries, and (B, K) answers to them."""
        return cls(kind, query_rows, document_rows, np.empty((len(query_rows), 0), np.int32))

    def __len__(self) -> int:
        return len(self.query_rows)

    @property
    def candidate_rows(self) -> npt.NDArray[np.int32]:
        """(B, K + H) the documents of each query, answers first."""
        return np.concatenate([self.document_rows, self.negative_rows], axis=1)


class PairSource:
    """The pairs of one epoch: each language's groups come in an order of their own, none twice in a pass.

    Language codes run over the tags of the pairs; one more, the last, stands for no language.

    Attributes:
        pairs: What is drawn from.
        rng: Source of everything that is drawn beside the order of groups.
        negatives_rng: Source of hard negatives; another one, so that they do not change which pairs come.
        step: Number of the batch that is drawn next, over all epochs and all parts.
    """

    def __init__(self, pairs: TrainingPairs, seed: int, epoch: int, part: int = 0) -> None:
        """Makes the source.

        Args:
            pairs: What is drawn from.
            seed: Seed.
            epoch: Number of the epoch.
            part: Number of the part; another one draws other pairs.
        """
        self.pairs = pairs
        self._entropy = [seed, epoch, part]
        self.rng = np.random.default_rng(self._entropy)
        self.negatives_rng = np.random.default_rng(np.random.SeedSequence(self._entropy, spawn_key=(0,)))
        self.step = 0
        self._streams: dict[Relation, PermutedStreams] = {}

    def language_probabilities(self, relation: Relation, exponent: float) -> Weights:
        """(languages,) probability of each query language: its number of groups to that power."""
        sizes = self.pairs.members(relation).sizes
        weights = np.where(sizes > 0, np.maximum(sizes, 1).astype(float) ** exponent, 0.0)
        total: np.float64 = weights.sum()
        return np.asarray(weights / total)

    def draw_languages(self, relation: Relation, exponent: float, count: int) -> Codes:
        """(count,) query languages, each drawn by its number of groups to that power."""
        return draw_code(self.language_probabilities(relation, exponent), count, self.rng)

    def document_weights(self, exponent: float) -> Weights:
        """(languages,) number of groups with a document in each language to that power; 0 without any."""
        sizes = self.pairs.num_groups_by_document_language
        return np.where(sizes > 0, np.maximum(sizes, 1.0) ** exponent, 0.0)

    def take(self, relation: Relation, languages: Codes) -> Groups:
        """(B,) the next group of each of the (B,) languages in which the relation holds."""
        members = self.pairs.members(relation)
        if relation not in self._streams:
            self._streams[relation] = PermutedStreams(members.sizes, self._keys(relation))
        return members.groups(languages, self._streams[relation].take(languages))

    def give_back(self, relation: Relation, languages: Codes) -> None:
        """Makes the groups that were taken last of the given languages, (B,), come again next."""
        self._streams[relation].give_back(languages)

    def _keys(self, relation: Relation) -> npt.NDArray[np.uint64]:
        """(languages,) key of each language's order of groups."""
        kinds = ("same", "cross", "answered")
        spawned = (kinds.index(relation.kind) + 1, relation.num_languages)
        sequence = np.random.SeedSequence(self._entropy, spawn_key=spawned)
        return sequence.generate_state(len(self.pairs.languages) + 1, np.uint64).astype(np.uint64)

    def queries(self, groups: Groups, languages: Codes) -> Rows:
        """(B,) a query of each group in the given language."""
        return self.pairs.queries.choose(groups, languages, self.rng)

    def answers(
        self, groups: Groups, weights: Weights, *, but: Codes | None = None, number: int = 1
    ) -> npt.NDArray[np.int32]:
        """Documents of each group, their languages drawn by weight, without repetition, among the group's.

        Args:
            groups: (B,) groups.
            weights: (languages,) weight of each language.
            but: (B,) a language in which no document of the group is taken; None for no such rule.
            number: Documents of each group; it must have them in so many languages.

        Returns:
            (B, number) rows of the documents table.
        """
        cells = self.pairs.documents.cells.of(groups)
        left_out = [] if but is None else [but]
        rows = []
        for _ in range(number):
            left_out.append(draw_languages_of(cells, weights, left_out, self.rng))
            rows.append(self.pairs.documents.choose_in(cells, left_out[-1], self.rng))
        return np.stack(rows, axis=1)

    def own_language(self, languages: Codes) -> Codes | None:
        """The given languages of queries, if a document in it would be the query itself."""
        return languages if self.pairs.answer_themselves else None

    def same_language_batch(self, kind: BatchKind, languages: Codes) -> PairBatch:
        """A batch whose pair i has its query and its document in language `languages[i]`, or in none."""
        groups = self.take(SAME, languages)
        queries, documents = (
            _choose_or_without(side, groups, languages, self.rng)
            for side in (self.pairs.queries, self.pairs.documents)
        )
        return PairBatch.of_pairs(kind, queries, documents)

    def cross_language_batch(self, languages: Codes, weights: Weights) -> PairBatch:
        """A batch with query i in language `languages[i]` and its document in another, or in none.

        Args:
            languages: (B,) query languages.
            weights: (languages,) weight of each document language.

        Returns:
            The batch.
        """
        groups = self.take(CROSS, languages)
        queries = self.queries(groups, languages)
        return PairBatch.of_answers("cross_lingual", queries, self.answers(groups, weights, but=languages))


def draw_languages_of(
    cells: GroupCells, weights: Weights, left_out: list[Codes], rng: np.random.Generator
) -> Codes:
    """A language of each group, in proportion to its weight among those that the group has.

    Most groups have what is drawn without regard to them; the others draw again, among their own.

    Args:
        cells: Cells of the groups.
        weights: (languages,) weights >= 0.
        left_out: (B,) languages that are not taken of each group; another of positive weight must be there.
        rng: Source of randomness.

    Returns:
        (B,) language codes.
    """
    languages = draw_code(weights, len(cells), rng)
    refused = ~cells.has(languages)
    for other in left_out:
        refused |= languages == other
    again = np.flatnonzero(refused)
    if len(again):
        own = cells[again].present() * weights
        for other in left_out:
            own[np.arange(len(again)), other[again]] = 0.0
        languages[again] = draw_codes(own, rng)
    return languages


def _choose_or_without(side: Side, groups: Groups, languages: Codes, rng: np.random.Generator) -> Rows:
    """A row of each group in the given language; one in no language where the group has none in it."""
    cells = side.cells.of(groups)
    if side.has_wordless_rows:
        languages = np.where(cells.has(languages), languages, side.num_languages - 1)
    return side.choose_in(cells, languages, rng)
