"""The parallel corpus: queries, documents and judgements in several languages, held as Arrow tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from isoglot.corpora.judgements import Judgements, Rows, Split, renumber
from isoglot.corpora.labelled import Key, LabelledPairs, keep_present
from isoglot.corpora.languages import match_languages
from isoglot.corpora.negatives import HardNegatives, keep_negatives
from isoglot.corpora.selecting import choose_rows
from isoglot.errors import CorpusError
from isoglot.records import Document, Query

_TAG = pa.dictionary(pa.int16(), pa.string())
QUERY_SCHEMA = pa.schema(
    [
        ("query_id", pa.large_string()),
        ("group_id", pa.large_string()),
        ("language", _TAG),
        ("modality", _TAG),
        ("text", pa.large_string()),
        ("path", pa.large_string()),
    ]
)
DOCUMENT_SCHEMA = pa.schema(
    [
        ("doc_id", pa.large_string()),
        ("group_id", pa.large_string()),
        ("language", _TAG),
        ("modality", _TAG),
        ("text", pa.large_string()),
        ("path", pa.large_string()),
        ("title", pa.large_string()),
    ]
)
NO_GROUP = -1
"""Group code of a distractor."""


@dataclass(frozen=True)
class CorpusInfo:
    """What a corpus says of itself in `corpus.json`.

    Attributes:
        name: Short name, used in results and file names.
        version: Version of the content.
        licence: Licence of the texts and media.
        citation: The paper or page to cite.
        description: A sentence on what it holds.
        symmetric: True if every text stands on both sides, as sentence and as its translation's match; a
            same-language pair would then be a text with itself.
    """

    name: str
    version: str = "1"
    licence: str = ""
    citation: str = ""
    description: str = ""
    symmetric: bool = False


def _decode(tags: pa.ChunkedArray) -> pa.ChunkedArray:
    return tags.cast(pa.string())


def _codes(column: pa.ChunkedArray) -> tuple[tuple[str, ...], npt.NDArray[np.int16]]:
    """The distinct tags of a dictionary column and each row's code, -1 where the row has none."""
    unified = column.unify_dictionaries()
    if unified.num_chunks == 0:
        return (), np.zeros(0, np.int16)
    names = tuple(unified.chunk(0).dictionary.to_pylist())
    indices = [pc.fill_null(chunk.indices, -1).to_numpy(zero_copy_only=False) for chunk in unified.chunks]
    return names, indices[0] if len(indices) == 1 else np.concatenate(indices)


