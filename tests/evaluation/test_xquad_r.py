"""The published test collection, from its files to the numbers of a model that knows nothing."""

import json
from pathlib import Path

import numpy as np
import pytest

from isoglot.cli import main
from isoglot.corpora import read_corpus, read_dataset, write_corpus
from isoglot.retrieval.encode import Embeddings


@pytest.mark.slow
def test_random_vectors_on_xquad_r(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = read_dataset("xquad-r", shared_data / "xquad-r")
    write_corpus(corpus, tmp_path / "xquad-r")
    corpus = read_corpus(tmp_path / "xquad-r")
    judged = corpus.judgements("test")
    assert corpus.documents.num_rows == 13_014
    assert len(judged) == 13_090
    assert set(np.diff(judged.relevant().indptr).tolist()) == {11}
    rng = np.random.default_rng(0)
    Embeddings(
        corpus.queries["query_id"].to_pylist(),
        rng.standard_normal((13_090, 32), dtype=np.float32),
        corpus.documents["doc_id"].to_pylist(),
        rng.standard_normal((13_014, 32), dtype=np.float32),
        name="random",
    ).write(tmp_path / "random.npz")
    arguments = [
        "evaluate",
        str(tmp_path / "random.npz"),
        str(tmp_path / "xquad-r"),
        "--out",
        str(tmp_path / "out"),
    ]
    assert main([*arguments, "--measure", "AP", "--run-depth", "10", "--json"]) == 0
    printed = {
        (record["setting"], record["measure"]): record["value"]
        for record in json.loads(capsys.readouterr().out)["results"]
    }
    # (N + 1)(k - 1) / (k + 1) for N = 13,014 documents and k = 11 relevant ones.
    assert printed["multilingual", "rank_distance"] == pytest.approx(10_846, rel=0.01)
    # One relevant document at a uniform rank among about 1,183: AP is the harmonic number of N over N.
    expected = (np.log(1_183) + 0.5772) / 1_183
    assert printed["monolingual", "AP"] == pytest.approx(expected, rel=0.15)
    assert printed["cross_lingual", "AP"] == pytest.approx(expected, rel=0.05)
    assert printed["multilingual", "AP"] < 0.004
    configuration = json.loads((tmp_path / "out" / "config.json").read_text())["evaluations"][0]
    assert configuration["num_documents"] == 13_014
    assert configuration["num_queries"] == 13_090
