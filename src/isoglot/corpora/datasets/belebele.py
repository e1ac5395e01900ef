"""Belebele (arXiv 2308.16884): questions and the FLORES passages that answer them, in 122 languages."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from isoglot.corpora.aligned import by_language, wanted_languages
from isoglot.corpora.answers import AnswerPool
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.fields import text_field
from isoglot.corpora.formats.rows import parse_json_lines
from isoglot.corpora.sources import read_members

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus

_LINK_DIGITS = 12


def read_belebele(
    source: Path, info: CorpusInfo, *, languages: Iterable[str] | None = None
) -> ParallelCorpus:
    """Belebele as retrieval of the passage that a question was asked about, from `<code>.jsonl`.

    A row is a question: `link` (of the passage), `question_number` (1 or 2), `flores_passage`, `question`;
    its four answers are not read. Files are named by FLORES-200 code (`zho_Hans`). 900 questions about 488
    passages a language; a question's relevant documents are its passage in every language. Rows are joined
    across languages by link and number. Fields as the hub's cards and the README of the data give them.

    Args:
        source: Folder or archive.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all.

    Returns:
        The corpus, with explicit judgements in the split `test`.

    Raises:
        CorpusError: If a row is not as published; all problems at once.
    """
    builder = CorpusBuilder(info)
    pattern = r"(?P<language>[a-z]{3}_[A-Z][a-z]{3})\.jsonl"
    members = by_language(read_members(source, pattern, "<code>.jsonl, such as eng_Latn.jsonl"), builder)
    kept = wanted_languages(languages, members)
    pool = AnswerPool()
    for language, member in members.items():
        if language in kept:
            for where, row in parse_json_lines(member, builder):
                add_question(pool, row, language, where, builder)
    pool.write(builder, "test")
    return builder.build()


def add_question(
    pool: AnswerPool, row: Mapping[str, Any], language: str, where: str, builder: CorpusBuilder
) -> None:
    """Adds a question and its passage.

    Args:
        pool: Takes them.
        row: The published row.
        language: Tag in canonical spelling.
        where: The row's place, for reports.
        builder: Takes the problems.
    """
    link = text_field(row, "link", where, builder)
    passage = text_field(row, "flores_passage", where, builder)
    question = text_field(row, "question", where, builder)
    number = row.get("question_number")
    if not isinstance(number, int) or isinstance(number, bool):
        builder.problem(where, f"'question_number' must be a whole number, got {number!r}; mend the record")
    elif link is not None and passage is not None and question is not None:
        digest = hashlib.sha256(link.encode("utf-8", "surrogatepass")).hexdigest()[:_LINK_DIGITS]
        question_id = f"{digest}-{number}"
        pool.add_question(question_id, language, question, where=where)
        pool.add_answer(question_id, pool.share_passage(language, passage, where=where))
