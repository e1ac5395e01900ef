"""What `isoglot evaluate` is told to perturb."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from isoglot.errors import ConfigError

if TYPE_CHECKING:
    from isoglot.evaluation.robustness import Perturbing
    from isoglot.robustness.perturbations import Tables


def parse_perturbing(
    names: Sequence[str] | None,
    strengths: str,
    side: str,
    synonyms: Sequence[str] | None,
    dictionaries: Sequence[str] | None,
) -> Perturbing | None:
    """What is perturbed, from what was typed; every file is read, and every name known.

    Args:
        names: Perturbations; None for none.
        strengths: Numbers with commas between.
        side: `queries`, `documents` or `both`.
        synonyms: Such as `en=FILE`.
        dictionaries: Such as `en:de=FILE`.

    Returns:
        The setting; None if nothing is perturbed.

    Raises:
        ConfigError: If an option is malformed, or given without perturbation.
        CorpusError: If a file is malformed.
    """
    from isoglot.evaluation.robustness import Perturbing
    from isoglot.robustness.perturbations import check_names

    if not names:
        if synonyms or dictionaries:
            raise ConfigError("--synonyms and --dictionary are for --perturb; name what to perturb")
        return None
    check_names(names)
    numbers = tuple(sorted(_number(each) for each in strengths.split(",")))
    return Perturbing(tuple(names), numbers, side, _read_tables(synonyms or (), dictionaries or ()))  # type: ignore[arg-type]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigError(
            f"--strengths must be numbers with commas between, such as 0.1,0.3, got {text!r}"
        ) from None


def _read_tables(synonyms: Sequence[str], dictionaries: Sequence[str]) -> Tables:
    from isoglot.robustness.dictionaries import read_dictionary
    from isoglot.robustness.perturbations import Tables
    from isoglot.robustness.synonyms import read_neighbours

    near: dict[str, dict[str, tuple[str, ...]]] = {}
    for entry in synonyms:
        tag, path = _assignment("--synonyms", entry, "en=FILE")
        table = read_neighbours(path, tag)
        near.setdefault(table.language, {}).update(table.neighbours)
    translated: dict[str, dict[str, tuple[str, ...]]] = {}
    for entry in dictionaries:
        tags, path = _assignment("--dictionary", entry, "en:de=FILE")
        source, mark, target = tags.partition(":")
        if not mark:
            raise ConfigError(f"--dictionary must be such as en:de=FILE, got {entry!r}")
        read = read_dictionary(path, source, target)
        words = translated.setdefault(read.source, {})
        for word, found in read.translations.items():
            words[word] = (*words.get(word, ()), *found)
    return Tables(near, translated)


def _assignment(option: str, entry: str, example: str) -> tuple[str, str]:
    name, mark, path = entry.partition("=")
    if not (name and mark and path):
        raise ConfigError(f"{option} must be such as {example}, got {entry!r}")
    return name, path
