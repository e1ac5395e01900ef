"""Sentence pairs in files with a header and an id a pair, as XNLI's and PAWS-X's authors distribute them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isoglot.corpora.aligned import Translations, reference_language
from isoglot.corpora.datasets.pair_columns import PairColumns
from isoglot.corpora.languages import normalize_language
from isoglot.corpora.sources import Member, decode_lines
from isoglot.errors import CorpusError

if TYPE_CHECKING:
    from isoglot.corpora.building import CorpusBuilder

XNLI_COLUMNS = ("pairID", "sentence1", "sentence2", "gold_label")
PAWS_X_COLUMNS = ("id", "sentence1", "sentence2", "label")


@dataclass(frozen=True)
class _Row:
    pair_id: str
    first: str
    second: str
    label: str
    line: int


def read_mixed_table(member: Member, builder: CorpusBuilder) -> dict[str, PairColumns]:
    """XNLI's `xnli.{dev,test}.tsv`: all languages in one file, told apart by the column `language`.

    Args:
        member: The file.
        builder: Takes the problems.

    Returns:
        Language -> its pairs, aligned by `pairID`.
    """
    rows: dict[str, list[_Row]] = {}
    for line, cells in _rows(member, ("language", *XNLI_COLUMNS), builder):
        try:
            language = normalize_language(cells[0])
        except CorpusError as error:
            builder.problem(member.at(line), str(error))
            continue
        rows.setdefault(language, []).append(_row(cells[1:], line))
    return _aligned({language: (member, found) for language, found in rows.items()}, builder)


def read_tables(members: Mapping[str, Member], builder: CorpusBuilder) -> dict[str, PairColumns]:
    """PAWS-X's `x-final/<language>/{dev,test}_2k.tsv`: a file a language.

    Args:
        members: Language -> its file.
        builder: Takes the problems.

    Returns:
        Language -> its pairs, aligned by `id`.
    """
    found = {
        language: (
            member,
            [_row(cells, line) for line, cells in _rows(member, PAWS_X_COLUMNS, builder)],
        )
        for language, member in members.items()
    }
    return _aligned(found, builder)


def _row(cells: Sequence[str], line: int) -> _Row:
    pair_id, first, second, label = (cell.strip() for cell in cells)
    return _Row(pair_id, first, second, label, line)


def _rows(member: Member, columns: Sequence[str], builder: CorpusBuilder) -> list[tuple[int, list[str]]]:
    """Line and wanted cells of each row; tabs between, no quoting."""
    lines = decode_lines(member.data, member.place, builder.problems)
    header = lines[0].split("\t") if lines else []
    missing = [column for column in columns if column not in header]
    if missing:
        builder.problem(member.at(1), f"no column {', '.join(map(repr, missing))} in the header")
        return []
    places = [header.index(column) for column in columns]
    found = []
    for number, line in enumerate(lines[1:], start=2):
        cells = line.split("\t")
        if len(cells) == len(header):
            found.append((number, [cells[place] for place in places]))
        else:
            builder.problem(
                member.at(number), f"has {len(cells)} cells, the header {len(header)}; mend the row"
            )
    if not found:
        builder.problem(member.at(1), "holds no pair below the header; download it again")
    return found


def _aligned(
    tables: Mapping[str, tuple[Member, Sequence[_Row]]], builder: CorpusBuilder
) -> dict[str, PairColumns]:
    """Rows in the order of the reference language; None where a language lacks a pair."""
    if not tables:
        return {}
    ids = dict.fromkeys(row.pair_id for row in tables[reference_language(tables)][1])
    order = {pair_id: place for place, pair_id in enumerate(ids)}
    return {language: _column(member, rows, order, builder) for language, (member, rows) in tables.items()}


def _column(
    member: Member, rows: Sequence[_Row], order: Mapping[str, int], builder: CorpusBuilder
) -> PairColumns:
    placed: list[_Row | None] = [None] * len(order)
    for row in rows:
        place = order.get(row.pair_id)
        if place is None:
            builder.problem(member.at(row.line), f"pair {row.pair_id!r} is not in the reference language")
        elif placed[place] is not None:
            builder.problem(member.at(row.line), f"pair {row.pair_id!r} is there twice; ids must be unique")
        else:
            placed[place] = row
    lines = [row.line if row else 1 for row in placed]
    return PairColumns(
        Translations(member.place, [row.first if row else None for row in placed], lines),
        Translations(member.place, [row.second if row else None for row in placed], lines),
        [row.label if row else None for row in placed],
    )
