"""What one language needs to speak of scenes and melodies: words, forms, orders and templates, from its file.

A file `lexicon/<tag>.toml` has these sections. Words: `shape` (with `any` for "shape"), `colour`, `size`,
`texture`, `count` (1 to 4), `tone`, `pitch`, `contour`, `timbre`, `rhythm`, and `word` for whatever else
agrees (articles, verbs, classifiers). A word is a text, or the principal parts of a `paradigm`, which maps
features to patterns; `as` names the paradigm of a word, or of all words of a section; "" is not said.
`features.inherent` are the keys of a noun that others agree with; `derive` makes further features from
those known, in the order of the file. `forms` are the forms in which a template can ask for a phrase:
features, and what is put `before` and `after`. `order` says where the words of a phrase stand; `rewrite`
has patterns that are applied to a finished phrase. `captions` are the templates; `place` and `motion` fill
their `{place}`, `{the_place}` (with definite forms) and `{motion}`; `place_clause` and `motion_clause` are
for languages that need a second form or order of these. `tags` names what no single word names, and any
value that is called otherwise as a tag.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from isoglot.errors import ConfigError
from isoglot.world.saying.tables import Table, Word, build_table
from isoglot.world.scenes import scene as values

COUNTS = tuple(str(number) for number in range(1, values.MAX_COUNT + 1))
WORDS: Mapping[str, tuple[str, ...]] = {
    "shape": ("any", *values.SHAPES),
    "colour": values.COLOURS,
    "size": values.SIZES,
    "texture": values.TEXTURES,
    "count": COUNTS,
    "tone": ("tone",),
    "pitch": values.PITCHES,
    "contour": values.CONTOURS,
    "timbre": values.TIMBRES,
    "rhythm": values.RHYTHMS,
}
"""Section -> the words it must have."""
MOVES = tuple(motion for motion in values.MOTIONS if motion != "crosses")
KINDS = ("thing", "beside", "inside", "larger_than", "moves", "moves_related", "crosses", "melody")
"""The kinds of captions, each with templates of its own."""
TEXTS: Mapping[str, tuple[str, ...]] = {
    "place": values.RELATIONS,
    "place_clause": values.RELATIONS,
    "motion": MOVES,
    "motion_clause": MOVES,
    "tags": (*values.RELATIONS, *values.MOTIONS, "agrees_with", "form"),
}
_VALUES = {value for section in WORDS for value in WORDS[section]}
SECTIONS = {"features", "derive", "paradigm", "forms", "order", "captions", "word", *WORDS, *TEXTS}
OPTIONAL = {"derive", "features", "motion_clause", "paradigm", "place_clause", "word"}


@dataclass(frozen=True)
class Form:
    """A form in which a template can ask for a phrase.

    Attributes:
        features: What it adds to the features of the phrase, such as its case.
        before: What it puts before the phrase.
        after: What it puts after it.
    """

    features: Mapping[str, str]
    before: str
    after: str


@dataclass(frozen=True)
class Lexicon:
    """One language.

    Attributes:
        language: Its tag.
        derive: Feature -> how it follows from others.
        paradigms: Name -> features -> pattern.
        words: Section -> key -> word.
        forms: Name -> form.
        orders: `thing` and `melody` -> features -> the order of the words.
        rewrites: (pattern, replacement), for finished phrases.
        captions: Kind -> templates.
        texts: `place`, `motion`, their clauses and `tags` -> key -> text.
        capitals: What the first letter of a caption becomes, where it is not what Unicode says.
    """

    language: str
    derive: Mapping[str, Table]
    paradigms: Mapping[str, Table]
    words: Mapping[str, Mapping[str, Word]]
    forms: Mapping[str, Form]
    orders: Mapping[str, Table]
    rewrites: tuple[tuple[str, str], ...]
    captions: Mapping[str, tuple[str, ...]]
    texts: Mapping[str, Mapping[str, str]]
    capitals: Mapping[str, str]

    @property
    def file(self) -> str:
        """Its file, for errors."""
        return f"{self.language}.toml"

    def capitalised(self, text: str) -> str:
        """A text with a capital at its beginning, as its script has it.

        Args:
            text: A text.

        Returns:
            The text; unchanged if its script has no capitals, or it is empty.
        """
        return self.capitals.get(text[:1], text[:1].upper()) + text[1:]

    def small(self, letter: str) -> str:
        """The small letter that became a capital at the beginning of a caption.

        Args:
            letter: One letter.

        Returns:
            The small letter, or the letter itself.
        """
        return {large: small for small, large in self.capitals.items()}.get(letter, letter.lower())


def said_languages() -> tuple[str, ...]:
    """The tags of all languages that have a file, sorted."""
    folder = files("isoglot.world.saying") / "lexicon"
    return tuple(
        sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    )


@cache
def read_lexicon(language: str) -> Lexicon:
    """The lexicon of a language.

    Args:
        language: Its tag, one of `SAID_LANGUAGES`.

    Returns:
        The lexicon, as its file has it.

    Raises:
        ConfigError: If there is no such language, or its file lacks something or has too much.
    """
    if language not in said_languages():
        raise ConfigError(f"language must be one of {', '.join(said_languages())}, got {language!r}")
    text = (files("isoglot.world.saying") / "lexicon" / f"{language}.toml").read_text(encoding="utf-8")
    return parse_lexicon(text, language)


def parse_lexicon(text: str, language: str) -> Lexicon:
    """A lexicon from the text of its file.

    Args:
        text: TOML.
        language: The tag.

    Returns:
        The lexicon.

    Raises:
        ConfigError: If the text is no TOML, or lacks something or has too much; all at once.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{language}.toml: {error}") from error
    problems = _keys(data, f"{language}.toml")
    if problems:
        raise ConfigError("\n".join(problems))
    return _build(data, language)


