"""What the distributed engine alone does; the rest is in the conformance suite."""

from __future__ import annotations

import numpy as np
import pytest

from isoglot.errors import SearchError
from isoglot.search import StoredDocument, create_store, open_store, store_exists

pytest.importorskip("pymilvus", reason="the distributed engine is an extra")
pytestmark = pytest.mark.slow


def test_texts_beyond_its_limit_are_refused_whole(tmp_path):
    store = create_store(f"milvus:{tmp_path}/a.db", model="m", fingerprint="f", dimension=2)
    fits = StoredDocument("fits", text="word " * 13_000)
    with pytest.raises(SearchError, match=r"'long': text has 70,000 bytes, and Milvus takes 65,535; split"):
        store.add([fits, StoredDocument("long", text="x" * 70_000)], np.ones((2, 2), np.float32))
    assert store.count() == 0
    store.add([fits], np.ones((1, 2), np.float32))
    assert store.get(["fits"])["fits"].text == fits.text
    store.close()


def test_a_server_that_is_not_there_is_an_error():
    with pytest.raises(SearchError, match=r"milvus:http://127\.0\.0\.1:9: the store cannot be used"):
        open_store("milvus:http://127.0.0.1:9")


def test_a_file_that_is_no_store_is_an_error(tmp_path):
    (tmp_path / "notes.db").write_text("something else", "utf-8")
    with pytest.raises(SearchError, match=r"notes\.db: the store cannot be used|there is no store"):
        open_store(f"milvus:{tmp_path}/notes.db")
    assert (tmp_path / "notes.db").read_text("utf-8") == "something else"
    assert not store_exists(f"milvus:{tmp_path}/other.db")
    assert not (tmp_path / "other.db").exists()
