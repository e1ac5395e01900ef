"""Building a corpus record by record."""

from __future__ import annotations

import numpy as np
import pytest

from isoglot.corpora import CorpusBuilder, CorpusInfo
from isoglot.corpora.building import group_codes
from isoglot.errors import CorpusError


def builder() -> CorpusBuilder:
    return CorpusBuilder(CorpusInfo("built"))


def test_rows_of_a_group_stand_together_and_distractors_last() -> None:
    build = builder()
    build.add_query("q1", "a", "en", "one")
    build.add_query("q2", "b", "en", "two")
    build.add_query("q3", "a", "jp", "三")
    build.add_document("x", None, "en", "distractor")
    build.add_document("d2", "b", "en", "two")
    build.add_document("d1", "a", "en", "one")
    corpus = build.build()
    assert corpus.queries["query_id"].to_pylist() == ["q1", "q3", "q2"]
    assert corpus.documents["doc_id"].to_pylist() == ["d1", "d2", "x"]
    assert corpus.document_groups.tolist() == [0, 1, -1]
    assert corpus.query(1).language == "ja"
    assert group_codes(corpus) == {"a": 0, "b": 1}


def test_a_sentence_is_a_query_and_a_document() -> None:
    build = builder()
    assert build.add_sentence("s", "g", "deu", "Satz")
    corpus = build.build()
    assert corpus.query(0).text == corpus.document(0).text == "Satz"
    assert corpus.query(0).query_id == corpus.document(0).doc_id == "s"
    assert corpus.languages == ("de",)


def test_a_bad_sentence_is_reported_once() -> None:
    build = builder()
    assert not build.add_sentence("s", "g", "en", " ", where="file:3")
    assert build.problems == ["file:3: query_id 's' has an empty text; remove the row or give its text"]


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        (("a b", "g", "en", "x"), "query_id must be a word without white space, got 'a b'"),
        (("", "g", "en", "x"), "query_id must be a word without white space, got ''"),
        (("q", "g", "en", ""), "query_id 'q' has an empty text"),
        (("q", "g", "en", None), "query_id 'q' has an empty text"),
        (("q", "", "en", "x"), "query 'q' has no group_id"),
        (("q", "a\tb", "en", "x"), "group_id must not hold a tab"),
        (("q", "g", "xyzzy", "x"), "'xyzzy' is not a language tag"),
        (("q", "g", "en", "\ud800"), "query_id 'q' holds half a surrogate pair"),
        (("\ud800", "g", "en", "x"), "query_id '\\ud800' holds half a surrogate pair"),
    ],
)
def test_bad_queries(query: tuple[str, str, str, str | None], problem: str) -> None:
    build = builder()
    assert not build.add_query(*query, where="here:1")
    assert len(build.problems) == 1
    assert build.problems[0].startswith(f"here:1: {problem}")


def test_bad_documents() -> None:
    build = builder()
    assert not build.add_document("d", None, None, "text")
    assert not build.add_document("d", None, None, None, modality="image")
    assert not build.add_document("d", None, "en", "x", modality="smell")
    assert build.add_document("d", None, None, None, modality="image", path="a.jpg")
    assert not build.add_document("d", None, "en", "again")
    for problem, expected in zip(
        build.problems,
        [
            "is a text without language",
            "is image without a path",
            "modality must be one of",
            "is there twice",
        ],
        strict=True,
    ):
        assert expected in problem


def test_all_problems_are_raised_together() -> None:
    build = builder()
    build.add_query("q", "g", "en", "")
    build.add_document("d", "g", "en", "x")
    build.judge("test", "q", "d")
    build.judge("test", "q", "e", -1)
    build.judge_group("test", "g")
    with pytest.raises(CorpusError, match="empty text") as caught:
        build.build()
    assert len(caught.value.problems) == 4


def test_judgements_twice_with_other_grades() -> None:
    build = builder()
    build.add_query("q", "g", "en", "x")
    build.add_document("d", "g", "en", "x")
    for grade in (1, 1, 2):
        build.judge("test", "q", "d", grade)
    with pytest.raises(CorpusError, match="judged twice with different grades"):
        build.build()


def test_unknown_groups_and_nothing_at_all() -> None:
    build = builder()
    with pytest.raises(CorpusError, match="no queries or no documents"):
        build.build()
    build = builder()
    build.add_sentence("s", "g", "en", "x")
    build.judge_group("test", "h")
    with pytest.raises(CorpusError, match="split 'test' names the unknown group 'h'"):
        build.build()


def test_columns_are_one_chunk_however_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("isoglot.corpora.building._CHUNK_ROWS", 3)
    build = builder()
    for number in range(10):
        build.add_sentence(str(number), str(number % 4), ("en", "de", "sw")[number % 3], f"text {number}")
    corpus = build.build()
    for table in (corpus.queries, corpus.documents):
        assert {column.num_chunks for column in table.columns} == {1}
    assert np.array_equal(corpus.query_groups, corpus.document_groups)
    assert corpus.query_texts(np.array([0, 9], np.int32)) == ["text 0", "text 7"]


def test_rows_that_are_sorted_already_are_one_chunk_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("isoglot.corpora.building._CHUNK_ROWS", 3)
    build = builder()
    for number in range(10):
        build.add_sentence(str(number), str(number), ("en", "de", "sw")[number % 3], f"text {number}")
    corpus = build.build()
    assert {column.num_chunks for column in (*corpus.queries.columns, *corpus.documents.columns)} == {1}
    assert [corpus.query(row).language for row in range(4)] == ["en", "de", "sw", "en"]
