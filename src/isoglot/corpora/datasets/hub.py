"""The same data sets by hub name: rows of `datasets.load_dataset`, checked for the columns they are known by.

The layouts are those of the hub's data set cards. A repository that has changed its columns is refused with
the columns it has; nothing is guessed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from isoglot.corpora.aligned import (
    Duplicates,
    Translations,
    add_aligned,
    reference_language,
    row_names,
    wanted_languages,
)
from isoglot.corpora.answers import AnswerPool, hold_out
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.datasets.sentence_pairs import add_pairs
from isoglot.corpora.languages import normalize_language
from isoglot.corpora.passages import Passages, add_paragraph
from isoglot.corpora.squad import Paragraph, paragraph_from_row
from isoglot.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus

_PARQUET_BRANCH = "refs/convert/parquet"
"""Where the hub keeps Parquet copies of data sets that were published as loading scripts."""
_FLORES_CODE = re.compile(r"[a-z]{3}[_-][A-Z][a-z]{3}")


def load_columns(repo: str, config: str | None, split: str, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of one split of a hub data set.

    Args:
        repo: Name on the hub.
        config: Its configuration, or None.
        split: Its split.
        columns: Columns that must be there; no others are read.

    Returns:
        Rows by column.

    Raises:
        CorpusError: If it cannot be loaded, or lacks a column.
    """
    rows = _load(repo, config, split)
    where = _where(repo, config, split)
    missing = [column for column in columns if column not in rows.column_names]
    if missing:
        raise CorpusError(
            f"{where}: has no column {', '.join(map(repr, missing))}; it has {', '.join(rows.column_names)}. "
            "Its layout has changed: download the published files and give their folder"
        )
    return list(rows.select_columns(list(columns)))


def _load(repo: str, config: str | None, split: str) -> Any:
    """The rows, from the repository itself or, where that is a script, from its Parquet copy."""
    try:
        import datasets
    except ImportError:
        raise CorpusError(
            "reading from the hub needs the package datasets: pip install 'isoglot[train]'"
        ) from None
    failures: list[Exception] = []
    for revision in (None, _PARQUET_BRANCH):
        try:
            return datasets.load_dataset(repo, config, split=split, revision=revision)
        except Exception as error:
            failures.append(error)
    raise CorpusError(
        f"{_where(repo, config, split)}: cannot be loaded from the hub ({failures[0]})"
    ) from failures[0]


def _where(repo: str, config: str | None, split: str) -> str:
    return "/".join(part for part in (repo, config, split) if part)


def _strings(rows: Iterable[Mapping[str, Any]], column: str) -> list[str | None]:
    return [value.strip() if isinstance(value := row[column], str) else None for row in rows]


def _chosen(splits: Iterable[str] | None, known: Iterable[str]) -> list[str]:
    """The wanted splits, all for None."""
    there = list(known)
    wanted = there if splits is None else [splits] if isinstance(splits, str) else list(splits)
    for split in wanted:
        if split not in there:
            raise CorpusError(f"no split {split!r} on the hub; there is {', '.join(there)}")
    return wanted


def read_hub_pairs(
    columns: tuple[str, str], splits_there: Mapping[str, str], configs: str, missing: str | None = None
) -> Callable[..., ParallelCorpus]:
    """A reader of sentence pairs with one configuration a language.

    Args:
        columns: The two sentences' columns.
        splits_there: Our name of each split -> the hub's.
        configs: Languages, as the configurations are called.
        missing: Text that stands for a missing translation.

    Returns:
        `read(repo, info, *, languages, splits, duplicates)`.
    """

    def read(
        repo: str,
        info: CorpusInfo,
        *,
        languages: Iterable[str] | None = None,
        splits: Iterable[str] | None = None,
        duplicates: Duplicates = "merge",
    ) -> ParallelCorpus:
        builder = CorpusBuilder(info)
        tags = {normalize_language(config): config for config in configs.split()}
        kept = wanted_languages(languages, tags)
        for split in _chosen(splits, splits_there):
            pairs = {}
            for language in sorted(kept | {reference_language(tags)}):
                there = splits_there[split]
                rows = load_columns(repo, tags[language], there, columns)
                place = _where(repo, tags[language], there)
                first, second = (_strings(rows, column) for column in columns)
                lacking = [
                    missing is not None and missing in pair for pair in zip(first, second, strict=True)
                ]
                pairs[language] = (
                    Translations(
                        place, [None if gone else text for gone, text in zip(lacking, first, strict=True)]
                    ),
                    Translations(
                        place, [None if gone else text for gone, text in zip(lacking, second, strict=True)]
                    ),
                )
            add_pairs(builder, split, pairs, languages=kept, duplicates=duplicates)
        return builder.build()

    return read


