"""From a fact to its question and its passage in a language."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from isoglot.world.facts import Fact
from isoglot.world.grammar import Forms
from isoglot.world.names import Names

_PLACEHOLDER = re.compile(r"\{([a-z_]+)(?:\.([a-z]+))?\}")
_NUMBER_CHOICE = re.compile(r"\[([^|\]]*)\|([^\]]*)\]")


@dataclass(frozen=True)
class Worded:
    """A fact in one language.

    Attributes:
        questions: Every wording of its question.
        passages: Every wording of its passage.
    """

    questions: tuple[str, ...]
    passages: tuple[str, ...]


def word_fact(fact: Fact, names: Names) -> Worded | None:
    """All that a language can say of a fact.

    Args:
        fact: The fact.
        names: The names in the language, with its lexicon and grammar.

    Returns:
        Questions and passages, in Unicode normal form C; None if the language has no name for a thing in it.
    """
    forms: dict[str, Forms] = {}
    for slot, entities in fact.slots.items():
        found = names.joined(entities) if slot == "languages" else names.forms(entities[0])
        if found is None:
            return None
        forms[slot] = found
    plural = any(e.code in names.lexicon.plural_countries for e in fact.slots.get("country", ()))
    relation = names.lexicon.relations[fact.relation]
    finish = names.grammar.finish

    def say(template: str) -> str:
        return unicodedata.normalize("NFC", finish(_fill(_parts(template, plural), forms)))

    return Worded(tuple(map(say, relation.questions)), tuple(map(say, relation.passages)))


@cache
def _parts(template: str, plural: bool) -> tuple[str | None, ...]:
    """The template for one number of the country: text, slot, form, text, slot, form, ..., text."""
    return tuple(_PLACEHOLDER.split(_NUMBER_CHOICE.sub(r"\2" if plural else r"\1", template)))


def _fill(parts: tuple[str | None, ...], forms: dict[str, Forms]) -> str:
    texts = [parts[0] or ""]
    for slot, form, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        texts += [forms[slot or ""][form or ""], text or ""]
    return "".join(texts)
