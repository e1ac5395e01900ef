from __future__ import annotations

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from isoglot.corpora import write_corpus
from isoglot.errors import CorpusError
from isoglot.search import StoredDocument
from isoglot.search.reading import find_documents, in_batches

MEDIA = ("text", "image")


def write_rows(path, *rows) -> str:
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    return str(path)


def test_a_folder_is_walked(tmp_path):
    folder = tmp_path / "docs"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text(" Ein Hund \n", "utf-8")
    (folder / "sub" / "red.PNG").write_bytes(b"x")
    (folder / "sound.wav").write_bytes(b"x")
    (folder / "paper.pdf").write_bytes(b"x")
    (folder / ".hidden.txt").write_text("no", "utf-8")
    write_rows(folder / "rows.jsonl", {"text": "Eine Katze", "id": 7})
    found = find_documents([folder], MEDIA)
    assert (found.num_documents, found.num_passed) == (3, 2)
    assert (
        list(found)
        == list(found)
        == [
            StoredDocument("docs/a.txt", "text", None, "Ein Hund", str(folder / "a.txt"), None, "docs"),
            StoredDocument("7", "text", None, "Eine Katze", None, None, "docs/rows.jsonl"),
            StoredDocument(
                "docs/sub/red.PNG", "image", None, None, str(folder / "sub/red.PNG"), None, "docs"
            ),
        ]
    )


def test_rows_give_all_that_a_document_has(tmp_path):
    (tmp_path / "red.png").write_bytes(b"x")
    path = write_rows(
        tmp_path / "rows.jsonl",
        {
            "doc_id": "a",
            "text": "x",
            "title": "T",
            "language": "deu",
            "source": "web",
            "year": 3,
            "new": True,
        },
        {"_id": "b", "modality": "image", "path": "red.png", "text": "a caption", "year": 4.5, "new": False},
        {"text": "no id", "year": None, "who": "Ana"},
    )
    found = find_documents([path], MEDIA, fields={"year": None, "new": None, "who": None}, language="fr")
    assert found.fields == {"year": "number", "new": "boolean", "who": "text"}
    assert list(found) == [
        StoredDocument("a", "text", "de", "x", None, "T", "web", {"year": 3.0, "new": True}),
        StoredDocument(
            "b",
            "image",
            None,
            "a caption",
            str(tmp_path / "red.png"),
            None,
            "rows.jsonl",
            {"year": 4.5, "new": False},
        ),
        StoredDocument("rows.jsonl:3", "text", "fr", "no id", None, None, "rows.jsonl", {"who": "Ana"}),
    ]
    assert {each.source for each in find_documents([path], MEDIA, source="mine")} == {"mine"}


def test_fields_of_csv_are_text_unless_it_is_said_what_they_are(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("text,zip,year,open\nx,01234,1999,true\ny,99999,,false\n", "utf-8")
    plain = find_documents([path], MEDIA, fields={"zip": None, "year": None})
    assert [each.fields for each in plain] == [{"zip": "01234", "year": "1999"}, {"zip": "99999"}]
    told = find_documents([path], MEDIA, fields={"year": "integer", "open": "boolean"})
    assert [each.fields for each in told] == [{"year": 1999, "open": True}, {"open": False}]


def test_other_tables_and_compressed_ones_are_read(tmp_path):
    pq.write_table(pa.table({"text": ["a", "b"], "n": [1, 2]}), tmp_path / "rows.parquet")
    with gzip.open(tmp_path / "more.tsv.gz", "wb") as file:
        file.write(b"text\tlanguage\nc\ten\n")
    found = find_documents([tmp_path / "rows.parquet", tmp_path / "more.tsv.gz"], MEDIA, fields={"n": None})
    assert [(each.doc_id, each.text, each.language, each.fields) for each in found] == [
        ("rows.parquet:1", "a", None, {"n": 1}),
        ("rows.parquet:2", "b", None, {"n": 2}),
        ("more.tsv.gz:1", "c", "en", {}),
    ]


def test_a_corpus_is_its_documents(tmp_path, toy_corpus):
    write_corpus(toy_corpus, tmp_path / "toy")
    found = find_documents([tmp_path / "toy"], MEDIA, fields={"group_id": None})
    documents = list(found)
    assert found.num_documents == len(documents) == toy_corpus.documents.num_rows
    first = toy_corpus.document(0)
    assert documents[0] == StoredDocument(
        first.doc_id, "text", first.language, first.text, None, None, "toy", {"group_id": first.group_id}
    )


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ({"title": "x"}, r"rows.jsonl:2: column 'text' is missing"),
        ({"text": "  "}, r"rows.jsonl:2: column 'text' is empty"),
        ({"text": "x", "language": "klingonisch"}, r"rows.jsonl:2: 'klingonisch' is not a language tag"),
        ({"text": "x", "modality": "smell"}, r"rows.jsonl:2: modality must be one of"),
        ({"modality": "image", "text": "x"}, r"rows.jsonl:2: column 'path' is missing"),
        ({"modality": "image", "path": "no.png"}, r"rows.jsonl:2: there is no file .*no.png; put it there"),
        (
            {"modality": "audio", "path": "no.wav"},
            r"rows.jsonl:2: is audio, and the model encodes text, image",
        ),
        ({"doc_id": "a", "text": "x"}, r"rows.jsonl:2: id 'a' is also at .*rows.jsonl:1"),
        (
            {"text": "x", "year": "old"},
            r"rows.jsonl:2: field 'year' must be of the same kind in every row, got 'old'",
        ),
        ({"text": "x", "year": [1]}, r"rows.jsonl:2: field 'year' must be of the same kind"),
        ([1], r"rows.jsonl:2: must be a JSON object"),
    ],
)
def test_bad_rows_are_reported_with_their_place(tmp_path, row, rule):
    path = write_rows(tmp_path / "rows.jsonl", {"doc_id": "a", "text": "x", "year": 3}, row)
    with pytest.raises(CorpusError, match=rule):
        find_documents([path], MEDIA, fields={"year": None})