@dataclass(frozen=True, eq=False)
class ParallelCorpus:
    """Queries, documents and judgements in several languages.

    The tables may be memory-mapped: a column is touched only where it is asked for. Rows are the internal
    currency (arrays of row numbers), ids the external one.

    Attributes:
        info: Name, licence, citation.
        queries: Rows of `QUERY_SCHEMA`.
        documents: Rows of `DOCUMENT_SCHEMA`.
        query_groups: (queries,) code of each query's group.
        document_groups: (documents,) code of each document's group in the same coding; `NO_GROUP` for none.
        num_groups: Codes run from 0 to `num_groups - 1`.
        splits: Name -> judged queries.
        checksums: File name -> SHA-256, for a corpus that was read from a folder.
        media_root: Folder that `path` columns are relative to, or None.
        labelled: Split and task -> labelled pairs of groups (`isoglot.corpora.labelled`).
        negatives: Split -> hard negatives of its queries (`isoglot.corpora.negatives`).
        damaged: Media files that are missing or were changed -> what is wrong; only in a corpus whose reader
            was told to go on (`isoglot.corpora.drop_bad_media` leaves their rows out).
    """

    info: CorpusInfo
    queries: pa.Table
    documents: pa.Table
    query_groups: Rows
    document_groups: Rows
    num_groups: int
    splits: Mapping[str, Split] = field(default_factory=dict)
    checksums: Mapping[str, str] = field(default_factory=dict)
    media_root: str | None = None
    labelled: Mapping[Key, LabelledPairs] = field(default_factory=dict)
    negatives: Mapping[str, HardNegatives] = field(default_factory=dict)
    damaged: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The corpus' short name."""
        return self.info.name

    def __repr__(self) -> str:
        return (
            f"ParallelCorpus({self.name!r}, {self.queries.num_rows:,} queries, "
            f"{self.documents.num_rows:,} documents, {self.num_groups:,} groups, "
            f"languages {' '.join(self.languages)}, splits {' '.join(self.splits)})"
        )

    @cached_property
    def query_languages(self) -> tuple[tuple[str, ...], npt.NDArray[np.int16]]:
        """Tags, and the index of each query's tag among them."""
        return _codes(self.queries["language"])

    @cached_property
    def document_languages(self) -> tuple[tuple[str, ...], npt.NDArray[np.int16]]:
        """Tags, and the index of each document's tag among them (-1: the document has no language)."""
        return _codes(self.documents["language"])

    @cached_property
    def query_modalities(self) -> tuple[tuple[str, ...], npt.NDArray[np.int16]]:
        """Media, and the index of each query's medium among them."""
        return _codes(self.queries["modality"])

    @cached_property
    def document_modalities(self) -> tuple[tuple[str, ...], npt.NDArray[np.int16]]:
        """Media, and the index of each document's medium among them."""
        return _codes(self.documents["modality"])

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """Languages of queries and documents, sorted."""
        present: set[str] = set()
        for names, codes in (self.query_languages, self.document_languages):
            present.update(names[code] for code in np.unique(codes) if code >= 0)
        return tuple(sorted(present))

    @cached_property
    def modalities(self) -> tuple[str, ...]:
        """Media of queries and documents, sorted."""
        columns = (self.queries["modality"], self.documents["modality"])
        return tuple(sorted({name for column in columns for name in _decode(column).unique().to_pylist()}))

    def query(self, row: int) -> Query:
        """The query in a row of the table."""
        return Query(**self.queries.slice(row, 1).to_pylist()[0])

    def document(self, row: int) -> Document:
        """The document in a row of the table."""
        return Document(**self.documents.slice(row, 1).to_pylist()[0])

    def query_texts(self, rows: Rows) -> list[str]:
        """Texts of the given rows, in their order."""
        return _texts(self.queries, rows)

    def document_texts(self, rows: Rows) -> list[str]:
        """Texts of the given rows in their order, a title on the line before where there is one."""
        texts = _texts(self.documents, rows)
        titles: list[str | None] = self.documents["title"].take(pa.array(rows)).to_pylist()
        return [f"{title}\n{text}" if title else text for title, text in zip(titles, texts, strict=True)]

    def split(self, name: str) -> Split:
        """A split by name.

        Args:
            name: Its name.

        Returns:
            The split.

        Raises:
            CorpusError: If there is no such split.
        """
        if name not in self.splits:
            raise CorpusError(f"corpus {self.name!r} has no split {name!r}; it has {', '.join(self.splits)}")
        return self.splits[name]

    def judgements(self, split: str) -> Judgements:
        """The judgements of a split, written out query by query.

        Args:
            split: Name of the split.

        Returns:
            Judgements; for a split by groups, every document of a query's group with grade 1.

        Raises:
            CorpusError: If there is no such split.
        """
        part = self.split(split)
        if part.judgements is not None:
            return part.judgements
        assert part.groups is not None
        query_rows = np.flatnonzero(np.isin(self.query_groups, part.groups)).astype(np.int32)
        order = np.argsort(self.document_groups, kind="stable").astype(np.int32)
        sorted_groups = self.document_groups[order]
        starts = np.searchsorted(sorted_groups, self.query_groups[query_rows], "left")
        counts = np.searchsorted(sorted_groups, self.query_groups[query_rows], "right") - starts
        indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        within = np.arange(indptr[-1]) - np.repeat(indptr[:-1], counts)
        rows = order[np.repeat(starts, counts) + within]
        return Judgements(query_rows, indptr, rows, np.ones(len(rows), np.int32))

    def select(
        self,
        languages: Iterable[str] | None = None,
        splits: Iterable[str] | None = None,
        *,
        query_languages: Iterable[str] | None = None,
        document_languages: Iterable[str] | None = None,
        query_modalities: Iterable[str] | None = None,
        document_modalities: Iterable[str] | None = None,
    ) -> ParallelCorpus:
        """The part in some languages, splits and media; what has no language stays, such as pictures.

        Args:
            languages: Tags to keep, varieties included; None keeps all.
            splits: Splits to keep, with their labelled pairs; None keeps all. Documents stay, as they are the
                collection that is searched.
            query_languages: Tags to keep among the queries; None keeps all that `languages` leaves.
            document_languages: The same among the documents.
            query_modalities: Media to keep among the queries; None keeps all.
            document_modalities: The same among the documents.

        Returns:
            A corpus over the kept rows. Judgements of a dropped query or document go with it, and labelled
            pairs of a group that is left without a text.

        Raises:
            CorpusError: If a language, medium or split does not exist, or a split is left without a judged
                query.
        """
        corpus = self if splits is None else self._in_splits(splits)
        wanted = (query_languages, query_modalities, document_languages, document_modalities)
        if languages is None and wanted == (None,) * 4:
            return corpus
        among = None if languages is None else match_languages(languages, self.languages)
        coded = (
            self.query_languages,
            self.query_modalities,
            self.document_languages,
            self.document_modalities,
        )
        return corpus.take(
            choose_rows("queries", coded[:2], wanted[:2], among=among),
            choose_rows("documents", coded[2:], wanted[2:], among=among),
        )

    def _in_splits(self, names: Iterable[str]) -> ParallelCorpus:
        """The same with some splits; one may have labelled pairs and judge no query."""
        wanted = list(names)
        paired = {split for split, _ in self.labelled}
        splits = {name: self.split(name) for name in wanted if name in self.splits or name not in paired}
        labelled = {key: pairs for key, pairs in self.labelled.items() if key[0] in wanted}
        negatives = {name: part for name, part in self.negatives.items() if name in wanted}
        return replace(self, splits=splits, labelled=labelled, negatives=negatives)

    def select_groups(self, groups: Rows) -> ParallelCorpus:
        """The queries and documents of some groups; distractors go.

        Args:
            groups: Codes of the groups to keep.

        Returns:
            A corpus over their rows.

        Raises:
            CorpusError: If a split is left without a judged query.
        """
        return self.take(
            np.flatnonzero(np.isin(self.query_groups, groups)).astype(np.int32),
            np.flatnonzero(np.isin(self.document_groups, groups)).astype(np.int32),
        )

    def take(self, query_rows: Rows, document_rows: Rows) -> ParallelCorpus:
        """The given rows of both tables, in the given order, with what is judged, labelled and mined of them.

        Args:
            query_rows: Rows of `queries` to keep, without repetition.
            document_rows: Rows of `documents` to keep, without repetition.

        Returns:
            A corpus over the kept rows.

        Raises:
            CorpusError: If a split is left without a judged query.
        """
        new_query = _inverse(query_rows, self.queries.num_rows)
        new_document = _inverse(document_rows, self.documents.num_rows)
        splits = {}
        for name, part in self.splits.items():
            splits[name] = part
            if part.judgements is not None:
                splits[name] = Split(judgements=renumber(part.judgements, new_query, new_document))
                if not len(splits[name].judgements or ()):
                    raise CorpusError(
                        f"split {name!r} of {self.name!r} has no judged query in this selection"
                    )
        return replace(
            self,
            queries=self.queries.take(pa.array(query_rows)),
            documents=self.documents.take(pa.array(document_rows)),
            query_groups=self.query_groups[query_rows],
            document_groups=self.document_groups[document_rows],
            splits=splits,
            labelled=keep_present(
                self.labelled,
                (self.query_groups[query_rows], self.document_groups[document_rows]),
                self.num_groups,
            ),
            negatives=keep_negatives(self.negatives, query_rows, new_document),
        )