def read_hub_lines(
    repo: str,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    duplicates: Duplicates = "merge",
) -> ParallelCorpus:
    """NTREX with one column a language (`eng_Latn`, ...), one configuration, split `test`.

    Args:
        repo: Name on the hub.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all.
        duplicates: Whether sentences that are the same in English are one group.

    Returns:
        The corpus, judged by group in the split `test`.

    Raises:
        CorpusError: If it cannot be loaded, or no column is named by a language.
    """
    builder = CorpusBuilder(info)
    table = _load(repo, None, "test")
    where = _where(repo, None, "test")
    columns: dict[str, Translations] = {}
    for name in table.column_names:
        if not _FLORES_CODE.fullmatch(name):
            continue
        columns.setdefault(
            normalize_language(name), Translations(where, _strings(table.select_columns([name]), name))
        )
    if not columns:
        raise CorpusError(
            f"{where}: no column is named by a language; it has {', '.join(table.column_names)}"
        )
    groups = row_names(columns[reference_language(columns)].texts, "test-", duplicates)
    add_aligned(builder, "test", columns, groups, languages=wanted_languages(languages, columns))
    return builder.build()


_TICO_CONFIGS = "ar bn es-LA fa fr ha hi id km mr ms my ne ps pt-BR ru so sw ta tl ur zh zu"
_TATOEBA_CONFIGS = (
    "afr amh ang ara arq arz ast awa aze bel ben ber bos bre bul cat cbk ceb ces cha cmn cor csb cym dan deu "
    "dsb dtp ell epo est eus fao fin fra fry gla gle glg gsw heb hin hrv hsb hun hye ido ile ina ind isl ita "
    "jav jpn kab kat kaz khm kor kur kzj lat lfn lit lvs mal mar max mhr mkd mon nds nld nno nob nov oci orv "
    "pam pes pms pol por ron rus slk slv spa sqi srp swe swg swh tam tat tel tgl tha tuk tur tzl uig ukr urd "
    "uzb vie war wuu xho yid yue zsm"
)


def read_hub_tico19(
    repo: str,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    duplicates: Duplicates = "merge",
) -> ParallelCorpus:
    """TICO-19 with configurations `en-<language>`, columns `sourceString` and `targetString`.

    Args:
        repo: Name on the hub.
        info: What the corpus says of itself.
        languages: Tags to read; None reads the 23 pairs that the file reader is known to read.
        duplicates: Whether rows with the same English sentence are one group.

    Returns:
        The corpus, judged by group in the splits `dev` and `test`.

    Raises:
        CorpusError: If it cannot be loaded, or its columns are others.
    """
    builder = CorpusBuilder(info)
    tags = {normalize_language(code): f"en-{code}" for code in _TICO_CONFIGS.split()}
    kept = wanted_languages(languages, {"en", *tags})
    for split, there in {"dev": "validation", "test": "test"}.items():
        columns: dict[str, Translations] = {}
        for language in sorted(kept - {"en"}) or [min(tags)]:
            rows = load_columns(repo, tags[language], there, ("sourceString", "targetString"))
            place = _where(repo, tags[language], there)
            columns.setdefault("en", Translations(place, _strings(rows, "sourceString")))
            columns[language] = Translations(place, _strings(rows, "targetString"))
        groups = row_names(columns["en"].texts, f"{split}-", duplicates)
        add_aligned(builder, split, columns, groups, languages=kept)
    return builder.build()


