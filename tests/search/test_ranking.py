from __future__ import annotations

import pytest

from isoglot.search import Hit, StoredDocument
from isoglot.search.ranking import rank_hits


def hits(*named: tuple[str, float]) -> list[Hit]:
    """Documents called `language-number`."""
    return [
        Hit(StoredDocument(name, language=name.split("-")[0] or None, text="x"), score)
        for name, score in named
    ]


def german(language: str | None) -> bool:
    return language in ("de", None)


FOUND = hits(("en-1", 0.9), ("en-2", 0.8), ("de-3", 0.7), ("en-4", 0.6), ("fr-5", 0.5), ("de-6", 0.4))


def names(ranked) -> list[str]:
    return [each.document.doc_id for each in ranked]


@pytest.mark.parametrize(
    ("dial", "order"),
    [
        (0, ["en-1", "en-2", "de-3", "en-4", "fr-5", "de-6"]),
        (0.3, ["en-1", "en-2", "de-3", "en-4", "de-6", "fr-5"]),  # 3 counts as 2.1, 6 as 4.2
        (0.5, ["en-1", "de-3", "en-2", "de-6", "en-4", "fr-5"]),  # 1.5, and 3, before en-4
        (0.7, ["de-3", "en-1", "de-6", "en-2", "en-4", "fr-5"]),  # 0.9 and 1.8
        (1, ["de-3", "de-6", "en-1", "en-2", "en-4", "fr-5"]),
    ],
)
def test_the_dial_goes_from_any_language_to_mine_first(dial, order):
    ranked = rank_hits(FOUND, None, 6, dial, german)
    assert names(ranked) == order
    assert [each.rank for each in ranked] == [1, 2, 3, 4, 5, 6]
    for each in ranked:
        assert each.why.relevance_rank == 1 + names(rank_hits(FOUND, None, 6, 0, german)).index(
            each.document.doc_id
        )
        assert each.why.moved == each.why.relevance_rank - each.rank
        assert each.score == each.why.similarity


def test_of_equals_the_readable_one_goes_first():
    ranked = rank_hits(hits(("en-1", 0.9), ("de-2", 0.8)), None, 2, 0.5, german)
    assert names(ranked) == ["de-2", "en-1"]


def test_what_has_no_language_can_be_read_by_all():
    ranked = rank_hits(hits(("en-1", 0.9), ("-2", 0.8)), None, 2, 1, german)
    assert names(ranked) == ["-2", "en-1"]
    assert ranked[0].why.mine


def test_two_rankings_are_fused_by_reciprocal_ranks():
    words = hits(("en-4", 7.0), ("de-6", 6.0), ("de-9", 5.0))
    ranked = rank_hits(FOUND, words, 10, 0, german)
    assert [round(each.score, 6) for each in ranked[:3]] == [
        round(1 / 64 + 1 / 61, 6),
        round(1 / 66 + 1 / 62, 6),
        round(1 / 61, 6),
    ]
    assert names(ranked)[:3] == ["en-4", "de-6", "en-1"]
    only_words = ranked[names(ranked).index("de-9")].why
    assert (only_words.similarity, only_words.dense_rank) == (None, None)
    assert (only_words.lexical_score, only_words.lexical_rank) == (5.0, 3)


def test_the_same_document_of_two_searches_counts_once_and_equals_come_by_id():
    twice = rank_hits([*FOUND, *FOUND[2:4]], None, 10, 0, german)
    assert names(twice) == [hit.document.doc_id for hit in FOUND]
    equal = rank_hits(hits(("b-", 0.5), ("a-", 0.5), ("c-", 0.5)), None, 2, 0, german)
    assert names(equal) == ["a-", "b-"]


def test_reasons_are_said_in_words():
    words = hits(("de-6", 6.0))
    ranked = rank_hits(FOUND, words, 10, 0.7, german)
    texts = {each.document.doc_id: each.why.text() for each in ranked}
    assert texts["de-3"] == "3rd by meaning (0.700); readable for you, so rank 4 counts as 1.2: up 2"
    stays = "readable for you, so rank 1 counts as 0.3: stays where it is"
    assert texts["de-6"] == f"6th by meaning (0.400); 1st by words (6.00); {stays}"
    assert texts["en-2"] == "2nd by meaning (0.800); in another language than yours: down 1"
    assert texts["fr-5"] == "5th by meaning (0.500)"
