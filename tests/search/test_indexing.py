from __future__ import annotations

import errno
import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from isoglot.errors import CorpusError, SearchError
from isoglot.search import Filter, index, open_store, store_exists
from isoglot.search import lance as lance_stores

TEXTS = ["the dog", "der Hund und der Baum", "le chat dort dans la maison", "犬 と 猫", "an empty house"]


def write_rows(path, texts, **more) -> Path:
    rows = [{"doc_id": f"d{number}", "text": text, **more} for number, text in enumerate(texts)]
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    return path


def content(store) -> dict:
    """All documents of a store, and what a search finds."""
    hits = store.search(np.ones(store.info.dimension, np.float32), 1_000)
    return {hit.document.doc_id: (hit.document, round(hit.score, 6)) for hit in hits}


def test_documents_are_encoded_once_and_found(concepts, tmp_path):
    path = write_rows(tmp_path / "rows.jsonl", TEXTS, year=2000)
    store = str(tmp_path / "store")
    report = index(concepts.search_model(), [path], store, fields={"year": None}, batch_size=2)
    assert (report.num_documents, report.num_added, report.num_replaced, report.num_unchanged) == (5, 5, 0, 0)
    assert (report.num_stored, report.model) == (5, "concepts")
    assert concepts.contents == TEXTS
    assert [len(contents) for _, _, contents in concepts.calls] == [2, 2, 1]
    opened = open_store(store)
    assert opened.get(["d1", "d3"])["d1"].language == "de"
    assert opened.get(["d3"])["d3"].fields == {"year": 2000}
    assert opened.info.version == report.index_version
    again = index(concepts.search_model(), [path], store, fields={"year": None}, batch_size=2)
    assert (again.num_added, again.num_unchanged, concepts.contents) == (0, 5, TEXTS)


def test_what_changed_is_replaced_and_what_is_new_added(concepts, tmp_path):
    store = str(tmp_path / "store")
    index(concepts.search_model(), [write_rows(tmp_path / "rows.jsonl", TEXTS)], store)
    concepts.calls.clear()
    changed = [*TEXTS[:2], "un arbre", *TEXTS[3:], "a tree"]
    report = index(concepts.search_model(), [write_rows(tmp_path / "rows.jsonl", changed)], store)
    assert (report.num_added, report.num_replaced, report.num_unchanged) == (1, 1, 4)
    assert concepts.contents == ["un arbre", "a tree"]
    titled = write_rows(tmp_path / "rows.jsonl", changed, title="Title", year=1)
    report = index(concepts.search_model(), [titled], store, fields={"year": None})
    assert (report.num_replaced, report.num_stored) == (6, 6)
    opened = open_store(store)
    assert opened.count(Filter.of(where="year=1")) == 6


def test_a_picture_is_encoded_again_when_its_file_changes(concepts, tmp_path):
    (tmp_path / "docs").mkdir()
    for name in ("red.png", "blue.png"):
        (tmp_path / "docs" / name).write_bytes(name.encode())
    store = str(tmp_path / "store")
    assert index(concepts.search_model(), [tmp_path / "docs"], store).num_added == 2
    (tmp_path / "docs" / "red.png").write_bytes(b"other")
    assert index(concepts.search_model(), [tmp_path / "docs"], store).num_replaced == 1
    assert open_store(store).tally("language") == {}


def test_a_field_that_the_store_has_keeps_its_kind(concepts, tmp_path):
    store = str(tmp_path / "store")
    path = write_rows(tmp_path / "rows.jsonl", TEXTS, price=1.5)
    index(concepts.search_model(), [path], store, fields={"price": None})
    index(concepts.search_model(), [write_rows(path, TEXTS, price=2)], store, fields={"price": None})
    assert open_store(store).count(Filter.of(where="price=2")) == 5
    with pytest.raises(SearchError, match="'price' is number in the store, got integer"):
        index(concepts.search_model(), [path], store, fields={"price": "integer"})


def test_another_model_changes_nothing(concepts, tmp_path):
    path, store = write_rows(tmp_path / "rows.jsonl", TEXTS), str(tmp_path / "store")
    report = index(concepts.search_model(), [path], store)
    concepts.calls.clear()
    with pytest.raises(SearchError, match="holds vectors of the model concepts"):
        index(concepts.search_model("other", "f2"), [write_rows(path, ["x"])], store)
    assert concepts.calls == []
    assert (open_store(store).count(), open_store(store).info.version) == (5, report.index_version)


def test_bad_documents_and_settings_make_no_store(concepts, tmp_path):
    path, store = write_rows(tmp_path / "rows.jsonl", [*TEXTS, ""]), str(tmp_path / "store")
    with pytest.raises(CorpusError, match=r"rows\.jsonl:6"):
        index(concepts.search_model(), [path], store)
    with pytest.raises(SearchError, match="batch_size must be > 0, got 0"):
        index(concepts.search_model(), [path], store, batch_size=0)
    assert not store_exists(store)
    assert concepts.calls == []


def test_a_full_disk_is_said_and_the_batches_before_it_stay(concepts, tmp_path, monkeypatch):
    path, store = write_rows(tmp_path / "rows.jsonl", TEXTS), str(tmp_path / "store")
    rows = lance_stores.rows_of

    class Full:
        """A merge that finds no room."""

        def __getattr__(self, name):
            return lambda *_: self if name != "execute" else self._fail()

        def _fail(self):
            raise OSError(errno.ENOSPC, "No space left on device (os error 28)")

    calls = []

    def rows_until_full(documents, *others):
        calls.append(documents)
        if len(calls) == 2:
            monkeypatch.setattr("lancedb.table.LanceTable.merge_insert", lambda *_: Full())
        return rows(documents, *others)

    monkeypatch.setattr(lance_stores, "rows_of", rows_until_full)
    with pytest.raises(
        SearchError, match=r"the disk is full \(No space left on device\); nothing was changed"
    ):
        index(concepts.search_model(), [path], store, batch_size=2)
    monkeypatch.undo()
    assert sorted(content(open_store(store))) == ["d0", "d1"]
    concepts.calls.clear()
    index(concepts.search_model(), [path], store, batch_size=2)
    assert concepts.contents == TEXTS[2:]


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "batch"), [("lance", 20), ("milvus", 8)])
def test_killed_at_twenty_points_it_leaves_whole_batches_and_goes_on_from_there(engine, batch, tmp_path):
    pytest.importorskip("milvus_lite" if engine == "milvus" else "lancedb")
    num_rows = 1_000
    chance = random.Random(0)
    parities = ("even", "odd")
    texts = [f"{''.join(chance.choices('aeiou bcd', k=30))} {parities[row % 2]}" for row in range(num_rows)]
    write_rows(tmp_path / "rows.jsonl", texts, language="en")
    script = Path(__file__).with_name("indexing_run.py")
    command = [sys.executable, "-W", "ignore", str(script), str(tmp_path), "20", str(batch), engine]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=500)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    left = [number or 0 for number in told["left"]]
    assert len(left) == 20
    assert left == sorted(left)
    assert {number % batch for number in left} == {0}
    assert len(set(left)) > 10
    assert told["last"] == f"done {num_rows - left[-1]} {left[-1]}"
    assert told["in_the_end"] == num_rows
