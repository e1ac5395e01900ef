"""What a language's grammar consists of, and what most languages share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from isoglot.world.lexicons import Lexicon

Forms = Mapping[str, str]
"""Form -> text; the form `""` is what `{slot}` stands for, `"in"` what `{slot.in}` stands for."""

Rule = Callable[[str, str, Lexicon], Forms]
"""From a code, its dictionary form and the lexicon to the forms."""


def capitalize(text: str) -> str:
    """The text with its first letter in upper case and the rest as it was."""
    for position, character in enumerate(text):
        if character.isalpha():
            return text[:position] + character.upper() + text[position + 1 :]
    return text


def uncapitalize(text: str) -> str:
    """The text with its first letter in lower case, unless it starts with an abbreviation."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def enumerate_names(names: Sequence[Forms], lexicon: Lexicon) -> Forms:
    """The names joined as in "A, B and C"."""
    between, last = lexicon.separators
    texts = [name[""] for name in names]
    return {"": texts[0] if len(texts) == 1 else between.join(texts[:-1]) + last + texts[-1]}


def small(_code: str, name: str, _lexicon: Lexicon) -> Forms:
    """A name that is written small inside a sentence."""
    return {"": uncapitalize(name)}


@dataclass(frozen=True)
class Grammar:
    """The rules of one language.

    Attributes:
        rules: Kind of entity -> its forms; a kind without rule has only its dictionary form.
        join: The forms of an enumeration.
        finish: What happens to a sentence when its words stand: the capital, contractions.
    """

    rules: Mapping[str, Rule] = field(default_factory=dict)
    join: Callable[[Sequence[Forms], Lexicon], Forms] = enumerate_names
    finish: Callable[[str], str] = capitalize
