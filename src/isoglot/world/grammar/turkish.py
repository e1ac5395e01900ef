"""Turkish: suffixes by vowel harmony."""

from __future__ import annotations

from collections.abc import Sequence

from isoglot.world.grammar.rules import Forms, Grammar, capitalize, enumerate_names
from isoglot.world.lexicons import Lexicon

_BACK, _FRONT = "aıou", "eiöü"
_HARD = "fstkçşhp"
_HIGH = {"a": "ı", "ı": "ı", "e": "i", "i": "i", "o": "u", "u": "u", "ö": "ü", "ü": "ü"}


def _lower(text: str) -> str:
    return text.replace("I", "ı").replace("İ", "i").lower()


def _last_vowel(sound: str) -> str:
    return next(letter for letter in reversed(sound) if letter in _BACK + _FRONT)


def locative(sound: str, *, front: bool = False) -> str:
    """The suffix for a place: -da, -de, -ta or -te.

    Args:
        sound: The name as it is read, in any case.
        front: Whether the last vowel counts as a front one, against its spelling ("Senegal'de").

    Returns:
        The suffix without an apostrophe.
    """
    sound = _lower(sound)
    vowel = "e" if front or _last_vowel(sound) in _FRONT else "a"
    return ("t" if sound[-1] in _HARD else "d") + vowel


def genitive(sound: str, *, front: bool = False) -> str:
    """The suffix for a possessor: -in, -ın, -un, -ün, after a vowel with n before it.

    Args:
        sound: The name as it is read, in any case.
        front: Whether the last vowel counts as a front one, against its spelling.

    Returns:
        The suffix without an apostrophe.
    """
    sound = _lower(sound)
    vowel = "i" if front else _HIGH[_last_vowel(sound)]
    return ("n" if sound[-1] in _BACK + _FRONT else "") + vowel + "n"


def country(code: str, name: str, lexicon: Lexicon) -> Forms:
    """The name, its locative ("in") and its genitive ("of")."""
    sound = lexicon.tables["read_as"].get(code, name)
    front = code in lexicon.tables["soft_countries"]
    linking = "n" if code in lexicon.tables["compound_countries"] else ""
    place = linking + locative(sound, front=front)
    return {"": name, "in": f"{name}’{place}", "of": f"{name}’{genitive(sound, front=front)}"}


def join(names: Sequence[Forms], lexicon: Lexicon) -> Forms:
    """The enumeration, and the same as a predicate ("is"): "Fransızcadır"."""
    text = enumerate_names(names, lexicon)[""]
    sound = _lower(text)
    suffix = ("t" if sound[-1] in _HARD else "d") + _HIGH[_last_vowel(sound)] + "r"
    return {"": text, "is": text + suffix}


def finish(text: str) -> str:
    """The sentence with a capital; that of i keeps its dot."""
    return "İ" + text[1:] if text.startswith("i") else capitalize(text)


GRAMMAR = Grammar({"country": country}, join=join, finish=finish)
