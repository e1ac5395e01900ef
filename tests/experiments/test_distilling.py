"""From a CLIP that reads English to picture search in languages that it never read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from isoglot.batches import CrossLingual
from isoglot.config import read_config
from isoglot.corpora import ParallelCorpus, write_corpus
from isoglot.encoders import (
    build_transformer_encoder,
    join_towers,
    load_image_tower,
    load_text_tower,
    train_subwords,
)
from isoglot.errors import ConfigError
from isoglot.experiments import ExperimentConfig, run_experiment
from isoglot.experiments.corpora import distinct_texts
from isoglot.training import ObjectiveSettings, TrainingSettings, fit
from isoglot.training.linear_map import fit_linear_map

from .striped import TRIPLES, paint, share_found, striped_corpus, teach_clip, write_clip

TOML = """
output = "{root}/student"
[[corpora]]
folder = "{root}/corpus"
document_modality = "text"
[encoder]
kind = "transformer"
dimension = 64
layers = 1
vocabulary_size = 200
[teacher]
path = "{root}/clip"
part = "text"
image_tower = true
[training]
steps = 6
batch_size = 64
learning_rate = 3e-3
[training.objective]
contrastive_weight = 0.0
distillation_weight = 1.0
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLIP of random weights, a corpus of texts and pictures, and an experiment with both."""
    folder = tmp_path_factory.mktemp("striped")
    for name in ("clip", "pictures"):
        (folder / name).mkdir()
    write_clip(folder / "clip")
    write_corpus(striped_corpus(folder / "pictures"), folder / "corpus")
    (folder / "experiment.toml").write_text(TOML.format(root=folder))
    return folder


@pytest.fixture(scope="module")
def taught(root: Path) -> Path:
    """The same, with a CLIP that knows the English captions of the training pictures."""
    teach_clip(root / "clip")
    return root


def clip_of(root: Path) -> SentenceTransformer:
    return join_towers({"text": load_text_tower(root / "clip"), "image": load_image_tower(root / "clip")})


@pytest.fixture
def corpus(root: Path) -> ParallelCorpus:
    return striped_corpus(root / "pictures")


def test_the_student_has_the_width_and_the_eyes_of_the_teacher(root: Path) -> None:
    config = read_config(root / "experiment.toml", ExperimentConfig, (f"output={root}/quick",))
    student = SentenceTransformer(str(run_experiment(config)), device="cpu")
    assert student.get_embedding_dimension() == 24
    assert set(student.modalities) == {"text", "image"}
    picture = paint(TRIPLES[7])
    wanted = clip_of(root).encode_document([picture])
    np.testing.assert_allclose(student.encode_document([picture]), wanted, atol=1e-6)
    record = json.loads((root / "quick" / "isoglot.json").read_text())
    assert record["teacher"]["width"] == record["teacher"]["student_width"] == 24
    assert record["config"]["teacher"]["part"] == "text"


def test_a_student_of_texts_alone(root: Path) -> None:
    changes = (f"output={root}/alone", "teacher.image_tower=false", "training.steps=1")
    folder = run_experiment(read_config(root / "experiment.toml", ExperimentConfig, changes))
    student = SentenceTransformer(str(folder), device="cpu")
    assert student.encode_query(["left red"]).shape == (1, 24)
    assert "image" not in student.modalities


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (("teacher.part=all",), "image_tower goes with part = 'text', and only with it; got part = 'all'"),
        (("encoder.image.side=32",), r"teacher\.image_tower and \[encoder\.image\] both encode pictures"),
        (("teacher.part=texts",), "part"),
    ],
)
def test_what_cannot_be_distilled_is_refused_before_work_starts(
    root: Path, changes: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        read_config(root / "experiment.toml", ExperimentConfig, changes)


@pytest.mark.slow
def test_other_languages_find_pictures_as_english_does(taught: Path) -> None:
    """The student reads translations of captions, and sees no picture until it is tested on unseen ones."""
    clip = clip_of(taught)
    before = {language: share_found(clip, language) for language in ("en", "de", "es")}
    config = read_config(taught / "experiment.toml", ExperimentConfig, ("training.steps=400",))
    student = SentenceTransformer(str(run_experiment(config)), device="cpu")
    after = {language: share_found(student, language) for language in ("en", "de", "es")}
    assert before["en"] > 0.9
    assert max(before["de"], before["es"]) < 0.1
    assert min(after.values()) > 0.8, after


@pytest.mark.slow
def test_a_linear_map_fitted_on_english_serves_other_languages(taught: Path, corpus: ParallelCorpus) -> None:
    """A multilingual encoder that never saw a picture, mapped by English captions alone."""
    texts = corpus.select(document_modalities=["text"])
    source = build_transformer_encoder(
        train_subwords(distinct_texts([texts]), 200, model="bpe"), layers=1, hidden_size=64, dropout=0.0
    )
    text_tower, image_tower = load_text_tower(taught / "clip"), load_image_tower(taught / "clip")
    unaligned = fit_linear_map(source, text_tower, texts).model
    before = share_found(join_towers({"text": unaligned, "image": image_tower}), "de")
    settings = TrainingSettings(
        steps=400, batch_size=64, learning_rate=3e-3, objective=ObjectiveSettings(directions="both")
    )
    fit(source, texts, scheme=CrossLingual(), output_dir=taught / "source", settings=settings)
    fitted = fit_linear_map(source, text_tower, texts)
    found = join_towers({"text": fitted.model, "image": image_tower})
    shares = {language: share_found(found, language) for language in ("en", "de", "es")}
    assert fitted.report.num_texts + fitted.report.num_choosing + fitted.report.num_held_out == 268
    assert fitted.report.explained_variance > 0.8
    assert before < 0.1
    assert min(shares.values()) > 0.8, shares
