from __future__ import annotations

import shutil

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isoglot.search import Filter, StoredDocument, create_store, lance_snapshot, open_store
from isoglot.search import lance as lance_stores
from isoglot.search.lance_rows import TEXTS
from isoglot.search.lance_snapshot import KeptDocuments

ONES = np.ones(4, np.float32)


def ids(hits) -> list[str]:
    return [hit.document.doc_id for hit in hits]


@pytest.fixture
def folder(tmp_path) -> str:
    """A store of 40 documents, ten vectors four times each, whose products are whole numbers."""
    rng = np.random.default_rng(0)
    vectors = np.tile(rng.integers(-3, 4, size=(10, 4)), (4, 1)).astype(np.float32)
    store = create_store(tmp_path / "store", model="m", fingerprint="f", dimension=4, similarity="dot")
    names = rng.permutation(40)
    documents = [
        StoredDocument(f"d{name}", text=f"text {name}", language="de" if name % 3 else None) for name in names
    ]
    store.add(documents[:25], vectors[:25])
    store.add(documents[25:], vectors[25:])
    store.close()
    return str(tmp_path / "store")


@pytest.mark.parametrize("where", [None, Filter.of(language="de")])
def test_what_is_kept_answers_as_the_engine_does(folder, monkeypatch, where):
    kept = open_store(folder)
    queries = np.random.default_rng(1).integers(-3, 4, size=(20, 4)).astype(np.float32)
    found = [kept.search(query, limit, where) for query in queries for limit in (1, 7, 24, 100)]
    monkeypatch.setattr(lance_stores, "EXACT_ROWS", 0)
    asked = open_store(folder)
    assert not asked._now().is_small
    whole = [asked.search(query, 100, where) for query in queries]
    assert found == [hits[:limit] for hits in whole for limit in (1, 7, 24, 100)]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 40), st.sampled_from([1e-4, 1.0, 1e4, 1e30]))
def test_the_best_are_those_of_an_exact_ranking_with_equals_in_order_of_ids(seed, width, limit, size):
    rng = np.random.default_rng(seed)
    vectors = (size * rng.normal(size=(8, width))).astype(np.float32)[rng.integers(0, 8, 30)]
    columns = {name: [f"{name}{row:02}" for row in range(30)] for name in TEXTS} | {"modality": ["text"] * 30}
    longest = float(np.linalg.norm(vectors.astype(np.float64), axis=1).max())
    kept = KeptDocuments(vectors, longest, pa.table(columns), {})
    query = (size * rng.normal(size=width)).astype(np.float32)
    among = np.flatnonzero(rng.random(30) < 0.7)
    with np.errstate(over="ignore"):
        products = (vectors.astype(np.float64) * query.astype(np.float64)).sum(axis=1)
        scores = 1 - (1 - products).astype(np.float32).astype(np.float64)
    for rows in (None, among):
        allowed = np.arange(30) if rows is None else rows
        right = sorted(allowed.tolist(), key=lambda row: (-scores[row], row))[:limit]
        hits = kept.nearest(query, limit, rows)
        assert ids(hits) == [f"doc_id{row:02}" for row in right]
        np.testing.assert_allclose([hit.score for hit in hits], scores[right], rtol=1e-6)


@pytest.mark.parametrize("own", [True, False])
def test_the_next_search_sees_every_change(folder, own):
    reader = open_store(folder)
    writer = reader if own else open_store(folder)
    german = Filter.of(language="de")
    before = reader.search(ONES, 100, german)
    new = StoredDocument("new", text="new", language="de")
    writer.add([new], 100 * ONES[None])
    assert ids(reader.search(ONES, 1)) == ids(reader.search(ONES, 1, german)) == ["new"]
    writer.add([StoredDocument("new", text="replaced")], 100 * ONES[None])
    assert reader.search(ONES, 1)[0].document.text == "replaced"
    assert reader.search(ONES, 100, german) == before
    writer.declare({"year": "integer"})
    assert reader.info.fields == {"year": "integer"}
    writer.add([StoredDocument("new", text="x", fields={"year": 3})], 100 * ONES[None])
    assert reader.search(ONES, 1, Filter.of(where="year=3"))[0].document.fields == {"year": 3}
    version = reader.info.version
    writer.delete(["new"])
    assert reader.info.version > version
    assert (reader.count(), len(reader.search(ONES, 100))) == (40, 40)
    writer.optimise()
    assert reader.search(ONES, 100, german) == before


def test_nothing_is_read_again_while_nothing_changes(folder, monkeypatch):
    store = open_store(folder)
    before = store.search(ONES, 5), store.info
    monkeypatch.setattr(store, "_pinning", None)
    monkeypatch.setattr(type(store._table), "version", property(lambda _: 1 / 0))
    assert (store.search(ONES, 5), store.info) == before


def test_after_a_long_time_the_engine_is_asked(folder, monkeypatch):
    store = open_store(folder)
    now = store._now()
    monkeypatch.setattr(lance_snapshot, "_TRUSTED_SECONDS", -1.0)
    assert not now.is_latest(lambda: now.version + 2)  # the version between is cleaned away
    assert now.is_latest(lambda: now.version)
    monkeypatch.setattr(now, "_files", None)  # somewhere else than on this computer
    assert not now.is_latest(lambda: now.version + 1)
    assert now.is_latest(lambda: now.version)


def test_another_store_with_as_many_versions_is_not_taken_for_the_first(tmp_path):
    stores = []
    for text in ("old", "new"):
        shutil.rmtree(tmp_path / "store", ignore_errors=True)
        store = create_store(tmp_path / "store", model="m", fingerprint="f", dimension=4)
        store.add([StoredDocument("a", text=text)], ONES[None])
        stores.append(store)
        assert stores[0].search(ONES, 1)[0].document.text == text
    assert stores[0].info.version == stores[1].info.version


def test_a_store_of_few_but_large_documents_is_not_kept(folder, monkeypatch):
    right = open_store(folder).search(ONES, 100)
    monkeypatch.setattr(lance_snapshot, "MAX_BYTES", 100)
    store = open_store(folder)
    assert not store._now().is_small
    assert store.search(ONES, 100) == right


def test_filters_too_long_to_be_kept_are_looked_up(folder, monkeypatch):
    store = open_store(folder)
    right = store.search(ONES, 100, Filter.of(language="de"))
    monkeypatch.setattr(lance_snapshot, "_MAX_CONDITION_LENGTH", 0)
    assert store.search(ONES, 100, Filter.of(language=["de", "fr"])) == right
    assert store._now()._kept[1].cache_info().currsize == 1


def test_closing_lets_go_of_what_was_kept(folder):
    store = open_store(folder)
    store.search(ONES, 1)
    assert store._snapshot is not None
    store.close()
    assert store._snapshot is None
