from __future__ import annotations

import json

import pytest

from isoglot.cli import main
from isoglot.search import Filter, open_store


@pytest.fixture
def rows(tmp_path):
    """A table of a few documents."""
    path = tmp_path / "rows.jsonl"
    lines = [
        {"doc_id": "a", "text": "en1 en2 en3", "language": "en", "year": 1999, "author": "O'Brien"},
        {"doc_id": "b", "text": "de1 de2 de3", "language": "de", "year": 2001},
    ]
    path.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    return path


def test_a_corpus_and_a_table_go_into_one_store(folders, rows, tmp_path, capsys):
    store = str(tmp_path / "store")
    command = ["index", str(folders / "model"), str(folders / "toy"), str(rows), "--store", store]
    command += ["--field", "year:integer,author", "--json"]
    assert main(command) == 0
    told = json.loads(capsys.readouterr().out)
    number = told["num_documents"]
    assert told == {
        "store": store,
        "model": str(folders / "model"),
        "num_documents": number,
        "num_added": number,
        "num_replaced": 0,
        "num_unchanged": 0,
        "num_passed": 0,
        "num_stored": number,
        "index_version": open_store(store).info.version,
    }
    opened = open_store(store)
    assert opened.info.fields == {"year": "integer", "author": "text"}
    assert opened.count(Filter.of(where=["year>2000"])) == 1
    assert set(opened.tally("source")) == {"toy", "rows.jsonl"}


def test_it_says_what_it_did(folders, rows, tmp_path, capsys):
    (tmp_path / "docs").mkdir()
    rows.rename(tmp_path / "docs" / "rows.jsonl")
    (tmp_path / "docs" / "paper.pdf").write_bytes(b"x")
    command = ["index", str(folders / "model"), str(tmp_path / "docs"), "--store", str(tmp_path / "store")]
    for said in ("2 added, 0 replaced, 0 unchanged", "0 added, 0 replaced, 2 unchanged"):
        assert main([*command, "--source", "web", "--language", "en", "--batch-size", "1"]) == 0
        told = capsys.readouterr()
        assert f"{said}; {tmp_path / 'store'} holds 2 documents" in told.out
        assert "passed over 1 files of other kinds" in told.err
    assert open_store(tmp_path / "store").tally("source") == {"web": 2}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (["--field", "year:date"], "its kind must be one of text, integer, number, boolean"),
        (["--field", "yeer"], "no document has a value of field 'yeer'"),
        (["--store", "s3://bucket"], "a store must be a folder"),
        (["--language", "klingonisch"], "not a language tag"),
        (["nothing-here"], "nothing-here"),
    ],
)
def test_bad_input_is_refused_before_there_is_a_store(folders, rows, tmp_path, capsys, change, rule):
    store = str(tmp_path / "store")
    assert main(["index", str(folders / "model"), str(rows), "--store", store, *change]) == 2
    assert rule in capsys.readouterr().err
    assert not (tmp_path / "store").exists()