def read_hub_tatoeba(
    repo: str,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    duplicates: Duplicates = "merge",
) -> ParallelCorpus:
    """Tatoeba with configurations `<code>-eng` and columns `sentence1` (the language), `sentence2` (English).

    Args:
        repo: Name on the hub.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all.
        duplicates: Whether pairs with the same English sentence are one group.

    Returns:
        The corpus, judged by group in the split `test`.

    Raises:
        CorpusError: If it cannot be loaded, or its columns are others.
    """
    builder = CorpusBuilder(info)
    codes = _TATOEBA_CONFIGS.split()
    kept = wanted_languages(languages, {"en", *map(normalize_language, codes)})
    seen: dict[tuple[str, str], list[str]] = {}
    first: dict[str, str] = {}
    for code in codes:
        if normalize_language(code) not in kept:
            continue
        rows = load_columns(repo, f"{code}-eng", "test", ("sentence1", "sentence2"))
        place = _where(repo, f"{code}-eng", "test")
        english = _strings(rows, "sentence2")
        columns = {
            "en": Translations(place, english),
            normalize_language(code): Translations(place, _strings(rows, "sentence1")),
        }
        groups = row_names(english, f"{code}-", duplicates)
        if duplicates == "merge":
            groups = [
                first.setdefault(text or "", group) for text, group in zip(english, groups, strict=True)
            ]
        add_aligned(builder, "test", columns, groups, languages=kept, seen=seen)
    return builder.build()


def read_hub_captions(
    repo: str,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    splits: Iterable[str] | None = None,
) -> ParallelCorpus:
    """Multi30K's English and German captions, columns `en` and `de`; the hub's copy has no pictures' names.

    Args:
        repo: Name on the hub.
        info: What the corpus says of itself.
        languages: Tags to read; None reads both.
        splits: `train`, `val`, `test_2016_flickr` or some of them; None reads all.

    Returns:
        The corpus, judged by group (`<split>-<line>`) in those splits.

    Raises:
        CorpusError: If it cannot be loaded, or its columns are others.
    """
    builder = CorpusBuilder(info)
    kept = wanted_languages(languages, ("en", "de"))
    known = {"train": "train", "val": "validation", "test_2016_flickr": "test"}
    for split in _chosen(splits, known):
        rows = load_columns(repo, None, known[split], ("en", "de"))
        place = _where(repo, None, known[split])
        columns = {language: Translations(place, _strings(rows, language)) for language in ("en", "de")}
        add_aligned(
            builder, split, columns, row_names(columns["en"].texts, f"{split}-", "keep"), languages=kept
        )
    return builder.build()


def read_hub_mkqa(repo: str, info: CorpusInfo, *, languages: Iterable[str] | None = None) -> ParallelCorpus:
    """MKQA as its authors publish it: 10,000 examples, `queries` by language; split `train` there.

    Args:
        repo: Name on the hub.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all 26.

    Returns:
        The corpus, judged by group in the split `test`.

    Raises:
        CorpusError: If it cannot be loaded, or its columns are others.
    """
    builder = CorpusBuilder(info)
    rows = load_columns(repo, None, "train", ("example_id", "queries"))
    place = _where(repo, None, "train")
    if not rows or not isinstance(rows[0]["queries"], dict):
        raise CorpusError(
            f"{place}: column 'queries' must hold questions by language; its layout has changed"
        )
    tags = {normalize_language(code): code for code in rows[0]["queries"]}
    kept = wanted_languages(languages, tags)
    for number, row in enumerate(rows, start=1):
        group = str(row["example_id"])
        for language in sorted(kept):
            text = row["queries"].get(tags[language])
            if text and builder.add_sentence(
                f"{group}.{language}", group, language, text, where=f"{place}:{number}"
            ):
                builder.judge_group("test", group)
    return builder.build()


def _paragraphs(repo: str, config: str, split: str, builder: CorpusBuilder) -> list[Paragraph]:
    rows = load_columns(repo, config, split, ("id", "context", "question", "answers"))
    where = _where(repo, config, split)
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
    for split in _chosen(splits, known):
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
    from isoglot.corpora.datasets.xquad_r import add_paragraphs

    builder = CorpusBuilder(info)
    pool = AnswerPool()
    for language in sorted(wanted_languages(languages, _XQUAD_LANGUAGES)):
        columns = ("id", "context", "question", "answers", "sentences", "sentence_breaks")
        rows = load_columns(repo, language, "validation", columns)
        where = _where(repo, language, "validation")
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
