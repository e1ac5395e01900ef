"""What every perturbation of texts promises, in every script."""

from __future__ import annotations

import importlib.util

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isoglot.errors import ConfigError
from isoglot.robustness.perturbations import (
    READY,
    SUMMARIES,
    Tables,
    TextPerturbation,
    build_perturbations,
    check_perturbations,
)
from isoglot.robustness.perturbations.code_switching import Translations

SENTENCES = {
    "en": "What's the capital of Germany, and who is its mayor?",
    "de": "Was ist die größte Stadt in Bayern?",
    "fr": "Quelle était la capitale de l'Allemagne à l'époque ?",
    "pl": "Jaka jest stolica Łotwy?",
    "tr": "Almanya'nın başkenti neresidir?",
    "vi": "Thủ đô của nước Đức là gì?",
    "ru": "Какой ещё город в России самый большой?",
    "el": "Ποια είναι η πρωτεύουσα της Γερμανίας;",
    "ka": "რომელი ქალაქია საქართველოს დედაქალაქი?",
    "ar": "ما هي عاصمةُ ألمانيا؟",
    "he": "מהי בירת גרמניה?",
    "hi": "जर्मनी की राजधानी क्या है?",
    "ta": "ஜெர்மனியின் தலைநகரம் எது?",
    "th": "เมืองหลวงของประเทศเยอรมนีคืออะไร",
    "ko": "독일의 수도는 어디입니까?",
    "zh": "德国的首都是哪里？",
    "ja": "ドイツの首都はどこですか？",
}

NEEDS_ANYASCII = importlib.util.find_spec("anyascii") is None
NAMES = [
    name
    for name, each in READY.items()
    if isinstance(each, TextPerturbation) and not (name == "transliteration" and NEEDS_ANYASCII)
]
TABLES = Tables(
    synonyms={"en": {"capital": ("metropolis",), "mayor": ("provost", "burgomaster")}},
    translations=Translations({("en", SENTENCES["en"]): (("de", SENTENCES["de"]), ("th", SENTENCES["th"]))}),
)
ALL = [*(READY[name] for name in NAMES), *build_perturbations(["synonyms", "code_switch"], TABLES)]


def names(perturbation):
    return perturbation.name


@pytest.mark.parametrize("perturbation", ALL, ids=names)
def test_strength_0_is_the_identity(perturbation):
    assert all(perturbation.perturb(text, tag, 0.0) == text for tag, text in SENTENCES.items())


@pytest.mark.parametrize("perturbation", ALL, ids=names)
def test_the_same_seed_gives_the_same_text_and_another_one_another(perturbation):
    texts = {
        seed: [perturbation.perturb(t, g, 0.5, seed=seed) for g, t in SENTENCES.items()] for seed in (0, 1)
    }
    again = [perturbation.perturb(t, g, 0.5, seed=0) for g, t in reversed(SENTENCES.items())]
    assert texts[0] == again[::-1]
    assert texts[0] != texts[1]


@pytest.mark.parametrize("perturbation", ALL, ids=names)
@pytest.mark.parametrize("strength", [-0.1, 1.01, float("nan")])
def test_a_strength_out_of_range_is_refused(perturbation, strength):
    with pytest.raises(ConfigError, match="strength must be from 0"):
        perturbation.perturb("text", "en", strength)


@pytest.mark.parametrize("perturbation", ALL, ids=names)
@settings(max_examples=25, deadline=None)
@given(text=st.text(max_size=40), strength=st.floats(0, 1))
def test_any_text_at_all_is_taken(perturbation, text, strength):
    assert isinstance(perturbation.perturb(text, None, strength), str)


@pytest.mark.parametrize("perturbation", ALL, ids=names)
@pytest.mark.parametrize(
    "text", ["", " ", "\n\t", "…?!", "👩\u200d💻🏳️\u200d🌈", "\x00\x1b", "\u202e\u2066", "\u0301", "1️⃣"]
)
def test_what_has_no_words_is_taken_and_spaces_stay(perturbation, text):
    found = perturbation.perturb(text, "en", 1.0)
    assert found.isspace() == text.isspace()
    assert len(found) <= len(text) + 2


WORD_BY_WORD = [each for each in ALL if each.name not in ("word_order", "code_switch")]


def distance(first, second):
    """Levenshtein's."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(second, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


@pytest.mark.parametrize("perturbation", WORD_BY_WORD, ids=names)
def test_more_strength_never_changes_less(perturbation):
    for tag, text in SENTENCES.items():
        changes = [distance(text, perturbation.perturb(text, tag, s)) for s in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)]
        assert changes == sorted(changes), (tag, changes)


@pytest.mark.parametrize("name", ["typo", "ocr"])
@pytest.mark.parametrize("tag", SENTENCES)
def test_every_script_has_typos_and_misread_glyphs(name, tag):
    text = SENTENCES[tag]
    assert READY[name].perturb(text, tag, 1.0) != text


def test_an_unknown_name_names_the_nearest_and_all_problems_come_at_once():
    with pytest.raises(ConfigError, match="unknown perturbation 'typos'; did you mean typo") as caught:
        build_perturbations(["typos", "synonyms", "code_switch", "blur", "blur"])
    assert "synonyms needs a table" in str(caught.value)
    assert "code_switch needs a dictionary" in str(caught.value)
    assert "'blur' is given twice" in str(caught.value)


def test_names_are_checked_before_there_is_a_corpus():
    check_perturbations(["code_switch", "typo"])
    with pytest.raises(ConfigError, match=r"(?s)unknown perturbation 'x'; there is typo, .*synonyms needs"):
        check_perturbations(["x", "code_switch", "synonyms"])


def test_no_name_at_all_is_an_error():
    with pytest.raises(ConfigError, match="no perturbation is named"):
        build_perturbations([])


def test_every_name_builds_what_is_called_so():
    for name in {*SUMMARIES} - ({"transliteration"} if NEEDS_ANYASCII else set()):
        assert build_perturbations([name], TABLES)[0].name == name
