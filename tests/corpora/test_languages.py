"""Language tags in the many spellings of data sets."""

from __future__ import annotations

import pytest

from isoglot.corpora import match_languages, normalize_language
from isoglot.errors import CorpusError


@pytest.mark.parametrize(
    ("spelling", "tag"),
    [
        ("en", "en"), ("eng-Latn", "en"), ("eng_Latn", "en"), ("EN", "en"), ("eng", "en"),
        ("zho-CN", "zh"), ("zh_cn", "zh"), ("zho_Hans", "zh"), ("cmn", "zh"), ("zho-TW", "zh-Hant"),
        ("zho_Hant", "zh-Hant"),
        ("jp", "ja"), ("ell", "el"), ("fas", "fa"), ("pes", "fa"), ("arb", "ar"), ("fil", "tl"), ("iw", "he"),
        ("pt_br", "pt-BR"), ("por-BR", "pt-BR"), ("es-LA", "es-419"), ("srp-Cyrl", "sr-Cyrl"),
        ("swh", "sw"), ("lvs", "lv"), ("zsm", "ms"), ("yue", "yue"), ("ber", "ber"), (" de ", "de"),
    ],
)  # fmt: skip
def test_normalize(spelling: str, tag: str) -> None:
    assert normalize_language(spelling) == tag
    assert normalize_language(tag) == tag


@pytest.mark.parametrize("spelling", ["", "klingon", "e", "en us", "12", "xx", "text"])
def test_what_is_no_language(spelling: str) -> None:
    with pytest.raises(CorpusError, match="is not a language tag; use BCP 47"):
        normalize_language(spelling)


def test_match_takes_varieties_in_the_order_wanted() -> None:
    available = ["pt", "pt-BR", "de", "en"]
    assert match_languages(["jpn", "deu"], ["ja", "de"]) == ("ja", "de")
    assert match_languages(["pt", "en", "pt-BR"], available) == ("pt", "pt-BR", "en")
    with pytest.raises(CorpusError, match="no text in language 'fr'; there is de, en, pt, pt-BR"):
        match_languages(["fra"], available)
