"""Arabic: the definite form of currencies, and the word for language."""

from __future__ import annotations

from collections.abc import Sequence

from isoglot.world.grammar.rules import Forms, Grammar, enumerate_names
from isoglot.world.lexicons import Lexicon

_ADJECTIVE_ENDINGS = ("ي", "ية")


def currency(code: str, name: str, lexicon: Lexicon) -> Forms:
    """The definite form.

    A noun with adjectives takes the article on every word ("الين الياباني"). A noun with the country after it
    ("فرنك جزر القمر") is definite as it stands.
    """
    words = name.split(" ")
    if code in lexicon.tables["named_after_country"]:
        return {"": name}
    if all(word.endswith(_ADJECTIVE_ENDINGS) and not word.startswith("ال") for word in words[1:]):
        return {"": " ".join(f"ال{word}" for word in words)}
    return {"": name}


def language(_code: str, name: str, _lexicon: Lexicon) -> Forms:
    """The name as an adjective of the word for language, or after it: "اللغة الفرنسية", "لغة البشتو"."""
    return {"": f"اللغة {name}" if name.endswith("ية") else f"لغة {name}", "name": name}


def join(names: Sequence[Forms], lexicon: Lexicon) -> Forms:
    """Languages by their names alone, as the sentence has the word for language already."""
    return enumerate_names([{"": name["name"]} for name in names], lexicon)


GRAMMAR = Grammar({"currency": currency, "language": language}, join=join)
