"""What every store must do, whatever its engine."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from isoglot.errors import SearchError
from isoglot.search import Condition, Filter, StoredDocument, create_store, open_store, store_exists

FILTERS = [
    Filter(),
    Filter.of(language=["de"]),
    Filter.of(language=["de-at", "eng"]),
    Filter.of(modality=["image"]),
    Filter.of(source=['it\'s "here"']),
    Filter.of(language="de", modality="text", where=["year>=2000", "year<2030"]),
    Filter.of(where=["year=1991", "year=1993", "year=1700"]),
    Filter.of(where=["price>=3.25", "price<=7"]),
    Filter.of(where=["price=0.5"]),
    Filter.of(where=["open=yes"]),
    Filter.of(fields={"open": False}),
    Filter.of(fields={"Author": "O'Brien"}),
    Filter.of(fields={"Author": ['a "b" \\ c', "東京 ตั้ง"]}),
    Filter.of(fields={"Author": "x' OR '1'='1"}),
    Filter.of(fields={"Author": "back`tick"}),
    Filter.of(fields={"Author": "a\nb"}),
    Filter.of(where=["Author>=b"]),
    Filter.of(fields={"Author": "nobody"}),
    Filter((Condition("language", "=", ("th",), or_missing=True),)),
]


def test_a_filter_finds_what_it_says_in_both_ways_of_searching(store, documents, vectors):
    for where in FILTERS:
        checked = where.check(store.info.fields)
        right = {each.doc_id for each in documents if checked.holds(each)}
        assert store.count(where) == len(right), where
        assert {hit.document.doc_id for hit in store.search(vectors[0], 100, where)} == right, where
        with_words = {each.doc_id for each in documents if checked.holds(each) and "Hund" in each.words}
        assert {hit.document.doc_id for hit in store.search_text("hund", 100, where)} == with_words, where


def test_a_language_does_not_stand_for_another_that_begins_like_it(store, vectors):
    store.add([StoredDocument("slavey", text="Hund", language="den")], vectors[:1])
    for where, found in ((Filter.of(language=["de"]), 24), (Filter.of(language=["den"]), 1)):
        assert store.count(where) == found
        assert len(store.search(vectors[0], 100, where)) == found


def test_a_search_gives_the_most_similar_with_all_that_is_kept_of_them(store, documents, vectors):
    scaled = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = scaled @ scaled[3]
    hits = store.search(vectors[3] * 7, 5)
    best = np.argsort(-cosines)[:5]
    assert [hit.document for hit in hits] == [documents[row] for row in best]
    np.testing.assert_allclose([hit.score for hit in hits], cosines[best], atol=1e-5)


def test_a_filter_is_for_the_best_of_what_it_leaves_not_the_rest_of_the_best(store, documents, vectors):
    worst = np.argsort(vectors @ vectors[3])[0]
    hits = store.search(vectors[3], 1, Filter.of(fields={"year": 1990 + int(worst)}))
    wanted = [documents[worst].doc_id] if documents[worst].fields else []
    assert [hit.document.doc_id for hit in hits] == wanted


def test_dot_products_are_not_scaled(new_store, documents, vectors):
    store = new_store(similarity="dot")
    store.add([replace(each, fields={}) for each in documents], vectors)
    products = vectors @ vectors[3]
    hits = store.search(vectors[3], 4)
    assert [hit.document.doc_id for hit in hits] == [
        documents[row].doc_id for row in np.argsort(-products)[:4]
    ]
    np.testing.assert_allclose([hit.score for hit in hits], np.sort(products)[::-1][:4], rtol=1e-5)


def test_equal_scores_come_in_order_of_the_ids(new_store):
    store = new_store()
    names = ["e", "d", "c", "b", "a"]  # so that the first that are found are not the first by name
    same = [StoredDocument(name, text="alike") for name in names]
    store.add(same, np.ones((5, 8), np.float32))
    assert [hit.document.doc_id for hit in store.search(np.ones(8, np.float32), 3)] == ["a", "b", "c"]
    assert [hit.document.doc_id for hit in store.search_text("alike", 3)] == ["a", "b", "c"]


def test_a_vector_of_zeros_is_like_nothing(new_store):
    store = new_store()
    both = [StoredDocument("zero", text="unknown"), StoredDocument("one", text="known")]
    store.add(both, np.stack([np.zeros(8), np.ones(8)]).astype(np.float32))
    hits = store.search(np.ones(8, np.float32), 2)
    assert [(hit.document.doc_id, round(hit.score, 5)) for hit in hits] == [("one", 1), ("zero", 0)]


WORDS = [
    ("HUND", ["de", "all"]),
    ("Straße strasse", ["de"]),
    ("京都", ["ja"]),
    ("東", ["ja", "all"]),
    ("ไทย", ["th", "all"]),
    ("مدرسة", ["ar"]),
    ("المدرسه", ["ar"]),
    ('"hund" AND NOT -x*', ["de", "all"]),
    ("katze", []),
    ("?!", []),
]


def test_words_are_found_in_every_script(new_store):
    texts = {
        "de": "Der Hund auf der Straße",
        "ja": "東京都と京都",
        "th": "ภาษาไทยง่าย",
        "ar": "إلى المَدْرَسَة مدرسة",
        "all": "hund 東 ไทย",
    }
    store = new_store()
    some = [StoredDocument(name, text=text) for name, text in texts.items()]
    store.add(some, np.eye(5, 8, dtype=np.float32))
    for query, found in WORDS:
        assert sorted(hit.document.doc_id for hit in store.search_text(query, 10)) == sorted(found), query


def test_a_query_as_long_as_a_book_is_looked_for_by_its_first_words(store):
    book = " ".join(f"w{number}" for number in range(100_000))
    assert store.search_text(book, 5) == []
    assert len(store.search_text(f"hund {book}", 5)) == 5
    assert store.search_text(f"{book} hund", 5) == []


def test_rarer_words_and_shorter_documents_count_more(new_store):
    store = new_store()
    texts = ["common rare", "common", "common filler filler filler", "common other"]
    store.add([StoredDocument(text, text=text) for text in texts], np.eye(4, 8, dtype=np.float32))
    hits = store.search_text("common rare", 10)
    assert hits[0].document.doc_id == "common rare"
    assert hits[-1].document.doc_id == "common filler filler filler"
    assert all(hit.score > 0 for hit in hits)


def test_adding_again_replaces(store, documents, vectors):
    before = store.info.version
    changed = [StoredDocument("d1", text="Ganz anders"), StoredDocument("new", text="Katze")]
    store.add(changed, -vectors[:2])
    assert store.count() == 61
    assert store.get(["d1", "new", "d2", "nobody"]) == {
        "d1": changed[0],
        "new": changed[1],
        "d2": documents[2],
    }
    assert store.digests(["d1", "d2", "nobody"]) == {"d1": "", "d2": "digest 2"}
    assert store.search(-vectors[0], 1)[0].document.doc_id == "d1"
    assert [hit.document.doc_id for hit in store.search_text("anders", 5)] == ["d1"]
    assert "d1" not in {hit.document.doc_id for hit in store.search_text("hund", 100)}
    assert store.info.version > before


def test_what_is_deleted_is_gone_from_every_search(store, vectors):
    before = store.info.version
    assert store.delete(["d1", "d2", "nobody", "d' OR 'a'='a"]) == 2
    assert store.delete([]) == 0
    assert store.count() == 58
    assert store.get(["d1"]) == {}
    found = {hit.document.doc_id for hit in (*store.search(vectors[1], 100), *store.search_text("hund", 100))}
    assert not found & {"d1", "d2"}
    assert store.info.version > before


def test_documents_are_counted_by_value(store, documents):
    assert store.tally("language") == {"de": 12, "de-AT": 12, "en": 12, "th": 12}
    assert store.tally("modality") == {"text": 51, "image": 9}
    assert store.tally("source") == {'it\'s "here"': 30}
    with pytest.raises(SearchError, match="counted by language, modality, source, got 'year'"):
        store.tally("year")


def test_everything_is_there_after_optimising_and_opening_again(uri, store, documents, vectors):
    store.delete(["d5"])
    store.optimise()
    before = [hit.document.doc_id for hit in store.search(vectors[9], 60)]
    store.close()
    again = open_store(uri)
    try:
        assert again.count() == 59
        assert [hit.document.doc_id for hit in again.search(vectors[9], 60)] == before
        assert len(again.search_text("hund", 100)) == 50
        info = again.info
        assert (info.model, info.fingerprint, info.dimension, info.similarity) == (
            "a model",
            "f1",
            8,
            "cosine",
        )
        assert dict(info.fields) == {
            "year": "integer",
            "price": "number",
            "Author": "text",
            "open": "boolean",
        }
    finally:
        again.close()


def test_fields_can_be_declared_later(store):
    store.declare({"topic": "text", "year": "integer"})
    store.add([StoredDocument("new", text="Katze", fields={"topic": "cats"})], np.ones((1, 8), np.float32))
    assert store.info.fields["topic"] == "text"
    assert store.count(Filter.of(where=["topic=cats"])) == 1
    assert store.get(["new"])["new"].fields == {"topic": "cats"}
    with pytest.raises(SearchError, match="'year' is integer in the store, got text"):
        store.declare({"year": "text"})


def test_nothing_is_added_where_one_document_is_wrong(store, vectors):
    before = store.info.version
    wrong = [
        StoredDocument("fine", text="fine"),
        StoredDocument("fine", text="twice"),
        StoredDocument("empty", text=" "),
        StoredDocument(
            "field", text="x", fields={"yeer": 1, "year": "old", "open": 1, "price": float("nan")}
        ),
        StoredDocument("tag", text="x", language="EN"),
        StoredDocument("medium", modality="smell", text="x"),  # type: ignore[arg-type]
        StoredDocument("half \ud800", text="x"),
        StoredDocument("", text="x"),
    ]
    with pytest.raises(SearchError, match="there twice") as raised:
        store.add(wrong, vectors[:8])
    message = str(raised.value)
    for part in (
        "text is empty",
        "'yeer' is not declared",
        "'year' must be integer",
        "'open' must be boolean",
    ):
        assert part in message
    for part in (
        "'price' must be number",
        "spelled 'en'",
        "modality must be one of",
        "surrogate",
        "1 to 512",
    ):
        assert part in message
    assert (store.count(), store.info.version) == (60, before)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda good: good[:, :5], r"need vectors of shape \(2, 8\), got \(2, 5\)"),
        (lambda good: good[:1], r"need vectors of shape \(2, 8\), got \(1, 8\)"),
        (lambda good: good * np.nan, "vector of document 'a' is not finite"),
    ],
)
def test_vectors_that_do_not_fit_are_refused(store, vectors, change, rule):
    pair = [StoredDocument("a", text="a"), StoredDocument("b", text="b")]
    with pytest.raises(SearchError, match=rule):
        store.add(pair, change(vectors[:2]))
    assert store.count() == 60


@pytest.mark.parametrize(
    ("ask", "rule"),
    [
        (lambda store: store.search(np.ones(3), 5), "vectors of width 8, got a query of shape"),
        (lambda store: store.search(np.full(8, np.inf), 5), "query's vector is not finite"),
        (lambda store: store.search(np.ones(8), 0), "limit must be 1 to 10,000, got 0"),
        (lambda store: store.search_text("hund", 10_001), "limit must be 1 to 10,000, got 10001"),
        (lambda store: store.search(np.ones(8), 5, Filter.of(where="yaer=3")), "did you mean 'year'"),
        (lambda store: store.count(Filter.of(where="open>yes")), "'open' has no order"),
        (lambda store: store.add([], np.ones((0, 8))), "one document at least"),
    ],
)
def test_questions_that_cannot_be_are_refused(store, ask, rule):
    with pytest.raises(SearchError, match=rule):
        ask(store)


def test_a_store_is_made_once(uri, new_store):
    assert not store_exists(uri)
    with pytest.raises(SearchError, match="there is no store; make one with isoglot index"):
        open_store(uri)
    new_store()
    assert store_exists(uri)
    with pytest.raises(SearchError, match="there is a store already"):
        create_store(uri, model="m", fingerprint="f", dimension=8)


def test_an_empty_store_finds_nothing(new_store):
    store = new_store()
    assert (store.count(), store.search(np.ones(8), 5), store.search_text("hund", 5)) == (0, [], [])
    assert (store.tally("language"), store.get(["a"]), store.digests([])) == ({}, {}, {})
    store.optimise()
    assert store.count() == 0


def test_threads_may_search_while_one_adds(store, vectors):
    failures: list[Exception] = []

    def search() -> None:
        try:
            for row in range(10):
                assert len(store.search(vectors[row], 5)) == 5
                assert store.search_text("hund", 5)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(5):
        store.add([StoredDocument(f"new{number}", text="Katze")], vectors[:1])
    for thread in threads:
        thread.join()
    assert failures == []
    assert store.count() == 65


def test_a_closed_store_says_so(store):
    store.close()
    for ask in (
        store.count,
        lambda: store.get(["d1"]),
        lambda: store.search(np.ones(8), 1),
        lambda: store.info,
    ):
        with pytest.raises(SearchError, match=r"closed|cannot be used"):
            ask()
