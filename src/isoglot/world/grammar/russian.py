"""Russian: cases of countries, languages and scripts."""

from __future__ import annotations

from collections.abc import Sequence

from isoglot.world.grammar.rules import Forms, Grammar, enumerate_names
from isoglot.world.lexicons import Lexicon

# Ending of the nominative -> endings of the genitive and the prepositional, the longest that fits.
_ENDINGS = {
    "ия": ("ии", "ии"),
    "ка": ("ки", "ке"),
    "га": ("ги", "ге"),
    "жа": ("жи", "же"),
    "ша": ("ши", "ше"),
    "а": ("ы", "е"),
    "я": ("и", "е"),
    "ий": ("ия", "ии"),
    "й": ("я", "е"),
    "усь": ("уси", "уси"),
    "ь": ("я", "е"),
}
_VOWELS = "оеиуюэё"


def _decline(name: str) -> tuple[str, str]:
    for ending, (genitive, prepositional) in _ENDINGS.items():
        if name.endswith(ending):
            stem = name[: -len(ending)]
            return stem + genitive, stem + prepositional
    if name[-1] in _VOWELS:
        return name, name
    return f"{name}а", f"{name}е"


def country(code: str, name: str, lexicon: Lexicon) -> Forms:
    """Nominative, genitive ("of") and prepositional with its preposition ("in")."""
    own = lexicon.country_forms.get(code)
    if own is not None:
        return {"": name, **own}
    genitive, prepositional = _decline(name)
    preposition = "на" if code in lexicon.tables["na_countries"] else "в"
    return {"": name, "of": genitive, "in": f"{preposition} {prepositional}"}


def language(_code: str, name: str, _lexicon: Lexicon) -> Forms:
    """The name after or before the word for language: "русский язык", "язык хинди"."""
    if name.endswith(("ский", "цкий")):
        stem = name[:-2]
        return {
            "": f"{name} язык",
            "name": name,
            "of": f"{stem}ого языка",
            "in": f"{stem}ом языке",
        }
    return {"": f"язык {name}", "name": name, "of": f"языка {name}", "in": f"языке {name}"}


def script(_code: str, name: str, _lexicon: Lexicon) -> Forms:
    """A name of its own ("кириллица"), or with the word for writing ("грузинская письменность")."""
    if name.endswith("ица"):
        return {"": name}
    return {"": f"{name} письменность" if name.endswith("ая") else f"письменность {name}"}


def join(names: Sequence[Forms], lexicon: Lexicon) -> Forms:
    """Languages without the word for language, which the sentence has already."""
    return enumerate_names([{"": name["name"]} for name in names], lexicon)


GRAMMAR = Grammar({"country": country, "language": language, "script": script}, join=join)
