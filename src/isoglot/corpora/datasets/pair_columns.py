"""Sentence pairs aligned across languages, from columns to a symmetric corpus with labelled pairs."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isoglot.corpora.aligned import (
    Duplicates,
    Translations,
    add_aligned,
    check_aligned,
    reference_language,
    row_names,
)
from isoglot.corpora.labelled import Task, label_pairs, label_rule, parse_label

if TYPE_CHECKING:
    from isoglot.corpora.building import CorpusBuilder
    from isoglot.corpora.parallel import ParallelCorpus

Labelled = tuple[str, str, float]
"""First group, second group, label."""
_MISSING = "NS"
"""What PAWS-X writes for a sentence without translation."""


@dataclass(frozen=True)
class PairColumns:
    """One language's side of aligned sentence pairs.

    Attributes:
        first: The first sentences.
        second: The second ones, of the same rows.
        labels: Label of each row as it is published; None where there is none.
    """

    first: Translations
    second: Translations
    labels: Sequence[str | None]

    def without_missing(self) -> PairColumns:
        """The same without the rows in which either sentence is the literal `NS`."""
        rows = list(zip(self.first.texts, self.second.texts, strict=True))
        columns = [
            [None if _MISSING in pair else text for pair, text in zip(rows, column.texts, strict=True)]
            for column in (self.first, self.second)
        ]
        first, second = (
            Translations(old.place, texts, old.lines)
            for old, texts in zip((self.first, self.second), columns, strict=True)
        )
        return PairColumns(first, second, self.labels)


def build_pairs(
    builder: CorpusBuilder,
    task: Task,
    splits: Mapping[str, Mapping[str, PairColumns]],
    *,
    languages: Container[str],
    duplicates: Duplicates,
) -> ParallelCorpus:
    """A symmetric corpus of the sentences, first ones before second ones, and the labels of their pairs.

    A label belongs to the pair in all languages. A pair is labelled if both its sentences are there in one of
    the languages that are read, and a file says the label.

    Args:
        builder: Takes the texts, and the problems.
        task: What the labels say.
        splits: Split -> language -> its pairs.
        languages: Those to add.
        duplicates: Whether sentences that are the same in the reference language are one group.

    Returns:
        The corpus.

    Raises:
        CorpusError: If rows are not aligned, or a label is none of the task or another one in another
            language; all problems at once.
    """
    labelled: dict[str, list[Labelled]] = {}
    for split, pairs in splits.items():
        if not check_aligned({language: pair.first for language, pair in pairs.items()}, builder):
            continue
        stacked = {language: _stacked(pair) for language, pair in pairs.items()}
        groups = row_names(stacked[reference_language(stacked)].texts, f"{split}-", duplicates)
        add_aligned(builder, split, stacked, groups, languages=languages)
        there = [_present(side, languages) for side in _sides(pairs)]
        half = len(groups) // 2
        labelled[split] = [
            (groups[row], groups[half + row], label)
            for row, label in enumerate(_labels(pairs, task, builder))
            if label is not None and there[0][row] and there[1][row]
        ]
    corpus = builder.build()
    for split, found in labelled.items():
        if found:
            corpus = label_pairs(corpus, split, task, found)
    return corpus


def _sides(pairs: Mapping[str, PairColumns]) -> tuple[dict[str, Translations], dict[str, Translations]]:
    return (
        {language: pair.first for language, pair in pairs.items()},
        {language: pair.second for language, pair in pairs.items()},
    )


def _present(columns: Mapping[str, Translations], languages: Container[str]) -> list[bool]:
    """Whether each row has a text in one of the languages."""
    wanted = [column.texts for language, column in columns.items() if language in languages]
    return [any(text is not None for text in row) for row in zip(*wanted, strict=True)]


def _labels(pairs: Mapping[str, PairColumns], task: Task, builder: CorpusBuilder) -> list[float | None]:
    """Label of each row; of a language that lacks the row's sentences, what it says does not count."""
    num_rows = len(next(iter(pairs.values())).labels)
    labels: list[float | None] = [None] * num_rows
    said: list[str] = [""] * num_rows
    for language in sorted(pairs, key=lambda tag: (tag != reference_language(pairs), tag)):
        pair = pairs[language]
        for row, text in enumerate(pair.labels):
            if text is None or pair.first.texts[row] is None or pair.second.texts[row] is None:
                continue
            label = parse_label(task, text)
            if label is None:
                builder.problem(pair.first.at(row), f"{label_rule(task)}, got {text!r}")
            elif labels[row] is None:
                labels[row], said[row] = label, pair.first.at(row)
            elif labels[row] != label:
                builder.problem(
                    pair.first.at(row),
                    f"the label is {text}, but that of the same pair in {said[row]} is another; files "
                    "aligned by row must agree",
                )
    return labels


def _stacked(pair: PairColumns) -> Translations:
    def lines(column: Translations) -> list[int]:
        return list(range(1, len(column.texts) + 1) if column.lines is None else column.lines)

    first, second = pair.first, pair.second
    return Translations(first.place, [*first.texts, *second.texts], [*lines(first), *lines(second)])
