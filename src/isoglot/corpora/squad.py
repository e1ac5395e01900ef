"""The SQuAD layout: articles, paragraphs, questions, answers with character offsets, in one JSON file."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from isoglot.corpora.fields import load_json
from isoglot.corpora.sources import Member, decode_text
from isoglot.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from isoglot.corpora.building import CorpusBuilder


@dataclass(frozen=True)
class Answer:
    """A span of a paragraph.

    Attributes:
        start: Offset in characters; None where the release has the answers stripped.
        text: The span.
    """

    start: int | None
    text: str


@dataclass(frozen=True)
class Question:
    """A question about a paragraph.

    Attributes:
        question_id: The published id.
        text: The question.
        answer: Its first answer.
        where: File and path inside the JSON, for reports.
    """

    question_id: str
    text: str
    answer: Answer
    where: str


@dataclass(frozen=True)
class Paragraph:
    """A paragraph and what is asked about it.

    Attributes:
        number: Counted from 0 through the whole file.
        context: Its text.
        questions: The questions with an intact layout.
        raw: The published record, for what a data set adds to the layout.
        where: File and path inside the JSON, for reports.
    """

    number: int
    context: str
    questions: tuple[Question, ...]
    raw: dict[str, Any]
    where: str

    def numbered(self, number: int) -> Paragraph:
        """The same paragraph under another number."""
        return replace(self, number=number)

    def with_questions(self, *questions: Question) -> Paragraph:
        """The same paragraph with other questions."""
        return replace(self, questions=questions)


def parse_json(data: bytes, place: str) -> Any:
    """One JSON document.

    Args:
        data: UTF-8 text.
        place: Where it lies, for reports.

    Returns:
        What it holds.

    Raises:
        CorpusError: If it is not UTF-8 or not JSON.
    """
    text = decode_text(data, place)
    try:
        return load_json(text)
    except json.JSONDecodeError as error:
        raise CorpusError(
            f"{place}:{error.lineno}: not JSON ({error.msg}); download the file again"
        ) from None
    except (ValueError, RecursionError) as error:
        raise CorpusError(f"{place}:1: not JSON ({error}); download the file again") from None


def read_squad(member: Member, builder: CorpusBuilder) -> list[Paragraph]:
    """The paragraphs of a file in SQuAD layout.

    Args:
        member: The file.
        builder: Takes the problems: records that break the layout, answers that are not where they say.

    Returns:
        Paragraphs in file order.
    """
    try:
        content = parse_json(member.data, member.place)
    except CorpusError as error:
        builder.problems.extend(error.problems)
        return []
    paragraphs: list[Paragraph] = []
    for article_where, article in _records(content, "data", f"{member.place}: ", builder):
        for where, raw in _records(article, "paragraphs", article_where, builder):
            paragraph = _paragraph(raw, len(paragraphs), where, builder)
            if paragraph is not None:
                paragraphs.append(paragraph)
    if not any(paragraph.questions for paragraph in paragraphs):
        builder.problem(member.at(1), "no question with a readable record; is this a file in SQuAD layout?")
    return paragraphs


def paragraph_from_row(row: dict[str, Any], where: str, builder: CorpusBuilder) -> Paragraph | None:
    """A paragraph with one question from a flat row: `context`, `question`, `id`, `answers` as lists by key.

    Args:
        row: The row, as the hub lays SQuAD out.
        where: Its place, for reports.
        builder: Takes the problems.

    Returns:
        The paragraph, numbered 0; None if a value is missing or of the wrong kind.
    """
    answers = row.get("answers")
    if isinstance(answers, dict):
        texts, starts = answers.get("text"), answers.get("answer_start")
        if not (isinstance(texts, list) and isinstance(starts, list) and len(texts) == len(starts)):
            builder.problem(where, "answers must hold text and answer_start, lists of the same length")
            return None
        answers = [{"text": text, "answer_start": start} for text, start in zip(texts, starts, strict=True)]
    paragraph = _paragraph({**row, "qas": [{**row, "answers": answers}]}, 0, f"{where}: ", builder)
    return paragraph if paragraph is not None and paragraph.questions else None


def _records(
    record: Any, key: str, where: str, builder: CorpusBuilder
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects listed under a key, each with its place."""
    items = record.get(key) if isinstance(record, dict) else None
    if not isinstance(items, list):
        builder.problem(f"{where}{key}".rstrip("."), f"must be a list, got {_kind(items)}")
        return
    for index, item in enumerate(items):
        at = f"{where}{key}[{index}]"
        if isinstance(item, dict):
            yield f"{at}.", item
        else:
            builder.problem(at, f"must be an object, got {_kind(item)}")


def _kind(value: Any) -> str:
    return "nothing" if value is None else type(value).__name__


def _text(record: dict[str, Any], key: str, where: str, builder: CorpusBuilder) -> str | None:
    value = record.get(key)
    if isinstance(value, str):
        return value
    builder.problem(f"{where}{key}", f"must be a string, got {_kind(value)}")
    return None


def _paragraph(raw: dict[str, Any], number: int, where: str, builder: CorpusBuilder) -> Paragraph | None:
    context = _text(raw, "context", where, builder)
    if context is None:
        return None
    questions = (
        _question(record, context, at, builder) for at, record in _records(raw, "qas", where, builder)
    )
    return Paragraph(
        number, context, tuple(question for question in questions if question), raw, where.rstrip(".: ")
    )


def _question(record: dict[str, Any], context: str, where: str, builder: CorpusBuilder) -> Question | None:
    question_id = _text(record, "id", where, builder)
    text = _text(record, "question", where, builder)
    answers = [
        _answer(answer, context, at, builder) for at, answer in _records(record, "answers", where, builder)
    ]
    if question_id is None or text is None or not answers or answers[0] is None:
        if not answers:
            builder.problem(f"{where}answers", "is empty; every question needs an answer")
        return None
    return Question(question_id, text, answers[0], where.rstrip(".: "))


def _answer(record: dict[str, Any], context: str, where: str, builder: CorpusBuilder) -> Answer | None:
    text = _text(record, "text", where, builder)
    start = record.get("answer_start")
    if not isinstance(start, int) or isinstance(start, bool):
        builder.problem(f"{where}answer_start", f"must be a whole number, got {_kind(start)}")
        return None
    if text is None:
        return None
    if not text:
        return Answer(None, "")
    if start < 0 or context[start : start + len(text)] != text:
        builder.problem(
            f"{where}answer_start", f"{text!r} is not at offset {start} of its paragraph; mend the offset"
        )
        return None
    return Answer(start, text)
