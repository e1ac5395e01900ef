"""Words replaced by others out of a table: by neighbours in meaning, or by their translations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from isoglot.robustness.perturbations.perturbation import ChangeText
from isoglot.robustness.perturbations.words import Floats, Word, edit_words, pick

Neighbours = Mapping[str, Sequence[str]]
"""Word -> what it may be replaced by, one word or text at least."""


def replace_by(tables: Mapping[str, Neighbours]) -> ChangeText:
    """A change that replaces words out of the table of a text's language.

    A word is looked up as it is written, then in small letters, and then its replacement is written with a
    capital where the word was.

    Args:
        tables: Tag -> its table; a variety without a table of its own takes that of its language.

    Returns:
        A change of texts; a text in a language without a table stays as it is. Its strength is the share of
        the words that are replaced, of those that the table has.
    """

    def change(text: str, language: str, strength: float, rng: np.random.Generator) -> str:
        table = tables.get(language) or tables.get(language.split("-", 1)[0])
        if table is None:
            return text

        def edit(word: Word, draws: Floats) -> Word | None:
            replacement = _replacement(table, word.text, draws[0])
            return Word(replacement, word.gap) if replacement else None

        return edit_words(text, strength, rng, edit)

    return change


def _replacement(table: Neighbours, word: str, draw: float) -> str | None:
    found = table.get(word, ())
    if found:
        return pick(found, draw)
    found = table.get(word.lower(), ()) if word != word.lower() else ()
    if not found:
        return None
    chosen = pick(found, draw)
    return chosen[:1].upper() + chosen[1:] if word[0].isupper() else chosen
