"""XNLI, PAWS-X and STSb-multi-mt: sentence pairs, aligned by line across languages, with their labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isoglot.corpora.aligned import Duplicates, Translations, by_language, wanted_languages
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.datasets.pair_columns import PairColumns, build_pairs
from isoglot.corpora.datasets.pair_tables import read_mixed_table, read_tables
from isoglot.corpora.delimited import read_cells, read_tabs
from isoglot.corpora.labelled import Task
from isoglot.corpora.sources import Member, read_members
from isoglot.corpora.splits import choose_splits

if TYPE_CHECKING:
    from pathlib import Path

    from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus

ReadSplit = Callable[[list[Member], CorpusBuilder], Mapping[str, PairColumns]]


@dataclass(frozen=True)
class _Layout:
    """How a data set's files are named and read."""

    task: Task
    pattern: str
    expected: str
    read: ReadSplit


def read_xnli(
    source: Path,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    splits: Iterable[str] | None = None,
    duplicates: Duplicates = "merge",
) -> ParallelCorpus:
    """XNLI (arXiv 1809.05053): premises, hypotheses, and whether the one entails the other.

    Read from the authors' `xnli.{dev,test}.tsv`, or from XTREME's `{dev,test}-<language>.tsv` (premise,
    hypothesis, label; XTREME leaves out the labels of test).

    A symmetric corpus of its sentences: each stands in all languages; groups `<split>-<line>` number the
    premises of lines 1 to n as 1 to n, and their hypotheses as n + 1 to 2 n. A premise that stands with
    several hypotheses is one group, that of its first line. Labelled pairs (`entailment`) are of these
    groups.

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
        CorpusError: If a line is not as published, the files are not aligned, or they disagree in a label;
            all problems at once.
    """
    return _read_layout(_XNLI, source, info, languages, splits, duplicates)


def read_paws_x(
    source: Path,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    splits: Iterable[str] | None = None,
    duplicates: Duplicates = "merge",
) -> ParallelCorpus:
    """PAWS-X (arXiv 1908.11828): two sentences of much the same words, and whether they say the same.

    Read from the authors' `<language>/{dev,test}_2k.tsv`, or from XTREME's `{dev,test}-<language>.tsv` (two
    sentences, label; XTREME leaves out the labels of test). Groups as in `read_xnli`, labelled pairs
    (`paraphrase`) of them. A language lacks the rows in which either sentence is the literal `NS` (no
    translation).

    The same English sentence is translated differently in different rows. With duplicates merged, a pair is
    read in the first of its group's translations; keep duplicates to evaluate the pairs as they are
    published.

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
        CorpusError: If a line is not as published, the files are not aligned, or they disagree in a label;
            all problems at once.
    """
    return _read_layout(_PAWS_X, source, info, languages, splits, duplicates)


def read_stsb_multi_mt(
    source: Path,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    splits: Iterable[str] | None = None,
    duplicates: Duplicates = "merge",
) -> ParallelCorpus:
    """STSb-multi-mt from `stsb-<language>-{train,dev,test}.csv`: two sentences and their similarity, 0 to 5.

    Groups as in `read_xnli`, labelled pairs (`similarity`) of them. All languages but English are
    machine-translated.

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
        CorpusError: If a line is not as published, the files are not aligned, or they disagree in a label;
            all problems at once.
    """
    return _read_layout(_STSB, source, info, languages, splits, duplicates)


def _read_layout(
    layout: _Layout,
    source: Path,
    info: CorpusInfo,
    languages: Iterable[str] | None,
    splits: Iterable[str] | None,
    duplicates: Duplicates,
) -> ParallelCorpus:
    builder = CorpusBuilder(info)
    members = choose_splits(read_members(source, layout.pattern, layout.expected), splits)
    files: dict[str, list[Member]] = {}
    for member in members:
        files.setdefault(member.match["split"], []).append(member)
    pairs = {split: layout.read(part, builder) for split, part in files.items()}
    kept = wanted_languages(languages, {language for part in pairs.values() for language in part})
    return build_pairs(builder, layout.task, pairs, languages=kept, duplicates=duplicates)


