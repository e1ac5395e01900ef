"""What hurried writers leave out: marks on letters, capitals, punctuation."""

from __future__ import annotations

import unicodedata

import numpy as np

from isoglot.robustness.perturbations.words import (
    Floats,
    Word,
    choose,
    clusters,
    edit_words,
    language_of,
    script_of,
)

_MARKED = frozenset({"LATIN", "GREEK", "ARABIC", "HEBREW"})
"""Scripts whose marks are often left out; in Indic scripts, Thai and kana they are as good as letters."""
_BARE = str.maketrans("đĐøØłŁħĦıёЁ", "dDoOlLhHiеЕ")
"""Letters with a stroke or without a dot, which Unicode does not take apart, and ё."""
_BETWEEN_WORDS = "་༌፡"
"""Marks that stand where others write spaces: Tibetan tshegs, the Ethiopic word space."""


def drop_diacritics(text: str, _language: str, strength: float, rng: np.random.Generator) -> str:
    """Leaves out the marks of a share of the words that have any.

    Latin letters, those of Vietnamese too, become those of ASCII as far as a mark or stroke tells them
    apart; Greek loses its accents, Cyrillic ё becomes е (й stays: it is no variant of и), Arabic loses its
    short vowels and hamzas on a seat, Hebrew its points. Other scripts stay as they are.

    Args:
        text: The text.
        _language: Its tag; not used, the script tells.
        strength: Share of the words.
        rng: Random numbers.

    Returns:
        The text.
    """
    return edit_words(text, strength, rng, _drop_marks)


def _drop_marks(word: Word, _draws: Floats) -> Word | None:
    marked = unicodedata.normalize("NFC", word.text)
    bare = "".join(_bare_cluster(cluster) for cluster in clusters(marked)).translate(_BARE)
    return Word(bare, word.gap) if bare != marked else None


def _bare_cluster(cluster: str) -> str:
    parts = unicodedata.normalize("NFD", cluster)
    if script_of(parts) not in _MARKED:
        return cluster
    return "".join(part for part in parts if unicodedata.category(part) != "Mn")


def drop_case(text: str, language: str, strength: float, rng: np.random.Generator) -> str:
    """Writes a share of the words that have capitals in small letters.

    In Turkish and Azerbaijani, I becomes ı and İ becomes i.

    Args:
        text: The text.
        language: Its tag.
        strength: Share of the words.
        rng: Random numbers.

    Returns:
        The text.
    """
    dotless = language_of(language) in ("tr", "az")

    def edit(word: Word, _draws: Floats) -> Word | None:
        written = unicodedata.normalize("NFC", word.text)
        named = written.replace("İ", "i")
        small = (named.replace("I", "ı") if dotless else named).lower()
        return Word(small, word.gap) if small != written else None

    return edit_words(text, strength, rng, edit)


def drop_punctuation(text: str, _language: str, strength: float, rng: np.random.Generator) -> str:
    """Leaves out a share of the punctuation marks; spaces, and marks in their place, stay.

    Args:
        text: The text.
        _language: Its tag; not used.
        strength: Share of the marks.
        rng: Random numbers.

    Returns:
        The text.
    """
    places = [
        place
        for place, each in enumerate(text)
        if unicodedata.category(each)[0] == "P" and each not in _BETWEEN_WORDS
    ]
    gone = {places[number] for number in choose(len(places), strength, rng)}
    return "".join(each for place, each in enumerate(text) if place not in gone)
