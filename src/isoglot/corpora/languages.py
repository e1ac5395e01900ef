"""Language tags: one spelling (BCP 47) for the many that data sets use."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import langcodes
from langcodes.tag_parser import LanguageTagError

from isoglot.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Iterable

_ALIASES = {
    # Country codes and homespun codes that published data sets use for languages.
    "jp": "ja",
    "cn": "zh",
    "kr": "ko",
    "gr": "el",
    "cz": "cs",
    "dk": "da",
    "ua": "uk",
    "zh-cn": "zh",
    "zh-hans-cn": "zh",
    "zh-tw": "zh-Hant",
    "cmn": "zh",
    "tgl": "tl",
    "fil": "tl",
    "iw": "he",
    "arb": "ar",
    "pes": "fa",
    "ell": "el",
    "es-la": "es-419",
    # Codes of the one standard variety of a macrolanguage, which everybody calls by the latter's code.
    "als": "sq",
    "azj": "az",
    "ekk": "et",
    "gaz": "om",
    "khk": "mn",
    "lvs": "lv",
    "npi": "ne",
    "ory": "or",
    "pbt": "ps",
    "plt": "mg",
    "swh": "sw",
    "uzn": "uz",
    "ydd": "yi",
    "zsm": "ms",
}


_TWO_SCRIPTS = frozenset({"sr"})
"""Languages that are written in two scripts so often that the tag always says which."""
NO_LANGUAGE = "zxx"
"""The tag of a query without language, such as a photograph: BCP 47's "no linguistic content"."""


@cache
def normalize_language(tag: str) -> str:
    """The BCP 47 tag that a data set's code stands for.

    Underscores, ISO 639-2/3 codes, redundant scripts and common mistakes are mended: `eng-Latn` is `en`,
    `arb_Arab` is `ar`, `zho-CN` and `zh_cn` are `zh` (simplified script is what `zh` means without a script),
    `jp` is `ja`. A region or script is kept where it tells varieties apart (`pt-BR`, `es-419`, `hi-Latn`).

    Args:
        tag: The code as found.

    Returns:
        The tag in canonical spelling.

    Raises:
        CorpusError: If no language is known by that code.
    """
    spelled = tag.strip().replace("_", "-")
    spelled = _ALIASES.get(spelled.lower(), spelled)
    try:
        standard = langcodes.standardize_tag(spelled)
        valid = langcodes.tag_is_valid(standard)
    except LanguageTagError:
        valid = False
    if not valid:
        raise CorpusError(f"{tag!r} is not a language tag; use BCP 47, such as 'de', 'pt-BR' or 'zh-Hant'")
    return _ALIASES.get(standard.lower()) or _shortest(standard)


def _shortest(tag: str) -> str:
    """The tag with the usual code of its language, without a script that goes without saying."""
    code, *rest = tag.split("-")
    code = _ALIASES.get(code, code)
    if rest and code not in _TWO_SCRIPTS and rest[0] in _usual_scripts(code):
        rest = rest[1:]
    return "-".join([code, *rest])


def _usual_scripts(code: str) -> tuple[str | None, ...]:
    script = langcodes.Language.get(code).maximize().script
    return ("Kore", "Hang") if script == "Kore" else (script,)


def match_languages(wanted: Iterable[str], available: Iterable[str]) -> tuple[str, ...]:
    """The available languages that the wanted tags name, in the order wanted.

    A tag names itself and its varieties: `pt` matches `pt` and `pt-BR` (RFC 4647 basic filtering).

    Args:
        wanted: Tags in any spelling.
        available: Tags in canonical spelling.

    Returns:
        Matching members of `available`, without repetition.

    Raises:
        CorpusError: If a tag matches nothing.
    """
    have = sorted(set(available))
    matched: dict[str, None] = {}
    for tag in map(normalize_language, wanted):
        hits = [language for language in have if language == tag or language.startswith(f"{tag}-")]
        if not hits:
            raise CorpusError(f"no text in language {tag!r}; there is {', '.join(have)}")
        matched.update(dict.fromkeys(hits))
    return tuple(matched)
