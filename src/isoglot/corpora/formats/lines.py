"""Parallel text files, one a language, aligned by line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from isoglot.corpora.aligned import (
    Duplicates,
    Translations,
    add_aligned,
    by_language,
    check_aligned,
    reference_language,
    row_names,
    translations,
    wanted_languages,
)
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.sources import read_members

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus


def read_lines(
    source: Path,
    info: CorpusInfo,
    *,
    name: str = "",
    languages: Iterable[str] | None = None,
    split: str = "train",
    duplicates: Duplicates = "merge",
) -> ParallelCorpus:
    """Parallel lines from `<name>.<language>.txt` (also `.gz`, `.xz`, or inside an archive).

    An empty line is a sentence that the language lacks. Groups are `<split>-<line>`.

    Args:
        source: Folder or archive.
        info: What the corpus says of itself; it should be symmetric.
        name: What the file names start with; empty takes all files that end in `<language>.txt`.
        languages: Tags to read; None reads all.
        split: The split that holds all groups.
        duplicates: Whether lines that are the same in English (or the first language) are one group.

    Returns:
        A corpus in which every line is a query and a document, judged by group.

    Raises:
        CorpusError: If the files are not aligned by line; all problems at once.
    """
    builder = CorpusBuilder(info)
    start = re.escape(name) if name else r"[^/]+"
    members = read_members(
        source,
        rf"{start}\.(?P<language>[A-Za-z]{{2,3}}(?:[-_][A-Za-z0-9]{{2,8}})*)\.txt",
        f"{name or '<name>'}.<language>.txt",
    )
    columns: dict[str, Translations] = {}
    for language, member in by_language(members, builder).items():
        column = translations(member, builder)
        columns[language] = Translations(column.place, [text or None for text in column.texts])
    kept = wanted_languages(languages, columns)
    if check_aligned(columns, builder):
        texts = [column.texts for column in columns.values()]
        for row, empty in enumerate(not any(cells) for cells in zip(*texts, strict=True)):
            if empty:
                place = columns[reference_language(columns)].at(row)
                builder.problem(place, "is empty in every language; remove the line from all files")
        groups = row_names(columns[reference_language(columns)].texts, f"{split}-", duplicates)
        add_aligned(builder, split, columns, groups, languages=kept)
    return builder.build()
