from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from isoglot.cli import main
from isoglot.corpora import CorpusInfo, ParallelCorpus, check_corpus, read_corpus, write_corpus
from isoglot.corpora.building import CorpusBuilder
from isoglot.retrieval.encode import Embeddings


@pytest.fixture
def vectors(folders: Path, toy_corpus: ParallelCorpus, tmp_path: Path, own_cache: None) -> Path:
    """Vectors of the toy corpus by chance, so that no model is loaded."""
    rng = np.random.default_rng(0)
    sizes = (toy_corpus.queries.num_rows, toy_corpus.documents.num_rows)
    queries, documents = (rng.normal(size=(size, 8)).astype(np.float32) for size in sizes)
    found = Embeddings(
        toy_corpus.queries["query_id"].to_pylist(), queries,
        toy_corpus.documents["doc_id"].to_pylist(), documents,
    )  # fmt: skip
    found.write(tmp_path / "vectors.npz")
    return tmp_path / "vectors.npz"


def test_the_folder_gets_negatives_that_pass_the_check(
    folders: Path, vectors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mined"
    arguments = ["data", "mine", str(folders / "toy"), "--model", str(vectors), "--out", str(out)]
    assert main([*arguments, "--num", "2", "--relative-margin", "0", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    back = read_corpus(out)
    assert check_corpus(out).problems == ()
    assert "negatives/train.tsv" in back.checksums
    negatives = back.negatives["train"]
    assert told["negatives"] == len(negatives) == sum(share["num_negatives"] for share in told["languages"])
    assert [share["language"] for share in told["languages"]] == ["de", "en", "th"]
    assert told["queries"] == len(back.judgements("train"))
    without = int((np.diff(negatives.indptr)[back.judgements("train").query_rows] == 0).sum())
    assert told["queries_without"] == without
    assert np.diff(negatives.indptr).max() <= 2 * 3
    assert told["rules"]["margin"] is None
    assert told["rules"]["relative_margin"] == 0.0
    assert read_corpus(folders / "toy").negatives == {}  # the source stays as it was


def test_a_margin_takes_the_place_of_the_relative_one(
    folders: Path, vectors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["data", "mine", str(folders / "toy"), "--model", str(vectors), "--out", str(tmp_path / "m")]
    for options, wanted in (
        ([], (None, 0.05)),
        (["--margin", "0.1"], (0.1, None)),
        (["--margin", "0.1", "--relative-margin", "0.2"], (0.1, 0.2)),
    ):
        assert main([*arguments, *options, "--json"]) == 0
        rules = json.loads(capsys.readouterr().out)["rules"]
        assert (rules["margin"], rules["relative_margin"]) == wanted
    assert min(share["median_margin"] for share in _languages(arguments, capsys, "--margin", "0.3")) >= 0.3


def _languages(
    arguments: list[str], capsys: pytest.CaptureFixture[str], *options: str
) -> list[dict[str, Any]]:
    assert main([*arguments, *options, "--json"]) == 0
    shares: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["languages"]
    return shares


def test_the_corpus_itself_is_replaced_whole_with_its_media(tmp_path: Path, own_cache: None) -> None:
    (tmp_path / "media").mkdir()
    builder = CorpusBuilder(CorpusInfo("photos"))
    for number in range(3):
        (tmp_path / "media" / f"{number}.png").write_bytes(bytes([number]))
        builder.add_query(f"q{number}", f"g{number}", "en", f"colour {number}")
        builder.add_document(f"d{number}", f"g{number}", None, None, modality="image", path=f"{number}.png")
        builder.judge_group("train", f"g{number}")
    folder = write_corpus(replace(builder.build(), media_root=str(tmp_path / "media")), tmp_path / "photos")
    ids = [[f"{side}{number}" for number in range(3)] for side in "qd"]
    Embeddings(ids[0], np.eye(3, dtype=np.float32), ids[1], np.eye(3, dtype=np.float32) + 0.1).write(
        tmp_path / "v.npz"
    )
    assert main(["data", "mine", str(folder), "--model", str(tmp_path / "v.npz"), "--out", str(folder)]) == 0
    assert check_corpus(folder).problems == ()
    assert len(read_corpus(folder).negatives["train"]) == 6
    assert (folder / "media" / "2.png").read_bytes() == b"\x02"
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_what_was_mined_is_printed(
    folders: Path, vectors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mined"
    assert main(["data", "mine", str(folders / "toy"), "--model", str(vectors), "--out", str(out)]) == 0
    printed = capsys.readouterr()
    assert "median margin" in printed.out
    assert "queries of split train:" in printed.err
    assert f"Wrote {out}" in printed.err.replace("\n", "")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--num", "0", "--skip-top", "-1"], "num_negatives must be >= 1, got 0\nskip_top must be >= 0"),
        (["--from-languages", "all"], "languages must be one of each, own, other, any, got 'all'"),
        (["--answer", "mean"], "answer must be one of lowest, highest, got 'mean'"),
        (["--split", "tain"], "has no split 'tain'; it has dev, train"),
        (["--margin", "9"], "lower the margins, or take another model"),
        (["--out", "{taken}", "--model", "nowhere"], "is there and is no corpus folder; choose another"),
        (["--model", "{run}"], "holds rankings; mining needs a model or its vectors"),
    ],
)
def test_bad_input_says_what_to_change(
    options: list[str],
    message: str,
    folders: Path,
    vectors: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "a.trec").write_text("q Q0 d 1 1.0 run\n", encoding="utf-8")
    places = {"taken": str(tmp_path / "taken"), "run": str(tmp_path / "a.trec")}
    given = [
        "--model",
        str(vectors),
        "--out",
        str(tmp_path / "mined"),
        *(o.format(**places) for o in options),
    ]
    assert main(["data", "mine", str(folders / "toy"), *given]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "mined").exists()
