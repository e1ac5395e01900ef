"""German: articles of countries, and names of scripts."""

from __future__ import annotations

from isoglot.world.grammar.rules import Forms, Grammar
from isoglot.world.lexicons import Lexicon

_ARTICLES = {
    "f": ("die", "in der", "der"),
    "m": ("der", "im", "des"),
    "pl": ("die", "in den", "der"),
    "islands": ("die", "auf den", "der"),
}


def country(code: str, name: str, lexicon: Lexicon) -> Forms:
    """Nominative, place ("in") and genitive ("of"); all three hold the article or the preposition."""
    if code in lexicon.country_forms:
        forms = dict(lexicon.country_forms[code])
        return {"": forms.pop("base"), **forms}
    for gender, (nominative, place, genitive) in _ARTICLES.items():
        if code in lexicon.tables["articles"][gender]:
            dative = f"{name}n" if gender == "pl" else name
            return {"": f"{nominative} {name}", "in": f"{place} {dative}", "of": f"{genitive} {name}"}
    return {"": name, "in": f"in {name}", "of": f"von {name}"}


def script(_code: str, name: str, _lexicon: Lexicon) -> Forms:
    """An adjective as such ("kyrillischer Schrift"), another name joined ("Devanagari-Schrift")."""
    if name.endswith("isch"):
        return {"": f"{name.lower()}er Schrift"}
    return {"": f"{name}-Schrift"}


GRAMMAR = Grammar({"country": country, "script": script})
