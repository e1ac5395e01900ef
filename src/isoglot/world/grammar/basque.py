"""Basque: the inessive and the local genitive of countries, and what a script is written with."""

from __future__ import annotations

from isoglot.world.grammar.rules import Forms, Grammar
from isoglot.world.lexicons import Lexicon


def country(code: str, name: str, lexicon: Lexicon) -> Forms:
    """The name, its inessive ("in") and its local genitive ("of")."""
    if code in lexicon.plural_countries:
        stem = name.removesuffix("ak")
        return {"": name, "in": f"{stem}etan", "of": f"{stem}etako"}
    if code in lexicon.tables["article_countries"]:
        return {"": name, "in": f"{name}n", "of": f"{name.removesuffix('a')}ko"}
    return {"": name, "in": inessive(name), "of": local_genitive(name)}


def inessive(name: str) -> str:
    """Where: "Frantzian", "Iranen", "Qatarren"."""
    if name[-1] in "aeiou":
        return f"{name}n"
    return f"{name}ren" if name.endswith("r") else f"{name}en"


def local_genitive(name: str) -> str:
    """Of a place: "Frantziako", "Irango", "Qatarreko", "Irakeko"."""
    if name[-1] in "aeiou":
        return f"{name}ko"
    if name[-1] in "lmn":
        return f"{name}go"
    return f"{name}reko" if name.endswith("r") else f"{name}eko"


def continent(_code: str, name: str, _lexicon: Lexicon) -> Forms:
    """The name and its inessive ("in")."""
    return {"": name, "in": inessive(name)}


def script(_code: str, name: str, _lexicon: Lexicon) -> Forms:
    """The name with the word for alphabet, and what one writes with ("with")."""
    return {"": f"alfabeto {name}", "with": f"alfabeto {name}rekin"}


GRAMMAR = Grammar({"country": country, "continent": continent, "script": script})
