"""General formats: tables, parallel lines, BEIR and TREC."""

from __future__ import annotations

import gzip
import json
import lzma
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from isoglot.corpora import CorpusInfo, read_folder, write_corpus
from isoglot.corpora.formats import (
    FORMATS,
    read_beir,
    read_format,
    read_lines,
    read_pairs,
    read_texts,
    read_trec,
    read_wide,
)
from isoglot.corpora.options import parse_options
from isoglot.errors import ConfigError, CorpusError

INFO = CorpusInfo("mine", symmetric=True)
TEXT_ROWS = [
    {"text": "dog", "language": "en", "group_id": 1, "split": "dev"},
    {"text": "Hund", "language": "deu", "group_id": 1, "split": "dev"},
    {"text": "cat, \u2028 tom", "language": "en", "group_id": 2, "split": ""},
    {"text": "Katze", "language": "de", "group_id": 2, "split": ""},
    {"text": "Kater", "language": "de", "group_id": 2, "split": ""},
]


def jsonl(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def delimited(rows: list[dict[str, Any]], delimiter: str) -> bytes:
    cells = [list(rows[0])] + [[f'"{value}"' for value in row.values()] for row in rows]
    return ("\ufeff" + "\r\n".join(delimiter.join(row) for row in cells)).encode()


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    suffixes = path.suffixes
    if suffixes[0] == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
        return path
    content = {".jsonl": jsonl, ".csv": lambda r: delimited(r, ","), ".tsv": lambda r: delimited(r, "\t")}[
        suffixes[0]
    ](rows)
    squeeze = {".gz": gzip.compress, ".xz": lzma.compress}.get(suffixes[-1], bytes)
    path.write_bytes(squeeze(content))
    return path


@pytest.mark.parametrize(
    "name", ["a.jsonl", "a.csv", "a.tsv", "a.parquet", "a.jsonl.gz", "a.csv.xz", "a.tsv.gz"]
)
def test_texts_from_every_kind_of_table(name: str, tmp_path: Path) -> None:
    corpus = read_texts(write_rows(tmp_path / name, TEXT_ROWS), INFO)
    assert corpus.documents["text"].to_pylist() == [row["text"] for row in TEXT_ROWS]
    assert corpus.documents["doc_id"].to_pylist() == ["1.en", "1.deu", "2.en", "2.de", "2.de.2"]
    assert corpus.languages == ("de", "en")
    assert {split: len(corpus.judgements(split)) for split in corpus.splits} == {"dev": 2, "train": 3}
    assert corpus.queries["text"].to_pylist() == corpus.documents["text"].to_pylist()


def test_texts_with_other_columns_and_one_language(tmp_path: Path) -> None:
    rows = [{"sentence": "a b", "meaning": "x"}, {"sentence": "c", "meaning": "y"}]
    path = write_rows(tmp_path / "a.jsonl", rows)
    corpus = read_texts(
        path, INFO, text_column="sentence", group_column="meaning", language="pt_br", split="test"
    )
    assert corpus.languages == ("pt-BR",)
    assert len(corpus.judgements("test")) == 2


def test_a_folder_of_tables_is_read_in_order(tmp_path: Path) -> None:
    write_rows(tmp_path / "2.csv", TEXT_ROWS[2:])
    write_rows(tmp_path / "1.jsonl", TEXT_ROWS[:2])
    (tmp_path / "README.md").write_text("not data", encoding="utf-8")
    assert read_texts(tmp_path, INFO).documents["text"].to_pylist()[0] == "dog"


def test_all_bad_rows_are_reported_with_their_lines(tmp_path: Path) -> None:
    good = {"text": "dog", "language": "en", "group_id": "1"}
    lines = [
        json.dumps(good).encode(),
        b"{broken",
        b"[1]",
        json.dumps({**good, "text": ""}).encode(),
        json.dumps({**good, "language": "klingon"}).encode(),
        json.dumps({"text": "x", "language": "en"}).encode(),
        b'{"text": "\xff"}',
        json.dumps({**good, "text": 1.5}).encode(),
        json.dumps({**good, "language": None}).encode(),
        b"",
    ]
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(CorpusError, match="not JSON") as caught:
        read_texts(path, INFO)
    reported = [int(problem.removeprefix(f"{path}:").split(":")[0]) for problem in caught.value.problems]
    assert reported == [2, 3, 4, 5, 6, 7, 8, 9, 10]
    expected = (
        "not JSON",
        "got list",
        "is empty",
        "not a language tag",
        "is missing; there is",
        "byte 0xff at column 11",
        "must be text, got 1.5",
        "no language in column",
        "not JSON",
    )
    for problem, what in zip(caught.value.problems, expected, strict=True):
        assert what in problem


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text,language,group_id\na,en\n", r"a\.csv:2: has 2 cells, the header 3"),
        ('text,language,group_id\n"a\nb",en,1\n"c,en,1\n', r"a\.csv:4: the row that starts here is not CSV"),
        ("", r"a\.csv:1: the file is empty"),
        ("text,language,group_id\n", r"a\.csv:1: the file holds no row"),
    ],
)
def test_bad_csv(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CorpusError, match=message):
        read_texts(path, INFO)


