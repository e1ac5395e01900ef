"""Every language file, and every sentence that can be made with it."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from functools import cache

import pytest

from isoglot.errors import ConfigError
from isoglot.world import LANGUAGES
from isoglot.world.facts import Fact, read_facts
from isoglot.world.lexicons import read_lexicon
from isoglot.world.names import Names
from isoglot.world.wording import Worded, word_fact

RELATIONS = {fact.relation for fact in read_facts()}
CLOSING = {"hi": "।", "zh": "。", "th": ""}
UNICODE_SCRIPT = {
    "Latin": "LATIN",
    "Arabic": "ARABIC",
    "Cyrillic": "CYRILLIC",
    "Greek": "GREEK",
    "Devanagari": "DEVANAGARI",
    "Thai": "THAI",
    "Han": "CJK",
}
# Latin words that stand in a text of another script: names of standards, and codes.
LATIN = re.compile(r"ISO \d+|ISO|CFA|(?<![A-Za-z])(?:[A-Z]{2,3}|\.?[a-z]{2})(?![A-Za-z])")


@cache
def _worded(language: str) -> list[tuple[Fact, Worded]]:
    names = Names(language)
    pairs = [(fact, word_fact(fact, names)) for fact in read_facts()]
    return [(fact, worded) for fact, worded in pairs if worded is not None]


def _texts(language: str) -> list[str]:
    return [text for _, worded in _worded(language) for text in worded.questions + worded.passages]


@pytest.mark.parametrize("language", LANGUAGES)
class TestLanguage:
    def test_words_every_relation_at_least_twice(self, language):
        relations = read_lexicon(language).relations
        assert relations.keys() == RELATIONS
        for name, relation in relations.items():
            assert len(set(relation.questions)) >= 2, name
            assert relation.passages, name

    def test_questions_name_their_subject_and_keep_their_answer(self, language):
        asked = {fact.relation: fact for fact in read_facts()}
        for name, relation in read_lexicon(language).relations.items():
            slots = [set(re.findall(r"\{([a-z_]+)", text)) for text in relation.questions]
            assert all(found == {asked[name].subject.kind} for found in slots), name
            for passage in relation.passages:
                assert set(re.findall(r"\{([a-z_]+)", passage)) == asked[name].slots.keys(), name

    def test_texts_are_whole(self, language):
        for text in _texts(language):
            assert not re.search(r"[{}\[\]()&|]|  |None|^\s|\s$", text), text
            assert unicodedata.is_normalized("NFC", text), text
            # No bidi marks, soft hyphens or control characters (Cc and Cf).
            assert not any(unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Co") for c in text), text

    def test_questions_and_passages_end_as_they_should(self, language):
        mark = read_lexicon(language).question_mark
        for _, worded in _worded(language):
            assert all(text.endswith(mark) and text.count(mark) == 1 for text in worded.questions)
            assert all(text.endswith(CLOSING.get(language, ".")) for text in worded.passages)
            assert not any(mark in text for text in worded.passages)

    def test_sentences_start_with_a_capital(self, language):
        for text in _texts(language):
            first = next(c for c in text if c.isalpha())
            assert not first.islower(), text

    def test_texts_are_in_the_script_of_the_language(self, language):
        script = UNICODE_SCRIPT[read_lexicon(language).script]
        for text in _texts(language):
            plain = text if script == "LATIN" else LATIN.sub("", text)
            others = [c for c in plain if c.isalpha() and not unicodedata.name(c).startswith(script)]
            others = [c for c in others if unicodedata.category(c) != "Lm"]
            assert not others, (text, others)

    def test_distinct_facts_never_share_a_text(self, language):
        groups = defaultdict(set)
        for fact, worded in _worded(language):
            for text in worded.questions + worded.passages:
                groups[text].add(fact.group_id)
        assert {text: found for text, found in groups.items() if len(found) > 1} == {}

    def test_what_the_lexicon_calls_by_name_exists(self, language):
        lexicon = read_lexicon(language)
        entities = {e for fact in read_facts() for e in fact.entities}
        for kind, names in (*lexicon.names.items(), ("country", lexicon.country_forms)):
            assert {(kind, code) for code in names} <= entities, kind
        assert {("country", code) for code in lexicon.plural_countries} <= entities


def test_another_language_is_an_error():
    with pytest.raises(ConfigError, match="does not speak 'sv'"):
        read_lexicon("sv")
