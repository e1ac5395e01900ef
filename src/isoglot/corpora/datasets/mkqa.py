"""MKQA (arXiv 2007.15207): parallel questions, from the files of the MIA 2022 shared task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isoglot.corpora.aligned import by_language, wanted_languages
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.formats.rows import parse_json_row
from isoglot.corpora.sources import Member, decode_lines, read_members
from isoglot.corpora.splits import choose_splits

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus

_EMPTY_AS_PUBLISHED = ("test", "pt")
"""The one file that the shared task distributes without a line."""


def read_mkqa(
    source: Path,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    splits: Iterable[str] | None = None,
) -> ParallelCorpus:
    """MKQA questions from `mkqa_{dev,test_without_answers}/mkqa-<language>.jsonl`.

    A symmetric corpus of questions: group is the example id, what stands before `_<language>` in the
    published id. The test part's file for Portuguese is empty at the source and is passed over.

    Args:
        source: Folder or archive.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all.
        splits: `dev`, `test` or both; None reads all that is there.

    Returns:
        The corpus, judged by group in the splits `dev` and `test`.

    Raises:
        CorpusError: If a row is not as published; all problems at once.
    """
    builder = CorpusBuilder(info)
    pattern = (
        r"mkqa_(?P<split>dev|test)(?:_without_answers)?/mkqa-(?P<language>[a-z]{2}(?:_[a-z]{2})?)\.jsonl"
    )
    members = choose_splits(read_members(source, pattern, "mkqa_<split>/mkqa-<language>.jsonl"), splits)
    members = [member for member in members if not _is_empty_as_published(member)]
    parts: dict[str, list[Member]] = {}
    for member in members:
        parts.setdefault(member.match["split"], []).append(member)
    files = {split: by_language(part, builder) for split, part in parts.items()}
    kept = wanted_languages(languages, {language for part in files.values() for language in part})
    for split, part in files.items():
        for language, member in part.items():
            if language in kept:
                _add_file(member, language, split, builder)
    return builder.build()


def _is_empty_as_published(member: Member) -> bool:
    return not member.data and (member.match["split"], member.match["language"]) == _EMPTY_AS_PUBLISHED


def _add_file(member: Member, language: str, split: str, builder: CorpusBuilder) -> None:
    suffix = f"_{member.match['language']}"
    lines = decode_lines(member.data, member.place, builder.problems)
    if not lines:
        builder.problem(member.at(1), "the file is empty; download it again")
    for number, line in enumerate(lines, start=1):
        row = parse_json_row(line, member.at(number), builder)
        if row is None:
            continue
        row_id, question = row.get("id"), row.get("question")
        if not (isinstance(row_id, str) and row_id.endswith(suffix) and isinstance(question, str)):
            builder.problem(
                member.at(number), f"must have an id that ends in {suffix!r} and a question, both strings"
            )
            continue
        group = row_id.removesuffix(suffix)
        if builder.add_sentence(
            f"{group}.{language}", group, language, question.strip(), where=member.at(number)
        ):
            builder.judge_group(split, group)
