"""Damaged runs, judgements, results and vectors: refused with a `SearchError`, or read in full.

As in `tests/corpora/test_fuzzing.py`: no other exception and no warning, and what is accepted holds as much
as a plain reading of the same files finds.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from isoglot.errors import SearchError
from isoglot.evaluation import Result, Results, Run, measure_run, read_qrels, read_results, read_run
from isoglot.evaluation.examples import Example, Placed
from isoglot.evaluation.results import Comparison
from isoglot.retrieval.encode import Embeddings, read_embeddings

from ..corpora.mutations import QUICK, THOROUGH, Mutated  # noqa: TID252

Files = dict[str, bytes]
RUN = "q1 Q0 d1 1 0.9 x\nq1 Q0 d2 2 0.5 x\n\n# a comment\nq2 Q0 d1 1 1e-3 x y z\n"
QRELS = "q1 0 d1 1\nq1 0 d2 0\n# a comment\nq2 0 d3 2\n"


def fuzz(
    folder: Path, read: Callable[[Path], Any], account: Callable[[Files, Any], None], number: int
) -> dict[str, int]:
    source = Mutated(folder, folder.name)
    place = folder if len(source.files) > 1 else folder / next(iter(source.files))
    outcomes = {"read": 0, "refused": 0}
    for _ in range(number):
        damage = source.damage()
        try:
            account(source.files, read(place))
            outcomes["read"] += 1
        except SearchError as error:
            outcomes["refused"] += 1
            if not str(error).strip():
                raise AssertionError(f"an empty report: {damage}") from error
        except BaseException as error:
            raise AssertionError(f"{type(error).__name__}: {error}; {damage}") from error
    return outcomes


def columns(data: bytes) -> list[list[str]]:
    """Columns of the lines that count: parted by ASCII white space, blank and commented lines left out."""
    found = [line.rstrip("\r").replace("\t", " ") for line in data.decode().split("\n")]
    return [
        [word for word in line.split(" ") if word] for line in found if line.strip(" ") and line[0] != "#"
    ]


def account_for_run(files: Files, run: Run) -> None:
    lines = columns(files["a.trec"])
    found = {
        (query, doc): score for query, docs, scores in run for doc, score in zip(docs, scores, strict=True)
    }
    assert len(found) == len(lines)
    for line in lines:
        assert found[line[0], line[2]] == np.float32(max(min(float(line[4]), 3e38), -3e38)) or np.isinf(
            found[line[0], line[2]]
        )


def account_for_qrels(files: Files, qrels: dict[str, dict[str, int]]) -> None:
    lines = columns(files["a.qrels"])
    assert sum(map(len, qrels.values())) == len(lines)
    for line in lines:
        assert qrels[line[0]][line[2]] == int(line[3])
    run = Run.from_scores({query: dict.fromkeys(grades, 1.0) for query, grades in qrels.items()})
    try:
        values = measure_run(qrels, run, ["AP", "nDCG@10"])
    except SearchError as error:
        assert "has a relevant document" in str(error)  # noqa: PT017
    else:
        assert np.isfinite(values.values["nDCG@10"]).all()


def account_for_results(files: Files, results: Results) -> None:
    rows = json.loads(files["results.json"])
    assert len(results.records) + len(results.comparisons) == len(rows)
    assert [asdict(row) for row in results.records] == [row for row in rows if "baseline" not in row]
    if "config.json" in files:
        assert list(results.config) == json.loads(files["config.json"]).get("evaluations", [])
    if "examples.json" in files:
        assert len(results.examples) == len(json.loads(files["examples.json"]))
    if "per_query.parquet" in files:
        assert results.per_query == pq.read_table(io.BytesIO(files["per_query.parquet"]))
    assert all(np.isfinite(record.value) for record in results.records)
    assert str(results.table())


def account_for_vectors(files: Files, found: Embeddings) -> None:
    if "a.npz" in files:
        stored: dict[str, npt.NDArray[Any]] = dict(np.load(io.BytesIO(files["a.npz"]), allow_pickle=False))
    else:
        stored = {
            name.split(".")[0]: np.load(io.BytesIO(data))
            if name.endswith("npy")
            else np.array(data.decode().rstrip("\n").split("\n"))
            for name, data in files.items()
        }
    assert list(found.query_ids) == [str(name) for name in stored["query_ids"]]
    assert list(found.doc_ids) == [str(name) for name in stored["doc_ids"]]
    assert np.array_equal(found.query_embeddings, stored["query_embeddings"], equal_nan=True)
    assert np.array_equal(found.document_embeddings, stored["document_embeddings"], equal_nan=True)


def write_run_file(folder: Path) -> None:
    (folder / "a.trec").write_text(RUN, encoding="utf-8")


def write_qrels_file(folder: Path) -> None:
    (folder / "a.qrels").write_text(QRELS, encoding="utf-8")


def write_results(folder: Path) -> None:
    placed = Placed(3, "d1", None, "text", "an answer", True)
    names = ("m", "c", "test", "multilingual", "en", "*", "text", "text", "AP")
    Results(
        (
            Result(*names, 0.5, 10, 0.4, 0.6),
            Result("m", "c", "test", "multilingual", "*", "*", "text", "text", "AP", 0.5, 10),
        ),
        ({"model": "m", "corpus": "c"},),
        comparisons=(Comparison("m", "b", *names[1:], 0.1, 10, 0.0, 0.2, 0.04, 0.08),),
        examples=(Example("m", "c", "test", "q1", "en", "what?", placed, (placed,)),),
        per_query=pa.table({"query_id": ["q1"], "value": [0.5]}),
    ).write(folder)


VECTORS = Embeddings(["q1", "q2"], np.eye(2, 3, dtype=np.float32), ["d1"], np.ones((1, 3), np.float32), "dot")


def write_vectors(folder: Path) -> None:
    VECTORS.write(folder / "a.npz")


def write_vector_folder(folder: Path) -> None:
    np.save(folder / "query_embeddings.npy", VECTORS.query_embeddings)
    np.save(folder / "document_embeddings.npy", VECTORS.document_embeddings)
    (folder / "query_ids.txt").write_text("q1\nq2\n", encoding="utf-8")
    (folder / "doc_ids.txt").write_text("d1\n", encoding="utf-8")


READERS: dict[str, tuple[Callable[[Path], None], Callable[[Path], Any], Callable[[Files, Any], None]]] = {
    "run": (write_run_file, read_run, account_for_run),
    "qrels": (write_qrels_file, read_qrels, account_for_qrels),
    "results": (write_results, read_results, account_for_results),
    "vectors": (write_vectors, read_embeddings, account_for_vectors),
    "vector-folder": (write_vector_folder, read_embeddings, account_for_vectors),
}


NAMES = list(READERS)


def fuzz_reader(name: str, tmp_path: Path, number: int) -> dict[str, int]:
    write, read, account = READERS[name]
    folder = tmp_path / name
    folder.mkdir()
    write(folder)
    return fuzz(folder, read, account, number)


@pytest.mark.parametrize("name", NAMES)
def test_damaged_files(name: str, tmp_path: Path) -> None:
    assert min(fuzz_reader(name, tmp_path, QUICK).values()) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_damaged_files_thoroughly(name: str, tmp_path: Path) -> None:
    assert min(fuzz_reader(name, tmp_path, THOROUGH).values()) > 0
