"""Parallel texts aligned row by row: from columns of translations to symmetric corpora."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from isoglot.corpora.languages import match_languages, normalize_language
from isoglot.corpora.sources import Member, decode_lines
from isoglot.errors import CorpusError

if TYPE_CHECKING:
    from isoglot.corpora.building import CorpusBuilder

Duplicates = Literal["merge", "keep"]
"""What becomes of rows whose text is the same in the reference language: one group, or one each."""


@dataclass(frozen=True)
class Translations:
    """One language's side of an aligned text.

    Attributes:
        place: The file, for reports.
        texts: One text a row; None where this language has no translation of the row.
        lines: Line of each row in the file; None if row i is line i + 1.
    """

    place: str
    texts: Sequence[str | None]
    lines: Sequence[int] | None = None

    def at(self, row: int) -> str:
        """The place of a row, for reports."""
        return f"{self.place}:{row + 1 if self.lines is None else self.lines[row]}"


def translations(member: Member, builder: CorpusBuilder) -> Translations:
    """A file with one text a line.

    Args:
        member: The file.
        builder: Takes the problems.

    Returns:
        Its lines, without white space around them.
    """
    lines = decode_lines(member.data, member.place, builder.problems)
    if not lines:
        builder.problem(member.at(1), "the file is empty; download it again")
    return Translations(member.place, [line.strip() for line in lines])


def by_language(members: Iterable[Member], builder: CorpusBuilder) -> dict[str, Member]:
    """Files by the normalised language in their names.

    Args:
        members: Files whose pattern names the part `language`.
        builder: Takes the problems: a name that is no language, two files in one language.

    Returns:
        Language -> file, in order of the names.
    """
    found: dict[str, Member] = {}
    for member in members:
        try:
            language = normalize_language(member.match["language"])
        except CorpusError as error:
            builder.problem(member.place, str(error))
            continue
        before = found.setdefault(language, member)
        if before is not member:
            builder.problem(
                member.place, f"is in {language!r}, as {before.place} is; leave one out of the source"
            )
    return found


def wanted_languages(languages: Iterable[str] | None, available: Iterable[str]) -> frozenset[str]:
    """The languages to read.

    Args:
        languages: Tags that are wanted, in any spelling; None wants all.
        available: Tags that are there.

    Returns:
        The available ones that match.

    Raises:
        CorpusError: If a wanted language is not there.
    """
    return frozenset(available if languages is None else match_languages(languages, available))


def reference_language(languages: Iterable[str]) -> str:
    """The language that tells which rows say the same: English, else the first of the alphabet."""
    return min(languages, key=lambda language: (language != "en", language))


def row_names(reference: Sequence[str | None], prefix: str, duplicates: Duplicates) -> list[str]:
    """Group ids of aligned rows.

    Args:
        reference: Texts in the reference language; a row without one stands alone.
        prefix: Start of each id.
        duplicates: Whether rows with the same text share the id of the first.

    Returns:
        `{prefix}{row}`, rows counted from 1 as lines are.
    """
    names = [f"{prefix}{row}" for row in range(1, len(reference) + 1)]
    if duplicates == "keep":
        return names
    first: dict[str, str] = {}
    return [
        name if text is None else first.setdefault(text, name)
        for text, name in zip(reference, names, strict=True)
    ]


def check_aligned(columns: Mapping[str, Translations], builder: CorpusBuilder) -> bool:
    """Whether all languages have as many rows as the reference; if not, the builder holds the problems."""
    if not columns:
        return False
    reference = columns[reference_language(columns)]
    aligned = True
    for language, column in columns.items():
        if len(column.texts) != len(reference.texts):
            aligned = False
            builder.problem(
                column.at(len(column.texts) - 1) if column.texts else f"{column.place}:1",
                f"{len(column.texts):,} rows in {language!r}, but {len(reference.texts):,} in "
                f"{reference.place}; files aligned by row must have equally many",
            )
    return aligned


def add_aligned(
    builder: CorpusBuilder,
    split: str,
    columns: Mapping[str, Translations],
    groups: Sequence[str],
    *,
    languages: Container[str],
    seen: dict[tuple[str, str], list[str]] | None = None,
) -> None:
    """Adds aligned rows to a symmetric corpus: every text is a query and a document of its row's group.

    A text that its group already has in the same language is added once. Columns that are not aligned are
    reported to the builder, and none is added.

    Args:
        builder: Takes the texts, and the problems.
        split: The split that judges the groups.
        columns: Language -> texts, all of the same length.
        groups: Group id of each row; rows may share one.
        languages: Those to add.
        seen: Texts of each group and language so far, if groups go on from an earlier call; is added to.
    """
    if not check_aligned(columns, builder):
        return
    texts_of = {} if seen is None else seen
    taken: set[str] = set()
    for language, column in columns.items():
        if language not in languages:
            continue
        for row, text in enumerate(column.texts):
            if text is None:
                continue
            group = groups[row]
            texts = texts_of.setdefault((group, language), [])
            if text in texts:
                continue
            texts.append(text)
            text_id = f"{group}.{language}" if len(texts) == 1 else f"{group}.{language}.{len(texts)}"
            if builder.add_sentence(text_id, group, language, text, where=column.at(row)):
                taken.add(group)
    for group in dict.fromkeys(groups):
        if group in taken:
            builder.judge_group(split, group)
