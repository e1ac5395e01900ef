"""Neighbour tables: the words of a language that may stand for a word, as its synonyms do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isoglot.corpora.json_objects import read_entries
from isoglot.corpora.languages import normalize_language
from isoglot.corpora.sources import Member, decode_lines, read_members
from isoglot.errors import CorpusError
from isoglot.files import whole_file

Line = tuple[str, Any, str]
"""A word, what the file says its neighbours are, and the place where it says so."""


@dataclass(frozen=True, eq=False)
class NeighbourTable:
    """The neighbours of words of one language.

    Attributes:
        language: BCP 47 tag.
        neighbours: Word, as it is written -> one neighbour or more, none twice, the word itself not among
            them. A word without neighbours is not there.
    """

    language: str
    neighbours: Mapping[str, tuple[str, ...]]

    @property
    def num_links(self) -> int:
        """Number of neighbours of all words."""
        return sum(map(len, self.neighbours.values()))


def read_neighbours(path: str | Path, language: str) -> NeighbourTable:
    """A neighbour table from a file.

    Args:
        path: JSON (`{"film": ["movie", "cinema"], ...}`, as the counter-fitted table of arXiv 2104.08645 is
            published), or `.tsv` with a word and its neighbours in the cells of each line. Either may be
            compressed (`.gz`, `.xz`).
        language: Language of the words, in any spelling.

    Returns:
        The table; words without neighbours are left out.

    Raises:
        CorpusError: If the file cannot be read, or breaks a rule: each word once, all words texts without
            space, no neighbour twice, no word its own neighbour. All problems at once.
    """
    tag = normalize_language(language)
    member = one_file(Path(path), r"[^/]*\.(json|tsv)", "of neighbours (.json or .tsv)")
    problems: list[str] = []
    lines = _json_lines(member) if member.match[1] == "json" else _tab_lines(member, problems)
    neighbours = _checked(lines, problems)
    if not neighbours and not problems:
        problems.append(f"{member.place}: no word has a neighbour; download it again")
    if problems:
        raise CorpusError(problems)
    return NeighbourTable(tag, neighbours)


def write_neighbours(table: NeighbourTable, path: str | Path) -> None:
    """Writes a table as `read_neighbours` reads it; replaces the file whole.

    Args:
        table: The table.
        path: A `.tsv` file.
    """
    lines = ["\t".join((word, *neighbours)) + "\n" for word, neighbours in table.neighbours.items()]
    with whole_file(path) as file:
        file.write("".join(lines).encode())


def one_file(path: Path, pattern: str, expected: str) -> Member:
    """A file by its path, decompressed.

    Args:
        path: The file.
        pattern: Regular expression for its name, without the compression's suffix.
        expected: The name in words.

    Returns:
        The file.

    Raises:
        CorpusError: If it cannot be read, is a folder or an archive, or has another name.
    """
    members = read_members(path, pattern, expected) if not path.is_dir() else []
    if len(members) != 1:
        raise CorpusError(f"{path}: must be one file {expected}; name the file itself")
    return members[0]


def _json_lines(member: Member) -> Iterator[Line]:
    for entry in read_entries([member.data], member.place):
        yield entry.key, entry.value, member.at(entry.line)


def _tab_lines(member: Member, problems: list[str]) -> Iterator[Line]:
    for number, line in enumerate(decode_lines(member.data, member.place, problems), start=1):
        word, *neighbours = line.split("\t")
        yield word, neighbours, member.at(number)


def _checked(lines: Iterable[Line], problems: list[str]) -> dict[str, tuple[str, ...]]:
    """Word -> neighbours, where there are some; notes all that breaks a rule."""
    found: dict[str, tuple[str, ...]] = {}
    places: dict[str, str] = {}
    for word, neighbours, place in lines:
        first = places.setdefault(word, place)
        reason = (
            _problem(word, neighbours) if first is place else f"{word!r} is there twice, first at {first}"
        )
        if reason:
            problems.append(f"{place}: {reason}; mend the line")
        elif neighbours:
            found[word] = tuple(neighbours)
    return found


def _problem(word: str, neighbours: Any) -> str | None:
    """What is wrong with a word and its neighbours, if anything."""
    if not isinstance(neighbours, list):
        return f"the neighbours of {word!r} must be a list of words, got {type(neighbours).__name__}"
    bad = next((each for each in (word, *neighbours) if not _is_word(each)), None)
    if bad is not None:
        return f"a word must be a text without space, got {bad!r}"
    if word in neighbours:
        return f"{word!r} is its own neighbour; it is drawn anyway"
    if len(set(neighbours)) < len(neighbours):
        twice = next(each for each in neighbours if neighbours.count(each) > 1)
        return f"{word!r} has neighbour {twice!r} twice"
    return None


def _is_word(value: Any) -> bool:
    """Whether a value is a word: texts are split at single spaces, so one with a space would never be met."""
    return isinstance(value, str) and bool(value) and " " not in value
