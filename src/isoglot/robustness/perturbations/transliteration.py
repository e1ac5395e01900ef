"""Script changed: words in Latin letters."""

from __future__ import annotations

import unicodedata
from importlib import import_module

import numpy as np

from isoglot.errors import ConfigError
from isoglot.robustness.perturbations.words import Floats, Word, edit_words, script_of

_LATIN = frozenset({"LATIN", "MODIFIER", "FEMININE", "MASCULINE", "MICRO", ""})
"""How names begin of letters that stand in Latin words: ʻ in Uzbek and Hawaiian, ª and º."""


def to_latin(text: str, _language: str, strength: float, rng: np.random.Generator) -> str:
    """Writes a share of the words in other scripts in Latin letters, character by character.

    It takes no account of language: Chinese characters become Mandarin syllables in Japanese too, Arabic and
    Hebrew stay without the vowels that they do not write. Words in Latin script stay as they are.

    Args:
        text: The text.
        _language: Its tag; not used.
        strength: Share of the words.
        rng: Random numbers.

    Returns:
        The text.

    Raises:
        ConfigError: If the package anyascii is not installed.
    """
    check_transliteration()
    to_ascii = import_module("anyascii").anyascii

    def edit(word: Word, _draws: Floats) -> Word | None:
        composed = unicodedata.normalize("NFC", word.text)
        if not any(_is_foreign(character) for character in composed):
            return None
        written = str(to_ascii(composed))
        return Word(written, word.gap) if written.strip() else None

    return edit_words(text, strength, rng, edit)


def check_transliteration() -> None:
    """Refuses where the package is missing.

    Raises:
        ConfigError: If the package anyascii is not installed.
    """
    try:
        import_module("anyascii")
    except ImportError:
        raise ConfigError(
            'transliteration needs the package anyascii: pip install "isoglot[evaluate]"'
        ) from None


def _is_foreign(character: str) -> bool:
    return unicodedata.category(character)[0] == "L" and script_of(character) not in _LATIN
