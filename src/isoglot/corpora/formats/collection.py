"""Retrieval collections with judgements: BEIR folders, and TREC topics, documents and qrels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.delimited import read_tabs
from isoglot.corpora.formats.rows import Cells, json_rows
from isoglot.corpora.qrels import Line, parse_qrels
from isoglot.corpora.sources import DAMAGE, Member, damage_report, decode_lines, read_members
from isoglot.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus


def read_beir(
    source: Path,
    info: CorpusInfo,
    *,
    language: str | None = None,
    query_language: str | None = None,
    document_language: str | None = None,
    splits: Iterable[str] | None = None,
) -> ParallelCorpus:
    """A BEIR folder: `corpus.jsonl` (_id, title, text), `queries.jsonl` (_id, text), `qrels/<split>.tsv`.

    A row may have `language` and `group_id`. Without the latter a query is a group of its own, and so is a
    document that answers one; other documents are distractors. Queries that no split judges are left out.

    Args:
        source: The folder; its JSONL files may be compressed.
        info: What the corpus says of itself.
        language: Language of rows that name none.
        query_language: Language of queries that name none, if another.
        document_language: Language of documents that name none, if another.
        splits: Splits to read; None reads all.

    Returns:
        A corpus with explicit judgements.

    Raises:
        CorpusError: If a file is missing, or a row breaks a rule; all problems at once.
    """
    builder = CorpusBuilder(info)
    judged = _read_splits(source, splits, builder)
    queries = _json_table(source, "queries", query_language or language, builder)
    documents = _json_table(source, "corpus", document_language or language, builder)
    return _build(builder, queries, documents, judged)


def read_trec(
    source: Path,
    info: CorpusInfo,
    *,
    language: str | None = None,
    query_language: str | None = None,
    document_language: str | None = None,
    topics: str = "topics",
    documents: str = "documents",
) -> ParallelCorpus:
    """TREC files: `topics.tsv` (id, query), `documents.tsv` (id, text, perhaps title) and `qrels.txt`.

    Tabs stand between cells; qrels are `query-id 0 doc-id grade`. Several pairs of topics and qrels are
    splits: `topics.<split>.tsv` with `qrels.<split>.txt`; `topics.tsv` alone is split `test`. Groups as in
    `read_beir`.

    Args:
        source: Folder or archive.
        info: What the corpus says of itself.
        language: Language of everything.
        query_language: Language of the queries, if another.
        document_language: Language of the documents, if another.
        topics: What the names of topic files start with.
        documents: What the names of document files start with.

    Returns:
        A corpus with explicit judgements.

    Raises:
        CorpusError: If a file is missing, or a row breaks a rule; all problems at once.
    """
    builder = CorpusBuilder(info)
    asked, told = query_language or language, document_language or language
    if asked is None or told is None:
        raise CorpusError(f"{source}: TREC files name no language; give it")
    queries = [
        row
        for member in read_members(source, rf"{topics}(?:\.(?P<split>\w+))?\.(?:tsv|txt)", f"{topics}.tsv")
        for row in _tab_table(member, (2,), asked, builder)
    ]
    pool = [
        row
        for member in read_members(source, rf"{documents}(?:\.(?P<part>\w+))?\.tsv", f"{documents}.tsv")
        for row in _tab_table(member, (2, 3), told, builder)
    ]
    judged = {
        member.match["split"] or "test": _parse(member.data, member.place, builder)
        for member in read_members(source, r"qrels(?:\.(?P<split>\w+))?\.(?:txt|tsv|trec)", "qrels.txt")
    }
    return _build(builder, queries, pool, judged)


_Row = tuple[str, dict[str, Any]]
"""The place of a row; its id, text, language, and group and title if it has them."""


def _read_splits(source: Path, splits: Iterable[str] | None, builder: CorpusBuilder) -> dict[str, list[Line]]:
    files = {path.stem: path for path in sorted((source / "qrels").glob("*.tsv"))}
    if not files:
        raise CorpusError(f"{source}: holds no qrels/<split>.tsv; give a folder in BEIR's layout")
    wanted = list(files) if splits is None else [splits] if isinstance(splits, str) else list(splits)
    for split in wanted:
        if split not in files:
            raise CorpusError(f"{source}: no qrels of split {split!r}; there is {', '.join(files)}")
    return {split: _parse(files[split].read_bytes(), str(files[split]), builder) for split in wanted}


def _parse(data: bytes, place: str, builder: CorpusBuilder) -> list[Line]:
    return parse_qrels(decode_lines(data, place, builder.problems), place, builder.problems)


def _json_table(source: Path, name: str, language: str | None, builder: CorpusBuilder) -> list[_Row]:
    paths = [
        path for path in sorted(source.glob(f"{name}.jsonl*")) if path.suffix in (".jsonl", ".gz", ".xz")
    ]
    if len(paths) != 1:
        raise CorpusError(f"{source}: must hold one {name}.jsonl, compressed or not; found {len(paths)}")
    found = []
    try:
        for where, row in json_rows(paths[0], builder):
            cells = Cells(row, where, builder)
            row_id, text, tag = (
                cells.required("_id"),
                cells.required("text"),
                cells.language("language", language),
            )
            if row_id is not None and text is not None and tag is not None:
                group, title = cells.optional("group_id"), cells.optional("title")
                found.append(
                    (where, {"id": row_id, "text": text, "language": tag, "group": group, "title": title})
                )
    except DAMAGE as error:
        raise CorpusError(damage_report(paths[0], error)) from None
    if not found and not builder.problems:
        builder.problem(f"{paths[0]}:1", "the file holds no row")
    return found


def _tab_table(
    member: Member, num_cells: tuple[int, ...], language: str, builder: CorpusBuilder
) -> list[_Row]:
    return [
        (
            member.at(number),
            {
                "id": cells[0],
                "text": cells[1],
                "language": language,
                "title": cells[2] if len(cells) > 2 else None,
            },
        )
        for number, cells in enumerate(read_tabs(member, builder, num_cells=num_cells), start=1)
        if cells
    ]


def _build(
    builder: CorpusBuilder, queries: list[_Row], documents: list[_Row], judged: Mapping[str, list[Line]]
) -> ParallelCorpus:
    asked = {line[0] for lines in judged.values() for line in lines}
    relevant = {line[1] for lines in judged.values() for line in lines if line[2] > 0}
    for where, row in queries:
        if row["id"] in asked:
            group = row.get("group") or f"query-{row['id']}"
            builder.add_query(row["id"], group, row["language"], row["text"], where=where)
    for where, row in documents:
        group = row.get("group") or (f"document-{row['id']}" if row["id"] in relevant else None)
        builder.add_document(row["id"], group, row["language"], row["text"], title=row["title"], where=where)
    for split, lines in judged.items():
        for query_id, doc_id, grade, where in lines:
            builder.judge(split, query_id, doc_id, grade, where=where)
    return builder.build()
