from __future__ import annotations

import resource
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

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


def test_writers_that_know_nothing_of_each_other_take_turns_and_leave_no_document_twice(tmp_path):
    filled(tmp_path / "store").close()

    def work() -> None:
        """What another process does: with a store of its own, which shares nothing but the folder."""
        store = open_store(tmp_path / "store")
        for number in range(4):
            same = [StoredDocument(f"{number}-{row}", text=f"hund {row}") for row in range(10)]
            store.add(same, np.ones((10, 2), np.float32))
            store.delete([f"{number}-9"])
        store.optimise()

    with ThreadPoolExecutor(3) as threads:
        writers = [threads.submit(work) for _ in range(3)]
        reader = open_store(tmp_path / "store")
        while not all(writer.done() for writer in writers):
            ids = [hit.document.doc_id for hit in reader.search(np.ones(2, np.float32), 200)]
            assert len(ids) == len(set(ids)) >= 10
            time.sleep(0.02)
    assert [writer.result() for writer in writers] == [None] * 3
    assert reader.count() == 10 + 4 * 9
    assert len(reader.search(np.ones(2, np.float32), 200)) == 10 + 4 * 9
    assert len(reader.search_text("hund", 200)) == 4 * 9


def test_a_field_that_is_declared_while_documents_are_made_ready_is_left_empty(tmp_path, monkeypatch):
    store = filled(tmp_path / "store")
    rows, others = lance_stores.rows_of, []

    def rows_while_another_declares(*given):
        made = rows(*given)
        if not others:
            others.append(open_store(tmp_path / "store"))
            others[0].declare({"year": "integer"})
        return made

    monkeypatch.setattr(lance_stores, "rows_of", rows_while_another_declares)
    store.add([StoredDocument("new", text="fresh")], np.ones((1, 2), np.float32))
    assert store.get(["new"])["new"].fields == {}
    assert store.info.fields == {"year": "integer"}


@contextmanager
def files_of_at_most(num_bytes):
    """Lets no file grow beyond a size, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_there_is_no_room_for_changes_nothing(tmp_path):
    store = filled(tmp_path / "store")
    version = store.info.version
    rng = np.random.default_rng(0)
    many = [StoredDocument(f"new{number}", text=f"word {rng.bytes(400).hex()}") for number in range(300)]
    vectors = rng.normal(size=(300, 2)).astype(np.float32)
    with (
        files_of_at_most(20_000),
        pytest.raises(SearchError, match=r"disk is full \(File too large\).*make room"),
    ):
        store.add(many, vectors)
    assert (store.count(), store.info.version) == (10, version)
    assert len(open_store(tmp_path / "store").search_text("text", 20)) == 10
    store.add(many, vectors)
    assert (store.count(), len(store.search_text("word", 1_000))) == (310, 300)


def test_reasons_of_the_operating_system_come_with_their_remedy():
    for said, rule in (
        (
            "IO: No space left on device (os error 28)",
            r"s: the disk is full \(No space left on device\); nothing",
        ),
        ("Disk quota exceeded", "the disk is full"),
        (
            "x Permission denied y",
            r"s: cannot be used \(Permission denied\); nothing was changed, get permission",
        ),
        ("Read-only file system (os error 30)", "get permission"),
        ("anything\nelse", "s: the store cannot be used: anything else; see whether it is whole"),
    ):
        with pytest.raises(SearchError, match=rule), lance_stores._errors("s"):
            raise OSError(said)


def test_a_store_that_is_gone_is_not_made_anew_by_writing(tmp_path):
    store = filled(tmp_path / "store")
    shutil.rmtree(tmp_path / "store")
    with pytest.raises(SearchError, match="the store is gone; put it back, or index again"):
        store.delete(["d1"])
    assert not (tmp_path / "store").exists()


def test_an_engine_that_is_not_installed_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "lancedb", None)
    with pytest.raises(SearchError, match=r"needs lancedb; install it with: pip install 'isoglot\[search\]'"):
        create_store(tmp_path / "store", model="m", fingerprint="f", dimension=2)
