"""XQuAD-R and MLQA-R (LAReQA, arXiv 2004.05484): retrieve the sentence that answers, in any language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from isoglot.corpora.aligned import by_language, wanted_languages
from isoglot.corpora.answers import AnswerPool
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.sources import read_members
from isoglot.corpora.squad import Paragraph, Question, read_squad

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus

Span = tuple[int, int, str]
"""Start and end of a sentence in its paragraph, and its text."""


def read_xquad_r(
    source: Path, info: CorpusInfo, *, languages: Iterable[str] | None = None, context: bool = False
) -> ParallelCorpus:
    """XQuAD-R from `<language>.json`.

    Every sentence is a candidate, `<language>_<paragraph>_<sentence>` (both counted from 0). The sentence in
    which the answer starts is relevant to its question in every language: 11 relevant documents for a query
    in the whole set, one in each language. Split `test`, explicit judgements.

    Args:
        source: Folder or archive.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all. Judgements stay within them.
        context: Whether a candidate's text is the sentence followed by its paragraph, on a new line (as in
            XTREME's code), instead of the sentence alone.

    Returns:
        The corpus.

    Raises:
        CorpusError: If a record is not as published; all problems at once.
    """
    return _read_lareqa(source, info, languages, context=context)


def read_mlqa_r(
    source: Path, info: CorpusInfo, *, languages: Iterable[str] | None = None, context: bool = False
) -> ParallelCorpus:
    """MLQA-R from `<language>.json`: MLQA's development set with sentences, as LAReQA publishes it.

    Candidates and judgements as in `read_xquad_r`, by the same rule. A question has answers in the two to
    four languages it was asked in: 4,199 questions and 20,534 candidates in seven languages, most of them
    English. The folder is called `mlqa-r` or `mlqa-dev-r`. Split `test`: it is published for evaluation
    alone.

    Args:
        source: Folder or archive.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all. Judgements stay within them.
        context: Whether a candidate's text is the sentence followed by its paragraph, on a new line.

    Returns:
        The corpus, with explicit judgements.

    Raises:
        CorpusError: If a record is not as published; all problems at once.
    """
    return _read_lareqa(source, info, languages, context=context)


def _read_lareqa(
    source: Path, info: CorpusInfo, languages: Iterable[str] | None, *, context: bool
) -> ParallelCorpus:
    builder = CorpusBuilder(info)
    members = by_language(read_members(source, r"(?P<language>[a-z]{2})\.json", "<language>.json"), builder)
    pool = AnswerPool()
    kept = wanted_languages(languages, members)
    for language, member in members.items():
        if language in kept:
            add_paragraphs(read_squad(member, builder), language, pool, builder, context=context)
    pool.write(builder, "test")
    return builder.build()


def add_paragraphs(
    paragraphs: Iterable[Paragraph], language: str, pool: AnswerPool, builder: CorpusBuilder, *, context: bool
) -> None:
    """Adds the sentences, questions and answers of one language.

    Args:
        paragraphs: With the published sentences in `raw`.
        language: Their language.
        pool: Takes passages, questions and answers.
        builder: Takes the problems.
        context: Whether a candidate's text is the sentence followed by its paragraph.
    """
    for paragraph in paragraphs:
        spans = _spans(paragraph, builder)
        ids = [f"{language}_{paragraph.number}_{index}" for index in range(len(spans))]
        for doc_id, (_, _, sentence) in zip(ids, spans, strict=True):
            text = f"{sentence}\n{paragraph.context}" if context else sentence
            pool.add_passage(doc_id, language, text, where=paragraph.where)
        for question in paragraph.questions:
            pool.add_question(question.question_id, language, question.text, where=question.where)
            _add_answer(question, ids, spans, pool, builder)


def _add_answer(
    question: Question, ids: list[str], spans: list[Span], pool: AnswerPool, builder: CorpusBuilder
) -> None:
    answer = question.answer
    # White space before an answer may stand between two sentences; what it says starts in the second one.
    start = None if answer.start is None else answer.start + len(answer.text) - len(answer.text.lstrip())
    holding = [
        doc_id
        for doc_id, (first, end, _) in zip(ids, spans, strict=True)
        if start is not None and first <= start < end
    ]
    if len(holding) == 1:
        pool.add_answer(question.question_id, holding[0])
    else:
        builder.problem(
            question.where, f"the answer starts in {len(holding)} sentences (offset {start}); it must be one"
        )


def _spans(paragraph: Paragraph, builder: CorpusBuilder) -> list[Span]:
    """The published sentences; none if the record does not list them as it should."""
    sentences: Any = paragraph.raw.get("sentences")
    breaks: Any = paragraph.raw.get("sentence_breaks")
    if not (isinstance(sentences, list) and isinstance(breaks, list) and len(sentences) == len(breaks)):
        builder.problem(paragraph.where, "sentences and sentence_breaks must be lists of the same length")
        return []
    spans: list[Span] = []
    for index, (sentence, pair) in enumerate(zip(sentences, breaks, strict=True)):
        if not (
            isinstance(sentence, str) and isinstance(pair, list) and [type(end) for end in pair] == [int, int]
        ):
            builder.problem(
                f"{paragraph.where}.sentence_breaks[{index}]",
                "must be [start, end] beside a string in sentences",
            )
            return []
        spans.append((pair[0], pair[1], sentence))
    return spans
