"""Vocabularies: what a tag is called, and what is shown where it is called nothing."""

from __future__ import annotations

import pytest

from isoglot.corpora import CorpusBuilder, CorpusInfo
from isoglot.errors import CorpusError
from isoglot.tagging import Label, Tag, Vocabulary, vocabulary_of


def test_a_label_is_read_with_its_gloss() -> None:
    assert str(Label("spring")) == "spring"
    assert str(Label("spring", "season")) == "spring (season)"


@pytest.mark.parametrize(
    ("asked", "shown"), [("en", "en"), ("de-AT", "de"), ("pt", "pt-BR"), ("pt-PT", "pt-BR"), ("cy", "de")]
)
def test_a_language_without_a_label_shows_its_kin_or_the_first(asked: str, shown: str) -> None:
    tag = Tag("spring", {"de": Label("Feder"), "en": Label("spring"), "pt-BR": Label("mola")})
    assert tag.nearest(asked) == shown


def test_languages_come_in_order_of_appearance(colours: Vocabulary) -> None:
    assert colours.languages == ("en", "de", "fr")


def test_all_problems_of_a_vocabulary_are_told_at_once() -> None:
    tags = (
        Tag("a", {"en": Label("spring")}),
        Tag("b", {"en": Label("spring")}),
        Tag("b", {"en": Label("coil")}),
        Tag("c", {}),
        Tag("d", {"en": Label(" ")}),
        Tag("e", {"EN": Label("end")}),
        Tag("f", {"nonsense": Label("fool")}),
    )
    with pytest.raises(CorpusError, match="'a' and 'b' are called the same") as raised:
        Vocabulary("mine", tags)
    told = "\n".join(raised.value.problems)
    assert len(raised.value.problems) == 6
    for part in (
        "'b' is there already",
        "'c' has no label",
        "empty label",
        "spell it 'en'",
        "not a language",
    ):
        assert part in told


def test_two_senses_are_two_tags() -> None:
    season, coil = (Tag(gloss, {"en": Label("spring", gloss)}) for gloss in ("season", "coil"))
    assert Vocabulary("springs", (season, coil)).tags == (season, coil)


def test_an_empty_vocabulary_is_an_error() -> None:
    with pytest.raises(CorpusError, match="mine: holds no tag; add some"):
        Vocabulary("mine", ())


def tag_corpus() -> CorpusBuilder:
    """Two tags, one of them in two languages."""
    builder = CorpusBuilder(CorpusInfo("tags"))
    for tag, language, text in (("dog", "en", "dog"), ("dog", "de", "Hund"), ("cat", "en", "cat")):
        builder.add_document(f"{tag}:{language}", tag, language, text)
    builder.add_query("bark", "bark", "en", "it barks")
    return builder


def test_the_documents_of_a_corpus_are_tags() -> None:
    found = vocabulary_of(tag_corpus().build())
    assert found.tags == (
        Tag("dog", {"en": Label("dog"), "de": Label("Hund")}),
        Tag("cat", {"en": Label("cat")}),
    )
    german = vocabulary_of(tag_corpus().build(), ["de"])
    assert german.tags == (Tag("dog", {"de": Label("Hund")}),)


def test_a_corpus_with_two_names_for_a_tag_is_no_vocabulary() -> None:
    builder = tag_corpus()
    builder.add_document("second", "dog", "en", "hound")
    builder.add_document("loose", None, "en", "bird")
    with pytest.raises(CorpusError, match="'second' is a second name of tag 'dog'") as raised:
        vocabulary_of(builder.build())
    assert "'loose' names no tag" in str(raised.value)
