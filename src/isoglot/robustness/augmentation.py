"""Data augmentation: copies of texts that should mean the same, drawn at random (RS-DA of arXiv 2104.08645).

Words are exchanged for neighbours from a table of their language, or for translations (code switching), and
cut into other subwords. What is drawn for a text depends on a seed and on where the text stands, and on
nothing else.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from isoglot.batches.augmented import Place
from isoglot.errors import ConfigError
from isoglot.robustness.chance import uniform
from isoglot.robustness.dictionaries import TranslationDictionary
from isoglot.robustness.subword_noise import SubwordNoise
from isoglot.robustness.synonyms import NeighbourTable

Label = TypeVar("Label")
Choice = TypeVar("Choice")
Table = TypeVar("Table")
_Words = list[list[str]]
Languages = str | None | Sequence[str | None]
"""The language of all texts, or that of each; None for no language."""

_EXCHANGED, _NEIGHBOUR, _SWITCHED, _LANGUAGE, _TRANSLATION, _CUT, _COPY = range(7)
"""What is drawn: each number of a text has one of these in its address."""


@dataclass(frozen=True, eq=False)
class WordChanges:
    """What words may become.

    A text is split at single spaces, as in the paper's own program, and a word is looked up as it is written.
    A translation is also looked up for the lower-cased word without the punctuation around it, which stays.

    Attributes:
        tables: Language -> its neighbour table.
        dictionaries: Language -> dictionaries from it.
        rate: Share of the words with neighbours that are drawn anew, each of the word itself and its
            neighbours as likely as another. The paper's is 1.
        switch_rate: Share of the words with a translation that are translated, each of the languages that
            have one as likely as another, then each translation; whether or not a neighbour was drawn.
    """

    tables: Mapping[str, NeighbourTable] = field(default_factory=dict)
    dictionaries: Mapping[str, Sequence[TranslationDictionary]] = field(default_factory=dict)
    rate: float = 1.0
    switch_rate: float = 0.0

    def __post_init__(self) -> None:
        problems = [
            f"{name} must be between 0 and 1, got {value}"
            for name, value in (("rate", self.rate), ("switch_rate", self.switch_rate))
            if not 0 <= value <= 1
        ]
        if problems:
            raise ConfigError("\n".join(problems))

    @classmethod
    def of(
        cls,
        tables: Iterable[NeighbourTable] = (),
        dictionaries: Iterable[TranslationDictionary] = (),
        *,
        rate: float = 1.0,
        switch_rate: float = 0.0,
    ) -> WordChanges:
        """What words may become by some tables and dictionaries, each under its language.

        Args:
            tables: One for a language at most.
            dictionaries: From any languages to any others.
            rate: As above.
            switch_rate: As above.

        Returns:
            The changes.

        Raises:
            ConfigError: If a language has two tables, two dictionaries go from one language to another, or a
                rate is out of range.
        """
        by_language: dict[str, NeighbourTable] = {}
        switching: dict[str, dict[str, TranslationDictionary]] = {}
        for table in tables:
            if by_language.setdefault(table.language, table) is not table:
                raise ConfigError(f"there are two neighbour tables for {table.language!r}; leave one out")
        for each in dictionaries:
            if switching.setdefault(each.source, {}).setdefault(each.target, each) is not each:
                raise ConfigError(
                    f"there are two dictionaries from {each.source!r} to {each.target!r}; leave one out"
                )
        found = {source: list(targets.values()) for source, targets in switching.items()}
        return cls(by_language, found, rate, switch_rate)

    @property
    def idle(self) -> bool:
        """Whether no word can ever change."""
        return not (self.tables and self.rate) and not (self.dictionaries and self.switch_rate)

    def __call__(self, texts: Sequence[str], languages: Sequence[str | None], place: Place) -> list[str]:
        """The texts, changed.

        Args:
            texts: (n,) texts.
            languages: (n,) language of each. What there is for `pt` serves `pt-BR` too; a text without
                language stays as it is.
            place: Where they stand, with the seed in its key.

        Returns:
            (n,) texts.
        """
        words = [text.split(" ") for text in texts]
        changed = [list(each) for each in words]
        if self.tables and self.rate:
            self._exchange(words, changed, languages, place)
        if self.dictionaries and self.switch_rate:
            self._switch(words, changed, languages, place)
        return [" ".join(each) for each in changed]

    def _exchange(
        self, words: _Words, changed: _Words, languages: Sequence[str | None], place: Place
    ) -> None:
        """Puts neighbours in place of words."""
        met: _Met[tuple[str, ...]] = _Met(place)
        for number, language in enumerate(languages):
            table = _serving(self.tables, language)
            if table is not None:
                met.note(number, words[number], table.neighbours.get)
        drawn = met.draw(_NEIGHBOUR)
        for at in np.flatnonzero(met.draw(_EXCHANGED) < self.rate).tolist():
            text, word, neighbours = met.words[at]
            which = int(drawn[at] * (len(neighbours) + 1))
            if which:  # 0 is the word itself
                changed[text][word] = neighbours[which - 1]

    def _switch(self, words: _Words, changed: _Words, languages: Sequence[str | None], place: Place) -> None:
        """Puts translations in place of words."""
        met: _Met[list[tuple[str, ...]]] = _Met(place)
        for number, language in enumerate(languages):
            dictionaries = _serving(self.dictionaries, language)
            if dictionaries is not None:
                met.note(number, words[number], partial(_translations, dictionaries))
        target, drawn = met.draw(_LANGUAGE), met.draw(_TRANSLATION)
        for at in np.flatnonzero(met.draw(_SWITCHED) < self.switch_rate).tolist():
            text, word, by_language = met.words[at]
            translations = by_language[int(target[at] * len(by_language))]
            changed[text][word] = translations[int(drawn[at] * len(translations))]


class _Met(Generic[Choice]):
    """The words of some texts that may change, each with what it may become."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.words: list[tuple[int, int, Choice]] = []

    def note(self, text: int, words: Sequence[str], choice: Callable[[str], Choice | None]) -> None:
        """Notes the words of a text that may change."""
        for number, word in enumerate(words):
            if word and (found := choice(word)):
                self.words.append((text, number, found))

    def draw(self, what: int) -> npt.NDArray[np.float64]:
        """A number for each of the words, uniform from 0 to below 1."""
        texts, numbers = (np.array([each[side] for each in self.words], np.int64) for side in (0, 1))
        return uniform((*self._place.key, what), self._place.rows[texts], numbers)


