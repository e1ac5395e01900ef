"""Cards: what is query and what is document, what is relevant to whom, what is said once."""

from __future__ import annotations

import pytest

from isoglot.corpora import CorpusBuilder, CorpusInfo
from isoglot.report.gallery import cards as cards_module
from isoglot.report.gallery.cards import Card, Side, build_cards, label_words
from isoglot.report.gallery.choosing import choose
from isoglot.report.gallery.standing import Standing

from .scenes import HOSTILE, LANGUAGES


def cards_of(corpus, num_groups=60) -> dict[str, Card]:
    return {card.title: card for card in build_cards(corpus, choose(corpus, num_groups, seed=0))}


def notes(side: Side) -> dict[str, str]:
    return {item.item_id: ", ".join(item.notes) for item in side.items}


def test_queries_and_documents_of_a_group_in_every_medium(scene_corpus):
    card = cards_of(scene_corpus)["video"]
    asked, told = card.sides
    assert (asked.title, told.title, told.note) == ("Queries", "Documents", "relevant")
    assert [item.language for item in asked.texts] == list(LANGUAGES)
    assert [(item.item_id, item.language, item.path) for item in asked.media] == [
        ("video.q", None, "q/video.webm")
    ]
    assert [item.path for item in told.media] == ["d/video.webm"]
    assert card.splits == ("test",)
    assert card.media == ("text", "video")
    assert {item.notes for side in card.sides for item in side.items} == {()}


def test_a_group_that_no_split_judges(scene_corpus):
    card = cards_of(scene_corpus)["near"]
    assert card.splits == ()
    assert [(side.title, side.note) for side in card.sides] == [("Documents", "not judged")]


def test_what_stands_on_both_sides_is_shown_once():
    builder = CorpusBuilder(CorpusInfo("both", symmetric=True))
    for language in ("de", "en"):
        builder.add_sentence(f"a.{language}", "a", language, f"text in {language}")
    builder.judge_group("test", "a")
    (side,) = cards_of(builder.build())["a"].sides
    assert (side.title, side.note) == ("Queries and documents", "relevant to each other")
    assert [item.item_id for item in side.items] == ["a.de", "a.en"]


@pytest.fixture
def graded():
    """Three queries of a group, in two splits, and documents of every standing."""
    builder = CorpusBuilder(CorpusInfo("graded"))
    for language in ("de", "en", "th"):
        builder.add_query(f"q.{language}", "q", language, f"query in {language}")
    for name, group in (
        ("all", "answer"), ("some", "answer"), ("best", "answer"),
        ("mixed", "q"), ("wrong", None), ("own", "q"),
    ):  # fmt: skip
        builder.add_document(name, group, "en", f"document {name}")
    for language in ("de", "en"):
        builder.judge("test", f"q.{language}", "all")
        builder.judge("test", f"q.{language}", "best", 2)
        builder.judge("test", f"q.{language}", "wrong", 0)
        builder.judge("test", f"q.{language}", "mixed", 1 if language == "de" else 3)
    builder.judge("test", "q.en", "some")
    builder.judge("dev", "q.en", "all", 1)
    builder.judge("dev", "q.en", "wrong", 0)
    return builder.build()


def test_standings_in_words(graded):
    card = cards_of(graded)["q"]
    told = card.sides[1]
    assert notes(told) == {
        "all": "relevant",
        "best": "relevant, grade 2",
        "mixed": "relevant, grades 1 to 3",
        "some": "relevant to 1 of 2 queries",
        "own": "not judged",
        "wrong": "not relevant",
    }
    assert [item.is_relevant for item in told.items] == [True] * 4 + [False] * 2
    assert {item.item_id: item.group for item in told.items if item.group} == {
        "all": "answer", "best": "answer", "some": "answer",
    }  # fmt: skip
    assert set(card.splits) == {"test", "dev"}
    assert told.note == ""


def test_the_highest_of_several_grades_counts():
    builder = CorpusBuilder(CorpusInfo("twice"))
    builder.add_query("q", "q", "en", "query")
    builder.add_document("d", "q", "en", "document")
    builder.judge("dev", "q", "d", 0)
    builder.judge("test", "q", "d", 2)
    assert cards_of(builder.build())["q"].sides[1].note == "relevant, grade 2"


def test_words_of_a_standing():
    assert Standing(3, 1, 1).words(3) == "relevant"
    assert Standing(2, 2, 2).words(3) == "relevant to 2 of 3 queries, grade 2"
    assert Standing(0, 0, 0).words(3) == "not relevant"


def test_the_common_group_of_documents_is_said_once():
    builder = CorpusBuilder(CorpusInfo("apart"))
    builder.add_query("q", "q", "en", "query")
    for language in ("de", "en"):
        builder.add_document(f"d.{language}", "answer", language, f"document in {language}")
        builder.judge("test", "q", f"d.{language}")
    side = cards_of(builder.build())["q"].sides[1]
    assert side.note == "relevant, group answer"
    assert {item.group for item in side.items} == {None}


def test_of_many_documents_the_relevant_ones_are_shown(graded, monkeypatch):
    monkeypatch.setattr(cards_module, "MAX_ITEMS", 4)
    told = cards_of(graded)["q"].sides[1]
    assert {item.item_id for item in told.items} == {"all", "best", "mixed", "some"}
    assert told.num_more == 2


def test_labelled_pairs(scene_corpus):
    found = [card for card in cards_of(scene_corpus).values() if card.kind == "pair"]
    assert {(card.title, card.label, card.splits) for card in found} == {
        ("picture · video", ("paraphrase", "no paraphrase"), ("test",)),
        ("picture · picture", ("paraphrase", "paraphrase"), ("test",)),
    }
    first, second = next(card for card in found if card.title == "picture · video").sides
    assert (first.title, second.title) == ("First", "Second")
    assert {item.path for item in second.media} == {"q/video.webm", "d/video.webm"}


def test_labels_in_words():
    assert label_words("entailment", 2.0) == "contradiction"
    assert label_words("similarity", 3.8) == "3.8"
    assert label_words("similarity", 5.0) == "5"


def test_distractors_are_one_card(scene_corpus):
    *_, last = build_cards(scene_corpus, choose(scene_corpus, 60, seed=0))
    assert last.kind == "distractors"
    assert {item.item_id for item in last.sides[0].items} == {"apart", "apart.ar", "apart.en"}
    assert last.media == ("text", "image")
    assert HOSTILE in cards_of(scene_corpus)
