"""Every perturbation by name, and how those that need a table are built."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from isoglot.errors import ConfigError
from isoglot.robustness.perturbations import pictures
from isoglot.robustness.perturbations.code_switching import Translations, switch_span
from isoglot.robustness.perturbations.marks import drop_case, drop_diacritics, drop_punctuation
from isoglot.robustness.perturbations.ocr import misread
from isoglot.robustness.perturbations.perturbation import (
    NO_LANGUAGE,
    Perturbation,
    PicturePerturbation,
    TextPerturbation,
)
from isoglot.robustness.perturbations.replaced_words import Neighbours, replace_by
from isoglot.robustness.perturbations.transliteration import check_transliteration, to_latin
from isoglot.robustness.perturbations.typos import add_typos
from isoglot.robustness.perturbations.word_order import shuffle_words


@dataclass(frozen=True, eq=False)
class Tables:
    """What some perturbations look words and texts up in.

    Attributes:
        synonyms: Tag -> table of words of near meaning.
        dictionaries: Tag -> table of translations into other languages.
        translations: Texts in other languages, for `code_switch` where there is no dictionary.
    """

    synonyms: Mapping[str, Neighbours] = field(default_factory=dict)
    dictionaries: Mapping[str, Neighbours] = field(default_factory=dict)
    translations: Translations | None = None


_OF_A_CORPUS = Translations({(NO_LANGUAGE, ""): ((NO_LANGUAGE, ""),)})
"""Stands for the translations that a corpus will have."""
_OF_WORDS = "share of the words {}, of those that can be"

READY: dict[str, Perturbation] = {
    each.name: each
    for each in (
        TextPerturbation(
            "typo",
            "typing errors: keys beside the right one, characters swapped, dropped or doubled",
            _OF_WORDS.format("with one error"),
            add_typos,
        ),
        TextPerturbation(
            "ocr",
            "glyphs taken for others that look alike, words torn apart or run together",
            _OF_WORDS.format("with one error"),
            misread,
        ),
        TextPerturbation(
            "diacritics",
            "accents, points and short vowels left out",
            _OF_WORDS.format("without them"),
            drop_diacritics,
        ),
        TextPerturbation("case", "capitals in small letters", _OF_WORDS.format("changed"), drop_case),
        TextPerturbation(
            "punctuation", "punctuation left out", "share of the punctuation marks left out", drop_punctuation
        ),
        TextPerturbation(
            "word_order",
            "words moved about; characters where no spaces are written",
            "how far a word may move, as a share of the number of words",
            shuffle_words,
        ),
        TextPerturbation(
            "transliteration",
            "words in Latin letters",
            "share of the words in Latin letters, of those in other scripts",
            to_latin,
        ),
        PicturePerturbation(
            "noise",
            "Gaussian noise",
            f"standard deviation over {pictures.MAX_NOISE} of the way from black to white",
            pictures.add_noise,
        ),
        PicturePerturbation(
            "blur",
            "Gaussian blur",
            f"standard deviation over {pictures.MAX_BLUR} of the shorter side",
            pictures.blur,
        ),
        PicturePerturbation(
            "crop",
            "a part cut out at a random place, enlarged",
            f"what each side loses, over {pictures.MAX_CROP} of its length",
            pictures.crop,
        ),
        PicturePerturbation(
            "jpeg",
            "compression as JPEG",
            f"quality from {pictures.BEST_QUALITY} at 0 to {pictures.WORST_QUALITY} at 1",
            pictures.compress,
        ),
    )
}
"""Name -> what needs no table."""

_SYNONYMS = "words replaced by neighbours in meaning, out of a table for the language"
_CODE_SWITCH = "words in another language, out of a dictionary or of a parallel text"
SUMMARIES = {
    **{name: each.summary for name, each in READY.items()},
    "synonyms": _SYNONYMS,
    "code_switch": _CODE_SWITCH,
}
"""Name -> what it does, of every perturbation."""


def build_perturbations(
    names: Iterable[str | Perturbation], tables: Tables | None = None
) -> tuple[Perturbation, ...]:
    """Perturbations by name.

    Args:
        names: Keys of `SUMMARIES`; what is a perturbation already stays as it is.
        tables: What `synonyms` and `code_switch` need.

    Returns:
        The perturbations, in order.

    Raises:
        ConfigError: If a name is unknown or given twice, or a table or package is missing; all at once.
    """
    found: dict[str, Perturbation] = {}
    problems: list[str] = []
    for each in names:
        name = each if isinstance(each, str) else each.name
        if name in found:
            problems.append(f"perturbation {name!r} is given twice")
            continue
        try:
            found[name] = _build(each, tables or Tables()) if isinstance(each, str) else each
        except ConfigError as error:
            problems.append(str(error))
    if not found and not problems:
        problems.append(f"no perturbation is named; there is {', '.join(SUMMARIES)}")
    if problems:
        raise ConfigError("\n".join(problems))
    return tuple(found.values())


def check_perturbations(names: Iterable[str | Perturbation], tables: Tables | None = None) -> None:
    """Refuses what `build_perturbations` would refuse with any corpus, before one is read.

    Args:
        names: As there.
        tables: As there; without a dictionary, `code_switch` is taken to have translations in the corpus.

    Raises:
        ConfigError: As there.
    """
    given = tables or Tables()
    build_perturbations(names, given if given.translations else replace(given, translations=_OF_A_CORPUS))


def _build(name: str, tables: Tables) -> Perturbation:
    if name == "transliteration":
        check_transliteration()
    if name in READY:
        return READY[name]
    if name == "synonyms":
        if not tables.synonyms:
            raise ConfigError(
                "synonyms needs a table of neighbours for a language at least: --synonyms en=FILE, or tables="
            )
        return TextPerturbation(
            name, _SYNONYMS, "share of the words replaced, of those in the table", replace_by(tables.synonyms)
        )
    if name == "code_switch":
        return _build_code_switch(tables)
    raise ConfigError(_unknown(name))


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, SUMMARIES, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(SUMMARIES)}"
    return f"unknown perturbation {name!r}; {hint}"


def _build_code_switch(tables: Tables) -> Perturbation:
    if tables.dictionaries:
        meaning, change = "of those in the dictionary", replace_by(tables.dictionaries)
    elif tables.translations is not None and tables.translations.of:
        meaning, change = "in one span, one at least", switch_span(tables.translations)
    else:
        raise ConfigError(
            "code_switch needs a dictionary (--dictionary en:de=FILE, or tables=), or a corpus whose texts "
            "have translations in their group"
        )
    return TextPerturbation("code_switch", _CODE_SWITCH, f"share of the words replaced, {meaning}", change)
