"""The little grammar that the wording needs, one module per language that inflects its names."""

from __future__ import annotations

from isoglot.world.grammar import arabic, basque, german, greek, isolating, russian, spanish, turkish, welsh
from isoglot.world.grammar.rules import Forms, Grammar, Rule

__all__ = ["GRAMMARS", "Forms", "Grammar", "Rule"]

GRAMMARS = {
    "ar": arabic.GRAMMAR,
    "cy": welsh.GRAMMAR,
    "de": german.GRAMMAR,
    "el": greek.GRAMMAR,
    "en": isolating.ENGLISH,
    "es": spanish.GRAMMAR,
    "eu": basque.GRAMMAR,
    "hi": Grammar(),
    "ru": russian.GRAMMAR,
    "sw": isolating.SWAHILI,
    "th": isolating.THAI,
    "tr": turkish.GRAMMAR,
    "vi": isolating.VIETNAMESE,
    "yo": isolating.YORUBA,
    "zh": Grammar(),
}