def _translations(dictionaries: Sequence[TranslationDictionary], word: str) -> list[tuple[str, ...]]:
    """Translations of a word, by the languages that have one."""
    before, core, after = _stripped(word)
    found = []
    for each in dictionaries:
        exact = each.translations.get(word)
        inside = each.translations.get(core.lower(), ()) if core else ()
        if translations := exact or tuple(f"{before}{one}{after}" for one in inside):
            found.append(translations)
    return found


@lru_cache(maxsize=65_536)
def _stripped(word: str) -> tuple[str, str, str]:
    """What is before a word's first letter, mark or digit, the word up to its last one, and what is after."""
    own = [place for place, each in enumerate(word) if unicodedata.category(each)[0] in "LMN"]
    first, end = (own[0], own[-1] + 1) if own else (0, 0)
    return word[:first], word[first:end], word[end:]


def _serving(tables: Mapping[str, Table], language: str | None) -> Table | None:
    """What there is for a language, or for the language that it is a variety of."""
    while language:
        if language in tables:
            return tables[language]
        language = language.rpartition("-")[0]
    return None


@dataclass(frozen=True, eq=False)
class TextAugmentation:
    """What a training changes of its texts (`isoglot.batches.augmented.Augmentation`).

    Attributes:
        seed: Seed.
        changes: What words may become.
        noise: What cuts words into other subwords; None for nothing.
        copies: Copies with changed words that are made beforehand, one of which is drawn in each step; 0
            draws words anew in every step.
    """

    seed: int
    changes: WordChanges
    noise: SubwordNoise | None = None
    copies: int = 0

    @property
    def changes_words(self) -> bool:
        """Whether words are changed."""
        return not self.changes.idle

    @property
    def changes_subwords(self) -> bool:
        """Whether subwords are changed."""
        return self.noise is not None

    def words(self, texts: Sequence[str], languages: Sequence[str | None], place: Place) -> list[str]:
        """The texts with some words changed."""
        return self.changes(texts, languages, Place((self.seed, *place.key), place.rows))

    def subwords(
        self, ids: npt.NDArray[np.int32], counts: npt.NDArray[np.int64], place: Place
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """Other subwords of the texts, given the ids of all and their number in each."""
        if self.noise is None:
            return ids, counts
        return self.noise(ids, counts, (self.seed, *place.key, _CUT), place.rows)

    def copy_numbers(self, place: Place) -> npt.NDArray[np.int64]:
        """(n,) which of the copies each text is."""
        numbers = uniform((self.seed, *place.key, _COPY), place.rows, np.zeros_like(place.rows))
        return (numbers * self.copies).astype(np.int64)


def augment(
    texts: Sequence[str], languages: Languages, changes: WordChanges, *, seed: int, first_row: int = 0
) -> list[str]:
    """Texts with some of their words changed.

    Args:
        texts: (n,) texts.
        languages: Language of all, or (n,) of each.
        changes: What words may become.
        seed: Another seed gives another copy.
        first_row: Number of the first text: what is drawn for a text depends on its number, so that a part of
            a list comes out as in the whole.

    Returns:
        (n,) texts.

    Raises:
        ConfigError: If there are more or fewer languages than texts.
    """
    place = Place((seed,), np.arange(first_row, first_row + len(texts)))
    return changes(texts, _each(languages, len(texts)), place)


def augmented_pairs(
    first: Sequence[str],
    second: Sequence[str],
    labels: Sequence[Label],
    languages: tuple[Languages, Languages],
    changes: WordChanges,
    *,
    copies: int,
    seed: int,
) -> tuple[list[str], list[str], list[Label]]:
    """Copies of labelled sentence pairs whose sentences are changed, each on its own; the label stays.

    The original is not among them, but a word may come out as itself. The paper's numbers of copies are 10
    for PAWS-X and 3 for XNLI.

    Args:
        first: (P,) first sentences.
        second: (P,) second sentences.
        labels: (P,) labels.
        languages: Of the first and of the second sentences, as in `augment`.
        changes: What words may become.
        copies: Copies of each pair, >= 1.
        seed: Seed.

    Returns:
        First sentences, second sentences and labels of (P * copies,) pairs; copies of a pair follow each
        other.

    Raises:
        ConfigError: If `copies` < 1, or there are more of the one than of the other.
    """
    if copies < 1:
        raise ConfigError(f"copies must be >= 1, got {copies}")
    if not len(first) == len(second) == len(labels):
        raise ConfigError(
            f"each pair has two sentences and a label, got {len(first)}, {len(second)} and {len(labels)}"
        )
    rows = np.arange(len(first) * copies)
    sides = []
    for side, (texts, spoken) in enumerate(zip((first, second), languages, strict=True)):
        repeated = [text for text in texts for _ in range(copies)]
        told = [language for language in _each(spoken, len(texts)) for _ in range(copies)]
        sides.append(changes(repeated, told, Place((seed, side), rows)))
    return sides[0], sides[1], [label for label in labels for _ in range(copies)]


def _each(languages: Languages, count: int) -> Sequence[str | None]:
    """The language of each text."""
    if languages is None or isinstance(languages, str):
        return [languages] * count
    if len(languages) != count:
        raise ConfigError(f"give one language, or one for each text; got {len(languages)} for {count} texts")
    return languages
