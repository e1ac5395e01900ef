"""Welsh: the article of countries, enumerations, and what contracts in a sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from isoglot.world.grammar.rules import Forms, Grammar, capitalize, uncapitalize
from isoglot.world.lexicons import Lexicon

_VOWELS = "aeiouwyâêîôûŵŷáéíóúàèìòùäëïöü"
_ARTICLE_AFTER_VOWEL = re.compile(rf"(?<=[{_VOWELS}]) yr? (?=[A-Z])")
_ASPIRATED = {"p": "ph", "t": "th", "c": "ch"}


def place(_code: str, name: str, _lexicon: Lexicon) -> Forms:
    """The name with its article written small, as it is inside a sentence: "yr Almaen"."""
    first, _, rest = name.partition(" ")
    return {"": f"{first.lower()} {rest}" if first in ("Y", "Yr") else name}


def currency(_code: str, name: str, _lexicon: Lexicon) -> Forms:
    """The name written small, with the article inside it ("peso yr Ariannin")."""
    return {"": uncapitalize(name).replace(" Yr ", " yr ").replace(" Y ", " y ")}


def aspirate(word: str) -> str:
    """The aspirate mutation, which "a" (and) calls for: "a Thyrceg"; ch, ph, th, ts and rh stay."""
    first, second = word[:1], word[1:2].lower()
    if first.lower() not in _ASPIRATED or second in ("h", "s"):
        return word
    mutated = _ASPIRATED[first.lower()]
    return (mutated.capitalize() if first.isupper() else mutated) + word[1:]


def join(names: Sequence[Forms], _lexicon: Lexicon) -> Forms:
    """The names joined by commas and a last "a", which is "ac" before a vowel and mutates a consonant."""
    *others, last = [name[""] for name in names]
    if not others:
        return {"": last}
    conjunction = "ac" if last[0].lower() in _VOWELS else "a"
    return {"": f"{', '.join(others)} {conjunction} {aspirate(last)}"}


def finish(text: str) -> str:
    """The sentence with its capital, an article joined to the vowel before it: "mae'r Almaen"."""
    return capitalize(_ARTICLE_AFTER_VOWEL.sub("'r ", text))


GRAMMAR = Grammar({"country": place, "region": place, "currency": currency}, join=join, finish=finish)
