"""Training pairs of a corpus: which query and document rows of a group can stand together in a batch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from isoglot.corpora.judgements import Judgements, Rows
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError


@dataclass(frozen=True, eq=False)
class Side:
    """The rows of one table by group: those of group g are `rows[indptr[g]:indptr[g + 1]]`.

    Attributes:
        indptr: (G + 1,) offsets.
        rows: (R,) rows of the table.
        languages: (R,) language code of each of them.
    """

    indptr: npt.NDArray[np.int64]
    rows: Rows
    languages: npt.NDArray[np.int16]

    def presence(self, num_languages: int) -> npt.NDArray[np.bool_]:
        """(G, languages) whether a group has a row in a language."""
        present = np.zeros((len(self.indptr) - 1, num_languages), bool)
        groups = np.repeat(np.arange(len(present)), np.diff(self.indptr))
        present[groups[self.languages >= 0], self.languages[self.languages >= 0]] = True
        return present

    def choose(
        self, groups: npt.NDArray[np.int64], weights: npt.NDArray[np.float64], rng: np.random.Generator
    ) -> Rows:
        """One row of each group, at random in proportion to the weight of its language.

        Args:
            groups: (B,) groups, each with at least one row of positive weight.
            weights: (B, languages) weight of each language for each choice.
            rng: Source of randomness.

        Returns:
            (B,) rows of the table.
        """
        counts = self.indptr[groups + 1] - self.indptr[groups]
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        choice = np.repeat(np.arange(len(groups)), counts)
        candidates = np.arange(len(choice)) - starts[choice] + self.indptr[groups][choice]
        weight = weights[choice, self.languages[candidates]]
        # The first to arrive of exponential clocks is each candidate in proportion to its rate.
        with np.errstate(divide="ignore"):
            arrivals = rng.standard_exponential(len(choice)) / weight
        first = np.minimum.reduceat(arrivals, starts)
        winners = np.flatnonzero(arrivals == first[choice])
        one_each = winners[np.searchsorted(choice[winners], np.arange(len(groups)))]
        chosen: Rows = self.rows[candidates[one_each]]
        return chosen


@dataclass(frozen=True, eq=False)
class TrainingPairs:
    """The positive pairs of a split, by group and language.

    Attributes:
        corpus: The corpus they come from.
        languages: Tags; language codes index them.
        queries: Query rows by group.
        documents: Relevant document rows by group.
    """

    corpus: ParallelCorpus
    languages: tuple[str, ...]
    queries: Side
    documents: Side

    @property
    def num_groups(self) -> int:
        """Number of groups with a query and a relevant document."""
        return len(self.queries.indptr) - 1

    @cached_property
    def query_languages(self) -> npt.NDArray[np.int16]:
        """(queries,) language code of every query of the corpus."""
        return _recode(self.corpus.query_languages, self.languages)

    @cached_property
    def document_languages(self) -> npt.NDArray[np.int16]:
        """(documents,) language code of every document of the corpus, -1 for none."""
        return _recode(self.corpus.document_languages, self.languages)

    @cached_property
    def document_mask_groups(self) -> npt.NDArray[np.int64]:
        """(documents,) what parallel documents share; a document without group shares it with none."""
        groups = self.corpus.document_groups.astype(np.int64)
        return np.where(groups < 0, self.corpus.num_groups + np.arange(len(groups)), groups)

    @cached_property
    def num_groups_by_document_language(self) -> npt.NDArray[np.float64]:
        """(languages,) number of groups with a relevant document in the language."""
        return np.asarray(self.documents.presence(len(self.languages)).sum(axis=0), np.float64)

    @cached_property
    def same_language_groups(self) -> tuple[npt.NDArray[np.int32], ...]:
        """For each language, the groups with a query and a document in it."""
        both = self.queries.presence(len(self.languages)) & self.documents.presence(len(self.languages))
        return tuple(np.flatnonzero(column).astype(np.int32) for column in both.T)

    @cached_property
    def cross_language_groups(self) -> tuple[npt.NDArray[np.int32], ...]:
        """For each language, the groups with a query in it and a document in another."""
        asked = self.queries.presence(len(self.languages))
        answered = self.documents.presence(len(self.languages))
        elsewhere = answered.sum(axis=1, keepdims=True) > answered
        return tuple(np.flatnonzero(column).astype(np.int32) for column in (asked & elsewhere).T)


def training_pairs(corpus: ParallelCorpus, split: str = "train") -> TrainingPairs:
    """The positive pairs of a split.

    Queries of one group share their relevant documents: what is relevant to a question is relevant to its
    translations.

    Args:
        corpus: A corpus.
        split: Name of the split.

    Returns:
        Its pairs.

    Raises:
        CorpusError: If there is no such split.
        ConfigError: If no query has a relevant document with a language.
    """
    languages = corpus.languages
    query_codes = _recode(corpus.query_languages, languages)
    document_codes = _recode(corpus.document_languages, languages)
    part = corpus.split(split)
    if part.groups is not None:
        chosen = np.zeros(corpus.num_groups, bool)
        chosen[part.groups] = True
        query_rows = _rows_where(chosen[corpus.query_groups])
        document_rows = _rows_where(chosen[corpus.document_groups] & (corpus.document_groups >= 0))
        query_groups, document_groups = corpus.query_groups[query_rows], corpus.document_groups[document_rows]
    else:
        assert part.judgements is not None
        query_rows, query_groups, document_rows, document_groups = _judged_rows(
            part.judgements.relevant(), corpus.query_groups
        )
    kept = np.intersect1d(query_groups, document_groups)
    if not len(kept):
        raise ConfigError(f"split {split!r} of {corpus.name!r} has no query with a relevant document")
    return TrainingPairs(
        corpus,
        languages,
        _side(query_rows, query_groups, kept, query_codes),
        _side(document_rows, document_groups, kept, document_codes),
    )


def _judged_rows(judgements: Judgements, query_groups: Rows) -> tuple[Rows, Rows, Rows, Rows]:
    """Judged queries with their groups, and relevant documents with the groups of queries they answer."""
    answered = np.repeat(query_groups[judgements.query_rows], np.diff(judgements.indptr))
    pairs = np.unique(np.stack([answered, judgements.document_rows]), axis=1)
    return judgements.query_rows, query_groups[judgements.query_rows], pairs[1], pairs[0]


def _rows_where(condition: npt.NDArray[np.bool_]) -> Rows:
    return np.flatnonzero(condition).astype(np.int32)


def _recode(
    languages: tuple[tuple[str, ...], npt.NDArray[np.int16]], order: tuple[str, ...]
) -> npt.NDArray[np.int16]:
    names, codes = languages
    # One more place at the end: code -1, no language, stays -1. A name that no row uses is -1 too.
    translation = [order.index(name) if name in order else -1 for name in names]
    return np.array([*translation, -1], np.int16)[codes]


def _side(rows: Rows, groups: Rows, kept: Rows, codes: npt.NDArray[np.int16]) -> Side:
    inside = np.isin(groups, kept)
    rows, groups = rows[inside], groups[inside]
    order = np.argsort(groups, kind="stable")
    rows = rows[order]
    indptr = np.searchsorted(groups[order], np.append(kept, kept[-1] + 1)).astype(np.int64)
    return Side(indptr, rows, codes[rows])
