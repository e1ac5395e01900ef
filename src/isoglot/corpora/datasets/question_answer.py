"""Monolingual pairs: SQuAD sentences with questions (Du et al. 2017), and COVID-19 FAQ pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from isoglot.corpora.aligned import check_aligned, translations
from isoglot.corpora.answers import AnswerPool
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.delimited import read_delimited
from isoglot.corpora.languages import match_languages, normalize_language
from isoglot.corpora.sources import read_members
from isoglot.corpora.splits import choose_splits
from isoglot.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus

_BRACKETS = {
    "-lrb-": "(",
    "-rrb-": ")",
    "-lsb-": "[",
    "-rsb-": "]",
    "-lcb-": "{",
    "-rcb-": "}",
    "``": '"',
    "''": '"',
}
_BRACKET = re.compile("|".join(map(re.escape, _BRACKETS)))
_NO_SPACE_BEFORE = re.compile(r" (?=[.,;:?!%)\]}]|'(?:s|re|ve|ll|d|m)\b|n't\b)")
_NO_SPACE_AFTER = re.compile(r"(?<=[(\[{$£#]) ")


def detokenize(text: str) -> str:
    """Undoes Penn Treebank tokenisation of spaces and brackets: `-lrb- 1858 -rrb- .` is `(1858).`."""
    text = _BRACKET.sub(lambda match: _BRACKETS[match[0]], text)
    return _NO_SPACE_AFTER.sub("", _NO_SPACE_BEFORE.sub("", text))


def read_nqg_squad(
    source: Path,
    info: CorpusInfo,
    *,
    splits: Iterable[str] | None = None,
    natural: bool = False,
) -> ParallelCorpus:
    """English SQuAD sentences and the questions asked of them, from `src-<split>.txt` and `tgt-<split>.txt`.

    The text is published lower-cased and tokenised. A sentence with several questions is one document. The
    repository's split `test` is taken from SQuAD's training articles; its `dev` holds the questions of XQuAD,
    so never train on it when XQuAD-R is the test.

    Args:
        source: Folder or archive.
        info: What the corpus says of itself.
        splits: Published splits to read; None reads all that are there.
        natural: Whether to undo the tokenisation (case stays lower).

    Returns:
        The corpus, with explicit judgements in the published splits.

    Raises:
        CorpusError: If the files are not aligned; all problems at once.
    """
    builder = CorpusBuilder(info)
    pattern = r"(?P<side>src|tgt)-(?P<split>train|dev|test)\.txt"
    members = choose_splits(read_members(source, pattern, "{src,tgt}-<split>.txt"), splits)
    files = {(member.match["split"], member.match["side"]): member for member in members}
    pool = AnswerPool()
    split_of: dict[str, str] = {}
    for split in sorted({split for split, _ in files}):
        if not {(split, "src"), (split, "tgt")} <= files.keys():
            builder.problem(str(source), f"split {split!r} needs both src-{split}.txt and tgt-{split}.txt")
            continue
        sides = {side: translations(files[split, side], builder) for side in ("src", "tgt")}
        if not check_aligned(sides, builder):
            continue
        for row, (sentence, question) in enumerate(zip(sides["src"].texts, sides["tgt"].texts, strict=True)):
            assert sentence is not None
            assert question is not None
            question_id = f"{split}-{row + 1}"
            asked, told = (detokenize(question), detokenize(sentence)) if natural else (question, sentence)
            pool.add_question(question_id, "en", asked, where=sides["tgt"].at(row))
            pool.add_answer(question_id, pool.share_passage("en", told, where=sides["src"].at(row)))
            split_of[question_id] = split
    pool.write(builder, split_of)
    return builder.build()


def read_covid_faq(
    source: Path, info: CorpusInfo, *, languages: Iterable[str] | None = None
) -> ParallelCorpus:
    """Questions and answers scraped from official COVID-19 pages, from `faq_<date>.tsv`; not parallel.

    Equal questions of a language are one query, equal answers one document.

    Args:
        source: Folder, archive or file.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all.

    Returns:
        The corpus, with explicit judgements in the split `train`.

    Raises:
        CorpusError: If a row is not as published; all problems at once.
    """
    builder = CorpusBuilder(info)
    rows = [
        (member.at(line), row)
        for member in read_members(source, r"faq_(?P<date>\d+)\.tsv", "faq_<date>.tsv")
        for line, row in read_delimited(
            member, builder, delimiter="\t", columns=("question", "answer", "lang")
        )
    ]
    tags = _tags(rows, builder)
    kept = None if languages is None else set(match_languages(languages, tags.values()))
    pool = AnswerPool()
    ids: dict[tuple[str, str], str] = {}
    for where, row in rows:
        language = tags.get(row["lang"])
        if language is None or (kept is not None and language not in kept):
            continue
        question_id = ids.setdefault((language, row["question"]), f"faq-{len(ids) + 1}")
        pool.add_question(question_id, language, row["question"], where=where, unique=False)
        pool.add_answer(question_id, pool.share_passage(language, row["answer"], where=where))
    pool.write(builder, "train")
    return builder.build()


def _tags(rows: Iterable[tuple[str, dict[str, str]]], builder: CorpusBuilder) -> dict[str, str]:
    """Published language code -> tag; a code that is none is reported at its first row."""
    tags: dict[str, str] = {}
    bad: set[str] = set()
    for where, row in rows:
        code = row["lang"]
        if code in tags or code in bad:
            continue
        try:
            tags[code] = normalize_language(code)
        except CorpusError as error:
            bad.add(code)
            builder.problem(where, str(error))
    return tags
