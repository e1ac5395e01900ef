"""Hard negatives of a batch: drawn among those of its queries, in the languages that its scheme asks for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from isoglot.batches.drawing import BatchKind, PairBatch, PairSource
from isoglot.batches.pairs import TrainingPairs
from isoglot.batches.sides import draw_codes
from isoglot.corpora.judgements import Rows
from isoglot.corpora.negatives import HardNegatives

_IN_LANGUAGE_OF_ANSWER: frozenset[BatchKind] = frozenset({"monolingual", "mixed"})
"""Where a negative in another language than the answer would be told by its language alone."""
_TRANSLATED: frozenset[BatchKind] = frozenset({"mix_passages", "mix_entries", "round_robin"})
"""Where a negative stands for its group, and comes in a language of the batch's choice."""


@dataclass(frozen=True, eq=False)
class Lists:
    """A list of document rows for each query of a batch.

    Attributes:
        indptr: (B + 1,) offsets.
        rows: (E,) rows; those of query i are `rows[indptr[i]:indptr[i + 1]]`.
    """

    indptr: npt.NDArray[np.int64]
    rows: Rows

    @classmethod
    def of_queries(cls, negatives: HardNegatives, query_rows: Rows) -> Lists:
        """The hard negatives of some queries."""
        starts = np.asarray(negatives.indptr[query_rows])
        counts = negatives.indptr[query_rows.astype(np.int64) + 1] - starts
        indptr = np.concatenate([[0], np.cumsum(counts)])
        places = np.arange(indptr[-1]) + np.repeat(starts - indptr[:-1], counts)
        return cls(indptr, np.asarray(negatives.document_rows[places]))

    def where(self, kept: npt.NDArray[np.bool_]) -> Lists:
        """The lists without some rows; `kept` is parallel to `rows`."""
        before = np.concatenate([[0], np.cumsum(kept)])
        return Lists(before[self.indptr], self.rows[kept])

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """(B,) length of each list."""
        return np.diff(self.indptr)

    def sample(self, number: int, rng: np.random.Generator) -> npt.NDArray[np.int32]:
        """Some rows of each list, uniformly without repetition; a shorter list goes round.

        Args:
            number: How many of each.
            rng: Source of randomness.

        Returns:
            (B, number) rows, -1 where a list is empty.
        """
        counts = self.counts
        # Floyd's sampling of `number` out of `counts`, for all lists at once.
        taken = np.full((len(counts), number), -1, np.int64)
        for column, last in enumerate(range(-number, 0)):
            limits = np.maximum(counts + last + 1, 1)
            drawn = (rng.random(len(counts)) * limits).astype(np.int64)
            repeated = (taken[:, :column] == drawn[:, None]).any(axis=1)
            taken[:, column] = np.where(repeated, limits - 1, drawn)
        lengths = np.maximum(counts, 1)[:, None]
        first = (rng.random(lengths.shape) * lengths).astype(np.int64)
        around = (first + np.arange(number)) % lengths
        places = self.indptr[:-1, None] + np.where(counts[:, None] >= number, taken, around)
        padded = np.append(self.rows, np.int32(-1))
        rows: npt.NDArray[np.int32] = np.where(
            counts[:, None] > 0, padded[np.minimum(places, len(self.rows))], -1
        ).astype(np.int32)
        return rows


def negatives_problems(pairs: TrainingPairs, num_negatives: int) -> list[str]:
    """What stands against drawing hard negatives, one line each.

    Args:
        pairs: What is drawn from.
        num_negatives: How many a query.

    Returns:
        Nothing where they can be drawn, or none are asked for.
    """
    if num_negatives < 0:
        return [f"num_negatives must be >= 0, got {num_negatives}"]
    if num_negatives and (pairs.negatives is None or not len(pairs.negatives)):
        return [
            f"corpus {pairs.corpus.name!r} has no hard negatives for this split; mine them with "
            "`isoglot data mine`, or set num_negatives to 0"
        ]
    return []


def add_negatives(batch: PairBatch, source: PairSource, num_negatives: int) -> PairBatch:
    """The batch with hard negatives.

    They are drawn uniformly among those of the query, without repetition while they last. In a batch of pairs
    in one language they are those in the language of the answer, or in none. A query that has none gets
    answers to other queries of the batch, which are in the languages that the scheme drew. In PLAID-X's
    batches each negative stands for its group, and is taken in the language that the scheme draws, where the
    group has it.

    Args:
        batch: The batch.
        source: What it was drawn from.
        num_negatives: How many each query gets.

    Returns:
        The same pairs with (B, num_negatives) negatives.
    """
    pairs, rng = source.pairs, source.negatives_rng
    assert pairs.negatives is not None
    lists = Lists.of_queries(pairs.negatives, batch.query_rows)
    owners = np.repeat(np.arange(len(batch)), lists.counts)
    names, media = pairs.corpus.document_modalities
    kept = media[lists.rows] == names.index(pairs.document_modality)
    if batch.kind in _IN_LANGUAGE_OF_ANSWER:
        answered = pairs.document_languages[batch.document_rows[:, 0]]
        found = pairs.document_languages[lists.rows]
        kept &= (found == answered[owners]) | (found < 0) | (answered[owners] < 0)
    rows = _fill(lists.where(kept).sample(num_negatives, rng), batch, source)
    if batch.kind == "round_robin":
        _, first, copies = np.unique(batch.query_rows, return_index=True, return_inverse=True)
        rows = rows[first][copies]
    if batch.kind in _TRANSLATED:
        rows = _translate(rows, batch, source)
    return replace(batch, negative_rows=rows)


def _translate(rows: npt.NDArray[np.int32], batch: PairBatch, source: PairSource) -> npt.NDArray[np.int32]:
    """The documents parallel to the given ones, in the language of the answer or each in one of its own."""
    pairs, rng = source.pairs, source.negatives_rng
    parallel = pairs.parallel_documents
    flat = rows.ravel()
    groups = pairs.corpus.document_groups[flat].astype(np.int64)
    known = np.flatnonzero(groups >= 0)
    present = parallel.present(groups[known])
    if batch.kind == "mix_passages":
        languages = draw_codes(present.astype(np.float64), rng)
    else:
        answered = pairs.document_languages[np.repeat(batch.document_rows[:, 0], rows.shape[1])[known]]
        languages = answered.astype(np.int64) % parallel.num_languages
    there = present[np.arange(len(known)), languages]
    translated = flat.copy()
    translated[known[there]] = parallel.choose(groups[known[there]], languages[there], rng)
    return translated.reshape(rows.shape)


def _fill(rows: npt.NDArray[np.int32], batch: PairBatch, source: PairSource) -> npt.NDArray[np.int32]:
    """Puts answers to other queries, of other groups where the batch holds any, into the places of -1."""
    owners, columns = np.nonzero(rows < 0)
    if not len(owners):
        return rows
    groups = source.pairs.corpus.query_groups[batch.query_rows]
    # Queries sorted by group: those of other groups are all but a run of them.
    order = np.argsort(groups, kind="stable")
    begins = np.searchsorted(groups[order], groups[owners], "left")
    ends = np.searchsorted(groups[order], groups[owners], "right")
    others = len(batch) - (ends - begins)
    steps = source.negatives_rng.random(len(owners)) * np.where(others > 0, others, len(batch))
    chosen = order[(ends + steps.astype(np.int64)) % len(batch)]
    filled = rows.copy()
    filled[owners, columns] = batch.document_rows[chosen, 0]
    return filled
