"""Building a corpus record by record: readers and generators add rows, all problems are reported at once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from isoglot.corpora.judgements import Judgements, Split
from isoglot.corpora.languages import normalize_language
from isoglot.corpora.parallel import DOCUMENT_SCHEMA, QUERY_SCHEMA, CorpusInfo, ParallelCorpus, assemble
from isoglot.errors import CorpusError
from isoglot.records import MODALITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_CHUNK_ROWS = 65_536
_WORD = re.compile(r"\S+")
_BREAKS = re.compile(r"[\t\r\n]")


class _Column:
    """Rows of one table, moved to Arrow in chunks so that Python objects never pile up."""

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema
        self.pending: list[tuple[Any, ...]] = []
        self.batches: list[pa.RecordBatch] = []

    def append(self, row: tuple[Any, ...]) -> None:
        self.pending.append(row)
        if len(self.pending) >= _CHUNK_ROWS:
            self.flush()

    def flush(self) -> None:
        if self.pending:
            columns = zip(*self.pending, strict=True)
            arrays = [
                pa.array(column, field.type) for column, field in zip(columns, self.schema, strict=True)
            ]
            self.batches.append(pa.RecordBatch.from_arrays(arrays, schema=self.schema))
            self.pending = []

    def table(self) -> pa.Table:
        self.flush()
        return pa.Table.from_batches(self.batches, self.schema).unify_dictionaries()


class CorpusBuilder:
    """Collects queries, documents and judgements, and checks them when the corpus is built.

    A row that breaks a rule is left out and remembered with the place it came from; `build` reports all of
    them together.
    """

    def __init__(self, info: CorpusInfo) -> None:
        self.info = info
        self.problems: list[str] = []
        self._queries = _Column(QUERY_SCHEMA)
        self._documents = _Column(DOCUMENT_SCHEMA)
        self._query_rows: dict[str, int] = {}
        self._document_rows: dict[str, int] = {}
        self._judged: dict[str, list[tuple[str, str, int, str]]] = {}
        self._group_splits: dict[str, dict[str, str]] = {}

    def problem(self, where: str, what: str) -> None:
        """Remembers a problem; `where` is a file and line, `what` names the rule and the remedy."""
        self.problems.append(f"{where}: {what}")

    def add_query(
        self,
        query_id: str,
        group_id: str,
        language: str,
        text: str | None,
        *,
        modality: str = "text",
        path: str | None = None,
        where: str = "query",
    ) -> bool:
        """Adds a query.

        Args:
            query_id: Unique id.
            group_id: What queries of the same meaning share.
            language: Tag in any spelling.
            text: The text, or None in another medium.
            modality: The medium.
            path: The media file, in another medium.
            where: File and line, for the report.

        Returns:
            Whether the row was taken; if not, the reason is among `problems`.
        """
        tag = self._language(language, where)
        taken = self._accept(self._query_rows, "query_id", where, query_id, text, modality, path, group_id)
        if not group_id:
            self.problem(
                where, f"query {query_id!r} has no group_id; give it one, its own id if it has no translation"
            )
        if tag is None or not taken or not group_id:
            return False
        self._query_rows[query_id] = len(self._query_rows)
        self._queries.append((query_id, group_id, tag, modality, text, path))
        return True

    def add_document(
        self,
        doc_id: str,
        group_id: str | None,
        language: str | None,
        text: str | None,
        *,
        title: str | None = None,
        modality: str = "text",
        path: str | None = None,
        where: str = "document",
    ) -> bool:
        """Adds a document.

        Args:
            doc_id: Unique id.
            group_id: What documents of the same meaning share; None for a distractor.
            language: Tag in any spelling; None for a document without language, other than a text.
            text: The text, or None in another medium.
            title: Heading.
            modality: The medium.
            path: The media file, in another medium.
            where: File and line, for the report.

        Returns:
            Whether the row was taken; if not, the reason is among `problems`.
        """
        tag = None if language is None else self._language(language, where)
        taken = self._accept(
            self._document_rows, "doc_id", where, doc_id, text, modality, path, group_id, title
        )
        if language is None and modality == "text":
            self.problem(where, f"document {doc_id!r} is a text without language; give its BCP 47 tag")
        if not taken or (tag is None and (language is not None or modality == "text")):
            return False
        self._document_rows[doc_id] = len(self._document_rows)
        self._documents.append((doc_id, group_id or None, tag, modality, text, path, title or None))
        return True

    def add_sentence(
        self, text_id: str, group_id: str, language: str, text: str, *, where: str = "text"
    ) -> bool:
        """Adds a text on both sides of a symmetric corpus, as a query and as a document of the same id.

        Args:
            text_id: Unique id.
            group_id: What texts of the same meaning share.
            language: Tag in any spelling.
            text: The text.
            where: File and line, for the report.

        Returns:
            Whether the text was taken; if not, the reason is among `problems`.
        """
        return self.add_query(text_id, group_id, language, text, where=where) and self.add_document(
            text_id, group_id, language, text, where=where
        )

    def judge(self, split: str, query_id: str, doc_id: str, grade: int = 1, *, where: str = "qrels") -> None:
        """Adds a judgement to a split.

        Args:
            split: Name of the split.
            query_id: A query, added before or later.
            doc_id: A document, added before or later.
            grade: 0 for not relevant, 1 and up for relevant.
            where: File and line, for the report.
        """
        if grade < 0:
            self.problem(where, f"grade must be >= 0, got {grade}")
            return
        self._judged.setdefault(split, []).append((query_id, doc_id, grade, where))

    def judge_group(self, split: str, group_id: str) -> None:
        """Makes every document of a group relevant to every query of it, in a split."""
        self._group_splits.setdefault(split, {})[group_id] = ""

    def build(self) -> ParallelCorpus:
        """The corpus.

        Returns:
            Rows sorted so that a group's stand together, in order of first appearance.

        Raises:
            CorpusError: If any row or judgement broke a rule, or nothing was added; all problems at once.
        """
        queries, documents = self._queries.table(), self._documents.table()
        if not self.problems and not (queries.num_rows and documents.num_rows):
            self.problem(self.info.name, "no queries or no documents; nothing could be searched")
        splits = {name: self._explicit(rows) for name, rows in self._judged.items()}
        for name in self._group_splits:
            if name in splits:
                self.problem(
                    self.info.name, f"split {name!r} is judged both by group and line by line; use one"
                )
        if self.problems:
            raise CorpusError(self.problems)
        corpus = assemble(self.info, queries, documents, splits)
        corpus = _add_group_splits(corpus, self._group_splits)
        return sort_by_group(corpus)

    def _language(self, language: str, where: str) -> str | None:
        try:
            return normalize_language(language)
        except CorpusError as error:
            self.problem(where, str(error))
            return None

    def _accept(self, rows: dict[str, int], kind: str, where: str, row_id: str, *rest: str | None) -> bool:
        what = row_problems(kind, row_id, *rest)
        if row_id in rows:
            what.append(f"{kind} {row_id!r} is there twice; ids must be unique")
        for item in what:
            self.problem(where, item)
        return not what

    def _explicit(self, judged: Iterable[tuple[str, str, int, str]]) -> Split:
        seen: dict[tuple[int, int], int] = {}
        for query_id, doc_id, grade, where in judged:
            query_row, document_row = self._query_rows.get(query_id), self._document_rows.get(doc_id)
            if query_row is None or document_row is None:
                missing = f"query {query_id!r}" if query_row is None else f"document {doc_id!r}"
                self.problem(where, f"judgement of an unknown {missing}; add it or drop the line")
            elif seen.setdefault((query_row, document_row), grade) != grade:
                self.problem(where, f"{query_id!r} and {doc_id!r} are judged twice with different grades")
        pairs = np.array(list(seen), np.int32).reshape(-1, 2)
        grades = np.fromiter(seen.values(), np.int32, len(seen))
        return Split(judgements=Judgements.from_pairs(pairs[:, 0], pairs[:, 1], grades))


def row_problems(
    kind: str,
    row_id: str,
    text: str | None,
    modality: str | None,
    path: str | None,
    group_id: str | None,
    title: str | None = None,
) -> list[str]:
    """What is wrong with a row by itself, whichever table it is in; languages are checked elsewhere.

    Args:
        kind: `query_id` or `doc_id`.
        row_id: The id.
        text: The text, or None in another medium.
        modality: The medium.
        path: The media file, in another medium.
        group_id: The group, or None.
        title: Heading, or None.

    Returns:
        The rules that it breaks, each with the remedy; nothing for a good row.
    """
    problems = []
    if not _WORD.fullmatch(row_id):
        problems.append(f"{kind} must be a word without white space, got {row_id!r}")
    if modality not in MODALITIES:
        problems.append(f"modality must be one of {', '.join(MODALITIES)}, got {modality!r}")
    elif modality == "text" and not (text and not text.isspace()):
        problems.append(f"{kind} {row_id!r} has an empty text; remove the row or give its text")
    elif modality != "text" and not path:
        problems.append(f"{kind} {row_id!r} is {modality} without a path; name its file below media/")
    if group_id and _BREAKS.search(group_id):
        problems.append(f"group_id must not hold a tab or a line's end, got {group_id!r}")
    if not all(map(is_unicode, (row_id, text, path, group_id, title))):
        problems.append(f"{kind} {row_id!r} holds half a surrogate pair, which no UTF-8 text can; mend it")
    return problems


def is_unicode(text: str | None) -> bool:
    """Whether UTF-8 has bytes for a text, as for all but halves of surrogate pairs; also for none."""
    if text is None or text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _add_group_splits(corpus: ParallelCorpus, group_splits: dict[str, dict[str, str]]) -> ParallelCorpus:
    from dataclasses import replace

    code = group_codes(corpus) if group_splits else {}
    splits = dict(corpus.splits)
    for name, groups in group_splits.items():
        missing = [group for group in groups if group not in code]
        if missing:
            raise CorpusError(
                [f"{corpus.name}: split {name!r} names the unknown group {g!r}" for g in missing]
            )
        splits[name] = Split(groups=np.sort(np.array([code[group] for group in groups], np.int32)))
    return replace(corpus, splits=splits)


def group_codes(corpus: ParallelCorpus) -> dict[str, int]:
    """Code of each group id of a corpus."""
    codes: dict[str, int] = {}
    for table, groups in (
        (corpus.queries, corpus.query_groups),
        (corpus.documents, corpus.document_groups),
    ):
        firsts, at = np.unique(groups, return_index=True)
        names: Sequence[str] = table["group_id"].take(pa.array(at)).to_pylist()
        codes.update({name: int(code) for name, code in zip(names, firsts, strict=True) if code >= 0})
    return codes


def sort_by_group(corpus: ParallelCorpus) -> ParallelCorpus:
    """The same corpus with rows in order of group code, distractors last."""
    last = np.iinfo(np.int32).max
    document_keys = np.where(corpus.document_groups < 0, last, corpus.document_groups)
    if np.all(np.diff(corpus.query_groups) >= 0) and np.all(np.diff(document_keys) >= 0):
        return corpus
    return corpus.take(
        np.argsort(corpus.query_groups, kind="stable").astype(np.int32),
        np.argsort(document_keys, kind="stable").astype(np.int32),
    )
