"""Parallel texts from the hub: XNLI, PAWS-X, STSb-multi-mt, NTREX, TICO-19, Tatoeba, Multi30K, MKQA."""

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
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.datasets.hub import choose_hub_splits, hub_place, load_columns, load_rows, strings
from isoglot.corpora.datasets.pair_columns import PairColumns, build_pairs
from isoglot.corpora.labelled import CLASSES, Task
from isoglot.corpora.languages import normalize_language
from isoglot.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus

_FLORES_CODE = re.compile(r"[a-z]{3}[_-][A-Z][a-z]{3}")


def read_hub_pairs(
    columns: tuple[str, str],
    splits_there: Mapping[str, str],
    configs: str,
    label: str,
    task: Task,
    *,
    missing: bool = False,
) -> Callable[..., ParallelCorpus]:
    """A reader of labelled sentence pairs with one configuration a language.

    Args:
        columns: The two sentences' columns.
        splits_there: Our name of each split -> the hub's.
        configs: Languages, as the configurations are called.
        label: The label's column.
        task: What it says; classes are numbered there as in `isoglot.corpora.labelled.CLASSES`, -1 for none.
        missing: Whether the literal `NS` stands for a missing translation.

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
        tags = {normalize_language(config): config for config in configs.split()}
        kept = wanted_languages(languages, tags)
        pairs: dict[str, dict[str, PairColumns]] = {}
        for split in choose_hub_splits(splits, splits_there):
            for language in sorted(kept | {reference_language(tags)}):
                place = repo, tags[language], splits_there[split]
                rows = load_columns(*place, (*columns, label))
                first, second = (Translations(hub_place(*place), strings(rows, column)) for column in columns)
                labels = [_published_label(row[label], task) for row in rows]
                pair = PairColumns(first, second, labels)
                pairs.setdefault(split, {})[language] = pair.without_missing() if missing else pair
        return build_pairs(CorpusBuilder(info), task, pairs, languages=kept, duplicates=duplicates)

    return read


def _published_label(value: Any, task: Task) -> str | None:
    """A label as the published files write it; None where there is none."""
    if value is None or value == -1:
        return None
    names = CLASSES[task]
    return names[value] if names and value in range(len(names)) else str(value)


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
    table = load_rows(repo, None, "test")
    where = hub_place(repo, None, "test")
    columns: dict[str, Translations] = {}
    for name in table.column_names:
        if not _FLORES_CODE.fullmatch(name):
            continue
        columns.setdefault(
            normalize_language(name), Translations(where, strings(table.select_columns([name]), name))
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
            place = hub_place(repo, tags[language], there)
            columns.setdefault("en", Translations(place, strings(rows, "sourceString")))
            columns[language] = Translations(place, strings(rows, "targetString"))
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
        place = hub_place(repo, f"{code}-eng", "test")
        english = strings(rows, "sentence2")
        columns = {
            "en": Translations(place, english),
            normalize_language(code): Translations(place, strings(rows, "sentence1")),
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
    for split in choose_hub_splits(splits, known):
        rows = load_columns(repo, None, known[split], ("en", "de"))
        place = hub_place(repo, None, known[split])
        columns = {language: Translations(place, strings(rows, language)) for language in ("en", "de")}
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
    place = hub_place(repo, None, "train")
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
