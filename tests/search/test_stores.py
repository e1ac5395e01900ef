from __future__ import annotations

import lancedb
import numpy as np
import pyarrow as pa
import pytest

from isoglot.errors import SearchError
from isoglot.search import Filter, StoredDocument, create_store, open_store, store_exists
from isoglot.search import lance as lance_stores


@pytest.mark.parametrize(
    "uri", ["", "  ", "s3://bucket", "http://host", "milvus:", "lance:x", "lance://", "sqlite:a.db", "a\0b"]
)
def test_addresses_that_no_engine_knows_are_refused(uri):
    if uri == "sqlite:a.db":  # a folder may be called so
        assert not store_exists(uri)
        return
    with pytest.raises(SearchError, match="a store must be a folder"):
        open_store(uri)


def test_a_folder_may_be_given_with_its_scheme(tmp_path):
    create_store(f"lance://{tmp_path}/store", model="m", fingerprint="f", dimension=2).close()
    assert store_exists(tmp_path / "store")
    assert open_store(tmp_path / "store").info.dimension == 2


@pytest.mark.parametrize(
    ("how", "rule"),
    [
        ({"dimension": 0}, "dimension must be > 0, got 0"),
        ({"similarity": "euclid"}, "similarity must be 'cosine' or 'dot', got 'euclid'"),
        ({"model": ""}, "must name its model"),
        ({"fields": {"language": "text"}}, "'language' is there in every document"),
    ],
)
def test_stores_that_cannot_be_are_not_made(tmp_path, how, rule):
    with pytest.raises(SearchError, match=rule):
        create_store(tmp_path / "store", **({"model": "m", "fingerprint": "f", "dimension": 2} | how))
    assert not store_exists(tmp_path / "store")


def filled(folder):
    """A store of ten documents."""
    store = create_store(folder, model="m", fingerprint="f", dimension=2)
    documents = [StoredDocument(f"d{number}", text=f"text {number}") for number in range(10)]
    store.add(documents, np.random.default_rng(0).normal(size=(10, 2)).astype(np.float32))
    return store


@pytest.mark.parametrize("damage", ["cut", "zeros", "gone", "no versions"])
def test_a_damaged_store_is_an_error_and_stays_as_it_is(tmp_path, damage):
    filled(tmp_path / "store").close()
    table = tmp_path / "store" / "documents.lance"
    files = {"no versions": sorted((table / "_versions").iterdir())}
    chosen = files.get(damage, sorted((table / "data").iterdir()))
    for path in chosen:
        content = path.read_bytes()
        if damage in ("gone", "no versions"):
            path.unlink()
        else:
            path.write_bytes(content[: len(content) // 2] if damage == "cut" else bytes(len(content)))
    before = {path: path.read_bytes() for path in table.rglob("*") if path.is_file()}
    with pytest.raises(SearchError, match=r"the store cannot be used: .*; see whether it is whole"):
        open_store(tmp_path / "store").search(np.ones(2, np.float32), 3)
    assert {path: path.read_bytes() for path in table.rglob("*") if path.is_file()} == before


def test_a_store_whose_making_was_interrupted_is_made_again_or_finished(tmp_path, monkeypatch):
    (tmp_path / "begun" / "documents.lance" / "_versions").mkdir(parents=True)
    assert not store_exists(tmp_path / "begun")
    assert filled(tmp_path / "begun").count() == 10
    with monkeypatch.context() as patch:
        patch.setattr(lance_stores, "_build_indexes", lambda *_: None)
        create_store(tmp_path / "bare", model="m", fingerprint="f", dimension=2).close()
    store = open_store(tmp_path / "bare")
    assert store.search_text("text", 3) == []
    store.add([StoredDocument("a", text="the text")], np.ones((1, 2), np.float32))
    assert [hit.document.doc_id for hit in store.search_text("the", 3)] == ["a"]
    assert {"words", "doc_id"} <= {column for each in store._table.list_indices() for column in each.columns}


def test_a_table_of_somebody_else_is_not_taken_for_a_store(tmp_path):
    lancedb.connect(str(tmp_path / "store")).create_table("documents", pa.table({"doc_id": ["a"]}))
    with pytest.raises(SearchError, match="is no store of isoglot; name another place"):
        open_store(tmp_path / "store")


def test_a_store_of_another_format_is_refused(tmp_path):
    schema = pa.schema(
        [("doc_id", pa.string())],
        metadata={
            "isoglot": '{"format": 9, "model": "m", "fingerprint": "f", "dimension": 1, "similarity": "dot"}'
        },
    )
    lancedb.connect(str(tmp_path / "store")).create_table("documents", schema=schema)
    with pytest.raises(
        SearchError, match="has format 9, and this version reads 1; index the documents again"
    ):
        open_store(tmp_path / "store")


def test_one_sees_what_another_writes(tmp_path):
    writer = filled(tmp_path / "store")
    reader = open_store(tmp_path / "store")
    version = reader.info.version
    writer.declare({"year": "integer"})
    writer.add([StoredDocument("new", text="fresh", fields={"year": 3})], np.ones((1, 2), np.float32))
    assert reader.info.version > version
    assert reader.count(Filter.of(where="year=3")) == 1
    assert [hit.document.fields for hit in reader.search_text("fresh", 3)] == [{"year": 3}]


def test_an_index_finds_what_comparing_all_would(tmp_path, monkeypatch):
    monkeypatch.setattr(lance_stores, "EXACT_ROWS", 1_000)
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(2_500, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    store = create_store(
        tmp_path / "store", model="m", fingerprint="f", dimension=16, fields={"part": "integer"}
    )
    documents = [StoredDocument(f"{row}", text="x", fields={"part": row % 50}) for row in range(2_500)]
    store.add(documents[:2_000], vectors[:2_000])
    store.optimise()
    store.add(documents[2_000:], vectors[2_000:])  # not in the index yet
    assert "vector" in {column for index in store._table.list_indices() for column in index.columns}
    for where in (None, Filter.of(where="part=7")):
        hits = 0
        for query in vectors[:40] + 0.1 * rng.normal(size=(40, 16)).astype(np.float32):
            allowed = np.arange(2_500) if where is None else np.arange(7, 2_500, 50)
            best = allowed[np.argsort(-(vectors[allowed] @ query))[:10]]
            found = {hit.document.doc_id for hit in store.search(query, 10, where)}
            hits += len(found & {str(row) for row in best})
        assert hits / 400 >= 0.97
