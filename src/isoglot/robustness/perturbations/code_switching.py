"""Texts in two languages: a span replaced by the same part of a translation out of a parallel corpus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from isoglot.robustness.perturbations.perturbation import ChangeText
from isoglot.robustness.perturbations.words import Word, cut_words, join_words, language_of

_WRITES_NO_SPACES = frozenset({"zh", "ja", "th", "lo", "km", "my", "bo"})


@dataclass(frozen=True, eq=False)
class Translations:
    """What texts mean in other languages.

    Attributes:
        of: Tag and text -> tag and text of every translation, in the order of the tags.
    """

    of: Mapping[tuple[str, str], tuple[tuple[str, str], ...]]

    @staticmethod
    def in_table(table: pa.Table) -> Translations:
        """Those that a side of a parallel corpus holds: texts of one group in different languages.

        Args:
            table: `queries` or `documents` of a corpus.

        Returns:
            The translations; a text with none is left out.
        """
        columns = (table[name].to_pylist() for name in ("group_id", "language", "text"))
        groups: dict[str, set[tuple[str, str]]] = {}
        for group, language, text in zip(*columns, strict=True):
            if group is not None and language is not None and text:
                groups.setdefault(group, set()).add((language, text))
        found: dict[tuple[str, str], set[tuple[str, str]]] = {}
        for said in groups.values():
            for one in said:
                found.setdefault(one, set()).update(other for other in said if other[0] != one[0])
        return Translations({one: tuple(sorted(others)) for one, others in found.items() if others})


def switch_span(translations: Translations) -> ChangeText:
    """A change that says a part of a text in another language.

    The language is drawn from those that the text has a translation in, then a span of words; in its place
    comes the span of the translation that begins and ends at the same shares of its words. Languages that
    order words alike so get a translation of what is replaced, others a part of the same meaning.

    Args:
        translations: The texts' translations.

    Returns:
        A change of texts; a text without translation stays as it is. Its strength is the share of the words
        that are replaced, one at least.
    """

    def change(text: str, language: str, strength: float, rng: np.random.Generator) -> str:
        others = translations.of.get((language, text), ())
        which, place = rng.random(2)
        if not others:
            return text
        tag, translation = others[int(which * len(others))]
        lead, words = cut_words(text)
        _, said = cut_words(translation)
        if not words or not said:
            return text
        spaced = language_of(tag) not in _WRITES_NO_SPACES
        start, stop = _span(len(words), strength, place)
        first = min(_scaled(start, words, said), len(said) - 1)
        inserted = said[first : max(_scaled(stop, words, said), first + 1)]
        gap = words[stop - 1].gap or (" " if spaced and stop < len(words) else "")
        return join_words(lead, [*words[:start], *inserted[:-1], Word(inserted[-1].text, gap), *words[stop:]])

    return change


def _span(number: int, strength: float, place: float) -> tuple[int, int]:
    """First word and the one behind the last; a longer span holds a shorter one."""
    length = min(max(round(strength * number), 1), number)
    centre = place * number
    start = min(max(round(centre - length / 2), 0), number - length)
    return start, start + length


def _scaled(place: int, words: list[Word], said: list[Word]) -> int:
    return round(place / len(words) * len(said))
