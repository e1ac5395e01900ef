"""Questions and the passages that answer them, joined across languages by question id."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from isoglot.corpora.components import connected_components

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from isoglot.corpora.building import CorpusBuilder


@dataclass(frozen=True)
class _Question:
    query_id: str
    question_id: str
    language: str
    text: str
    where: str


@dataclass(frozen=True)
class _Passage:
    doc_id: str
    language: str
    text: str
    title: str | None
    where: str


@dataclass
class AnswerPool:
    """Collects questions and passages, and writes them to a builder with the judgements between them.

    A query asked in one language has as relevant documents the answers to the same question id in every
    language. Documents that answer a common question, directly or through others, share a group; a document
    that answers none is a distractor.
    """

    _questions: dict[tuple[str, str], _Question] = field(default_factory=dict)
    _passages: dict[str, _Passage] = field(default_factory=dict)
    _doc_ids: dict[tuple[str, str], str] = field(default_factory=dict)
    _answers: dict[str, dict[str, None]] = field(default_factory=dict)
    _repeated: list[tuple[str, str]] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    def add_question(
        self, question_id: str, language: str, text: str, *, where: str, unique: bool = True
    ) -> None:
        """Adds a question in a language.

        Args:
            question_id: Shared by its translations.
            language: Tag in canonical spelling.
            text: The question.
            where: Its place, for reports.
            unique: Whether the same id in the same language is a problem even with the same text.
        """
        key = (language, question_id)
        before = self._questions.get(key)
        if before is None:
            self._questions[key] = _Question(f"{language}_{question_id}", question_id, language, text, where)
        elif unique:
            self._repeated.append(
                (where, f"question {question_id!r} is there twice in {language!r}; ids must be unique")
            )
        elif before.text != text:
            self._repeated.append(
                (
                    where,
                    f"question {question_id!r} has another text in {language!r} than at {before.where}",
                )
            )

    def add_passage(
        self, doc_id: str, language: str, text: str, *, title: str | None = None, where: str
    ) -> None:
        """Adds a document under an id of the caller's."""
        if doc_id in self._passages:
            self._repeated.append((where, f"passage {doc_id!r} is there twice; ids must be unique"))
        else:
            self._passages[doc_id] = _Passage(doc_id, language, text, title, where)

    def share_passage(self, language: str, text: str, *, title: str | None = None, where: str) -> str:
        """The id of the document with a text in a language, which is added when it is new."""
        doc_id = self._doc_ids.get((language, text))
        if doc_id is None:
            number = self._numbers[language] = self._numbers.get(language, -1) + 1
            doc_id = self._doc_ids[language, text] = f"{language}_{number}"
            self._passages[doc_id] = _Passage(doc_id, language, text, title, where)
        return doc_id

    def add_answer(self, question_id: str, doc_id: str) -> None:
        """Makes a document relevant to a question, in whatever language it is asked."""
        self._answers.setdefault(question_id, {})[doc_id] = None

    def components(self) -> dict[str, str]:
        """Question id -> the first question id of those connected through passages."""
        links = [(f"q:{question}", f"d:{doc}") for question, docs in self._answers.items() for doc in docs]
        roots = connected_components(links)
        return {question: roots[f"q:{question}"].removeprefix("q:") for question in self._answers}

    def write(self, builder: CorpusBuilder, splits: str | Mapping[str, str]) -> None:
        """Adds everything to a builder.

        Args:
            builder: Takes the rows and the problems.
            splits: The split of all questions, or of each question id; a question without split is not
                judged.
        """
        for where, what in self._repeated:
            builder.problem(where, what)
        components = self.components()
        groups = {
            doc: f"answer-{components[question]}" for question, docs in self._answers.items() for doc in docs
        }
        for passage in self._passages.values():
            builder.add_document(
                passage.doc_id,
                groups.get(passage.doc_id),
                passage.language,
                passage.text,
                title=passage.title,
                where=passage.where,
            )
        for question in self._questions.values():
            self._write_question(question, builder, splits)

    def _write_question(
        self, question: _Question, builder: CorpusBuilder, splits: str | Mapping[str, str]
    ) -> None:
        if not builder.add_query(
            question.query_id, question.question_id, question.language, question.text, where=question.where
        ):
            return
        split = splits if isinstance(splits, str) else splits.get(question.question_id)
        if split is not None:
            for doc_id in self._answers.get(question.question_id, ()):
                builder.judge(split, question.query_id, doc_id, where=question.where)


def hold_out(links: Iterable[tuple[str, str]], share: float, seed: int) -> dict[str, str]:
    """Splits questions into `train` and `dev` so that what shares a passage is on one side.

    Args:
        links: Question id and a passage it is asked about.
        share: Share of the questions to hold out, about; 0 holds out none.
        seed: Seed of the draw.

    Returns:
        Question id -> `train` or `dev`.

    Raises:
        ValueError: If the share is not at least 0 and below 1.
    """
    if not 0 <= share < 1:
        raise ValueError(f"dev_share must be at least 0 and below 1, got {share}")
    tagged = [(f"q:{question}", f"p:{passage}") for question, passage in links]
    components = connected_components(tagged)
    questions: dict[str, list[str]] = {}
    for question in dict.fromkeys(question for question, _ in tagged):
        questions.setdefault(components[question], []).append(question.removeprefix("q:"))
    parts = list(questions.values())
    missing = round(share * sum(map(len, parts)))
    splits: dict[str, str] = {}
    for index in np.random.default_rng(seed).permutation(len(parts)):
        split = "dev" if missing > 0 else "train"
        splits.update(dict.fromkeys(parts[index], split))
        missing -= len(parts[index])
    return splits
