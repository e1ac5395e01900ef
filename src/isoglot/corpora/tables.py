"""The files of a corpus folder as tables and splits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from isoglot.corpora.judgements import Judgements, Rows, Split
from isoglot.corpora.languages import normalize_language
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.corpora.qrels import parse_groups, parse_qrels
from isoglot.corpora.sources import decode_lines, on_one_line
from isoglot.errors import CorpusError
from isoglot.records import MODALITIES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUERIES = "queries.parquet"
DOCUMENTS = "documents.parquet"
TABLES = (QUERIES, DOCUMENTS)
_ROWS_AT_ONCE = 65_536
_OPTIONAL = ("modality", "path", "title")
"""Columns that a folder written by others may lack: all is text then, nothing has a path or a title."""


def open_parquet(path: Path, schema: pa.Schema) -> pq.ParquetFile:
    """A table's file, opened.

    Args:
        path: The Parquet file.
        schema: The columns it must have, as strings; `modality`, `path` and `title` may be missing.

    Returns:
        The open file.

    Raises:
        CorpusError: If it is no Parquet file, or a column is missing or holds no strings.
    """
    try:
        file = pq.ParquetFile(path, memory_map=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise CorpusError(
            f"{path}:1: is no readable Parquet file ({on_one_line(error)}); write the corpus again"
        ) from None
    there = {field.name: field.type for field in file.schema_arrow}
    problems = [
        f"{path}:1: has no column {name!r}; a corpus needs {', '.join(schema.names)}"
        for name in schema.names
        if name not in there and name not in _OPTIONAL
    ]
    problems += [
        f"{path}:1: column {name!r} must hold strings, got {there[name]}"
        for name in schema.names
        if name in there and not _is_text(there[name])
    ]
    if problems:
        raise CorpusError(problems)
    return file


def _is_text(kind: pa.DataType) -> bool:
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(
        pa.types.is_string(value)
        or pa.types.is_large_string(value)
        or pa.types.is_string_view(value)
        or pa.types.is_null(value)
    )


def as_strings(table: pa.Table, names: list[str]) -> pa.Table:
    """The named columns as large strings, in that order; a missing `modality` is text, others are null."""
    columns = []
    for name in names:
        if name in table.column_names:
            columns.append(table[name].cast(pa.large_string()))
        else:
            value = "text" if name == "modality" else None
            columns.append(pa.chunked_array([pa.repeat(pa.scalar(value, pa.large_string()), table.num_rows)]))
    return pa.table(columns, names=names)


def read_batches(path: Path, schema: pa.Schema) -> Iterator[pa.Table]:
    """A table a few rows at a time.

    Args:
        path: The Parquet file.
        schema: Its columns.

    Yields:
        The next rows, every column as strings that are checked to be UTF-8.

    Raises:
        CorpusError: If the file is damaged or lacks a column.
    """
    file = open_parquet(path, schema)
    there = [name for name in schema.names if name in file.schema_arrow.names]
    batches = file.iter_batches(_ROWS_AT_ONCE, columns=there)
    number = 1
    while True:
        try:
            batch = next(batches, None)
            if batch is None:
                return
            table = as_strings(pa.Table.from_batches([batch]), schema.names)
            table.validate(full=True)
        except (pa.ArrowException, OSError, UnicodeError) as error:
            raise CorpusError(
                f"{path}:{number}: is damaged ({on_one_line(error)}); write the corpus again"
            ) from None
        yield table
        number += table.num_rows


def open_table(path: Path, schema: pa.Schema) -> pa.Table:
    """A whole table in memory, in a corpus' types.

    Args:
        path: The Parquet file.
        schema: Its columns and types.

    Returns:
        The table.

    Raises:
        CorpusError: If the file is damaged or lacks a column.
    """
    strings = pa.schema([(name, pa.large_string()) for name in schema.names])
    table = pa.concat_tables([strings.empty_table(), *read_batches(path, schema)])
    return pa.table([_typed(table[field.name], field.type) for field in schema], schema=schema)


def _typed(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    return column.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else column


def looks_sound(table: pa.Table) -> bool:
    """Whether every row keeps the rules; quick, where `isoglot.corpora.checking` says which one does not.

    Args:
        table: Queries or documents, as strings or in a corpus' types.

    Returns:
        True if ids are unique words, tags are in canonical spelling, and each row has its text or its path.
    """
    ids, is_queries = table[0], table.column_names[0] == "query_id"
    languages = table["language"].cast(pa.large_string())
    modalities = table["modality"].cast(pa.large_string())
    is_text = pc.equal(modalities, "text")
    rules = (
        table.num_rows > 0,
        ids.null_count == 0 and pc.count_distinct(ids).as_py() == len(ids),
        _all(pc.match_substring_regex(ids, r"^\S+$")),
        _all(pc.match_substring_regex(table["group_id"].drop_null(), r"^[^\t\r\n]+$")),
        not is_queries or table["group_id"].null_count == 0,
        all(_is_canonical(tag) for tag in languages.unique().to_pylist() if tag is not None),
        _all(pc.or_(pc.is_valid(languages), False if is_queries else pc.invert(is_text))),
        modalities.null_count == 0 and set(modalities.unique().to_pylist()) <= set(MODALITIES),
        _all(pc.or_(pc.invert(is_text), _filled(table["text"]))),
        _all(pc.or_(is_text, _filled(table["path"]))),
    )
    return all(rules)


def _all(values: pa.ChunkedArray) -> bool:
    return bool(pc.all(pc.fill_null(values, False), min_count=0).as_py())


def _filled(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.fill_null(pc.match_substring_regex(texts, r"\S"), False)


def _is_canonical(tag: str) -> bool:
    try:
        return normalize_language(tag) == tag
    except CorpusError:
        return False


def split_files(folder: Path) -> dict[str, Path]:
    """The files below `qrels/`.

    Args:
        folder: The corpus folder.

    Returns:
        Split -> its file, in order of the names.

    Raises:
        CorpusError: If a split is there both as qrels and as groups.
    """
    found: dict[str, Path] = {}
    for path in sorted((folder / "qrels").glob("*.tsv")):
        name = path.name.removesuffix(".tsv").removesuffix(".groups")
        if name in found:
            raise CorpusError(f"{path}:1: split {name!r} is also in {found[name].name}; remove one")
        found[name] = path
    return found


def read_lines(path: Path, problems: list[str]) -> list[str]:
    """The lines of a split's file; what is not UTF-8 goes to the problems."""
    return decode_lines(path.read_bytes(), str(path), problems)


