"""Candidates out of paragraphs: whole, or sentence by sentence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from isoglot.corpora.answers import AnswerPool
    from isoglot.corpora.building import CorpusBuilder
    from isoglot.corpora.squad import Paragraph

Passages = Literal["paragraph", "sentence"]
"""What a candidate is: the whole paragraph, or each sentence of it."""

_END = re.compile(
    r"""
    (?: [.!?…]+ ["'”’»)\]]* (?= \s+ [^\s\d] )    # a stop before a space; not before a digit ("No. 5")
      | [。！？｡．]+ ["'”’」』）】]*                # full-width stops need no space
      | [।॥؟۔።]+ ["'”’»)\]]*                      # Devanagari, Arabic, Urdu, Ethiopic
      | \n+ )
    """,
    re.VERBOSE,
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[^\W\d_]|Dr|Mr|Mrs|Ms|St|No|vs|etc|bzw|usw|Nr|ca|Sr|Sra|Prof|approx)\.$"
)


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Where the sentences of a paragraph stand.

    A sentence ends at `. ! ? …` before white space (unless a digit follows, or the word before a full stop is
    one letter or a frequent abbreviation), at the full stops of Chinese, Japanese, Devanagari, Arabic, Urdu
    and Ethiopic script, and at a newline. Closing quotes and brackets stay with it. Thai, which has no stops,
    comes out as one sentence.

    Args:
        text: The paragraph.

    Returns:
        Start and end of each sentence, without white space around it; together they hold all that is not
        white space.
    """
    ends = [
        match.end()
        for match in _END.finditer(text)
        if not _ABBREVIATION.search(text, max(0, match.end() - 12), match.end())
    ]
    spans = []
    start = 0
    for end in [*ends, len(text)]:
        piece = text[start:end]
        left = start + len(piece) - len(piece.lstrip())
        right = start + len(piece.rstrip())
        if left < right:
            spans.append((left, right))
        start = end
    return spans


def add_paragraph(
    pool: AnswerPool,
    paragraph: Paragraph,
    language: str,
    builder: CorpusBuilder,
    *,
    passages: Passages = "paragraph",
    context: bool = False,
) -> None:
    """Adds a paragraph's candidates and its questions' answers to a pool; the questions are the caller's.

    Args:
        pool: Takes the passages.
        paragraph: The paragraph with its questions.
        language: Its language.
        builder: Takes the problems: with sentences, questions whose answer has no place.
        passages: Whether the paragraph is one candidate, or each sentence; then the one in which the answer
            starts is relevant.
        context: With sentences, whether each is followed by its paragraph, on a new line.
    """
    text = paragraph.context
    if passages == "paragraph":
        doc_id = pool.share_passage(language, text, where=paragraph.where)
        for question in paragraph.questions:
            pool.add_answer(question.question_id, doc_id)
        return
    spans = sentence_spans(text)
    sentences = [text[start:end] for start, end in spans]
    doc_ids = [
        pool.share_passage(language, f"{sentence}\n{text}" if context else sentence, where=paragraph.where)
        for sentence in sentences
    ]
    for question in paragraph.questions:
        start = question.answer.start
        if start is None:
            builder.problem(
                question.where,
                "its answer is stripped, so no sentence is known; read whole passages (passages=paragraph)",
            )
            continue
        # The last sentence that starts at or before the answer: white space belongs to the left.
        holding = [doc_id for doc_id, (first, _) in zip(doc_ids, spans, strict=True) if first <= start]
        if holding:
            pool.add_answer(question.question_id, holding[-1])
        else:
            builder.problem(question.where, f"the answer at offset {start} stands before the first sentence")
