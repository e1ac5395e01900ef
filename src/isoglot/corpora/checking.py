"""Checking a corpus folder: every rule on every row, every problem with its file and line."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from isoglot.corpora import manifest as manifests
from isoglot.corpora.building import row_problems
from isoglot.corpora.equivalents import refusal
from isoglot.corpora.labelled import pair_files, parse_pairs
from isoglot.corpora.languages import normalize_language
from isoglot.corpora.negative_files import FOLDER, negative_files, no_split, parse_negatives
from isoglot.corpora.parallel import DOCUMENT_SCHEMA, QUERY_SCHEMA
from isoglot.corpora.qrels import parse_groups, parse_qrels
from isoglot.corpora.tables import DOCUMENTS, QUERIES, read_batches, read_lines, split_files
from isoglot.errors import CorpusError
from isoglot.media import CONVERSIONS
from isoglot.media.checking import find_bad_media
from isoglot.media.features import file_of

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class CheckReport:
    """What a check found.

    Attributes:
        problems: One line each, `file:line: what is wrong; what to do`; rows of Parquet files count as lines,
            from 1.
        counts: Queries, documents, groups, queries or groups of each split; and, if there are any, labelled
            pairs of each split and task and hard negatives of each split.
        bad_media: Those of the problems that are of media files: missing, changed or not to be read. Reading
            with `skip_bad` leaves their rows out.
    """

    problems: tuple[str, ...]
    counts: dict[str, Any]
    bad_media: tuple[str, ...] = ()


@dataclass
class _Table:
    """Ids with their groups, all groups and media, of a table, row by row.

    Attributes:
        ids: Id -> group; empty for none.
        groups: All groups.
        media: Each path that is there, with its medium.
        missing: Problems of the paths that are not.
    """

    ids: dict[str, str] = field(default_factory=dict)
    groups: set[str] = field(default_factory=set)
    media: dict[tuple[str, str], None] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def meaning(self, row_id: str) -> tuple[str, str]:
        """What rows of the same meaning share: their group; the id of a row without."""
        group = self.ids[row_id]
        return (group, "") if group else ("", row_id)


_Answers = set[tuple[str, tuple[str, str]]]
"""Groups of queries with the meanings of what is relevant to them."""


def check_corpus(folder: Path | str, *, media: bool = False) -> CheckReport:
    """Checks a corpus folder in full.

    Args:
        folder: The folder.
        media: Whether every file of media is opened too (`isoglot.media.checking`).

    Returns:
        All problems, and counts of what is there.

    Raises:
        ConfigError: If media are to be opened, and Pillow or PyAV is not installed.
    """
    folder = Path(folder)
    problems: list[str] = []
    bad_media: list[str] = []
    try:
        manifest = manifests.read_manifest(folder)
    except CorpusError as error:
        problems.extend(error.problems)
    else:
        changed = manifests.verify(folder, manifest.checksums)
        problems.extend(changed.values())
        bad_media.extend(problem for name, problem in changed.items() if name.startswith(manifests.MEDIA))
        problems.extend(_unlisted(folder, set(manifest.checksums)))
    tables = {
        name: _check_table(folder, name, schema, problems)
        for name, schema in ((QUERIES, QUERY_SCHEMA), (DOCUMENTS, DOCUMENT_SCHEMA))
    }
    queries, documents = tables[QUERIES], tables[DOCUMENTS]
    bad_media += [*queries.missing, *documents.missing]
    if media:
        bad_media += find_bad_media(queries.media | documents.media).values()
    problems += bad_media
    answers: _Answers = set()
    splits = _check_splits(folder, queries, documents, answers, problems)
    pairs = _check_pairs(folder, queries.groups | documents.groups, problems)
    negatives = _check_negatives(folder, (queries, documents), set(splits), answers, problems)
    counts = {
        "queries": len(queries.ids),
        "documents": len(documents.ids),
        "groups": len(queries.groups | documents.groups),
        "splits": splits,
        **({"pairs": pairs} if pairs else {}),
        **({"negatives": negatives} if negatives else {}),
    }
    return CheckReport(tuple(dict.fromkeys(problems)), counts, tuple(dict.fromkeys(bad_media)))


def find_problems(folder: Path) -> tuple[str, ...]:
    """All problems of a folder that is known to have one."""
    problems = check_corpus(folder).problems
    assert problems, f"{folder} was refused although the check finds nothing"
    return problems


def _unlisted(folder: Path, listed: set[str]) -> Iterator[str]:
    """Files that a reader relies on and no checksum guards; only where there are checksums at all."""
    if not listed:
        return
    lists = (path for name in ("qrels", "pairs", FOLDER) for path in sorted((folder / name).glob("*.tsv")))
    files = [folder / QUERIES, folder / DOCUMENTS, *lists]
    for path in files:
        if path.is_file() and path.relative_to(folder).as_posix() not in listed:
            yield f"{path}:1: has no checksum in {manifests.NAME}; write the corpus again"


def _check_table(folder: Path, name: str, schema: pa.Schema, problems: list[str]) -> _Table:
    found = _Table()
    path = folder / name
    if not path.is_file():
        problems.append(f"{path}:1: is missing; write the corpus again")
        return found
    try:
        rows = (row for table in read_batches(path, schema) for row in table.to_pylist())
        for number, row in enumerate(rows, start=1):
            _check_row(row, f"{path}:{number}", folder / "media", found, problems)
    except CorpusError as error:
        problems.extend(error.problems)
    else:
        if not found.ids:
            problems.append(f"{path}:1: holds no row; nothing could be searched")
    return found


def _check_row(
    row: dict[str, str | None], where: str, media: Path, found: _Table, problems: list[str]
) -> None:
    kind = next(iter(row))
    row_id, group, language, path = row[kind] or "", row["group_id"], row["language"], row["path"]
    what = row_problems(kind, row_id, row["text"], row["modality"] or "", path, group)
    if row_id in found.ids:
        what.append(f"{kind} {row_id!r} is there twice; ids must be unique")
    if kind == "query_id" and not group:
        what.append(f"query {row_id!r} has no group_id; give it one, its own id if it has no translation")
    if language is None:
        if kind == "query_id" or row["modality"] == "text":
            what.append(f"{kind} {row_id!r} has no language; give its BCP 47 tag")
    else:
        what.extend(_tag_problems(language))
    if path and not (media / file_of(path)).is_file():
        found.missing.append(
            f"{where}: {kind} {row_id!r}: there is no file {path!r} below media/; put it there"
        )
    elif path and row["modality"] in CONVERSIONS:
        found.media[str(media / path), row["modality"]] = None
    problems.extend(f"{where}: {item}" for item in what)
    found.ids[row_id] = group or ""
    if group:
        found.groups.add(group)


def _tag_problems(language: str) -> list[str]:
    try:
        canonical = normalize_language(language)
    except CorpusError as error:
        return list(error.problems)
    return [] if canonical == language else [f"language {language!r} must be written {canonical!r}"]


def _check_splits(
    folder: Path, queries: _Table, documents: _Table, answers: _Answers, problems: list[str]
) -> dict[str, int]:
    """Number of judged queries, or of groups, of each split; answers takes what is relevant."""
    try:
        files = split_files(folder)
    except CorpusError as error:
        problems.extend(error.problems)
        return {}
    counts = {}
    for name, path in files.items():
        lines = read_lines(path, problems)
        if path.name.endswith(".groups.tsv"):
            groups = parse_groups(lines, str(path), problems)
            counts[name] = len(groups)
            known = queries.groups | documents.groups
            problems.extend(
                f"{where}: no query or document is of group {group!r}; remove the line"
                for group, where in groups
                if group not in known
            )
        else:
            counts[name] = _check_qrels(lines, path, (queries, documents), answers, problems)
    return counts


def _check_qrels(
    lines: list[str], path: Path, tables: tuple[_Table, _Table], answers: _Answers, problems: list[str]
) -> int:
    queries, documents = tables
    judged: set[tuple[str, str]] = set()
    for query_id, doc_id, grade, where in parse_qrels(lines, str(path), problems):
        if query_id not in queries.ids:
            problems.append(f"{where}: there is no query {query_id!r}; remove the line")
        elif doc_id not in documents.ids:
            problems.append(f"{where}: there is no document {doc_id!r}; remove the line")
        elif (query_id, doc_id) in judged:
            problems.append(f"{where}: {query_id!r} and {doc_id!r} are judged above; keep one line")
        elif grade > 0:
            answers.add((queries.ids[query_id], documents.meaning(doc_id)))
        judged.add((query_id, doc_id))
    return len({query_id for query_id, _ in judged})


def _check_pairs(folder: Path, groups: set[str], problems: list[str]) -> dict[str, dict[str, int]]:
    """Number of labelled pairs of each split and task."""
    try:
        files = pair_files(folder)
    except CorpusError as error:
        problems.extend(error.problems)
        return {}
    counts: dict[str, dict[str, int]] = {}
    for (split, task), path in files.items():
        pairs = parse_pairs(read_lines(path, problems), str(path), task, problems)
        counts.setdefault(split, {})[task] = len(pairs)
        problems.extend(
            f"{where}: no query or document is of group {name!r}; remove the line"
            for first, second, _, where in pairs
            for name in dict.fromkeys((first, second))
            if name not in groups
        )
    return counts


def _check_negatives(
    folder: Path, tables: tuple[_Table, _Table], splits: set[str], answers: _Answers, problems: list[str]
) -> dict[str, int]:
    """Number of hard negatives of each split."""
    queries, documents = tables
    counts = {}
    for split, path in negative_files(folder).items():
        if split not in splits:
            problems.append(no_split(path, split))
        lines = parse_negatives(read_lines(path, problems), str(path), problems)
        counts[split] = len(lines)
        for query_id, doc_id, _, where in lines:
            if query_id not in queries.ids:
                problems.append(f"{where}: there is no query {query_id!r}; remove the line")
            elif doc_id not in documents.ids:
                problems.append(f"{where}: there is no document {doc_id!r}; remove the line")
            elif (group := queries.ids[query_id]) == documents.ids[doc_id] or (
                group,
                documents.meaning(doc_id),
            ) in answers:
                problems.append(f"{where}: {refusal(query_id, doc_id)}")
    return counts
