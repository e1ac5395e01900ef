"""`isoglot encode`: corpora and files in, a folder of vectors out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from isoglot.cli import main
from isoglot.corpora import ParallelCorpus, write_corpus
from isoglot.encoders import build_transformer_encoder, train_subwords
from isoglot.encoding import Encodings


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, toy_corpus: ParallelCorpus) -> Path:
    """`model`, `corpus`, and `texts.jsonl`."""
    folder = tmp_path_factory.mktemp("encode")
    subwords = train_subwords(toy_corpus.documents["text"].to_pylist(), 150, model="bpe")
    model = build_transformer_encoder(subwords, layers=1, hidden_size=16, heads=2)
    model.save_pretrained(str(folder / "model"))
    write_corpus(toy_corpus, folder / "corpus")
    rows = [{"id": "a", "text": "en1 en2", "language": "en"}, {"id": "b", "text": "de1", "language": "de"}]
    (folder / "texts.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return folder


def run(place: Path, source: str, out: Path, *more: str) -> int:
    return main(["encode", str(place / "model"), str(place / source), "--out", str(out), *more])


def test_both_sides_of_a_corpus_are_encoded(
    place: Path, tmp_path: Path, toy_corpus: ParallelCorpus, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--side", "both", "--dtype", "int8", "--shard-rows", "100", "--batch-tokens", "256", "--json"]
    assert run(place, "corpus", tmp_path, *options) == 0
    told = json.loads(capsys.readouterr().out)
    assert [side["side"] for side in told["sides"]] == ["queries", "documents"]
    assert told["model"] == "model"
    documents = Encodings.open(tmp_path, verify=True)
    assert documents.ids == toy_corpus.documents["doc_id"].to_pylist()
    about = told["sides"][1]
    assert (about["num_rows"], about["dimension"], about["dtype"]) == (len(documents), 16, "int8")
    assert about["vector_bytes"] == 16 * len(documents)
    assert about["ways"]["text"].startswith("batches of 256 tokens in ")


def test_what_was_done_is_said_and_the_same_again_does_nothing(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert run(place, "texts.jsonl", tmp_path, "--languages", "de", "--side", "queries") == 0
        told = capsys.readouterr()
        assert "1 queries of texts.jsonl in " in told.out
        assert "vectors of 16 components as float32" in told.out
    assert Encodings.open(tmp_path).ids == ["b"]


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("texts.jsonl", ["--side", "both"], "--side both must go with a corpus"),
        ("texts.jsonl", ["--side", "left"], "side must be one of documents, queries, got 'left'"),
        ("texts.jsonl", ["--dtype", "int4"], "dtype must be one of float32, float16, int8"),
        ("texts.jsonl", ["--precision", "half"], "precision must be one of auto, bf16, fp32"),
        ("texts.jsonl", ["--backend", "onnx"], "backend onnx needs"),
        ("texts.jsonl", ["--languages", "th"], "no text in language 'th'; there is de, en"),
        ("texts.jsonl", ["--text-column", "body"], "column 'body' is missing"),
        ("none.jsonl", [], "there is no such file"),
    ],
)
def test_bad_input_is_exit_code_2(
    source: str,
    options: list[str],
    message: str,
    place: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("isoglot.encoding.loading.find_spec", lambda name: None)
    assert run(place, source, tmp_path / "out", *options) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_another_model_in_the_same_folder_is_exit_code_2(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(place, "texts.jsonl", tmp_path) == 0
    assert run(place, "texts.jsonl", tmp_path, "--dtype", "float16", "--json") == 2
    error = json.loads(capsys.readouterr().out.split("\n")[-2])["error"]
    assert error["type"] == "SearchError"
    assert any("dtype: there it is 'float32', now 'float16'" in problem for problem in error["problems"])
