"""Texts as words and what stands between them, in scripts with spaces and without; changes word by word."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_PIECES = {
    **dict.fromkeys(("CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "HALFWIDTH"), 2),
    **dict.fromkeys(("THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN"), 4),
}
"""Scripts without spaces -> characters of the pieces that stand in for words."""
_SPACED = 0
_NO_WORD = -1
_JOINERS = "\u00ad\u200c\u200d\u2060"
"""What is not seen and stands within words: soft hyphen, the two joiners of letters, word joiner."""
_APOSTROPHES = "'’׳״·"
"""What is no letter and stands within words, in Hebrew abbreviations and Catalan too."""
_NUM_DRAWS = 4


@dataclass(frozen=True, slots=True)
class Word:
    """A word, or a piece of a text without spaces.

    Attributes:
        text: The word.
        gap: What stands between it and the next: spaces, punctuation, or nothing.
    """

    text: str
    gap: str = ""


EditWord = Callable[[Word, Floats], Word | None]
"""Changes a word with four numbers drawn from [0, 1); None if it cannot be changed."""
CutText = Callable[[str], tuple[str, list[Word]]]
"""What stands before the first word of a text, and its words; put together, they are the text."""


def cut_words(text: str, *, piece: int | None = None) -> tuple[str, list[Word]]:
    """Cuts a text into words: letters, marks and digits, with apostrophes inside.

    A text in a script without spaces is cut into pieces of 2 characters (Chinese characters and kana) or 4
    (Thai, Lao, Khmer, Burmese, Tibetan); a character has its marks with it. No dictionary is used, so pieces
    are not words, but as long as words are on average.

    Args:
        text: The text.
        piece: Characters of these pieces; None takes the above.

    Returns:
        What stands before the first word, and the words; put together, they are the text.
    """
    lead = ""
    words: list[list[str]] = []
    open_kind = _NO_WORD
    held = 0
    found = list(clusters(text))
    for place, cluster in enumerate(found):
        kind = _kind(cluster)
        if cluster in _APOSTROPHES and open_kind == _SPACED and _starts_word(found, place + 1):
            kind = _SPACED
        if kind == _NO_WORD:
            if words:
                words[-1][1] += cluster
            else:
                lead += cluster
        elif kind == open_kind and (kind == _SPACED or held < (piece or kind)):
            words[-1][0] += cluster
            held += 1
        else:
            words.append([cluster, ""])
            held = 1
        open_kind = kind
    return lead, [Word(word, gap) for word, gap in words]


def join_words(lead: str, words: Sequence[Word]) -> str:
    """The text of words and what stands between them."""
    return lead + "".join(word.text + word.gap for word in words)


def clusters(text: str) -> Iterator[str]:
    """Characters, each with the marks and joiners that belong to it.

    Args:
        text: The text.

    Yields:
        The characters, in order; put together, they are the text.
    """
    held = ""
    for character in text:
        if held and (character in _JOINERS or unicodedata.category(character)[0] == "M"):
            held += character
        else:
            if held:
                yield held
            held = character
    if held:
        yield held


def language_of(tag: str) -> str:
    """The language of a BCP 47 tag without script and country: `pt` of `pt-BR`."""
    return tag.split("-", 1)[0].lower()


@lru_cache(maxsize=65_536)
def script_of(character: str) -> str:
    """The script of a character, as its Unicode name begins: `LATIN`, `CJK`; empty if it has no name."""
    return unicodedata.name(character[0], "").split(" ", 1)[0].split("-", 1)[0]


@lru_cache(maxsize=65_536)
def _kind(cluster: str) -> int:
    """Characters of a piece in the script of a character, `_SPACED` or `_NO_WORD`."""
    if unicodedata.category(cluster[0])[0] not in "LMN":
        return _NO_WORD
    return _PIECES.get(script_of(cluster), _SPACED)


def is_unspaced(word: str) -> bool:
    """Whether a word, or piece, is in a script without spaces."""
    return _kind(word[0]) > _SPACED


def _starts_word(found: Sequence[str], place: int) -> bool:
    return place < len(found) and _kind(found[place]) == _SPACED


def edit_words(
    text: str, strength: float, rng: np.random.Generator, edit: EditWord, *, cut: CutText = cut_words
) -> str:
    """Changes some words of a text, each by itself.

    Args:
        text: The text.
        strength: Share of the words to change, of those that the edit can change. What is left of a word by
            rounding is drawn, so that the share is right on average over texts.
        rng: Random numbers; with the same, what is changed at one strength is changed at every larger one.
        edit: Changes a word.
        cut: Cuts the text into what stands before the first word, and words.

    Returns:
        The text.
    """
    lead, words = cut(text)
    draws = rng.random((len(words), _NUM_DRAWS))
    edited = [edit(word, numbers) for word, numbers in zip(words, draws, strict=True)]
    able = [place for place, word in enumerate(words) if edited[place] not in (None, word)]
    for chosen in choose(len(able), strength, rng):
        words[able[chosen]] = edited[able[chosen]] or words[able[chosen]]
    return join_words(lead, words)


def choose(number: int, strength: float, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """A share of some things, drawn without repetition.

    Args:
        number: How many there are.
        strength: Which share to take: so many on average, rounded at random to the one below or above.
        rng: Random numbers; with the same, a larger share holds a smaller one.

    Returns:
        Their numbers, in the order in which they were drawn.
    """
    order = rng.permutation(number)
    count = int(np.floor(strength * number + rng.random()))
    return np.asarray(order[: min(count, number)], np.int64)


def pick(options: Sequence[str], draw: float) -> str:
    """One of several, by a number from [0, 1)."""
    return options[int(draw * len(options))]
