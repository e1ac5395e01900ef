"""Words of a text in any script, the same way for documents and queries: what BM25 counts."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import pairwise

MAX_WORD_CHARS = 64
"""Longer words are cut: nobody types them, and engines drop them."""

_CODES = (*range(0x20000), *range(0xE0000, 0xE0200))
"""Where digits and marks are: the planes between hold Han characters, those above nothing."""

_HAN = "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_UNSPACED = (
    _HAN
    + "\u3041-\u30ff\u31f0-\u31ff"  # Hiragana, Katakana
    + "\u0e00-\u0e7f\u0e80-\u0eff"  # Thai, Lao
    + "\u0f00-\u0fff\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f"  # Tibetan, Myanmar
    + "\u1780-\u17ff"  # Khmer
)
"""Scripts whose words stand without spaces between them."""

_HANGUL = "\uac00-\ud7af"
"""Korean has spaces, but its particles grow onto the words; bigrams see past them."""

_LETTERS = {
    # One letter for those that Arabic texts use for one another, and for Persian's that look the same.
    **dict.fromkeys("أإآٱ", "ا"),
    "ى": "ي",
    "ی": "ي",
    "ئ": "ي",
    "ؤ": "و",
    "ة": "ه",
    "ک": "ك",
    # Left over where a dotted capital I is lower-cased, as in Turkish; and the one without a dot.
    "\u0307": "",
    "ı": "i",
    # Invisible: tatweel, soft hyphen, joiners and marks of direction.
    **dict.fromkeys("\u0640\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", ""),
    # Apostrophes that count as letters; others part words by themselves, so that `l'été` holds `été`.
    **dict.fromkeys("ʼʻ", "'"),
}


@cache
def _folding() -> dict[int, str]:
    """Characters to fold after lower-casing: letters, digits of all scripts, vowel marks of Semitic ones."""
    folded = {ord(letter): to for letter, to in _LETTERS.items()}
    for code in _CODES:
        char = chr(code)
        if unicodedata.category(char) == "Nd" and code > 127:
            folded[code] = str(unicodedata.digit(char))
    for first, last in ((0x0591, 0x05C7), (0x0610, 0x061A), (0x064B, 0x065F), (0x06D6, 0x06ED)):
        folded |= {code: "" for code in range(first, last + 1) if unicodedata.category(chr(code)) == "Mn"}
    return folded | {0x0670: ""}


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """What finds runs of letters and digits with their marks, pieces of one way of writing, and clusters."""
    marks = _ranges([code for code in _CODES if unicodedata.category(chr(code))[0] == "M"])
    by_pairs = f"{_UNSPACED}{_HANGUL}"
    run = re.compile(rf"[^\W_](?:[^\W_]|[{marks}])*")
    piece = re.compile(rf"(?P<pairs>(?:[{by_pairs}][{marks}]*)+)|(?P<word>[^{by_pairs}]+)")
    return run, piece, re.compile(rf".[{marks}]*", re.DOTALL)


def _ranges(codes: list[int]) -> str:
    """Ascending codes as the inside of a character class."""
    spans: list[list[int]] = []
    for code in codes:
        if spans and code == spans[-1][1] + 1:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in spans)


_IS_HAN = re.compile(f"[{_HAN}]")


def tokenize(text: str) -> list[str]:
    """Splits a text into what lexical search compares.

    Compatibility forms are unified (NFKC), letters lower-cased without regard to language, Arabic and Hebrew
    vowel marks dropped and Arabic letters that stand for one another unified, digits written 0 to 9. Words
    are runs of letters, digits and marks. Where a script has no spaces between words
    (Chinese, Japanese, Thai, Lao, Khmer, Burmese, Tibetan), and in Korean, a run becomes its overlapping
    pairs of characters (with their marks), a single one itself; Han characters also stand by themselves.

    Args:
        text: Any text.

    Returns:
        Tokens in the order of the text, with repetition; none of them holds white space.
    """
    run, piece, cluster = _patterns()
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_folding())
    tokens: list[str] = []
    for word in run.findall(folded):
        for match in piece.finditer(word):
            if match["word"]:
                tokens.append(match["word"][:MAX_WORD_CHARS])
            else:
                tokens += _pairs(cluster.findall(match["pairs"]))
    return tokens


def _pairs(characters: list[str]) -> list[str]:
    """Overlapping pairs of characters, and Han characters by themselves."""
    if len(characters) == 1:
        return characters
    single = [character for character in characters if _IS_HAN.match(character)]
    return [first + second for first, second in pairwise(characters)] + single
