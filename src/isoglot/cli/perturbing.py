"""What `isoglot evaluate` is told to perturb."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from isoglot.errors import ConfigError, IsoglotError

if TYPE_CHECKING:
    from isoglot.evaluation.robustness import Perturbing
    from isoglot.robustness.perturbations import Tables

_Words = dict[str, dict[str, tuple[str, ...]]]
"""Language -> word -> what it may be replaced by."""


def parse_perturbing(
    names: Sequence[str] | None,
    strengths: str | None,
    side: str | None,
    synonyms: Sequence[str] | None,
    dictionaries: Sequence[str] | None,
) -> Perturbing | None:
    """What is perturbed, from what was typed; every file is read, and every name known.

    Args:
        names: Perturbations; None for none.
        strengths: Numbers with commas between; None takes the usual ones.
        side: `queries`, `documents` or `both`; None takes queries.
        synonyms: Such as `en=FILE`.
        dictionaries: Such as `en:de=FILE`.

    Returns:
        The setting; None if nothing is perturbed.

    Raises:
        ConfigError: If an option or file is malformed, or an option has no perturbation that it is for; all
            problems at once.
    """
    from isoglot.evaluation.robustness import DEFAULT_STRENGTHS, Perturbing

    options = {
        "--strengths": (strengths, ()),
        "--perturb-side": (side, ()),
        "--synonyms": (synonyms, ("synonyms",)),
        "--dictionary": (dictionaries, ("code_switch",)),
    }
    problems = [
        f"{option} is for --perturb {' or '.join(users) or 'NAME'}; name what to perturb, or leave it out"
        for option, (given, users) in options.items()
        if given and (names is None or not set(users) <= set(names))
    ]
    numbers = DEFAULT_STRENGTHS if strengths is None else _numbers(strengths, problems)
    tables = _read_tables(synonyms or (), dictionaries or (), problems)
    found = None
    if names is not None:
        try:
            found = Perturbing(tuple(names), numbers, side or "queries", tables)  # type: ignore[arg-type]
        except ConfigError as error:
            problems.append(str(error))
    if problems:
        raise ConfigError("\n".join(problems))
    return found


def _numbers(text: str, problems: list[str]) -> tuple[float, ...]:
    """The strengths, ascending; those that are no numbers are told to the problems."""
    found = []
    for each in text.split(","):
        try:
            found.append(float(each))
        except ValueError:
            problems.append(f"--strengths must be numbers with commas between, such as 0.1,0.3, got {each!r}")
    return tuple(sorted(found)) or (1.0,)


def _read_tables(synonyms: Sequence[str], dictionaries: Sequence[str], problems: list[str]) -> Tables:
    """The tables; what cannot be read is told to the problems, and is an empty table."""
    from isoglot.robustness.perturbations import Tables

    near: _Words = {}
    translated: _Words = {}
    for entries, read, found in ((synonyms, _read_synonyms, near), (dictionaries, _read_words, translated)):
        for entry in entries:
            try:
                read(entry, found)
            except IsoglotError as error:
                problems.append(str(error))
                found.setdefault(entry, {})
    return Tables(near, translated)


def _read_synonyms(entry: str, found: _Words) -> None:
    from isoglot.robustness.synonyms import read_neighbours

    tag, path = _assignment("--synonyms", entry, "en=FILE")
    table = read_neighbours(path, tag)
    words = found.setdefault(table.language, {})
    for word, near in table.neighbours.items():
        words[word] = tuple(dict.fromkeys((*words.get(word, ()), *near)))


def _read_words(entry: str, found: _Words) -> None:
    from isoglot.robustness.dictionaries import read_dictionary

    tags, path = _assignment("--dictionary", entry, "en:de=FILE")
    source, mark, target = tags.partition(":")
    if not (source and mark and target):
        raise ConfigError(f"--dictionary must be such as en:de=FILE, got {entry!r}")
    read = read_dictionary(path, source, target)
    words = found.setdefault(read.source, {})
    for word, translations in read.translations.items():
        words[word] = (*words.get(word, ()), *translations)


def _assignment(option: str, entry: str, example: str) -> tuple[str, str]:
    name, mark, path = entry.partition("=")
    if not (name and mark and path):
        raise ConfigError(f"{option} must be such as {example}, got {entry!r}")
    return name, path
