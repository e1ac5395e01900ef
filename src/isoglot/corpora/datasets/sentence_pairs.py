"""XNLI, PAWS-X and STSb-multi-mt: sentence pairs, aligned by line across languages, as parallel sentences."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from typing import TYPE_CHECKING

from isoglot.corpora.aligned import (
    Duplicates,
    Translations,
    add_aligned,
    by_language,
    check_aligned,
    reference_language,
    row_names,
    wanted_languages,
)
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.delimited import read_cells, read_tabs
from isoglot.corpora.sources import Member, read_members
from isoglot.corpora.splits import choose_splits

if TYPE_CHECKING:
    from pathlib import Path

    from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus

Pairs = tuple[Translations, Translations]
ReadPairs = Callable[[Member, CorpusBuilder], Pairs]


def read_xnli(
    source: Path,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    splits: Iterable[str] | None = None,
    duplicates: Duplicates = "merge",
) -> ParallelCorpus:
    """XNLI (arXiv 1809.05053) from `{dev,test}-<language>.tsv`: premise, hypothesis and, in dev, the label.

    A symmetric corpus of its sentences: each stands in all languages; groups `<split>-<line>` number the
    premises of lines 1 to n as 1 to n, and their hypotheses as n + 1 to 2 n, so that labelled pairs can be
    found again. A premise that stands with several hypotheses is one group, that of its first line.

    Args:
        source: Folder or archive.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all.
        splits: `dev`, `test` or both; None reads all that is there.
        duplicates: Whether sentences that are the same in English (or the first language, without it) are one
            group.

    Returns:
        The corpus, judged by group in the published splits.

    Raises:
        CorpusError: If a line is not as published, or the files are not aligned; all problems at once.
    """
    return _read_pairs(
        source,
        info,
        r"(?P<split>dev|test)-(?P<language>[a-z]{2})\.tsv",
        "{dev,test}-<language>.tsv",
        _tab_pairs,
        languages,
        splits,
        duplicates,
    )


def read_paws_x(
    source: Path,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    splits: Iterable[str] | None = None,
    duplicates: Duplicates = "merge",
) -> ParallelCorpus:
    """PAWS-X (arXiv 1908.11828) from `{dev,test}-<language>.tsv`: two sentences and, in dev, the label.

    Groups as in `read_xnli`. A language lacks the rows in which either sentence is the literal `NS` (no
    translation).

    Args:
        source: Folder or archive.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all.
        splits: `dev`, `test` or both; None reads all that is there.
        duplicates: Whether sentences that are the same in English (or the first language, without it) are one
            group.

    Returns:
        The corpus, judged by group in the published splits.

    Raises:
        CorpusError: If a line is not as published, or the files are not aligned; all problems at once.
    """
    return _read_pairs(
        source,
        info,
        r"(?P<split>dev|test)-(?P<language>[a-z]{2})\.tsv",
        "{dev,test}-<language>.tsv",
        _paws_pairs,
        languages,
        splits,
        duplicates,
    )


def read_stsb_multi_mt(
    source: Path,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    splits: Iterable[str] | None = None,
    duplicates: Duplicates = "merge",
) -> ParallelCorpus:
    """STSb-multi-mt from `stsb-<language>-{train,dev,test}.csv`: two sentences and their similarity, 0 to 5.

    Groups as in `read_xnli`. All languages but English are machine-translated.

    Args:
        source: Folder or archive.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all.
        splits: `train`, `dev`, `test` or some of them; None reads all that is there.
        duplicates: Whether sentences that are the same in English (or the first language, without it) are one
            group.

    Returns:
        The corpus, judged by group in the published splits.

    Raises:
        CorpusError: If a line is not as published, or the files are not aligned; all problems at once.
    """
    return _read_pairs(
        source,
        info,
        r"stsb-(?P<language>[a-z]{2})-(?P<split>train|dev|test)\.csv",
        "stsb-<language>-{train,dev,test}.csv",
        _csv_pairs,
        languages,
        splits,
        duplicates,
    )


def _read_pairs(
    source: Path,
    info: CorpusInfo,
    pattern: str,
    expected: str,
    read: ReadPairs,
    languages: Iterable[str] | None,
    splits: Iterable[str] | None,
    duplicates: Duplicates,
) -> ParallelCorpus:
    builder = CorpusBuilder(info)
    members = choose_splits(read_members(source, pattern, expected), splits)
    parts: dict[str, list[Member]] = {}
    for member in members:
        parts.setdefault(member.match["split"], []).append(member)
    files = {split: by_language(part, builder) for split, part in parts.items()}
    kept = wanted_languages(languages, {language for part in files.values() for language in part})
    for split, part in files.items():
        pairs = {language: read(member, builder) for language, member in part.items()}
        add_pairs(builder, split, pairs, languages=kept, duplicates=duplicates)
    return builder.build()


def add_pairs(
    builder: CorpusBuilder,
    split: str,
    pairs: Mapping[str, Pairs],
    *,
    languages: Container[str],
    duplicates: Duplicates,
) -> None:
    """Adds the first sentences of all pairs, then the second ones, as aligned rows.

    Args:
        builder: Takes the texts, and the problems.
        split: The split that judges the groups.
        pairs: Language -> its first and its second sentences.
        languages: Those to add.
        duplicates: Whether sentences that are the same in the reference language are one group.
    """
    if not check_aligned({language: pair[0] for language, pair in pairs.items()}, builder):
        return
    columns = {language: _stacked(*pair) for language, pair in pairs.items()}
    reference = columns[reference_language(columns)]
    groups = row_names(reference.texts, f"{split}-", duplicates)
    add_aligned(builder, split, columns, groups, languages=languages)


def _stacked(first: Translations, second: Translations) -> Translations:
    def lines(column: Translations) -> list[int]:
        return list(range(1, len(column.texts) + 1) if column.lines is None else column.lines)

    return Translations(first.place, [*first.texts, *second.texts], [*lines(first), *lines(second)])


def _tab_pairs(member: Member, builder: CorpusBuilder) -> Pairs:
    labelled = member.match["split"] == "dev"
    rows = read_tabs(member, builder, num_cells=(3,) if labelled else (2, 3))
    return (
        Translations(member.place, [row[0].strip() if row else None for row in rows]),
        Translations(member.place, [row[1].strip() if row else None for row in rows]),
    )


def _paws_pairs(member: Member, builder: CorpusBuilder) -> Pairs:
    first, second = _tab_pairs(member, builder)
    lacking = [row for row, pair in enumerate(zip(first.texts, second.texts, strict=True)) if "NS" in pair]
    return _without(first, lacking), _without(second, lacking)


def _without(column: Translations, rows: Iterable[int]) -> Translations:
    texts = list(column.texts)
    for row in rows:
        texts[row] = None
    return Translations(column.place, texts, column.lines)


def _csv_pairs(member: Member, builder: CorpusBuilder) -> Pairs:
    rows = read_cells(member, builder, delimiter=",")
    if not rows:
        builder.problem(member.at(1), "the file is empty; download it again")
    for line, cells in rows:
        if len(cells) != 3:
            builder.problem(
                member.at(line), f"must have 3 cells (sentence, sentence, score), has {len(cells)}"
            )
    lines = [line for line, _ in rows]
    sides = [[cells[side].strip() if len(cells) == 3 else None for _, cells in rows] for side in (0, 1)]
    return Translations(member.place, sides[0], lines), Translations(member.place, sides[1], lines)
