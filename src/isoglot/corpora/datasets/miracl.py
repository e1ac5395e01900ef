"""MIRACL (arXiv 2210.09984): ad-hoc retrieval in 18 languages, each from its own Wikipedia."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from isoglot.corpora.aligned import wanted_languages
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.delimited import read_tabs
from isoglot.corpora.fields import text_field
from isoglot.corpora.formats.rows import parse_json_lines
from isoglot.corpora.languages import normalize_language
from isoglot.corpora.qrels import parse_qrels
from isoglot.corpora.sources import Member, decode_lines, read_members, stream_members
from isoglot.corpora.splits import choose_splits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus

Documents = Literal["all", "judged"]
"""The collection: every passage, or only those that somebody judged, which is far easier to search."""


def read_miracl(
    source: Path,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    splits: Iterable[str] | None = None,
    documents: Documents = "all",
) -> ParallelCorpus:
    """MIRACL from its topics, its qrels and the passages of its corpora.

    `topics.miracl-v1.0-<language>-<split>.tsv` (id, query), `qrels.miracl-v1.0-<language>-<split>.tsv` (TREC)
    and `miracl-corpus-v1.0-<language>/docs-<number>.jsonl` (`docid`, `title`, `text`), in any folders, as the
    repository and the hub's loading scripts describe them. Ids are `<language>_<published id>`. A query is a
    group of its own, and so is a passage that answers one; nothing is parallel. Topics without qrels (the
    test sets as distributed) are passed over. A passage without text is its title.

    Passages are read line by line; in memory is what is kept of them. The whole of English is 32.9 million
    passages, about 20 GB: build a corpus folder once, on a machine that can, or read the languages you need.
    `documents="judged"` keeps about ten passages a query: values on it are far above the published ones and
    only to be compared with each other.

    Args:
        source: Folder or archive.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all that have topics.
        splits: `train`, `dev`, ... or some of them; None reads all that have qrels.
        documents: Whether the collection is `all` passages or the `judged` ones of those splits.

    Returns:
        The corpus, with explicit judgements (grade 0 included) in the published splits.

    Raises:
        CorpusError: If a row is not as published, or a judged passage is missing; all problems at once.
    """
    builder = CorpusBuilder(info)
    pattern = r"{}\.miracl-v1\.0-(?P<language>[a-z]{{2}})-(?P<split>[A-Za-z-]+)\.tsv"
    named = "{}.miracl-v1.0-<language>-<split>.tsv"
    qrels = read_members(source, pattern.format("qrels"), named.format("qrels"))
    qrels = choose_splits(qrels, splits)
    kept = wanted_languages(languages, {normalize_language(member.match["language"]) for member in qrels})
    topics = {
        member.match.groups(): member
        for member in read_members(source, pattern.format("topics"), named.format("topics"))
    }
    relevant: dict[str, bool] = {}
    for member in qrels:
        if normalize_language(member.match["language"]) in kept:
            _add_split(member, topics.get(member.match.groups()), relevant, builder)
    _add_passages(source, kept, relevant, builder, judged_alone=documents == "judged")
    return builder.build()


def _add_split(
    qrels: Member, topics: Member | None, relevant: dict[str, bool], builder: CorpusBuilder
) -> None:
    """Adds the topics and judgements of a language's split; notes which documents are judged and relevant."""
    language, split = normalize_language(qrels.match["language"]), qrels.match["split"]
    if topics is None:
        builder.problem(qrels.place, "has no file of topics of the same language and split; add it")
        return
    for number, cells in enumerate(read_tabs(topics, builder, num_cells=(2,)), start=1):
        if cells:
            query_id = f"{language}_{cells[0]}"
            builder.add_query(query_id, query_id, language, cells[1].strip(), where=topics.at(number))
    lines = decode_lines(qrels.data, qrels.place, builder.problems)
    for query_id, doc_id, grade, where in parse_qrels(lines, qrels.place, builder.problems):
        document = f"{language}_{doc_id}"
        relevant[document] = relevant.get(document, False) or grade > 0
        builder.judge(split, f"{language}_{query_id}", document, grade, where=where)


def _add_passages(
    source: Path,
    languages: frozenset[str],
    relevant: Mapping[str, bool],
    builder: CorpusBuilder,
    *,
    judged_alone: bool,
) -> None:
    pattern = r"miracl-corpus-v1\.0-(?P<language>[a-z]{2})/docs-(?P<number>\d+)\.jsonl"
    missing = set(languages)
    for file in stream_members(source, pattern, "miracl-corpus-v1.0-<language>/docs-<number>.jsonl"):
        language = normalize_language(file.match["language"])
        if language not in languages:
            continue
        missing.discard(language)
        for where, row in parse_json_lines(file, builder):
            passage = passage_of(row, where, builder)
            if passage is not None and (not judged_alone or f"{language}_{passage[0]}" in relevant):
                add_passage(passage, language, relevant, where, builder)
    for language in sorted(missing):
        builder.problem(
            str(source),
            f"holds no miracl-corpus-v1.0-<language>/docs-<number>.jsonl in {language!r}; add them",
        )


Passage = tuple[str, str | None, str]
"""Published id, title and text."""


def passage_of(row: Mapping[str, Any], where: str, builder: CorpusBuilder) -> Passage | None:
    """A passage from its record.

    Args:
        row: The record: `docid`, `title`, `text`.
        where: Its place, for reports.
        builder: Takes the problems.

    Returns:
        Id, title and text; the title as text where there is no text. None if the record is not as published.
    """
    doc_id = text_field(row, "docid", where, builder)
    title = row.get("title")
    if title is not None and not isinstance(title, str):
        builder.problem(where, f"'title' must be a text, got {type(title).__name__}; mend the record")
        return None
    title = (title or "").strip() or None
    if row.get("text") == "" and title is not None:
        return None if doc_id is None else (doc_id, None, title)
    text = text_field(row, "text", where, builder)
    return None if doc_id is None or text is None else (doc_id, title, text)


def add_passage(
    passage: Passage, language: str, relevant: Mapping[str, bool], where: str, builder: CorpusBuilder
) -> None:
    """Adds a passage as a document.

    Args:
        passage: Published id, title and text.
        language: Its language.
        relevant: Document -> whether it answers a query; others are distractors.
        where: Its place, for reports.
        builder: Takes the document.
    """
    doc_id = f"{language}_{passage[0]}"
    group = f"document-{doc_id}" if relevant.get(doc_id) else None
    builder.add_document(doc_id, group, language, passage[2], title=passage[1], where=where)
