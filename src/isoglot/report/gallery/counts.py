"""How many queries and documents a corpus has, by language and medium, and how its splits are judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from isoglot.corpora.languages import NO_LANGUAGE
from isoglot.records import MODALITIES

if TYPE_CHECKING:
    from isoglot.corpora.parallel import ParallelCorpus


@dataclass(frozen=True)
class Counts:
    """What the head of a gallery counts.

    Attributes:
        columns: Side and medium of each column, such as `("queries", "text")`; those that are empty left out.
        rows: Language (None: without) -> number of each column; by tag, what has no language last.
        totals: Number of each column over all languages.
        splits: Name -> what it judges, in words.
    """

    columns: tuple[tuple[str, str], ...]
    rows: dict[str | None, tuple[int, ...]]
    totals: tuple[int, ...]
    splits: dict[str, str]


def count(corpus: ParallelCorpus) -> Counts:
    """Counts a corpus.

    Args:
        corpus: The corpus.

    Returns:
        The counts.
    """
    found: dict[tuple[str, str], dict[str | None, int]] = {
        (side, modality): {} for side in ("queries", "documents") for modality in MODALITIES
    }
    for side, table in (("queries", corpus.queries), ("documents", corpus.documents)):
        pairs = table.select(["language", "modality"]).group_by(["language", "modality"])
        for row in pairs.aggregate([([], "count_all")]).to_pylist():
            language = None if row["language"] == NO_LANGUAGE else row["language"]
            column = found[side, row["modality"]]
            column[language] = column.get(language, 0) + row["count_all"]
    filled = {key: column for key, column in found.items() if column}
    languages = sorted(
        {tag for column in filled.values() for tag in column}, key=lambda tag: (tag is None, tag)
    )
    return Counts(
        tuple(filled),
        {tag: tuple(column.get(tag, 0) for column in filled.values()) for tag in languages},
        tuple(sum(column.values()) for column in filled.values()),
        _splits(corpus),
    )


def _splits(corpus: ParallelCorpus) -> dict[str, str]:
    words: dict[str, list[str]] = {}
    for name, part in corpus.splits.items():
        if part.judgements is not None:
            words[name] = [f"{_counted(len(part.judgements), 'query', 'queries')} judged line by line"]
        else:
            num_groups = len(part.groups if part.groups is not None else ())
            rule = "every document of a group is relevant to every query of it"
            words[name] = [f"{_counted(num_groups, 'group', 'groups')}; {rule}"]
    for (name, task), pairs in corpus.labelled.items():
        words.setdefault(name, []).append(_counted(len(pairs), f"{task} pair", f"{task} pairs"))
    return {name: "; ".join(parts) for name, parts in words.items()}


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
