"""What is to be encoded: corpora, tables, files and texts, in a fixed order."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from isoglot.corpora import ParallelCorpus, write_corpus
from isoglot.encoding import corpus_inputs, read_inputs, text_inputs
from isoglot.encoding.inputs import Inputs, check_side
from isoglot.errors import ConfigError, CorpusError

ROWS = [
    {"doc_id": "a", "text": "red sea", "title": "Sea", "language": "EN"},
    {"doc_id": "b", "text": "rotes Meer", "language": "de"},
    {"text": "?", "language": None},
]


def contents(inputs: Inputs, start: int = 0, stop: int | None = None) -> list[str]:
    """The contents of rows, in their order."""
    found: dict[int, str] = {}
    for part in inputs.read(start, len(inputs) if stop is None else stop):
        found |= {
            place: part.distinct[number] for place, number in zip(part.positions, part.numbers, strict=True)
        }
    return [found[place] for place in sorted(found)]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in ROWS), encoding="utf-8")
    return file


def test_both_sides_of_a_corpus_come_in_its_order(toy_corpus: ParallelCorpus) -> None:
    queries, documents = corpus_inputs(toy_corpus, "queries"), corpus_inputs(toy_corpus)
    assert queries.rows["id"].to_pylist() == toy_corpus.queries["query_id"].to_pylist()
    assert contents(queries, 5, 9) == toy_corpus.queries["text"].to_pylist()[5:9]
    assert (
        documents.rows["language"].to_pylist()
        == toy_corpus.documents["language"].cast(pa.string()).to_pylist()
    )
    assert queries.fingerprint != documents.fingerprint
    german = corpus_inputs(toy_corpus, languages=["de"])
    assert set(german.rows["language"].to_pylist()) == {"de"}
    assert german.fingerprint != documents.fingerprint


def test_a_folder_has_the_same_fingerprint_wherever_it_lies(
    toy_corpus: ParallelCorpus, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        write_corpus(toy_corpus, tmp_path / name)
    one, two = (read_inputs([tmp_path / name]) for name in ("one", "two"))
    assert one.fingerprint == two.fingerprint
    assert contents(one, 0, 3) == contents(corpus_inputs(toy_corpus), 0, 3)


def test_rows_of_a_table_have_ids_titles_and_languages(table: Path) -> None:
    inputs = read_inputs([table])
    assert inputs.rows.to_pylist() == [
        {"id": "a", "language": "en", "modality": "text"},
        {"id": "b", "language": "de", "modality": "text"},
        {"id": "rows.jsonl:3", "language": None, "modality": "text"},
    ]
    assert contents(inputs) == ["Sea\nred sea", "rotes Meer", "?"]
    assert contents(read_inputs([table], "queries")) == ["red sea", "rotes Meer", "?"]
    assert read_inputs([table], languages=["de"]).rows["id"].to_pylist() == ["b", "rows.jsonl:3"]


def test_tables_of_every_form_and_column_are_read(tmp_path: Path, table: Path) -> None:
    columns = {"id": ["a", "b", "c"], "body": ["red sea", "rotes Meer", "?"]}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    (tmp_path / "t.csv").write_text("id,body\na,red sea\nb,rotes Meer\nc,?\n", encoding="utf-8")
    for name in ("t.parquet", "t.csv"):
        inputs = read_inputs([tmp_path / name], text_column="body")
        assert inputs.rows["id"].to_pylist() == columns["id"]
        assert contents(inputs) == columns["body"]


def test_tables_files_and_folders_go_together(table: Path, tmp_path: Path) -> None:
    (tmp_path / "folder" / ".hidden").mkdir(parents=True)
    for name in ("folder/b.txt", "folder/a.txt", "folder/.hidden/c.txt", "folder/d.pdf", "one.png"):
        (tmp_path / name).write_text(f"in {name}", encoding="utf-8")
    sources = [tmp_path / "one.png", table, tmp_path / "folder"]
    inputs = read_inputs(sources, modalities=("text", "image"))
    assert contents(inputs) == [
        str(tmp_path / "one.png"),
        "Sea\nred sea",
        "rotes Meer",
        "?",
        "in folder/a.txt",
        "in folder/b.txt",
    ]
    assert inputs.modalities == ("image", "text")
    before = inputs.fingerprint
    (tmp_path / "one.png").write_text("another picture", encoding="utf-8")
    assert read_inputs(sources, modalities=("text", "image")).fingerprint != before


def test_everything_wrong_with_files_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"id": "x"}\n[]\n', encoding="utf-8")
    (tmp_path / "empty.txt").write_text("", encoding="utf-8")
    (tmp_path / "none").mkdir()
    sources = [tmp_path / name for name in ("bad.jsonl", "empty.txt", "none", "gone.jsonl", "picture.png")]
    (tmp_path / "picture.png").touch()
    with pytest.raises(CorpusError, match=r"bad\.jsonl:1: column 'text' is missing") as caught:
        read_inputs(sources)
    assert len(caught.value.problems) == 6
    said = "\n".join(caught.value.problems)
    for part in (
        "bad.jsonl:2",
        "empty.txt: is empty",
        "none: holds no file",
        "gone.jsonl: there is no",
        "is image",
    ):
        assert part in said


def test_an_id_that_stands_twice_is_named_with_both_places(table: Path, tmp_path: Path) -> None:
    (tmp_path / "more.jsonl").write_text('{"id": "b", "text": "sky"}\n', encoding="utf-8")
    with pytest.raises(CorpusError, match=r"more\.jsonl:1: id 'b' stands here and in .*rows\.jsonl:2"):
        read_inputs([table, tmp_path / "more.jsonl"])


def test_a_corpus_is_encoded_alone_and_something_must_be(
    toy_corpus: ParallelCorpus, table: Path, tmp_path: Path
) -> None:
    write_corpus(toy_corpus, tmp_path / "corpus")
    with pytest.raises(ConfigError, match=r"a corpus must be encoded alone; .*corpus"):
        read_inputs([table, tmp_path / "corpus"])
    with pytest.raises(ConfigError, match="there must be something to encode"):
        read_inputs([])
    with pytest.raises(CorpusError, match="nothing-here: there is no such corpus folder"):
        read_inputs(["nothing-here"])
    with pytest.raises(CorpusError, match=r"gone\.jsonl: there is no such file"):
        read_inputs([tmp_path / "gone.jsonl"])


def test_texts_are_numbered_or_named_and_never_empty() -> None:
    assert text_inputs(["a", "b"]).rows["id"].to_pylist() == ["0", "1"]
    assert text_inputs(["a"], ids=["x"]).fingerprint != text_inputs(["a"]).fingerprint
    assert text_inputs(["a", "b", "a"]).fingerprint != text_inputs(["a", "a", "b"]).fingerprint
    with pytest.raises(CorpusError, match="text 1 must be a text with something in it, got ' '"):
        text_inputs(["a", " "])
    with pytest.raises(CorpusError, match="1 ids for 2 texts"):
        text_inputs(["a", "b"], ids=["x"])
    with pytest.raises(CorpusError, match="id 'x' stands here; ids must be unique"):
        text_inputs(["a", "b"], ids=["x", "x"])
    with pytest.raises(CorpusError, match="there is nothing to encode"):
        text_inputs([])


def test_repeated_contents_are_given_once() -> None:
    (part,) = text_inputs(["a", "b", "a"]).read(0, 3)
    assert part.distinct == ["a", "b"]
    assert part.numbers.tolist() == [0, 1, 0]


def test_a_side_is_one_of_two() -> None:
    with pytest.raises(ConfigError, match="side must be one of documents, queries, got 'both'"):
        check_side("both")


def test_what_utf8_has_no_bytes_for_is_named_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text(
        '{"id": "a", "text": "half \\ud800"}\n{"id": "b\\udfff", "text": "x"}\n{"text": "y"}\n', "utf-8"
    )
    with pytest.raises(CorpusError, match=r"t\.jsonl:1: text 'a' holds half a surrogate pair") as caught:
        read_inputs([tmp_path / "t.jsonl"])
    assert len(caught.value.problems) == 2
    with pytest.raises(CorpusError, match="text '1' holds half a surrogate pair"):
        text_inputs(["a", "\ud800"])