def test_all_problems_of_all_sources_come_at_once(tmp_path):
    one = write_rows(tmp_path / "one.jsonl", {"text": ""}, {"text": "x", "year": "y"})
    (tmp_path / "empty.txt").write_text(" ", "utf-8")
    (tmp_path / "paper.pdf").write_bytes(b"x")
    given = [one, tmp_path / "empty.txt", tmp_path / "paper.pdf", tmp_path / "nothing"]
    with pytest.raises(CorpusError, match=r"one\.jsonl:1") as raised:
        find_documents(given, MEDIA, fields={"year": "integer"}, language="nonsense tag")
    text = "\n".join(raised.value.problems)
    for part in (
        "one.jsonl:2: field 'year' must be integer",
        "empty.txt: is empty",
        "paper.pdf: its ending must be",
    ):
        assert part in text
    assert "nothing" in text
    assert "'nonsense tag' is not a language tag" in text


def test_nothing_to_index_and_fields_that_nobody_has_are_errors(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "paper.pdf").write_bytes(b"x")
    with pytest.raises(CorpusError, match=r"nothing to index in .*docs; 1 files are of other kinds"):
        find_documents([tmp_path / "docs"], MEDIA)
    path = write_rows(tmp_path / "rows.jsonl", {"text": "x"})
    with pytest.raises(CorpusError, match="no document has a value of field 'yeer'; check its name"):
        find_documents([path], MEDIA, fields={"yeer": None})


def test_a_table_that_changes_while_it_is_read_is_an_error(tmp_path):
    path = write_rows(tmp_path / "rows.jsonl", {"text": "x"}, {"text": "y"})
    found = find_documents([path], MEDIA)
    write_rows(tmp_path / "rows.jsonl", {"nothing": "x"}, {"text": "y"})
    with pytest.raises(CorpusError, match="changed while it was read; index it again"):
        list(found)


def test_batches_are_whole_and_in_order():
    documents = [StoredDocument(str(number), text="x") for number in range(7)]
    batches = list(in_batches(documents, 3))
    assert [len(batch) for batch in batches] == [3, 3, 1]
    assert [each for batch in batches for each in batch] == documents
    assert list(in_batches([], 3)) == []


def test_what_a_store_would_refuse_later_is_said_before_work_starts(tmp_path):
    rows = [{"doc_id": "a", "text": "half \ud800"}, {"doc_id": "b" * 600, "text": "x"}]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    with pytest.raises(CorpusError, match=r"rows\.jsonl:1: a text holds half a surrogate pair") as caught:
        find_documents([path], ("text",))
    assert "rows.jsonl:2: the id must be 1 to 512 bytes" in str(caught.value)
    path.write_text(json.dumps({"doc_id": "a", "text": "x", "author": "\ud800"}), "utf-8")
    with pytest.raises(CorpusError, match="field 'author' must be of the same kind in every row"):
        find_documents([path], ("text",), fields={"author": None})


def test_a_corpus_in_memory_is_read_as_its_folder_is(toy_corpus, tmp_path):
    write_corpus(toy_corpus, tmp_path / "toy")
    in_memory = list(find_documents([toy_corpus], ("text",)))
    assert in_memory == list(find_documents([tmp_path / "toy"], ("text",)))
    with pytest.raises(
        CorpusError, match=f"{toy_corpus.name}: document .* is text, and the model encodes image"
    ):
        find_documents([toy_corpus], ("image",))