def _texts(table: pa.Table, rows: Rows) -> list[str]:
    texts: list[Any] = table["text"].take(pa.array(rows)).to_pylist()
    if None in texts:
        kind = table.column_names[0]
        name = table[kind][int(rows[texts.index(None)])].as_py()
        raise CorpusError(f"{kind} {name!r} has no text; encode it with a model for its medium")
    return texts


def _inverse(rows: Rows, num_rows: int) -> Rows:
    """New row number of each old row, -1 for those that go."""
    new = np.full(num_rows, -1, np.int32)
    new[rows] = np.arange(len(rows), dtype=np.int32)
    return new


def in_one_chunk(table: pa.Table) -> pa.Table:
    """The same table with every column contiguous.

    Arrow concatenates a column of several chunks anew each time rows are taken from it; in one chunk, taking
    rows costs time in their number alone.
    """
    return table.unify_dictionaries().combine_chunks()


def assemble(
    info: CorpusInfo,
    queries: pa.Table,
    documents: pa.Table,
    splits: Mapping[str, Split] | None = None,
    **extra: Any,
) -> ParallelCorpus:
    """A corpus from its tables: codes the groups, in order of first appearance in the queries.

    Args:
        info: Name, licence, citation.
        queries: Rows of `QUERY_SCHEMA` (columns in that order and of types that cast to it).
        documents: Rows of `DOCUMENT_SCHEMA`.
        splits: Name -> judged queries.
        **extra: Further attributes of `ParallelCorpus`.

    Returns:
        The corpus.
    """
    queries, documents = (
        in_one_chunk(queries.cast(QUERY_SCHEMA)),
        in_one_chunk(documents.cast(DOCUMENT_SCHEMA)),
    )
    ids = pa.chunked_array(queries["group_id"].chunks + documents["group_id"].chunks, pa.large_string())
    coded = pc.dictionary_encode(ids).combine_chunks() if len(ids) else None
    if coded is None:
        codes, num_groups = np.zeros(0, np.int32), 0
    else:
        if isinstance(coded, pa.ChunkedArray):
            coded = coded.chunk(0)
        codes = (
            pc.fill_null(coded.indices, NO_GROUP).to_numpy(zero_copy_only=False).astype(np.int32, copy=False)
        )
        num_groups = len(coded.dictionary)
    num_queries = queries.num_rows
    return ParallelCorpus(
        info, queries, documents, codes[:num_queries], codes[num_queries:], num_groups, splits or {}, **extra
    )
