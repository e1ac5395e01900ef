"""MLQA (arXiv 1910.07475) and TyDi QA GoldP (arXiv 2003.05002): questions with their passages."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

from isoglot.corpora.answers import AnswerPool, hold_out
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.languages import match_languages, normalize_language
from isoglot.corpora.passages import Passages, add_paragraph
from isoglot.corpora.sources import read_members
from isoglot.corpora.splits import choose_splits
from isoglot.corpora.squad import read_squad

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
    from isoglot.corpora.squad import Paragraph


def read_mlqa(
    source: Path,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    passages: Passages = "paragraph",
    context: bool = False,
    dev_share: float = 0.0,
    seed: int = 0,
) -> ParallelCorpus:
    """MLQA from `{test,dev}-context-<language>-question-<language>.json`, any number of them.

    Questions and passages are joined by question id over all files given: a question asked in German of a
    Spanish passage, whose German passage stands in another file, is paired with both. So same-language pairs
    appear where both sides exist. Equal paragraphs of a language are one document.

    XTREME's copy of the test files has its answers stripped: `passages="sentence"` needs the original
    release.

    Args:
        source: Folder or archive.
        info: What the corpus says of itself.
        languages: Tags of questions and passages to read; None reads all.
        passages: Whether a candidate is a paragraph or a sentence (see `isoglot.corpora.passages`).
        context: With sentences, whether each is followed by its paragraph, on a new line.
        dev_share: Share of the questions to hold out as split `dev`; what shares a passage stays together.
        seed: Seed of that draw.

    Returns:
        The corpus, with explicit judgements in the split `train`, and `dev` if asked for.

    Raises:
        CorpusError: If a record is not as published; all problems at once.
        ValueError: If `dev_share` is out of range.
    """
    builder = CorpusBuilder(info)
    members = read_members(
        source,
        r"(?P<part>dev|test)-context-(?P<context>[a-z]{2})-question-(?P<question>[a-z]{2})\.json",
        "{dev,test}-context-<language>-question-<language>.json",
    )
    tags = {normalize_language(member.match[side]) for member in members for side in ("context", "question")}
    kept = tags if languages is None else set(match_languages(languages, tags))
    pool = AnswerPool()
    links: list[tuple[str, str]] = []
    for member in members:
        told, asked = (normalize_language(member.match[side]) for side in ("context", "question"))
        if not {told, asked} <= kept:
            continue
        for paragraph in read_squad(member, builder):
            for question in paragraph.questions:
                pool.add_question(
                    question.question_id, asked, question.text, where=question.where, unique=False
                )
                links.append((question.question_id, f"{told} {paragraph.context}"))
            add_paragraph(pool, paragraph, told, builder, passages=passages, context=context)
    pool.write(builder, hold_out(links, dev_share, seed))
    return builder.build()


def read_tydiqa(
    source: Path,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    splits: Iterable[str] | None = None,
    passages: Passages = "paragraph",
    context: bool = False,
) -> ParallelCorpus:
    """TyDi QA GoldP from `tydiqa.goldp.<language>.{train,dev}.json`; monolingual, nothing is parallel.

    Question ids are `<language>-<split>-<number>`, numbered through the file: XTREME's copy repeats its own.

    XTREME's copy of the dev files has its answers stripped: `passages="sentence"` can read split `train`
    alone.

    Args:
        source: Folder or archive.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all.
        splits: `train`, `dev` or both; None reads all that is there.
        passages: Whether a candidate is a paragraph or a sentence (see `isoglot.corpora.passages`).
        context: With sentences, whether each is followed by its paragraph, on a new line.

    Returns:
        The corpus, with explicit judgements in the published splits.

    Raises:
        CorpusError: If a record is not as published; all problems at once.
    """
    builder = CorpusBuilder(info)
    members = read_members(
        source,
        r"tydiqa\.goldp\.(?P<language>[a-z]{2})\.(?P<split>train|dev)\.json",
        "tydiqa.goldp.<language>.{train,dev}.json",
    )
    members = choose_splits(members, splits)
    tags = {normalize_language(member.match["language"]) for member in members}
    kept = tags if languages is None else set(match_languages(languages, tags))
    pool = AnswerPool()
    split_of: dict[str, str] = {}
    for member in members:
        language = normalize_language(member.match["language"])
        if language not in kept:
            continue
        for paragraph in _renumbered(read_squad(member, builder), f"{language}-{member.match['split']}"):
            for question in paragraph.questions:
                pool.add_question(question.question_id, language, question.text, where=question.where)
                split_of[question.question_id] = member.match["split"]
            add_paragraph(pool, paragraph, language, builder, passages=passages, context=context)
    pool.write(builder, split_of)
    return builder.build()


def _renumbered(paragraphs: Iterable[Paragraph], prefix: str) -> Iterator[Paragraph]:
    """The same paragraphs with question ids `<prefix>-<number>`, counted from 1."""
    numbers = itertools.count(1)
    for paragraph in paragraphs:
        yield paragraph.with_questions(
            *(replace(question, question_id=f"{prefix}-{next(numbers)}") for question in paragraph.questions)
        )
