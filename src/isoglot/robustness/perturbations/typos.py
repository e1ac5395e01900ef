"""Typing errors: a key beside the right one, two characters swapped, one left out, one struck twice."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import numpy as np

from isoglot.robustness.perturbations.layouts import neighbours_of
from isoglot.robustness.perturbations.words import (
    Floats,
    Word,
    clusters,
    edit_words,
    language_of,
    pick,
    script_of,
)

_WRONG_KEY = 1 / 2
"""Share of wrong keys among errors; the other three kinds have a sixth each."""
_TYPED_BY_SOUND = frozenset({"CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "HALFWIDTH"})
"""Characters that are chosen from a list by sound: no key is theirs, and only order is got wrong here."""

_LEADS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_TAILS = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
_JAMO = ((0x1100, _LEADS), (0x1161, _VOWELS), (0x11A8, _TAILS))
"""First code of the three places in a Korean syllable, and the letters there."""

_TONE_KEYS = {"\u0301": "s", "\u0300": "f", "\u0309": "r", "\u0303": "x", "\u0323": "j"}
_SHAPE_KEYS = {"\u0302": "", "\u0306": "w", "\u031b": "w"}
"""Marks of Vietnamese letters and the key of each in Telex; the circumflex repeats the letter."""


def add_typos(text: str, language: str, strength: float, rng: np.random.Generator) -> str:
    """Makes one typing error in a share of the words.

    Half are keys beside the right one, on the keyboard of the language: QWERTY and its national forms,
    QWERTZ, AZERTY, Cyrillic, Greek, Arabic, Hebrew, Georgian, Thai (Kedmanee) and, for nine scripts of India,
    InScript; Korean by its letters on the two-set keyboard, Vietnamese letters as they are typed in Telex. A
    script without a layout here has the other errors only; Chinese and Japanese, typed by sound, only
    characters swapped.

    Args:
        text: The text.
        language: Its tag.
        strength: Share of the words with an error.
        rng: Random numbers.

    Returns:
        The text.
    """

    def edit(word: Word, draws: Floats) -> Word | None:
        changed = _mistype(word.text, language, draws)
        return Word(changed, word.gap) if changed else None

    return edit_words(text, strength, rng, edit)


def _mistype(word: str, language: str, draws: Floats) -> str | None:
    """The word with one error, in composed letters; None if there can be none."""
    word = unicodedata.normalize("NFC", word)
    parts = list(clusters(word))
    if script_of(word) in _TYPED_BY_SOUND:
        return _swap(parts, draws[1])
    if draws[0] < _WRONG_KEY or len(parts) == 1:
        return _strike_wrong_key(word, language, draws) or _swap(parts, draws[1])
    kind = int((draws[0] - _WRONG_KEY) / (1 - _WRONG_KEY) * 3)
    place = int(draws[1] * len(parts))
    if kind == 0 and (swapped := _swap(parts, draws[1])):
        return swapped
    return "".join(parts[:place] + parts[place : place + 1] * (2 if kind == 2 else 0) + parts[place + 1 :])


def _swap(parts: list[str], draw: float) -> str | None:
    """Two neighbours that differ, swapped."""
    places = [place for place in range(len(parts) - 1) if parts[place] != parts[place + 1]]
    if not places:
        return None
    place = places[int(draw * len(places))]
    return "".join([*parts[:place], parts[place + 1], parts[place], *parts[place + 2 :]])


def _strike_wrong_key(word: str, language: str, draws: Floats) -> str | None:
    places = [place for place, character in enumerate(word) if wrong_keys(character, language)]
    if not places:
        return None
    place = places[int(draws[1] * len(places))]
    return word[:place] + pick(wrong_keys(word[place], language), draws[2]) + word[place + 1 :]


@lru_cache(maxsize=16_384)
def wrong_keys(character: str, language: str) -> tuple[str, ...]:
    """What a character becomes when one of its keys is missed for the next.

    Args:
        character: One character.
        language: Tag of the language whose keyboard is used.

    Returns:
        The possible outcomes, capital if the character is; none if no layout has it.
    """
    small = character.lower()
    if len(small) != 1:
        return ()
    if "가" <= small <= "힣":
        return tuple(_wrong_jamo(small, language))
    if language_of(language) == "vi" and not small.isascii() and (keys := _telex(small)):
        outcomes = _wrong_telex(keys, language)
    else:
        outcomes = list(neighbours_of(small, language)) or _wrong_base(small, language)
    return tuple(each.upper() if character != small else each for each in dict.fromkeys(outcomes))


def _wrong_base(character: str, language: str) -> list[str]:
    """A letter with marks but no key of its own: the letter is missed, the marks stay if they can."""
    base, marks = unicodedata.normalize("NFD", character)[0], unicodedata.normalize("NFD", character)[1:]
    if not marks:
        return []
    beside = neighbours_of(base, language)
    marked = [unicodedata.normalize("NFC", other + marks) for other in beside]
    return [whole if len(whole) == 1 else other for whole, other in zip(marked, beside, strict=True)]


def _wrong_jamo(syllable: str, language: str) -> list[str]:
    """A syllable with one letter replaced by its neighbour, where that can stand in the same place."""
    parts = unicodedata.normalize("NFD", syllable)
    found = []
    for place, part in enumerate(parts):
        first, letters = _JAMO[place]
        for other in neighbours_of(letters[ord(part) - first], language):
            if other in letters:
                changed = parts[:place] + chr(first + letters.index(other)) + parts[place + 1 :]
                found.append(unicodedata.normalize("NFC", changed))
    return found


def _telex(letter: str) -> str:
    """The keys of a Vietnamese letter; empty if it is none."""
    if letter == "đ":
        return "dd"
    base, *marks = list(unicodedata.normalize("NFD", letter))
    if not base.isascii() or not set(marks) <= {*_TONE_KEYS, *_SHAPE_KEYS}:
        return ""
    shapes = "".join(_SHAPE_KEYS[mark] or base for mark in marks if mark in _SHAPE_KEYS)
    return base + shapes + "".join(_TONE_KEYS[mark] for mark in marks if mark in _TONE_KEYS)


def _wrong_telex(keys: str, language: str) -> list[str]:
    return [
        _from_telex(keys[:place] + other + keys[place + 1 :])
        for place, key in enumerate(keys)
        for other in neighbours_of(key, language)
    ]


def _from_telex(keys: str) -> str:
    """What an input method shows for keys: the letter that they make, or all but one of them; or the keys."""
    letters = _telex_letters()
    if keys in letters:
        return letters[keys]
    for place in reversed(range(len(keys))):
        letter = letters.get(keys[:place] + keys[place + 1 :])
        if letter:
            return letter + keys[place] if place else keys[0] + letter
    return keys


@lru_cache(maxsize=1)
def _telex_letters() -> dict[str, str]:
    """Keys -> every Vietnamese letter that has a mark."""
    vowels = [unicodedata.normalize("NFC", vowel) for vowel in "aăâeêioôơuưy"]
    toned = [unicodedata.normalize("NFC", vowel + tone) for vowel in vowels for tone in ("", *_TONE_KEYS)]
    return {_telex(letter): letter for letter in (*toned, "đ") if not letter.isascii()}
