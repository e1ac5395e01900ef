"""Measuring a model that was trained here: its results say what it was trained on."""

import json
from pathlib import Path

import pytest

from isoglot.batches import Hybrid
from isoglot.corpora import write_corpus
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.encoders import build_static_encoder, train_subwords
from isoglot.errors import CheckpointError
from isoglot.experiments.measuring import Measuring, measure_all
from isoglot.report.html import render_html
from isoglot.training import TrainingSettings, fit


@pytest.fixture
def model_folder(toy_corpus: ParallelCorpus, tmp_path: Path) -> Path:
    write_corpus(toy_corpus, tmp_path / "toy")
    tokenizer = train_subwords(toy_corpus.documents["text"].to_pylist(), 200, model="bpe")
    settings = TrainingSettings(steps=4, batch_size=8)
    fit(
        build_static_encoder(tokenizer, 8),
        toy_corpus,
        scheme=Hybrid(),
        output_dir=tmp_path / "m",
        settings=settings,
    )
    return tmp_path / "m"


def test_results_and_report_say_what_it_was_trained_on(model_folder: Path) -> None:
    record = json.loads((model_folder / "isoglot.json").read_text())
    results = measure_all(model_folder, [model_folder.parent / "toy"], Measuring(split="dev"))
    training = results.config[-1]["training"]
    assert training["provenance"] == record["provenance"]
    assert training["provenance"]["num_batches"] == 4
    assert training["corpus"] == "toy"
    assert "What it was trained on" in render_html(results)


def test_a_model_whose_training_was_not_finished_is_refused(model_folder: Path) -> None:
    path = model_folder / "isoglot.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "finished": False}))
    with pytest.raises(CheckpointError, match="its training was not finished; start its command again"):
        measure_all(model_folder, [model_folder.parent / "toy"], Measuring(split="dev"))
