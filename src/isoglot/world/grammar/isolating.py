"""English, Swahili, Thai, Vietnamese and Yoruba: names keep one form, with at most a word before it."""

from __future__ import annotations

from isoglot.world.grammar.rules import Forms, Grammar, small
from isoglot.world.lexicons import Lexicon


def english_country(code: str, name: str, lexicon: Lexicon) -> Forms:
    """The name with its article, where it has one: "the Netherlands"."""
    return {"": f"the {name}" if code in lexicon.tables["the_countries"] else name}


def thai_language(_code: str, name: str, _lexicon: Lexicon) -> Forms:
    """The name after the word for language, which CLDR leaves out."""
    return {"": f"ภาษา{name}"}


def yoruba_language(_code: str, name: str, _lexicon: Lexicon) -> Forms:
    """The name after the word for language, which CLDR gives for some, with or without its tone marks."""
    first, _, rest = name.partition(" ")
    return {"": f"èdè {rest if first.lower() in ('èdè', 'edè') else name}"}


def yoruba_city(_code: str, name: str, _lexicon: Lexicon) -> Forms:
    """The name without the word for town, which CLDR gives for some."""
    first, _, rest = name.partition(" ")
    return {"": rest if first.lower() in ("ìlú", "ilu") else name}


ENGLISH = Grammar({"country": english_country})
SWAHILI = Grammar({"currency": small})
THAI = Grammar({"language": thai_language})
VIETNAMESE = Grammar({"currency": small, "language": small, "script": small})
YORUBA = Grammar({"city": yoruba_city, "language": yoruba_language})
