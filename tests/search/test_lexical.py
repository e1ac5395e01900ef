from __future__ import annotations

import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isoglot.search.lexical import MAX_WORD_CHARS, tokenize


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Der Hund, der HUND!", ["der", "hund", "der", "hund"]),
        ("Straße ＦＵＬＬ ﬁn", ["strasse", "full", "fin"]),
        ("l’été d'Aix O'Brien", ["l", "été", "d", "aix", "o", "brien"]),
        ("İstanbul ISPARTA ılık", ["istanbul", "isparta", "ilik"]),
        ("foo_bar x=1,5 a-b", ["foo", "bar", "x", "1", "5", "a", "b"]),
        ("हिन्दी में लिखना", ["हिन्दी", "में", "लिखना"]),
        ("مُحَمَّدٌ إلى المدرسة ٢٠٢٠", ["محمد", "الي", "المدرسه", "2020"]),
        ("کتابی می‌روم", ["كتابي", "ميروم"]),
        ("שָׁלוֹם", ["שלום"]),
        ("東京都", ["東京", "京都", "東", "京", "都"]),
        ("犬", ["犬"]),
        ("スーパーへ", ["スー", "ーパ", "パー", "ーへ"]),
        ("ภาษาไทย", ["ภา", "าษ", "ษา", "าไ", "ไท", "ทย"]),
        ("ที่นี่", ["ที่นี่"]),
        ("한국어를 배우다", ["한국", "국어", "어를", "배우", "우다"]),
        ("iPhone東京2", ["iphone", "東京", "東", "京", "2"]),
        ("", []),
        (" ?! \u200b", []),
    ],
)
def test_texts_are_split_as_their_script_asks(text, tokens):
    assert tokenize(text) == tokens


def test_a_document_and_a_query_that_are_composed_differently_are_alike():
    assert tokenize(unicodedata.normalize("NFD", "été ガ 각")) == tokenize("été ガ 각")


def test_long_words_are_cut():
    assert tokenize("a" * 1_000) == ["a" * MAX_WORD_CHARS]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text())
def test_tokens_hold_no_space_and_no_text_fails(text):
    tokens = tokenize(text)
    assert all(token and not any(char.isspace() for char in token) for token in tokens)
    assert tokenize(text) == tokens
