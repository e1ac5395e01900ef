"""What single perturbations of texts do, by eye."""

from __future__ import annotations

import importlib

import pyarrow as pa
import pytest

from isoglot.errors import ConfigError
from isoglot.robustness.perturbations import READY, Tables, Translations, build_perturbations


@pytest.mark.parametrize(
    ("tag", "text", "bare"),
    [
        ("vi", "Thủ đô của nước Đức", "Thu do cua nuoc Duc"),
        ("de", "größte Übung", "großte Ubung"),
        ("pl", "Łódź", "Lodz"),
        ("tr", "başkenti ılık", "baskenti ilik"),
        ("el", "πρωτεύουσα", "πρωτευουσα"),
        ("ru", "ещё мой", "еще мой"),
        ("ar", "عاصمةُ ألمانيا", "عاصمة المانيا"),
        ("he", "שָׁלוֹם", "שלום"),
        ("hi", "राजधानी", "राजधानी"),
        ("th", "เมืองหลวง", "เมืองหลวง"),
        ("ja", "ドイツがどこ", "ドイツがどこ"),
        ("ko", "독일의", "독일의"),
    ],
)
def test_marks_go_where_people_leave_them_out(tag, text, bare):
    assert READY["diacritics"].perturb(text, tag, 1.0) == bare


def test_words_without_marks_stay_and_are_no_part_of_the_share():
    text = "ohne ohne ohne größte"
    assert {READY["diacritics"].perturb(text, "de", 0.5, seed=seed) for seed in range(30)} == {
        text,
        "ohne ohne ohne großte",
    }
    apart = "мои\u0306 ещё"
    seen = {READY["diacritics"].perturb(apart, "ru", 0.5, seed=seed) for seed in range(30)}
    assert seen == {apart, "мои\u0306 еще"}


def test_capitals_become_small_as_the_language_has_them():
    assert READY["case"].perturb("Istanbul İzmir", "tr", 1.0) == "ıstanbul izmir"
    assert READY["case"].perturb("Istanbul in Turkey", "en", 1.0) == "istanbul in turkey"
    assert READY["case"].perturb("İzmir I\u0307zmir ΟΔΟΣ", "en", 1.0) == "izmir izmir οδος"
    assert READY["case"].perturb("I\u0307zmir", "az-Latn", 1.0) == "izmir"


def test_punctuation_goes_and_words_stay():
    assert READY["punctuation"].perturb("«Who's there?» 什么。", "en", 1.0) == "Whos there 什么"
    assert READY["punctuation"].perturb("བོད་ཡིག། ሰላም፡ነው።", "bo", 1.0) == "བོད་ཡིག ሰላም፡ነው"
    assert READY["punctuation"].perturb("🏴 👩\u200d💻 ok", "en", 1.0) == "🏴 👩\u200d💻 ok"


def test_misread_texts_have_glyphs_that_look_alike_and_words_torn_or_joined():
    seen = {READY["ocr"].perturb("modern text", "en", 1.0, seed=seed) for seed in range(200)}
    assert any("modem" in each for each in seen)
    assert any(each.count(" ") > 1 for each in seen)
    assert any(" " not in each for each in seen)
    assert "rnap" in {READY["ocr"].perturb("map", "en", 1.0, seed=seed) for seed in range(60)}
    korean = {READY["ocr"].perturb("수도", "ko", 1.0, seed=seed) for seed in range(50)}
    assert "슈도" in korean
    assert {READY["ocr"].perturb("रवि", "hi", 1.0, seed=seed) for seed in range(99)} >= {"खि", "रवी"}
    assert not {READY["ocr"].perturb("য", "bn", 1.0, seed=seed) for seed in range(9)} - {"ষ", "য"}


def test_synonyms_come_from_the_table_of_the_language_alone():
    table = {"en": {"film": ("movie", "picture")}}
    synonyms = build_perturbations(["synonyms"], Tables(synonyms=table))[0]
    seen = {synonyms.perturb("A Film, a film.", "en-GB", 1.0, seed=seed) for seed in range(50)}
    assert seen == {f"A {a}, a {b}." for a in ("Movie", "Picture") for b in ("movie", "picture")}
    assert synonyms.perturb("ein film", "de", 1.0) == "ein film"


