"""Corpora from any table: a text a row, a pair a row, or a column for each language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isoglot.corpora.aligned import wanted_languages
from isoglot.corpora.answers import AnswerPool
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.formats.rows import Cells, read_rows
from isoglot.corpora.languages import normalize_language
from isoglot.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus


def read_texts(
    source: Path,
    info: CorpusInfo,
    *,
    text_column: str = "text",
    language_column: str = "language",
    group_column: str = "group_id",
    split_column: str = "split",
    language: str | None = None,
    split: str = "train",
) -> ParallelCorpus:
    """Parallel texts, one a row; rows with the same group mean the same.

    Args:
        source: JSONL, CSV, TSV or Parquet file, or a folder of them.
        info: What the corpus says of itself; it should be symmetric.
        text_column: Column of the text.
        language_column: Column of its language.
        group_column: Column of its group.
        split_column: Column of its split, if there is one.
        language: Language of rows that name none.
        split: Split of rows that name none.

    Returns:
        A corpus in which every text is a query and a document, judged by group.

    Raises:
        CorpusError: If a row breaks a rule; all problems at once.
    """
    builder = CorpusBuilder(info)
    numbers: dict[tuple[str, str], int] = {}
    for where, row in read_rows(source, builder):
        cells = Cells(row, where, builder)
        text, group = cells.required(text_column), cells.required(group_column)
        tag = cells.language(language_column, language)
        if text is None or group is None or tag is None:
            continue
        number = numbers[group, tag] = numbers.get((group, tag), 0) + 1
        text_id = (
            "_".join(f"{group}.{tag}.{number}".split()) if number > 1 else "_".join(f"{group}.{tag}".split())
        )
        if builder.add_sentence(text_id, group, tag, text, where=where):
            builder.judge_group(cells.optional(split_column) or split, group)
    return builder.build()


def read_pairs(
    source: Path,
    info: CorpusInfo,
    *,
    query_column: str = "query",
    document_column: str = "document",
    title_column: str = "title",
    query_language_column: str = "query_language",
    document_language_column: str = "document_language",
    group_column: str = "group_id",
    split_column: str = "split",
    language: str | None = None,
    split: str = "train",
) -> ParallelCorpus:
    """Queries with the documents that answer them, a pair a row.

    Every query of a group has all documents of the group's rows as relevant. Without a group, a query stands
    for itself: rows that repeat it, in the same language, add documents. Equal documents of a language are
    one.

    Args:
        source: JSONL, CSV, TSV or Parquet file, or a folder of them.
        info: What the corpus says of itself.
        query_column: Column of the query.
        document_column: Column of the document.
        title_column: Column of the document's title, if there is one.
        query_language_column: Column of the query's language.
        document_language_column: Column of the document's language.
        group_column: Column of the group that the query shares with its translations, if there is one.
        split_column: Column of the split, if there is one; a group is in one split.
        language: Language of queries and documents that name none.
        split: Split of rows that name none.

    Returns:
        A corpus with explicit judgements.

    Raises:
        CorpusError: If a row breaks a rule; all problems at once.
    """
    builder = CorpusBuilder(info)
    pool = AnswerPool()
    ids: dict[tuple[str, str], str] = {}
    split_of: dict[str, str] = {}
    for where, row in read_rows(source, builder):
        cells = Cells(row, where, builder)
        query, document = cells.required(query_column), cells.required(document_column)
        asked = _tag(cells, query_language_column, language, builder)
        told = _tag(cells, document_language_column, language, builder)
        if query is None or document is None or asked is None or told is None:
            continue
        group = cells.optional(group_column) or ids.setdefault((asked, query), f"pair-{len(ids) + 1}")
        pool.add_question(group, asked, query, where=where, unique=False)
        pool.add_answer(
            group, pool.share_passage(told, document, title=cells.optional(title_column), where=where)
        )
        named = cells.optional(split_column) or split
        if split_of.setdefault(group, named) != named:
            builder.problem(where, f"group {group!r} is in split {named!r} and in {split_of[group]!r}")
    pool.write(builder, split_of)
    return builder.build()


def _tag(cells: Cells, column: str, constant: str | None, builder: CorpusBuilder) -> str | None:
    """The canonical tag of a row's language."""
    found = cells.language(column, constant)
    try:
        return None if found is None else normalize_language(found)
    except CorpusError as error:
        builder.problem(cells.where, str(error))
        return None


def read_wide(
    source: Path,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    columns: Mapping[str, str] | None = None,
    group_column: str = "group_id",
    split_column: str = "split",
    split: str = "train",
) -> ParallelCorpus:
    """Parallel texts, a row for each meaning and a column for each language; an empty cell is no translation.

    Args:
        source: JSONL, CSV, TSV or Parquet file, or a folder of them.
        info: What the corpus says of itself; it should be symmetric.
        languages: Tags to read; None reads all.
        columns: Column -> language; None takes every column whose name is a language's, except `id`
            and codes of three letters that have none of two (name those here).
        group_column: Column of the group; without it, rows are numbered.
        split_column: Column of the split, if there is one.
        split: Split of rows that name none.

    Returns:
        A corpus in which every text is a query and a document, judged by group.

    Raises:
        CorpusError: If a row breaks a rule; all problems at once.
    """
    builder = CorpusBuilder(info)
    tags: dict[str, str] = dict(columns or {})
    rows = list(read_rows(source, builder))
    if columns is None:
        special = {group_column, split_column}
        names = dict.fromkeys(name for _, row in rows for name in row if name not in special)
        tags = {name: tag for name in names if (tag := _language_of(name)) is not None}
        if not tags and not builder.problems:
            builder.problem(f"{source}:1", f"no column is named by a language; there is {', '.join(names)}")
    else:
        there = dict.fromkeys(name for _, row in rows for name in row)
        for column in tags if rows else ():
            if column not in there:
                builder.problem(str(source), f"has no column {column!r}; there is {', '.join(there)}")
    kept = wanted_languages(languages, {normalize_language(tag) for tag in tags.values()})
    for number, (where, row) in enumerate(rows, start=1):
        cells = Cells(row, where, builder)
        group = cells.optional(group_column) or f"row-{number}"
        texts = {column: cells.optional(column) for column in tags}
        if not any(texts.values()):
            builder.problem(where, f"no text in any of {', '.join(tags)}; fill or remove the row")
        for column, text in texts.items():
            tag = normalize_language(tags[column])
            text_id = "_".join(f"{group}.{column}".split())
            if text and tag in kept and builder.add_sentence(text_id, group, tag, text, where=where):
                builder.judge_group(cells.optional(split_column) or split, group)
    return builder.build()


def _language_of(column: str) -> str | None:
    """The language that a column is surely named by: `id` is an id, `key` a key more often than Kupia."""
    if column == "id":
        return None
    try:
        tag = normalize_language(column)
    except CorpusError:
        return None
    return None if len(tag) == len(column) == 3 else tag
