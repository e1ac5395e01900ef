"""What the project knows of each language: names, grammar and wording, one TOML file per language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from isoglot.errors import ConfigError

LANGUAGES = ("ar", "cy", "de", "el", "en", "es", "eu", "hi", "ru", "sw", "th", "tr", "vi", "yo", "zh")
"""The languages of the built-in world: those of XQuAD-R, and Basque, Swahili, Welsh and Yoruba."""


@dataclass(frozen=True)
class Relation:
    """How a language asks for a kind of fact and states it.

    A text holds placeholders `{slot}` or `{slot.form}` and choices `[singular|plural]`, which follow the
    number of the country's name.

    Attributes:
        questions: Two wordings or more of the question.
        passages: One wording or more of the passage.
    """

    questions: tuple[str, ...]
    passages: tuple[str, ...]


@dataclass(frozen=True)
class Lexicon:
    """One language's file.

    Attributes:
        language: BCP 47 tag.
        question_mark: What a question ends with.
        script: Name of the script, as in the Unicode names of its letters ("Han" for the unified ideographs).
        separators: What stands between the members of an enumeration, and before the last.
        relations: Relation -> its wordings.
        names: Kind -> code -> name, where CLDR's does not fit.
        without: Kind -> codes that have no usable name in the language.
        forms: Kind -> form -> code -> text, for forms that no rule makes.
        country_forms: Country -> form -> text, for forms that the language's rules get wrong.
        plural_countries: Countries whose name is a plural.
        counted_currencies: Whether a currency is called as CLDR counts it ("1 Swiss franc"), not as it
            lists it ("Swiss Franc").
        tables: The rest of the file: what the language's own rules read.
    """

    language: str
    question_mark: str
    script: str
    separators: tuple[str, str]
    relations: Mapping[str, Relation]
    names: Mapping[str, Mapping[str, str]]
    without: Mapping[str, tuple[str, ...]]
    forms: Mapping[str, Mapping[str, Mapping[str, str]]]
    country_forms: Mapping[str, Mapping[str, str]]
    plural_countries: frozenset[str]
    counted_currencies: bool
    tables: Mapping[str, Any]


@cache
def read_lexicon(language: str) -> Lexicon:
    """The lexicon of a language.

    Args:
        language: One of `LANGUAGES`.

    Returns:
        The lexicon.

    Raises:
        ConfigError: If the built-in world does not speak the language.
    """
    if language not in LANGUAGES:
        raise ConfigError(
            f"the built-in world does not speak {language!r}; choose among {' '.join(LANGUAGES)}"
        )
    path = files("isoglot.world") / "lexicon" / f"{language}.toml"
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    between, last = table.pop("list")
    return Lexicon(
        language=language,
        question_mark=table.pop("question_mark"),
        script=table.pop("script"),
        separators=(between, last),
        relations={
            name: Relation(tuple(texts["questions"]), tuple(texts["passages"]))
            for name, texts in table.pop("relations").items()
        },
        names=table.pop("names", {}),
        without={kind: tuple(codes) for kind, codes in table.pop("without", {}).items()},
        forms=table.pop("forms", {}),
        country_forms=table.pop("country_forms", {}),
        plural_countries=frozenset(table.pop("plural_countries", ())),
        counted_currencies=table.pop("counted_currencies", False),
        tables=table,
    )