def _read_xnli_split(members: list[Member], builder: CorpusBuilder) -> dict[str, PairColumns]:
    mixed = [member for member in members if member.match["language"] is None]
    if not mixed:
        return {tag: _tab_pairs(member, builder) for tag, member in by_language(members, builder).items()}
    for other in [*mixed[1:], *(member for member in members if member not in mixed)]:
        builder.problem(other.place, f"holds what {mixed[0].place} holds; leave one of them in the source")
    return read_mixed_table(mixed[0], builder)


def _read_paws_x_split(members: list[Member], builder: CorpusBuilder) -> dict[str, PairColumns]:
    files = by_language(members, builder)
    with_header = {tag: member for tag, member in files.items() if member.match["table"]}
    pairs = read_tables(with_header, builder) | {
        tag: _tab_pairs(member, builder) for tag, member in files.items() if tag not in with_header
    }
    return {tag: pair.without_missing() for tag, pair in pairs.items()}


def _read_csv_split(members: list[Member], builder: CorpusBuilder) -> dict[str, PairColumns]:
    return {tag: _csv_pairs(member, builder) for tag, member in by_language(members, builder).items()}


def _tab_pairs(member: Member, builder: CorpusBuilder) -> PairColumns:
    labelled = member.match["split"] == "dev"
    rows = read_tabs(member, builder, num_cells=(3,) if labelled else (2, 3))
    lengths = {len(row) for row in rows if row}
    if len(lengths) > 1:
        bare = next(number for number, row in enumerate(rows, start=1) if len(row) == 2)
        builder.problem(member.at(bare), "has no label, but other lines have; download the file again")
    sides = [[row[side].strip() if row else None for row in rows] for side in (0, 1)]
    labels = [row[2].strip() if len(row) == 3 else None for row in rows]
    return PairColumns(Translations(member.place, sides[0]), Translations(member.place, sides[1]), labels)


def _csv_pairs(member: Member, builder: CorpusBuilder) -> PairColumns:
    rows = read_cells(member, builder, delimiter=",")
    if not rows:
        builder.problem(member.at(1), "the file is empty; download it again")
    for line, cells in rows:
        if len(cells) != 3:
            builder.problem(
                member.at(line), f"must have 3 cells (sentence, sentence, score), has {len(cells)}"
            )
    lines = [line for line, _ in rows]
    sides = [[cells[side].strip() if len(cells) == 3 else None for _, cells in rows] for side in (0, 1, 2)]
    return PairColumns(
        Translations(member.place, sides[0], lines), Translations(member.place, sides[1], lines), sides[2]
    )


_XNLI = _Layout(
    "entailment",
    r"(?=xnli\.(?:dev|test)\.tsv|(?:dev|test)-)(?:xnli\.)?(?P<split>dev|test)(?:-(?P<language>[a-z]{2}))?\.tsv",
    "xnli.{dev,test}.tsv or {dev,test}-<language>.tsv",
    _read_xnli_split,
)
_PAWS_X = _Layout(
    "paraphrase",
    r"(?=(?:(?:dev|test)-)?(?P<language>[a-z]{2})(?:/|\.tsv))"
    r"(?:[a-z]{2}/)?(?P<split>dev|test)(?:(?P<table>_2k)|-[a-z]{2})\.tsv",
    "<language>/{dev,test}_2k.tsv or {dev,test}-<language>.tsv",
    _read_paws_x_split,
)
_STSB = _Layout(
    "similarity",
    r"stsb-(?P<language>[a-z]{2})-(?P<split>train|dev|test)\.csv",
    "stsb-<language>-{train,dev,test}.csv",
    _read_csv_split,
)
