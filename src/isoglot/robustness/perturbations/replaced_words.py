"""Words replaced by others out of a table: by neighbours in meaning, or by their translations."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from isoglot.robustness.perturbations.perturbation import ChangeText
from isoglot.robustness.perturbations.words import (
    Floats,
    Word,
    cut_words,
    edit_words,
    is_unspaced,
    language_of,
    pick,
)

Neighbours = Mapping[str, Sequence[str]]
"""Word -> what it may be replaced by, one word or text at least."""


def replace_by(tables: Mapping[str, Neighbours]) -> ChangeText:
    """A change that replaces words out of the table of a text's language.

    A word is looked up as it is written, then in small letters, and then its replacement is written with a
    capital where the word was. Where no spaces are written, words are the longest that the table has, from
    the left (forward maximum matching).

    Args:
        tables: Tag -> its table; a variety without a table of its own takes that of its language.

    Returns:
        A change of texts; a text in a language without a table stays as it is. Its strength is the share of
        the words that are replaced, of those that the table has.
    """
    longest = {tag: max(map(len, table), default=0) for tag, table in tables.items()}

    def change(text: str, language: str, strength: float, rng: np.random.Generator) -> str:
        tag = language if language in tables else language_of(language)
        table = tables.get(tag)
        if not table:
            return text

        def edit(word: Word, draws: Floats) -> Word | None:
            replacement = _replacement(table, word.text, draws[0])
            return Word(replacement, word.gap) if replacement else None

        return edit_words(text, strength, rng, edit, cut=partial(_cut, table=table, longest=longest[tag]))

    return change


def _cut(text: str, *, table: Neighbours, longest: int) -> tuple[str, list[Word]]:
    """Words, where no spaces are written the longest of the table, or else single characters."""
    lead, words = cut_words(text, piece=1)
    found = []
    place = 0
    while place < len(words):
        number = _num_of_longest(words[place : place + longest], table)
        whole = words[place : place + number]
        found.append(Word("".join(word.text for word in whole), whole[-1].gap))
        place += number
    return lead, found


def _num_of_longest(words: Sequence[Word], table: Neighbours) -> int:
    """How many characters the longest word of a table has that these begin with; 1 if there is none."""
    run = 0
    while run < len(words) and is_unspaced(words[run].text) and (run == 0 or not words[run - 1].gap):
        run += 1
    texts = (("".join(word.text for word in words[:number]), number) for number in range(run, 1, -1))
    return next((number for text, number in texts if text in table), 1)


def _replacement(table: Neighbours, word: str, draw: float) -> str | None:
    word = unicodedata.normalize("NFC", word)
    found = table.get(word, ())
    if found:
        return pick(found, draw)
    found = table.get(word.lower(), ()) if word != word.lower() else ()
    if not found:
        return None
    chosen = pick(found, draw)
    return chosen[:1].upper() + chosen[1:] if word[0].isupper() else chosen
