"""Typing errors by keyboard layout."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest

from isoglot.robustness.perturbations import READY
from isoglot.robustness.perturbations.layouts import neighbours_of
from isoglot.robustness.perturbations.typos import wrong_keys
from isoglot.robustness.perturbations.words import script_of


@pytest.mark.parametrize(
    ("character", "language", "beside", "far"),
    [
        ("y", "en", "tuh", "xs"),
        ("y", "de", "xas", "tu"),
        ("a", "fr", "zq", "sw"),
        ("ñ", "es", "l", "n"),
        ("ı", "tr", "uo", "i"),
        ("ф", "ru", "йця", "д"),
        ("і", "uk", "цу", "ы"),
        ("θ", "el", "υι", "σ"),
        ("ש", "he", "דז", "ק"),
        ("ض", "ar", "ص", "ط"),
        ("क", "hi", "रत", "म"),
        ("ক", "bn", "রত", "ম"),
        ("ก", "th", "ด", "ผ"),
        ("q", "ru", "wa", "p"),
        ("ß", "de", "pü", "s"),
        ("č", "cs", "šř", "x"),
        ("ľ", "sk", "šq", "k"),
        ("ő", "hu", "pú", "o"),
        ("y", "hr", "xas", "tu"),
        ("ë", "sq", "lç", "w"),
        ("ö", "is", "pð", "o"),
        ("è", "it", "pìò", "r"),
        ("ț", "ro", "ș", "r"),
        ("õ", "et", "ü", "o"),
        ("č", "lt", "ąęw", "v"),
        ("ə", "az", "ıöğ", "r"),
        ("ў", "be", "шз", "щ"),
        ("ә", "kk", "йці", "ф"),
        ("ө", "mn", "ба", "о"),
        ("ж", "sr", "ћ", "ф"),
        ("з", "mk", "аџ", "т"),
        ("თ", "ka", "ღ", "ტ"),
        ("ฎ", "th", "ฑฏ", "โ"),
        ("y", "fr-CA", "tuh", "xs"),
        ("a", "fr-FR", "zq", "s"),
        ("y", "sr-Latn", "xas", "tu"),
    ],
)
def test_keys_beside_each_other(character, language, beside, far):
    found = neighbours_of(character, language)
    assert set(beside) <= set(found)
    assert not set(far) & set(found)


@pytest.mark.parametrize(
    "language", ["en", "de", "fr", "tr", "ru", "bg", "sr", "el", "he", "fa", "ur", "hi", "th"]
)
def test_neighbours_are_mutual(language):
    letters = {"ru": "фывапролд", "bg": "ьяаожг", "sr": "фгхјкл", "el": "ασδφγ", "he": "שדגכ", "hi": "ोेिुपरकत"}
    letters |= {"fa": "شسیبلات", "ur": "اسدف", "th": "ฟหกดเสวง"}
    for letter in letters.get(language, "asdfghjkl"):
        assert all(letter in neighbours_of(other, language) for other in neighbours_of(letter, language))


@pytest.mark.parametrize(
    ("tag", "text"), [("ko", "독일의"), ("vi", "Thủ đô"), ("de", "größte"), ("fr", "été")]
)
@pytest.mark.parametrize("name", ["typo", "ocr", "diacritics", "case", "transliteration"])
def test_letters_taken_apart_are_changed_as_composed_ones_are(name, tag, text):
    if name == "transliteration":
        pytest.importorskip("anyascii")
    apart = unicodedata.normalize("NFD", text)
    change = READY[name].change
    for seed in range(20):
        found = [change(each, tag, 1.0, np.random.default_rng(seed)) for each in (text, apart)]
        assert unicodedata.normalize("NFC", found[1]) == found[0]


def test_neighbours_are_letters_of_the_same_script_in_india_too():
    for letter in filter(script_of, map(chr, range(0x0900, 0x0D80))):
        found = neighbours_of(letter, "hi")
        assert {script_of(each) for each in found} <= {script_of(letter)}
        assert letter not in found


def test_every_word_of_different_letters_has_an_error_at_strength_1():
    for text in ("oooook", "aab", "ქქა", "१२"):
        assert all(READY["typo"].perturb(text, "en", 1.0, seed=seed) != text for seed in range(60))


def test_a_letter_of_one_key_can_only_be_missed():
    assert {READY["typo"].perturb("a", "en", 1.0, seed=seed) for seed in range(60)} == {"q", "w", "s", "z"}
    assert READY["typo"].perturb("人", "zh", 1.0) == "人"


def test_a_capital_stays_one():
    assert wrong_keys("Q", "en") == ("W", "A")


def test_a_letter_without_key_keeps_its_marks_where_such_a_letter_is():
    assert "é" not in wrong_keys("é", "es")
    assert {"ŕ", "ś"} <= set(wrong_keys("é", "es"))
    assert set(wrong_keys("ё", "ru")) >= {"к", "н"}


def test_korean_syllables_stay_syllables():
    found = wrong_keys("수", "ko")
    assert {"구", "스"} <= {*found}
    assert all("가" <= each <= "힣" for each in found)
    assert all(sum(a != b for a, b in zip(_jamo(each), _jamo("수"), strict=True)) == 1 for each in found)


def _jamo(syllable):
    return unicodedata.normalize("NFD", syllable)


def test_vietnamese_letters_are_typed_in_telex():
    found = wrong_keys("ế", "vi")
    assert {"êd", "êa", "éw", "wé"} <= {*found}
    assert "ế" not in found
    assert {"ds", "sd"} <= set(wrong_keys("đ", "vi"))


def test_chinese_and_japanese_have_characters_swapped_only():
    for tag, text in (("zh", "德国的首都"), ("ja", "ドイツの首都"), ("ja", "人々")):
        changed = READY["typo"].perturb(text, tag, 1.0)
        assert changed != text
        assert sorted(changed) == sorted(text)


def test_half_of_the_errors_are_wrong_keys_and_the_others_are_spread_evenly():
    kinds = {"key": 0, "swap": 0, "drop": 0, "double": 0}
    for seed in range(900):
        changed = READY["typo"].perturb("abcdefgh", "en", 1.0, seed=seed)
        if len(changed) == 8:
            kinds["swap" if sorted(changed) == sorted("abcdefgh") else "key"] += 1
        else:
            kinds["drop" if len(changed) == 7 else "double"] += 1
    shares = {kind: count / 900 for kind, count in kinds.items()}
    assert shares == pytest.approx({"key": 0.5, "swap": 1 / 6, "drop": 1 / 6, "double": 1 / 6}, abs=0.05)