def test_a_row_over_several_lines_is_named_by_its_first(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('text,language,group_id\n"a\nb",en,1\nc,xyzzy,1\n', encoding="utf-8")
    with pytest.raises(CorpusError, match=r"a\.csv:4: 'xyzzy' is not a language tag"):
        read_texts(path, INFO)


@pytest.mark.parametrize(
    ("name", "content"), [("a.parquet", b"PAR1"), ("a.jsonl.gz", b"\x1f\x8b"), ("a.csv.xz", b"x")]
)
def test_damaged_files(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CorpusError, match="is damaged"):
        read_texts(tmp_path / name, INFO)


def test_unknown_suffixes_and_missing_files(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"x")
    with pytest.raises(CorpusError, match=r"a\.xlsx: must end in \.jsonl, \.csv"):
        read_texts(tmp_path / "a.xlsx", INFO)
    with pytest.raises(CorpusError, match=r"holds no file that ends in \.jsonl"):
        read_texts(tmp_path, INFO)
    with pytest.raises(CorpusError, match="no such file or folder"):
        read_texts(tmp_path / "none.csv", INFO)


PAIR_ROWS = [
    {
        "query": "who?",
        "document": "he",
        "query_language": "en",
        "document_language": "en",
        "group_id": "1",
        "title": "T",
    },
    {
        "query": "wer?",
        "document": "er",
        "query_language": "de",
        "document_language": "de",
        "group_id": "1",
        "title": None,
    },
    {
        "query": "was?",
        "document": "er",
        "query_language": "de",
        "document_language": "de",
        "group_id": "2",
        "title": "",
    },
]


def test_pairs_of_a_group_are_joined_across_languages(tmp_path: Path) -> None:
    corpus = read_pairs(write_rows(tmp_path / "a.parquet", PAIR_ROWS), CorpusInfo("pairs"))
    judged = corpus.judgements("train")
    assert np.diff(judged.indptr).tolist() == [2, 2, 1]
    assert corpus.documents.num_rows == 2
    assert corpus.document_texts(np.array([0], np.int32)) == ["T\nhe"]


def test_pairs_without_groups_join_equal_queries(tmp_path: Path) -> None:
    rows = [{"query": "who?", "document": text} for text in ("he", "she", "he")]
    corpus = read_pairs(write_rows(tmp_path / "a.csv", rows), CorpusInfo("pairs"), language="en")
    assert (corpus.queries.num_rows, corpus.documents.num_rows) == (1, 2)
    assert len(corpus.judgements("train").document_rows) == 2


def test_a_group_in_two_splits(tmp_path: Path) -> None:
    rows = [{**row, "split": split} for row, split in zip(PAIR_ROWS, ("train", "dev", "dev"), strict=True)]
    with pytest.raises(CorpusError, match=r"a\.jsonl:2: group '1' is in split 'dev' and in 'train'"):
        read_pairs(write_rows(tmp_path / "a.jsonl", rows), CorpusInfo("pairs"))


def test_wide_tables(tmp_path: Path) -> None:
    rows = [{"eng_Latn": "dog", "zh_cn": "狗", "note": "!"}, {"eng_Latn": "cat", "zh_cn": "", "note": "?"}]
    path = write_rows(tmp_path / "a.csv", rows)
    corpus = read_wide(path, INFO)
    assert corpus.languages == ("en", "zh")
    assert corpus.documents["text"].to_pylist() == ["dog", "狗", "cat"]
    assert read_wide(path, INFO, languages=["zh"]).documents["text"].to_pylist() == ["狗"]
    assert read_wide(path, INFO, columns={"note": "tlh"}).languages == ("tlh",)


def test_columns_that_only_look_like_languages(tmp_path: Path) -> None:
    rows = [{"id": "7", "key": "k", "doc": "d", "deu": "Hund", "pt_BR": "cão"}]
    assert read_wide(write_rows(tmp_path / "a.jsonl", rows), INFO).languages == ("de", "pt-BR")


def test_wide_tables_without_languages_or_texts(tmp_path: Path) -> None:
    with pytest.raises(
        CorpusError, match="no column is named by a language; there is sentence, other column"
    ):
        read_wide(write_rows(tmp_path / "a.jsonl", [{"sentence": "a", "other column": "b"}]), INFO)
    with pytest.raises(CorpusError, match=r"b\.jsonl:2: no text in any of en"):
        read_wide(write_rows(tmp_path / "b.jsonl", [{"en": "a"}, {"en": ""}]), INFO)


def test_parallel_lines(tmp_path: Path) -> None:
    (tmp_path / "news.en.txt").write_text("one\ntwo\nthree\n", encoding="utf-8")
    (tmp_path / "news.pt-BR.txt").write_bytes("um\r\n\r\ntrês".encode())
    (tmp_path / "news.jp.txt.gz").write_bytes(gzip.compress("一\n二\n三\u2028\n".encode()))
    (tmp_path / "other.de.txt").write_text("x\n", encoding="utf-8")
    corpus = read_lines(tmp_path, INFO, name="news")
    assert corpus.languages == ("en", "ja", "pt-BR")
    assert corpus.documents.num_rows == 8
    assert len(corpus.judgements("train")) == 8
    with pytest.raises(CorpusError, match=r"other\.de\.txt:1: 1 rows in 'de', but 3"):
        read_lines(tmp_path, INFO)


def test_parallel_lines_with_an_empty_row(tmp_path: Path) -> None:
    for language in ("en", "de"):
        (tmp_path / f"a.{language}.txt").write_text("one\n\nthree\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"a\.en\.txt:2: is empty in every language"):
        read_lines(tmp_path, INFO)


def write_beir(folder: Path) -> Path:
    (folder / "qrels").mkdir(parents=True)
    documents = [
        {"_id": f"d{number}", "title": "T" * number, "text": f"text {number}"} for number in range(3)
    ]
    queries = [{"_id": f"q{number}", "text": f"query {number}", "metadata": {}} for number in range(3)]
    (folder / "corpus.jsonl.gz").write_bytes(gzip.compress(jsonl(documents)))
    (folder / "queries.jsonl").write_bytes(jsonl(queries))
    (folder / "qrels/test.tsv").write_text(
        "query-id\tcorpus-id\tscore\nq0\td1\t2\nq0\td2\t0\n", encoding="utf-8"
    )
    (folder / "qrels/dev.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td0\t1\n", encoding="utf-8")
    return folder


def test_beir(tmp_path: Path) -> None:
    corpus = read_beir(write_beir(tmp_path), CorpusInfo("beir"), language="en", query_language="sw")
    assert corpus.languages == ("en", "sw")
    assert corpus.queries["query_id"].to_pylist() == ["q0", "q1"]
    groups = dict(zip(*(corpus.documents[name].to_pylist() for name in ("doc_id", "group_id")), strict=True))
    assert groups == {"d0": "document-d0", "d1": "document-d1", "d2": None}
    assert corpus.judgements("test").grades.tolist() == [2, 0]
    assert set(read_beir(tmp_path, CorpusInfo("beir"), language="en", splits=["dev"]).splits) == {"dev"}


def test_beir_problems(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"corpus\.jsonl\.gz:1: no language in column 'language'"):
        read_beir(write_beir(tmp_path), CorpusInfo("beir"))
    with pytest.raises(CorpusError, match="no qrels of split 'train'; there is dev, test"):
        read_beir(tmp_path, CorpusInfo("beir"), language="en", splits=["train"])
    (tmp_path / "qrels/test.tsv").write_text("query-id\tcorpus-id\tscore\nq0\tnone\t1\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"test\.tsv:2: judgement of an unknown document 'none'"):
        read_beir(tmp_path, CorpusInfo("beir"), language="en")
    (tmp_path / "queries.jsonl").unlink()
    with pytest.raises(CorpusError, match=r"must hold one queries\.jsonl, compressed or not; found 0"):
        read_beir(tmp_path, CorpusInfo("beir"), language="en")
    with pytest.raises(CorpusError, match="holds no qrels/<split>"):
        read_beir(tmp_path / "qrels", CorpusInfo("beir"), language="en")


def write_trec(folder: Path) -> Path:
    files = {
        "topics.tsv": "1\tfirst query\n2\tsecond query\n",
        "documents.tsv": "d1\tfirst text\td1's title\nd2\tsecond text\n",
        "qrels.txt": "1 0 d1 1\n2 Q0 d2 3\n2 0 d1 0\n",
    }
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def test_trec(tmp_path: Path) -> None:
    corpus = read_trec(write_trec(tmp_path), CorpusInfo("trec"), language="eng")
    assert corpus.languages == ("en",)
    assert corpus.judgements("test").grades.tolist() == [1, 0, 3]
    assert corpus.document(0).title == "d1's title"
    with pytest.raises(CorpusError, match="name no language"):
        read_trec(tmp_path, CorpusInfo("trec"))
    (tmp_path / "topics.tsv").write_text("1 first query\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"topics\.tsv:1: must have 2 cells"):
        read_trec(tmp_path, CorpusInfo("trec"), language="en")


def sample(name: str, folder: Path) -> tuple[Path, dict[str, Any]]:
    folder.mkdir()
    if name == "lines":
        for language in ("en", "de"):
            (folder / f"a.{language}.txt").write_text("one\ntwo\nthree\n", encoding="utf-8")
        return folder, {}
    if name in ("beir", "trec"):
        return {"beir": write_beir, "trec": write_trec}[name](folder / "sub" if name == "beir" else folder), {
            "language": "en"
        }
    rows = {"texts": TEXT_ROWS, "pairs": PAIR_ROWS, "wide": [{"en": "a", "de": "b"}]}[name]
    return write_rows(folder / "a.jsonl", rows), {}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_makes_a_corpus_that_can_be_written(name: str, tmp_path: Path) -> None:
    source, options = sample(name, tmp_path / "source")
    corpus = read_format(name, source, "mine", **options)
    assert corpus.info == CorpusInfo("mine", symmetric=FORMATS[name].symmetric)
    back = read_folder(write_corpus(corpus, tmp_path / "corpus"))
    assert back.documents.to_pylist() == corpus.documents.to_pylist()


def test_cells_of_white_space_are_empty(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a.jsonl", [*TEXT_ROWS, {**TEXT_ROWS[0], "text": " \u2028"}])
    with pytest.raises(CorpusError, match=r"a\.jsonl:6: column 'text' is empty"):
        read_texts(path, INFO)


def test_nothing_is_lost_under_a_name_that_is_there_twice(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,text,language,group_id\na,b,en,1\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"a\.csv:1: column 'text' is there twice; rename one"):
        read_texts(tmp_path / "a.csv", INFO)
    row = '{"text": "a", "text": "b", "language": "en", "group_id": "1"}\n'
    (tmp_path / "a.jsonl").write_text(row, encoding="utf-8")
    with pytest.raises(CorpusError, match=r"a\.jsonl:1: not JSON \(key 'text' is there twice\)"):
        read_texts(tmp_path / "a.jsonl", INFO)


def test_bytes_of_parquet_files_are_no_texts(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": [b"a"], "language": ["en"], "group_id": ["1"]}), tmp_path / "a.parquet")
    with pytest.raises(CorpusError, match=r"a\.parquet:1: column 'text' must be text, got b'a'"):
        read_texts(tmp_path / "a.parquet", INFO)


def test_unknown_formats_and_options(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no format 'xml'; there is texts, pairs"):
        read_format("xml", tmp_path, "mine")
    with pytest.raises(ConfigError, match="texts has no option 'txt_column'; did you mean 'text_column'"):
        read_format("texts", tmp_path, "mine", txt_column="x")


def test_options_from_text() -> None:
    read = FORMATS["lines"].read
    assert parse_options("lines", read, {"languages": "de, en", "name": "x", "duplicates": "keep"}) == {
        "languages": ["de", "en"],
        "name": "x",
        "duplicates": "keep",
    }
    with pytest.raises(ConfigError, match="must be one of merge, keep, got 'drop'"):
        parse_options("lines", read, {"duplicates": "drop"})


def test_switches_and_numbers_from_text() -> None:
    def read(*, context: bool = False, seed: int = 0, dev_share: float = 0.0, task: int = 1) -> None: ...

    assert parse_options("x", read, {"context": "True", "seed": "3", "dev_share": "0.5", "task": "2"}) == {
        "context": True,
        "seed": 3,
        "dev_share": 0.5,
        "task": 2,
    }
    with pytest.raises(ConfigError, match="option 'context' must be true or false, got 'yes'"):
        parse_options("x", read, {"context": "yes"})
    with pytest.raises(ConfigError, match="option 'seed' must be a number, got 'x'"):
        parse_options("x", read, {"seed": "x"})
    with pytest.raises(ConfigError, match="must be one of 1, 2, got 3"):
        parse_options("x", read, {"task": "3"})
