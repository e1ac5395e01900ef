"""Training pairs of a corpus: which query and document rows of a group can stand together in a batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from isoglot.batches.entries import Tags, grouped_rows, of_medium, split_entries
from isoglot.batches.grouping import ROWS_AT_ONCE, build_side, count_rows, number_groups
from isoglot.batches.members import CROSS, SAME, Members, Relation, find_members
from isoglot.batches.sides import Side
from isoglot.batches.storage import Storage
from isoglot.corpora.judgements import Rows
from isoglot.corpora.languages import NO_LANGUAGE
from isoglot.corpora.mapped import cache_folder
from isoglot.corpora.negatives import HardNegatives
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError
from isoglot.records import Modality

MAX_ROWS_IN_MEMORY = 5_000_000
"""Rows of both tables above which what batches are drawn from lies in files."""


@dataclass(frozen=True, eq=False)
class RowLanguages:
    """The language code of every row of a table, by row, without a copy of the column.

    Attributes:
        codes: (rows,) codes of the table's own.
        translation: (names + 1,) the code that each of them stands for; the last is that of no language, -1.
    """

    codes: npt.NDArray[np.int16]
    translation: npt.NDArray[np.int16]

    def __getitem__(self, rows: Rows | slice) -> npt.NDArray[np.int16]:
        """Language codes of the given rows, -1 for none."""
        codes: npt.NDArray[np.int16] = self.translation[self.codes[rows]]
        return codes

    def __len__(self) -> int:
        return len(self.codes)


@dataclass(frozen=True, eq=False)
class MaskGroups:
    """By row of a table, what parallel rows share; a row without group shares it with none.

    Attributes:
        groups: (rows,) group codes, negative for none.
        num_groups: Number of groups.
    """

    groups: Rows
    num_groups: int

    def __getitem__(self, rows: Rows) -> npt.NDArray[np.int64]:
        """What the given rows share with others."""
        groups = self.groups[rows].astype(np.int64)
        return np.where(groups < 0, self.num_groups + rows.astype(np.int64), groups)


@dataclass(frozen=True, eq=False)
class TrainingPairs:
    """The positive pairs of a split, by group and language.

    Attributes:
        corpus: The corpus they come from.
        languages: Tags; language codes index them, and -1, or their number, stands for no language.
        queries: Query rows by group.
        documents: Relevant document rows by group.
        query_modality: Medium of all queries.
        document_modality: Medium of all documents.
        negatives: Hard negatives of the split, or None.
        storage: Where what is derived from them lies.
    """

    corpus: ParallelCorpus
    languages: tuple[str, ...]
    queries: Side
    documents: Side
    query_modality: str = "text"
    document_modality: str = "text"
    negatives: HardNegatives | None = None
    storage: Storage = field(default_factory=Storage)
    _members: dict[Relation, Members] = field(default_factory=dict)

    @property
    def num_groups(self) -> int:
        """Number of groups with a query and a relevant document."""
        return self.queries.num_groups

    @property
    def answer_themselves(self) -> bool:
        """Whether a query and its document in the same language are one and the same text."""
        return self.corpus.info.symmetric and self.query_modality == self.document_modality

    @cached_property
    def query_languages(self) -> RowLanguages:
        """Language code of every query of the corpus, -1 for none."""
        return _recode(self.corpus.query_languages, self.languages)

    @cached_property
    def document_languages(self) -> RowLanguages:
        """Language code of every document of the corpus, -1 for none."""
        return _recode(self.corpus.document_languages, self.languages)

    @cached_property
    def document_mask_groups(self) -> MaskGroups:
        """What parallel documents share; a document without group shares it with none."""
        return MaskGroups(self.corpus.document_groups, self.corpus.num_groups)

    @cached_property
    def num_groups_by_document_language(self) -> npt.NDArray[np.float64]:
        """(languages + 1,) number of groups with a relevant document in the language, or in none."""
        total = np.zeros(self.documents.num_languages, np.int64)
        for start in range(0, self.num_groups, ROWS_AT_ONCE):
            part = slice(start, min(start + ROWS_AT_ONCE, self.num_groups))
            total += self.documents.present(part).sum(axis=0)
        return total.astype(np.float64)

    @cached_property
    def parallel_documents(self) -> Side:
        """All documents of the corpus of this medium by group code, whether they are relevant or not."""
        entries = of_medium(
            grouped_rows(self.corpus.document_groups, None),
            self.corpus.document_modalities,
            self.document_modality,
        )
        counted = count_rows(entries, self.corpus.num_groups, self.storage)
        everyone: Rows = np.arange(self.corpus.num_groups, dtype=np.int32)
        return build_side(
            entries,
            counted,
            everyone,
            self.corpus.num_groups,
            self.document_languages.__getitem__,
            self.documents.num_languages,
            self.storage,
        )

    def members(self, relation: Relation) -> Members:
        """The groups in which a relation of queries and documents holds, by language of the query."""
        if relation not in self._members:
            self._members[relation] = find_members(relation, self.queries, self.documents, self.storage)
        return self._members[relation]

    @property
    def same_language_groups(self) -> tuple[npt.NDArray[np.int64], ...]:
        """For each language, the groups with a query and a document in it; takes memory in their number."""
        return self._all_members(SAME)

    @property
    def cross_language_groups(self) -> tuple[npt.NDArray[np.int64], ...]:
        """For each language, the groups with a query in it and a document in another; takes memory."""
        return self._all_members(CROSS)

    def _all_members(self, relation: Relation) -> tuple[npt.NDArray[np.int64], ...]:
        members = self.members(relation)
        return tuple(members.all_groups(code) for code in range(len(self.languages)))


def training_pairs(
    corpus: ParallelCorpus,
    split: str = "train",
    *,
    query_modality: Modality | None = None,
    document_modality: Modality | None = None,
    storage: Storage | None = None,
) -> TrainingPairs:
    """The positive pairs of a split.

    Queries of one group share their relevant documents: what is relevant to a question is relevant to its
    translations. The tables are gone through some rows at a time, so memory does not grow with the corpus.

    Args:
        corpus: A corpus.
        split: Name of the split.
        query_modality: Medium of the queries; None takes all, which must then be of one medium.
        document_modality: Medium of the documents, likewise.
        storage: Where what batches are drawn from lies; None keeps it in memory for corpora of up to
            `MAX_ROWS_IN_MEMORY` rows, and in files without name in the cache folder for larger ones.

    Returns:
        Its pairs.

    Raises:
        CorpusError: If there is no such split.
        ConfigError: If no query has a relevant document, or one side holds several media.
    """
    if storage is None:
        large = corpus.queries.num_rows + corpus.documents.num_rows > MAX_ROWS_IN_MEMORY
        storage = Storage(cache_folder() / "batches" if large else None)
    columns = (corpus.query_modalities, corpus.document_modalities)
    wanted = (query_modality, document_modality)
    entries = [
        of_medium(each, column, medium)
        for each, column, medium in zip(split_entries(corpus, split, storage), columns, wanted, strict=True)
    ]
    counted = [count_rows(each, corpus.num_groups, storage) for each in entries]
    numbers, num_groups = number_groups(counted[0].counts, counted[1].counts, storage)
    if not num_groups:
        asked, answering = (f"{medium} " if medium else "" for medium in wanted)
        raise ConfigError(
            f"split {split!r} of {corpus.name!r} has no {asked}query with a relevant {answering}document"
        )
    tags = (corpus.query_languages, corpus.document_languages)
    languages = tuple(sorted((_used(tags[0]) | _used(tags[1])) - {NO_LANGUAGE}))
    queries, documents = (
        build_side(
            each,
            counts,
            numbers,
            num_groups,
            _recode(column, languages).__getitem__,
            len(languages) + 1,
            storage,
        )
        for each, counts, column in zip(entries, counted, tags, strict=True)
    )
    return TrainingPairs(
        corpus,
        languages,
        queries,
        documents,
        _one_medium(queries, columns[0], corpus, "query"),
        _one_medium(documents, columns[1], corpus, "document"),
        corpus.negatives.get(split),
        storage,
    )


def _one_medium(side: Side, column: Tags, corpus: ParallelCorpus, name: str) -> str:
    """The medium of the rows of a side."""
    names, codes = column
    if len(names) == 1:
        return names[0]
    present: set[int] = set()
    for start in range(0, side.num_rows, ROWS_AT_ONCE):
        positions = np.arange(start, min(start + ROWS_AT_ONCE, side.num_rows))
        present.update(np.unique(codes[side.rows_at(positions)]).tolist())
    media = sorted(names[code] for code in present)
    plural = {"query": "queries", "document": "documents"}[name]
    if len(media) > 1:
        raise ConfigError(
            f"corpus {corpus.name!r} has {', '.join(media)} among its {plural}, and one side of a batch must "
            f"be of one medium; choose one by {name}_modality, and train several as parts of their own"
        )
    return media[0]


def _used(column: Tags) -> set[str]:
    """The names that a row has, found some rows at a time."""
    names, codes = column
    counts = np.zeros(len(names) + 1, np.int64)
    for start in range(0, len(codes), ROWS_AT_ONCE):
        counts += np.bincount(codes[start : start + ROWS_AT_ONCE] + 1, minlength=len(counts))
    return {name for name, count in zip(names, counts[1:], strict=True) if count}


def _recode(column: Tags, order: tuple[str, ...]) -> RowLanguages:
    names, codes = column
    # One more place at the end: code -1, no language, stays -1. A name that is not in the order is -1 too.
    translation = [order.index(name) if name in order else -1 for name in names]
    return RowLanguages(codes, np.array([*translation, -1], np.int16))