def read_split(corpus: ParallelCorpus, path: Path) -> Split:
    """A split of a corpus from its file.

    Args:
        corpus: The corpus whose ids it names.
        path: `<split>.tsv` or `<split>.groups.tsv`.

    Returns:
        The split.

    Raises:
        CorpusError: If a line is malformed or names what is not there; all problems at once.
    """
    problems: list[str] = []
    lines = read_lines(path, problems)
    if path.name.endswith(".groups.tsv"):
        split = _group_split(corpus, parse_groups(lines, str(path), problems), problems)
    else:
        split = _explicit_split(corpus, parse_qrels(lines, str(path), problems), problems)
    if problems:
        raise CorpusError(problems)
    return split


def _group_split(corpus: ParallelCorpus, named: list[tuple[str, str]], problems: list[str]) -> Split:
    wanted = pa.array([name for name, _ in named], pa.large_string())
    codes = np.full(len(named), -1, np.int32)
    for table, groups in ((corpus.documents, corpus.document_groups), (corpus.queries, corpus.query_groups)):
        rows = pc.index_in(wanted, table["group_id"]).fill_null(-1).to_numpy(zero_copy_only=False)
        codes[rows >= 0] = groups[rows[rows >= 0]]
    for index in np.flatnonzero(codes < 0):
        name, where = named[index]
        problems.append(f"{where}: no query or document is of group {name!r}; remove the line")
    return Split(groups=np.sort(codes))


def _explicit_split(
    corpus: ParallelCorpus, lines: list[tuple[str, str, int, str]], problems: list[str]
) -> Split:
    queries = _rows_of(corpus.queries["query_id"], [line[0] for line in lines])
    documents = _rows_of(corpus.documents["doc_id"], [line[1] for line in lines])
    for index in np.flatnonzero((queries < 0) | (documents < 0)):
        query_id, doc_id, _, where = lines[index]
        missing = f"query {query_id!r}" if queries[index] < 0 else f"document {doc_id!r}"
        problems.append(f"{where}: there is no {missing}; remove the line")
    judgements = Judgements.from_pairs(queries, documents, np.array([line[2] for line in lines], np.int32))
    pairs = queries.astype(np.int64) << 32 | documents
    _, first, counts = np.unique(pairs, return_index=True, return_counts=True)
    for index in first[(counts > 1) & (queries[first] >= 0) & (documents[first] >= 0)]:
        query_id, doc_id, _, where = lines[index]
        problems.append(f"{where}: {query_id!r} and {doc_id!r} are judged again further down; keep one line")
    return Split(judgements=judgements)


def _rows_of(ids: pa.ChunkedArray, wanted: list[str]) -> Rows:
    rows = pc.index_in(pa.array(wanted, pa.large_string()), ids).fill_null(-1)
    numbers: Rows = rows.to_numpy(zero_copy_only=False).astype(np.int32)
    return numbers
