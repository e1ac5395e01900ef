"""`isoglot evaluate` from a corpus folder to files and a table."""

from __future__ import annotations

import json

import pytest

from isoglot import cli
from isoglot.corpora import write_corpus
from isoglot.encoders import build_static_encoder, train_subwords
from isoglot.evaluation.results import read_results
from isoglot.evaluation.trec import read_run


@pytest.fixture(scope="module")
def folders(toy_corpus, tmp_path_factory):
    """A corpus folder and a model folder."""
    folder = tmp_path_factory.mktemp("evaluate")
    write_corpus(toy_corpus, folder / "toy")
    tokenizer = train_subwords(toy_corpus.documents["text"].to_pylist(), 200, model="bpe")
    build_static_encoder(tokenizer, 8).save_pretrained(str(folder / "model"))
    return folder


def test_everything_is_written_and_the_table_printed(folders, capsys):
    out = folders / "out"
    arguments = [
        "evaluate",
        str(folders / "model"),
        str(folders / "toy"),
        "--split",
        "dev",
        "--out",
        str(out),
    ]
    assert cli.main([*arguments, "--measure", "AP", "--measure", "R@10", "--run-depth", "5"]) == 0
    assert "Multilingual" in capsys.readouterr().out
    results = read_results(out)
    assert results.models == ("model",)
    assert {record.measure for record in results.records} >= {"AP", "R@10", "rank_distance"}
    assert sorted(path.name for path in out.iterdir()) == [
        "config.json",
        "report.html",
        "results.json",
        "runs",
    ]
    runs = sorted(path.name for path in (out / "runs").iterdir())
    assert runs == ["model.toy.de.trec", "model.toy.en.trec", "model.toy.th.trec"]
    assert len(next(iter(read_run(out / "runs" / runs[0])))[1]) == 5


def test_json_is_one_document(folders, capsys):
    out = folders / "json"
    arguments = ["evaluate", str(folders / "model"), str(folders / "toy"), "--split", "dev", "--json"]
    assert cli.main([*arguments, "--out", str(out), "--languages", "de,en", "--name", "mine"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["out"] == str(out)
    assert {row["model"] for row in document["results"]} == {"mine"}
    assert {row["setting"] for row in document["results"]} == {"monolingual", "cross_lingual", "multilingual"}
    assert set(read_results(out).config[0]["languages"]) == {"de", "en"}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"corpus": "no-such-corpus"}, "no-such-corpus"),
        ({"model": "no-such-model"}, "no-such-model: cannot be loaded"),
        ({"measure": "MAP"}, "unknown measure 'MAP'"),
        ({"split": "devel"}, "no split 'devel'"),
    ],
)
def test_bad_input_ends_with_code_2_and_says_what_to_change(folders, capsys, changed, message):
    given = {"model": str(folders / "model"), "corpus": str(folders / "toy"), "measure": "AP", "split": "dev"}
    given |= changed
    arguments = [
        "evaluate",
        given["model"],
        given["corpus"],
        "--measure",
        given["measure"],
        "--split",
        given["split"],
    ]
    assert cli.main([*arguments, "--out", str(folders / "never")]) == 2
    assert message in capsys.readouterr().err
    assert not (folders / "never").exists()