def test_words_are_switched_by_a_dictionary_if_there_is_one():
    tables = Tables(dictionaries={"en": {"house": ("Haus", "maison")}})
    switch = build_perturbations(["code_switch"], tables)[0]
    assert {switch.perturb("my house", "en", 1.0, seed=seed) for seed in range(30)} == {
        "my Haus",
        "my maison",
    }


def test_where_no_spaces_are_written_words_are_the_longest_of_the_table():
    tables = Tables(dictionaries={"zh": {"首都": ("capital",), "首": ("head",), "德国": ("Germany",)}})
    switch = build_perturbations(["code_switch"], tables)[0]
    assert switch.perturb("请问德国的首都是哪里？首，都", "zh", 1.0) == "请问Germany的capital是哪里？head，都"
    assert {switch.perturb("德国的首都", "zh-Hant", 0.5, seed=seed) for seed in range(20)} == {
        "Germany的首都",
        "德国的capital",
    }


def test_a_word_is_found_in_the_table_as_it_is_written_first():
    table = {"en": {"Polish": ("Czech",), "polish": ("shine",), "été": ("summer",), "gone": ()}}
    synonyms = build_perturbations(["synonyms"], Tables(synonyms=table))[0]
    assert synonyms.perturb("Polish polish POLISH pOLISH e\u0301te\u0301 gone", "en", 1.0) == (
        "Czech shine Shine shine summer gone"
    )


def _parallel(*rows):
    return pa.table(
        dict(zip(("group_id", "language", "text"), map(list, zip(*rows, strict=True)), strict=True))
    )


def test_a_span_is_switched_for_the_same_part_of_a_translation():
    table = _parallel(
        ("g", "en", "one two three four."),
        ("g", "de", "eins zwei drei vier."),
        ("h", "fr", "autre chose"),
    )
    switch = build_perturbations(["code_switch"], Tables(translations=Translations.in_table(table)))[0]
    seen = {switch.perturb("one two three four.", "en", 0.5, seed=seed) for seed in range(100)}
    assert seen == {
        "eins zwei three four.",
        "one zwei drei four.",
        "one two drei vier.",
    }
    assert switch.perturb("one two three four.", "en", 1.0) == "eins zwei drei vier."
    assert switch.perturb("autre chose", "fr", 1.0) == "autre chose"


def test_a_span_shorter_than_a_word_of_the_translation_gets_the_word_at_its_place():
    words = [f"w{number}" for number in range(10)]
    table = _parallel(("g", "en", " ".join(words)), ("g", "de", "a b c d e"))
    switch = build_perturbations(["code_switch"], Tables(translations=Translations.in_table(table)))[0]
    for seed in range(60):
        changed = switch.perturb(" ".join(words), "en", 0.1, seed=seed).split(" ")
        (place,) = [number for number, word in enumerate(changed) if word != words[number]]
        assert abs("abcde".index(changed[place]) - place / 2) <= 1


def test_a_span_without_spaces_is_fitted_in():
    table = _parallel(("g", "en", "the capital of Japan"), ("g", "ja", "日本の首都です"))
    switch = build_perturbations(["code_switch"], Tables(translations=Translations.in_table(table)))[0]
    changed = switch.perturb("the capital of Japan", "en", 0.5)
    assert any(character in changed for character in "日本の首都です")
    assert "  " not in changed
    table = _parallel(("g", "th", "เมืองหลวงของญี่ปุ่น"), ("g", "ja", "日本の首都です"))
    switch = build_perturbations(["code_switch"], Tables(translations=Translations.in_table(table)))[0]
    assert " " not in switch.perturb("เมืองหลวงของญี่ปุ่น", "th", 0.5)


def test_other_scripts_are_written_in_latin_letters():
    pytest.importorskip("anyascii")
    found = READY["transliteration"].perturb("Москва и Paris — größte", "ru", 1.0)
    assert found == "Moskva i Paris — größte"
    assert READY["transliteration"].perturb("Oʻzbekiston 1ª", "uz", 1.0) == "Oʻzbekiston 1ª"
    assert READY["transliteration"].perturb("мои\u0306", "ru", 1.0) == "moy"


def test_without_the_package_transliteration_says_what_to_install(monkeypatch):
    real = importlib.import_module

    def missing(name, *rest):
        if name == "anyascii":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr("isoglot.robustness.perturbations.transliteration.import_module", missing)
    with pytest.raises(ConfigError, match=r"pip install \"isoglot\[evaluate\]\""):
        build_perturbations(["transliteration"])
