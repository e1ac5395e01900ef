"""Damaged files in general formats, and damaged corpus folders: see `test_fuzzing` for what is checked."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from isoglot.corpora import CorpusBuilder, CorpusInfo, ParallelCorpus, read_folder, write_corpus
from isoglot.corpora.formats import read_format
from isoglot.errors import CorpusError

from . import naive
from .mutations import QUICK, THOROUGH, Mutated
from .published import jsonl, write_files
from .test_fuzzing import contents, fuzz

TEXTS = [
    {"text": "dog", "language": "en", "group_id": "1", "split": "dev"},
    {"text": "Hund", "language": "deu", "group_id": "1", "split": "dev"},
    {"text": "cat, \u2028 tom", "language": "en", "group_id": "2", "split": ""},
    {"text": "Katze", "language": "de", "group_id": "2", "split": ""},
]
PAIRS = [
    {"query": "who?", "document": "he", "query_language": "en", "document_language": "en", "group_id": "1"},
    {"query": "wer?", "document": "er", "query_language": "de", "document_language": "de", "group_id": "1"},
    {"query": "was?", "document": "er", "query_language": "de", "document_language": "de", "group_id": "2"},
]
WIDE = [{"en": "dog", "de": "Hund", "note": "!"}, {"en": "cat", "de": "", "note": "?"}]


def delimited(rows: list[dict[str, str]], delimiter: str) -> str:
    cells = [list(rows[0]), *([f'"{value}"' for value in row.values()] for row in rows)]
    return "".join(delimiter.join(row) + "\n" for row in cells)


def parquet(rows: list[dict[str, str]]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), file)
    return file.getvalue()


def values(data: bytes, kind: str) -> list[dict[str, Any]]:
    """Rows of a table of any kind."""
    if kind == "jsonl":
        return naive.rows(data)
    if kind == "parquet":
        found: list[dict[str, Any]] = pq.read_table(io.BytesIO(data)).to_pylist()
        return found
    header, *body = naive.table(data, {"csv": ",", "tsv": "\t"}[kind])
    return [dict(zip(header, cells, strict=True)) for cells in body]


def said(rows: list[dict[str, Any]], *columns: str) -> list[str]:
    """What stands in some columns, empty cells apart."""
    cells = [row.get(column) for row in rows for column in columns]
    return [str(cell) for cell in cells if cell is not None and str(cell).strip()]


def texts(kind: str) -> Callable[[naive.Files], naive.Texts]:
    def read(files: naive.Files) -> naive.Texts:
        return naive.both(said(values(files[f"a.{kind}"], kind), "text"))

    return read


def pairs(kind: str) -> Callable[[naive.Files], naive.Texts]:
    def read(files: naive.Files) -> naive.Texts:
        rows = values(files[f"a.{kind}"], kind)
        return said(rows, "query"), said(rows, "document")

    return read


def wide(kind: str) -> Callable[[naive.Files], naive.Texts]:
    def read(files: naive.Files) -> naive.Texts:
        return naive.both(said(values(files[f"a.{kind}"], kind), "en", "de"))

    return read


def judged_lines(data: bytes) -> list[list[str]]:
    """Cells of qrels: with BEIR's header parted by tabs, without it TREC's four columns."""
    first, *rest = naive.lines(data)
    if first == "query-id\tcorpus-id\tscore":
        return [line.split("\t") for line in rest if line.strip()]
    return [line.split() for line in (first, *rest) if line.strip()]


def beir(files: naive.Files) -> naive.Texts:
    asked = {cells[0] for name in files if "qrels/" in name for cells in judged_lines(files[name])}
    queries = [row for row in naive.rows(files["queries.jsonl"]) if str(row["_id"]).strip() in asked]
    return said(queries, "text"), said(naive.rows(files["corpus.jsonl"]), "text")


def trec(files: naive.Files) -> naive.Texts:
    asked = {cells[0] for cells in judged_lines(files["qrels.txt"])}
    topics = [line.split("\t") for line in naive.lines(files["topics.tsv"])]
    documents = [line.split("\t") for line in naive.lines(files["documents.tsv"])]
    return [cells[1] for cells in topics if cells[0] in asked], [cells[1] for cells in documents]


@dataclass(frozen=True)
class Sample:
    """A tiny source in a format, and the plain reading of it."""

    form: str
    files: dict[str, str | bytes]
    texts: Callable[[naive.Files], naive.Texts]
    options: dict[str, Any] = field(default_factory=dict)


BEIR = {
    "corpus.jsonl": jsonl(*({"_id": f"d{n}", "title": "T", "text": f"text {n}"} for n in range(3))),
    "queries.jsonl": jsonl(*({"_id": f"q{n}", "text": f"query {n}", "metadata": {}} for n in range(3))),
    "qrels/test.tsv": "query-id\tcorpus-id\tscore\nq0\td1\t2\nq0\td2\t0\n",
    "qrels/dev.tsv": "query-id\tcorpus-id\tscore\nq1\td0\t1\n",
}
TREC = {
    "topics.tsv": "1\tfirst query\n2\tsecond query\n",
    "documents.tsv": "d1\tfirst text\td1's title\nd2\tsecond text\n",
    "qrels.txt": "1 0 d1 1\n2 Q0 d2 3\n2 0 d1 0\n",
}
COLUMNS = {"columns": {"en": "en", "de": "de"}}
SAMPLES = {
    "texts-jsonl": Sample("texts", {"a.jsonl": jsonl(*TEXTS)}, texts("jsonl")),
    "texts-csv": Sample("texts", {"a.csv": delimited(TEXTS, ",")}, texts("csv")),
    "texts-tsv": Sample("texts", {"a.tsv": delimited(TEXTS, "\t")}, texts("tsv")),
    "texts-parquet": Sample("texts", {"a.parquet": parquet(TEXTS)}, texts("parquet")),
    "pairs-jsonl": Sample("pairs", {"a.jsonl": jsonl(*PAIRS)}, pairs("jsonl")),
    "pairs-csv": Sample("pairs", {"a.csv": delimited(PAIRS, ",")}, pairs("csv")),
    "wide-jsonl": Sample("wide", {"a.jsonl": jsonl(*WIDE)}, wide("jsonl"), COLUMNS),
    "wide-csv": Sample("wide", {"a.csv": delimited(WIDE, ",")}, wide("csv"), COLUMNS),
    "lines": Sample(
        "lines",
        {"a.en.txt": "one\ntwo\nthree\n", "a.de.txt": "eins\n\ndrei\n", "a.fr.txt": "un\ndeux\ntrois\n"},
        naive.every_line(r"a\...\.txt"),
    ),
    "beir": Sample("beir", BEIR, beir, {"language": "en"}),
    "trec": Sample("trec", TREC, trec, {"language": "en"}),
}


def check_contents(files: naive.Files, corpus: ParallelCorpus, sample: Sample) -> None:
    """Holds a corpus against a plain reading of its files."""
    asked, told = sample.texts(files)
    for table, expected in ((corpus.queries, asked), (corpus.documents, told)):
        found = contents(table)
        assert {naive.plain(text) for text in found} == {naive.plain(text) for text in expected} - {""}
        assert sample.form not in ("texts", "wide", "beir", "trec") or len(found) == len(expected)
    if sample.form in ("beir", "trec"):
        names = [name for name in files if "qrels" in name]
        lines = [judged_lines(files[name]) for name in names]
        wanted = sum(len({(cells[0], cells[-2]) for cells in part}) for part in lines)
        assert sum(len(corpus.judgements(split).grades) for split in corpus.splits) == wanted


def fuzz_format(name: str, folder: Path, number: int) -> dict[str, int]:
    sample = SAMPLES[name]
    source = Mutated(write_files(folder, sample.files), name)
    place = folder if len(sample.files) > 1 else folder / next(iter(sample.files))
    return fuzz(
        source,
        lambda: read_format(sample.form, place, "mine", **sample.options),
        lambda files, corpus: check_contents(files, corpus, sample),
        number,
    )


@pytest.mark.parametrize("name", SAMPLES)
def test_damaged_files(name: str, tmp_path: Path) -> None:
    assert min(fuzz_format(name, tmp_path, QUICK).values()) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLES)
def test_damaged_files_thoroughly(name: str, tmp_path: Path) -> None:
    assert min(fuzz_format(name, tmp_path, THOROUGH).values()) > 0


def write_folder(folder: Path) -> None:
    """A corpus folder with both kinds of split, a distractor and a picture."""
    builder = CorpusBuilder(CorpusInfo("mine"))
    for group in ("1", "2"):
        for language in ("en", "de"):
            builder.add_query(f"q{group}.{language}", group, language, f"query {group} {language}")
            builder.add_document(
                f"d{group}.{language}", group, language, f"text {group} {language}", title="T"
            )
        builder.judge_group("train", group)
    builder.add_document("d3", None, "fr", "autre")
    builder.judge("test", "q1.en", "d1.de", 2)
    builder.judge("test", "q1.en", "d3", 0)
    write_corpus(builder.build(), folder)


class Sealed(Mutated):
    """A corpus folder whose checksums are mended after the damage, so that what is below them is seen too."""

    def damage(self) -> str:
        what = super().damage()
        manifest = "corpus.json"
        if self.files.get(manifest) == self.original[manifest] and self.rng.random() < 0.9:
            content = json.loads(self.original[manifest])
            content["checksums"] = {
                name: sha256(data).hexdigest() for name, data in self.files.items() if name != manifest
            }
            self.files[manifest] = json.dumps(content).encode()
            (self.folder / manifest).write_bytes(self.files[manifest])
        return what


def check_folder(files: naive.Files, corpus: ParallelCorpus) -> None:
    for name, table in (("queries", corpus.queries), ("documents", corpus.documents)):
        stored = pq.read_table(io.BytesIO(files[f"{name}.parquet"]))
        # Columns of other names than the folder's are passed over: another tool may have put them there.
        for column in set(table.column_names) & set(stored.column_names):
            assert table[column].to_pylist() == stored[column].to_pylist()
    named = [name for name in files if name.startswith("qrels/")]
    assert len(corpus.splits) == len(named)
    for name in named:
        split = name.removeprefix("qrels/").removesuffix(".tsv").removesuffix(".groups")
        part = corpus.split(split)
        if part.groups is not None:
            assert len(part.groups) == len(naive.lines(files[name])) - 1
        else:
            assert len(corpus.judgements(split).grades) == len(judged_lines(files[name]))


def fuzz_folder(folder: Path, number: int, **options: Any) -> dict[str, int]:
    write_folder(folder)
    source = Sealed(folder, "folder")
    return fuzz(source, lambda: read_folder(folder, **options), check_folder, number)


@pytest.mark.parametrize("mapped", [False, True])
def test_damaged_corpus_folders(mapped: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOGLOT_CACHE", str(tmp_path / "cache"))
    assert (
        min(
            fuzz_folder(
                tmp_path / "corpus", QUICK // 2, **({"map_above_bytes": 0} if mapped else {})
            ).values()
        )
        > 0
    )


@pytest.mark.slow
@pytest.mark.parametrize("mapped", [False, True])
def test_damaged_corpus_folders_thoroughly(
    mapped: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISOGLOT_CACHE", str(tmp_path / "cache"))
    assert (
        min(fuzz_folder(tmp_path / "corpus", THOROUGH, **({"map_above_bytes": 0} if mapped else {})).values())
        > 0
    )


def test_a_lost_column_of_a_wide_table_is_missed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("en,dx\ndog,Hund\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"a\.csv: has no column 'de'; there is en, dx"):
        read_format("wide", tmp_path / "a.csv", "mine", **COLUMNS)