def _keys(data: Mapping[str, Any], file: str) -> list[str]:
    """What is missing, and what nobody asked for."""
    missing, unknown = [], [key for key in data if key not in SECTIONS | {"rewrite", "capitals"}]
    wanted = {**WORDS, **TEXTS, "captions": KINDS, "order": ("thing", "melody")}
    for section in sorted(section for section in SECTIONS if section not in OPTIONAL or section in data):
        have, want = data.get(section, {}), wanted.get(section, ())
        missing += [f"{section}.{key}" for key in want if key not in have] + ([] if have else [section])
        allowed = {*want, *({"as"} if section in WORDS else ())}
        allowed |= _VALUES if section == "tags" else set()
        unknown += [f"{section}.{key}" for key in have if want and key not in allowed]
    return [f"{file}: lacks {key}; add it" for key in missing] + [
        f"{file}: {key} is used for nothing; remove it" for key in unknown
    ]


def _build(data: Mapping[str, Any], language: str) -> Lexicon:
    file = f"{language}.toml"

    def tables(section: str) -> dict[str, Table]:
        return {
            key: build_table(entry, f"{file}: {section}.{key}")
            for key, entry in data.get(section, {}).items()
        }

    paradigms = tables("paradigm")
    inherent = tuple(data.get("features", {}).get("inherent", ()))
    words = {
        section: _words(data.get(section, {}), f"{file}: {section}", paradigms, inherent)
        for section in (*WORDS, "word")
    }
    forms = {
        name: Form(
            {k: v for k, v in entry.items() if k not in {"before", "after"}},
            entry.get("before", ""),
            entry.get("after", ""),
        )
        for name, entry in data["forms"].items()
    }
    return Lexicon(
        language=language,
        derive=tables("derive"),
        paradigms=paradigms,
        words=words,
        forms=forms,
        orders=tables("order"),
        rewrites=tuple((pattern, replacement) for pattern, replacement in data.get("rewrite", ())),
        captions={kind: tuple(templates) for kind, templates in data["captions"].items()},
        texts={section: data.get(section, {}) for section in TEXTS},
        capitals=data.get("capitals", {}),
    )


def _words(
    section: Mapping[str, Any], place: str, paradigms: Mapping[str, Table], inherent: tuple[str, ...]
) -> dict[str, Word]:
    """The words of one section."""
    words = {}
    for key, entry in section.items():
        if key == "as":
            continue
        parts = {"stem": entry} if isinstance(entry, str) else dict(entry)
        name = parts.pop("as", section.get("as")) if entry else None
        if name is not None and name not in paradigms:
            raise ConfigError(f"{place}.{key}: 'as' names the paradigm {name!r}, which is not there")
        if name is None and "stem" not in parts:
            raise ConfigError(f"{place}.{key}: has principal parts but no paradigm; say which with 'as'")
        features = {feature: parts.pop(feature) for feature in inherent if feature in parts}
        words[key] = Word(f"{place}.{key}", paradigms.get(name or ""), parts, features)
    return words
