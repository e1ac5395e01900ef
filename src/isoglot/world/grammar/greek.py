"""Greek: articles and cases of countries, and articles of languages."""

from __future__ import annotations

from isoglot.world.grammar.rules import Forms, Grammar
from isoglot.world.lexicons import Lexicon

# The feminine and masculine accusative keep their final nu before these.
_KEEP_NU = (*"αεηιουωάέήίόύώϊϋκπτξψ", "μπ", "ντ", "γκ", "τσ", "τζ")


def _nu(name: str) -> str:
    return "ν" if name.lower().startswith(_KEEP_NU) else ""


def country(code: str, name: str, lexicon: Lexicon) -> Forms:
    """Nominative, genitive ("of"), accusative ("acc") and place ("in"), each with its article."""
    forms = dict(_FORMS[_gender(code, name, lexicon)](name))
    forms.update(lexicon.country_forms.get(code, {}))
    return {"": forms.pop("base"), **forms}


def _gender(code: str, name: str, lexicon: Lexicon) -> str:
    for gender, codes in lexicon.tables["genders"].items():
        if code in codes:
            return str(gender)
    return "f" if name[-1] in "αηάή" else "n"


def _feminine(name: str) -> Forms:
    genitive = f"{name}ς" if name[-1] in "αηάή" else name
    nu = _nu(name)
    return {"base": f"η {name}", "of": f"της {genitive}", "acc": f"τη{nu} {name}", "in": f"στη{nu} {name}"}


def _masculine(name: str) -> Forms:
    bare = name.removesuffix("ς")
    return {"base": f"ο {name}", "of": f"του {bare}", "acc": f"τον {bare}", "in": f"στον {bare}"}


def _neuter(name: str) -> Forms:
    return {"base": f"το {name}", "of": f"του {name}", "acc": f"το {name}", "in": f"στο {name}"}


def _feminine_plural(name: str) -> Forms:
    return {"base": f"οι {name}", "of": "", "acc": f"τις {name}", "in": f"στις {name}"}


_FORMS = {"f": _feminine, "m": _masculine, "n": _neuter, "f_plural": _feminine_plural}


def language(_code: str, name: str, _lexicon: Lexicon) -> Forms:
    """The name with the article of the neuter plural, which every language takes."""
    small = name[0].lower() + name[1:]
    return {"": f"τα {small}", "to": f"στα {small}"}


def script(_code: str, name: str, _lexicon: Lexicon) -> Forms:
    """An adjective before "σύστημα γραφής", another name after it."""
    if name.endswith("ό"):
        return {"": f"{name[0].lower()}{name[1:]} σύστημα γραφής"}
    return {"": f"σύστημα γραφής {name}"}


GRAMMAR = Grammar({"country": country, "language": language, "script": script})
