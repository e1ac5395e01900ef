"""Errors of text recognition: glyphs taken for others that look alike, words run together or torn apart."""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np

from isoglot.robustness.perturbations.words import Floats, Word, clusters, edit_words, pick

_GLYPH, _TORN = 0.8, 0.9
"""Eight errors in ten are glyphs, one is a word torn apart, one a word run together with the next."""

_ALIKE = """
    O0oQ l1I i1 S5 s5 B8 Z2 z2 G6 g9q b6h uv ce ft yv nh
    éèê áàâ íìî óòô úùû öô üû äâ
    шщ ьъы ийн вз гт пл нп сео бв ёе цщ зэ хж
    νυ οσ ηπ κχ ρφ ζξ ιίϊ άα έε ίι όο ύυ ήη
    بتثنيپ جحخچ دذ رزژ سش صض طظ عغ فق وؤ كگک هة يىی
    בכ דר הח וז ןו םס גנ עצ תח יו
    भम घध बव पष यथ डङ टठद जझ ेै ोौ िी ुू
    বর যষ ডঢ ণন িী
    คดต ผฝ พฟ บป ภถ ขช ซช กภถ อฮ สล ่้ ีิ ืึ ฎฏ
    土士 未末 己已 日曰 人入 大太 天夫 王玉 木本 目自 千干 田由 甲申 刀力 白百 贝见 午牛 问间 今令 侯候
    折拆 晴睛 戊戌 要耍
    シツ ソン クワ はほ ぬめ るろ ねれ さき ちら ハバパ ヘベペ ホボポ カ力 ロ口 ニ二 エ工 タ夕
    ᄀᄏ ᄃᄐ ᄇᄑ ᄌᄎ ᄋᄒ ᅡᅣ ᅥᅧ ᅩᅭ ᅮᅲ ᅢᅦ ᆫᆨ ᄆᄋ ᆷᆼ
    აძ დღ ხს ვკ
"""
"""Characters of one word here look alike in print; Korean by the letters of its syllables."""
_RUNS = (("rn", "m"), ("cl", "d"), ("vv", "w"), ("ii", "u"), ("li", "h"), ("nn", "m"), ("रव", "ख"))
"""Runs of letters that look like one, and the other way round."""


def misread(text: str, _language: str, strength: float, rng: np.random.Generator) -> str:
    """Makes one error of recognition in a share of the words.

    In eight words of ten a glyph is taken for one that looks like it (Latin, Cyrillic, Greek, Arabic, Hebrew,
    Devanagari, Bengali, Thai, Chinese characters, kana, Korean, Georgian); the others are torn apart, or run
    together with the next. A word of another script, or without such a glyph, has the last two only.

    Args:
        text: The text.
        _language: Its tag; not used, the script tells.
        strength: Share of the words with an error.
        rng: Random numbers.

    Returns:
        The text.
    """
    return edit_words(text, strength, rng, _misread_word)


def _misread_word(word: Word, draws: Floats) -> Word | None:
    kind = draws[0]
    found = _misread_glyph(word.text, draws) if kind < _GLYPH else None
    if found:
        return Word(found, word.gap)
    parts = list(clusters(unicodedata.normalize("NFC", word.text)))
    if (kind < _TORN or word.gap != " ") and len(parts) > 1:
        place = 1 + int(draws[1] * (len(parts) - 1))
        return Word("".join(parts[:place]) + " " + "".join(parts[place:]), word.gap)
    return Word(word.text, "") if word.gap == " " else None


def _misread_glyph(word: str, draws: Floats) -> str | None:
    """The word with one glyph, or run of glyphs, misread; None if it has none that is."""
    parts = unicodedata.normalize("NFC", word)
    if any("가" <= character <= "힣" for character in parts):
        parts = unicodedata.normalize("NFD", parts)
    table = _look_alikes()
    places = [
        (place, parts[place:end])
        for place in range(len(parts))
        for end in (place + 1, place + 2)
        if end <= len(parts) and parts[place:end] in table
    ]
    if not places:
        return None
    place, part = places[int(draws[1] * len(places))]
    changed = parts[:place] + pick(table[part], draws[2]) + parts[place + len(part) :]
    return unicodedata.normalize("NFC", changed)


@cache
def _look_alikes() -> dict[str, tuple[str, ...]]:
    """Glyph or run of glyphs -> what it is taken for."""
    found: dict[str, list[str]] = {}
    for group in _ALIKE.split():
        for glyph in group:
            found.setdefault(glyph, []).extend(other for other in group if other != glyph)
    for run, glyph in _RUNS:
        found.setdefault(run, []).append(glyph)
        found.setdefault(glyph, []).append(run)
    return {glyph: tuple(dict.fromkeys(others)) for glyph, others in found.items()}
