"""Questions and answers from the hub: MLQA, TyDi QA, XQuAD-R, in SQuAD's layout as flat rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isoglot.corpora.aligned import wanted_languages
from isoglot.corpora.answers import AnswerPool, hold_out
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.datasets.hub import choose_hub_splits, hub_place, load_columns
from isoglot.corpora.datasets.xquad_r import add_paragraphs
from isoglot.corpora.passages import Passages, add_paragraph
from isoglot.corpora.squad import Paragraph, paragraph_from_row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus


def _paragraphs(repo: str, config: str, split: str, builder: CorpusBuilder) -> list[Paragraph]:
    rows = load_columns(repo, config, split, ("id", "context", "question", "answers"))
    where = hub_place(repo, config, split)
    found = (
        paragraph_from_row(row, f"{where}:{number}", builder) for number, row in enumerate(rows, start=1)
    )
    return [paragraph for paragraph in found if paragraph is not None]


def read_hub_mlqa(
    repo: str,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    passages: Passages = "paragraph",
    context: bool = False,
    dev_share: float = 0.0,
    seed: int = 0,
) -> ParallelCorpus:
    """MLQA's `test` split from configurations `mlqa.<context language>.<question language>`; see `read_mlqa`.

    Args:
        repo: Name on the hub.
        info: What the corpus says of itself.
        languages: Tags of questions and passages to read; None reads all.
        passages: Whether a candidate is a paragraph or a sentence.
        context: With sentences, whether each is followed by its paragraph.
        dev_share: Share of the questions to hold out as split `dev`.
        seed: Seed of that draw.

    Returns:
        The corpus, with explicit judgements in the split `train`, and `dev` if asked for.

    Raises:
        CorpusError: If it cannot be loaded, or its columns are others.
        ValueError: If `dev_share` is out of range.
    """
    builder = CorpusBuilder(info)
    kept = sorted(wanted_languages(languages, ("ar", "de", "en", "es", "hi", "vi", "zh")))
    pool = AnswerPool()
    links: list[tuple[str, str]] = []
    for told in kept:
        for asked in kept:
            for paragraph in _paragraphs(repo, f"mlqa.{told}.{asked}", "test", builder):
                question = paragraph.questions[0]
                pool.add_question(
                    question.question_id, asked, question.text, where=question.where, unique=False
                )
                links.append((question.question_id, f"{told} {paragraph.context}"))
                add_paragraph(pool, paragraph, told, builder, passages=passages, context=context)
    pool.write(builder, hold_out(links, dev_share, seed))
    return builder.build()


_TYDIQA_LANGUAGES = {
    "arabic": "ar", "bengali": "bn", "english": "en", "finnish": "fi", "indonesian": "id", "korean": "ko",
    "russian": "ru", "swahili": "sw", "telugu": "te",
}  # fmt: skip


def read_hub_tydiqa(
    repo: str,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    splits: Iterable[str] | None = None,
    passages: Passages = "paragraph",
    context: bool = False,
) -> ParallelCorpus:
    """TyDi QA GoldP from configuration `secondary_task`, where an id starts with the language's English name.

    Args:
        repo: Name on the hub.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all.
        splits: `train`, `dev` or both; None reads both.
        passages: Whether a candidate is a paragraph or a sentence.
        context: With sentences, whether each is followed by its paragraph.

    Returns:
        The corpus, with explicit judgements in those splits.

    Raises:
        CorpusError: If it cannot be loaded, its columns are others, or an id names no known language.
    """
    builder = CorpusBuilder(info)
    kept = wanted_languages(languages, _TYDIQA_LANGUAGES.values())
    pool = AnswerPool()
    split_of: dict[str, str] = {}
    known = {"train": "train", "dev": "validation"}
    for split in choose_hub_splits(splits, known):
        for paragraph in _paragraphs(repo, "secondary_task", known[split], builder):
            question = paragraph.questions[0]
            language = _TYDIQA_LANGUAGES.get(question.question_id.split("-")[0])
            if language is None:
                builder.problem(
                    question.where, f"id {question.question_id!r} starts with no known language's name"
                )
            elif language in kept:
                pool.add_question(question.question_id, language, question.text, where=question.where)
                split_of[question.question_id] = split
                add_paragraph(pool, paragraph, language, builder, passages=passages, context=context)
    pool.write(builder, split_of)
    return builder.build()


_XQUAD_LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")


def read_hub_xquad_r(
    repo: str, info: CorpusInfo, *, languages: Iterable[str] | None = None, context: bool = False
) -> ParallelCorpus:
    """XQuAD-R, if the hub's copy has the published sentences (columns `sentences` and `sentence_breaks`).

    The copy known at the time of writing has the paragraphs alone. Splitting them anew would give other
    candidates than the 13,014 that results are compared on, so it is refused.

    Args:
        repo: Name on the hub.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all.
        context: Whether a candidate's text is the sentence followed by its paragraph.

    Returns:
        The corpus, with explicit judgements in the split `test`.

    Raises:
        CorpusError: If it cannot be loaded, or lacks the sentences.
    """
    builder = CorpusBuilder(info)
    pool = AnswerPool()
    for language in sorted(wanted_languages(languages, _XQUAD_LANGUAGES)):
        columns = ("id", "context", "question", "answers", "sentences", "sentence_breaks")
        rows = load_columns(repo, language, "validation", columns)
        where = hub_place(repo, language, "validation")
        paragraphs: dict[str, Paragraph] = {}
        for number, row in enumerate(rows, start=1):
            single = paragraph_from_row(row, f"{where}:{number}", builder)
            if single is not None:
                first = paragraphs.setdefault(single.context, single.numbered(len(paragraphs)))
                if first.where != single.where:
                    paragraphs[single.context] = first.with_questions(*first.questions, *single.questions)
        add_paragraphs(paragraphs.values(), language, pool, builder, context=context)
    pool.write(builder, "test")
    return builder.build()
