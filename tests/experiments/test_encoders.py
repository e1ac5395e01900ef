"""Encoders as a configuration names them: pretrained parts, some of them frozen, with heads on them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize

from isoglot.config import read_config
from isoglot.corpora import write_corpus
from isoglot.encoders import (
    build_image_tower,
    build_static_encoder,
    join_towers,
    load_image_tower,
    train_subwords,
)
from isoglot.errors import CheckpointError, ConfigError
from isoglot.experiments import ExperimentConfig, run_experiment
from isoglot.experiments.encoders import build_encoder

from .striped import TRIPLES, caption, paint, striped_corpus, write_clip

TOML = """
output = "{root}/{name}"
[[corpora]]
folder = "{root}/corpus"
document_modality = "image"
[encoder]
kind = "pretrained"
path = "{root}/{model}"
freeze = {freeze}
{more}
[training]
steps = 2
batch_size = 16
learning_rate = 0.01
"""
CLIP = '[encoder.image]\npath = "{root}/clip"'


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLIP, an encoder of texts, one of texts and pictures, and a corpus."""
    folder = tmp_path_factory.mktemp("frozen")
    for name in ("clip", "pictures"):
        (folder / name).mkdir()
    write_clip(folder / "clip")
    write_corpus(striped_corpus(folder / "pictures"), folder / "corpus")
    texts = [caption(triple, language) for triple in TRIPLES for language in ("en", "de", "es")]
    text = build_static_encoder(train_subwords(texts, 80, model="bpe"), 12)
    text.save(str(folder / "text"))
    join_towers({"text": text, "image": build_image_tower(12, side=32, widths=(8,))}).save(
        str(folder / "joined")
    )
    return folder


def experiment(root: Path, model: str, freeze: list[str], more: str = "") -> ExperimentConfig:
    name = f"{model}-{'-'.join(freeze)}-{len(more)}"
    values = {"root": root, "name": name, "model": model, "freeze": json.dumps(freeze)}
    (root / f"{name}.toml").write_text(TOML.format(**values, more=more.format(root=root)))
    return read_config(root / f"{name}.toml", ExperimentConfig)


def test_a_frozen_side_of_a_joined_model_stays_as_it_was(root: Path) -> None:
    config = experiment(root, "joined", ["image"])
    folder = run_experiment(config)
    before, after = (SentenceTransformer(str(path), device="cpu") for path in (root / "joined", folder))
    pictures, texts = [paint(TRIPLES[0]), paint(TRIPLES[9])], ["left red", "mitte blau"]
    assert np.abs(before.encode_document(pictures) - after.encode_document(pictures)).max() == 0
    assert np.abs(before.encode_query(texts) - after.encode_query(texts)).max() > 1e-3
    record = json.loads((folder / "isoglot.json").read_text())
    assert record["config"]["encoder"]["freeze"] == ["image"]
    assert record["frozen"] == ["0.sub_modules.image"]
    changed = ("encoder.freeze=[]",)
    with pytest.raises(CheckpointError, match="holds a training with another config, frozen"):
        run_experiment(read_config(root / "joined-image-0.toml", ExperimentConfig, changed))


def test_a_pretrained_tower_of_pictures_is_frozen_and_projected(root: Path) -> None:
    config = experiment(root, "text", ["image"], CLIP)
    model = build_encoder(config.encoder, [], seed=0)
    learning = {name for name, weight in model.named_parameters() if weight.requires_grad}
    assert learning == {"0.sub_modules.text.0.embedding.weight", "0.sub_modules.image.2.linear.weight"}
    picture = paint(TRIPLES[3])
    seen = load_image_tower(root / "clip").encode([picture])
    projection = model[0].sub_modules["image"][2].linear.weight.detach().numpy()
    wanted = seen @ projection.T
    ours = model.encode_document([picture])
    assert np.abs(ours - wanted / np.linalg.norm(wanted)).max() < 1e-5
    assert model.get_embedding_dimension() == 12


def test_heads_on_two_frozen_towers_are_trained(root: Path) -> None:
    config = experiment(root, "text", ["text", "image"], "head = [10, 6]\n" + CLIP)
    folder = run_experiment(config)
    model = SentenceTransformer(str(folder), device="cpu")
    assert (
        model.encode_query(["left red"]).shape == model.encode_document([paint(TRIPLES[0])]).shape == (1, 6)
    )
    widths = {
        medium: [weight.shape[0] for name, weight in route.named_parameters() if "linear.bias" in name]
        for medium, route in model[0].sub_modules.items()
    }
    assert widths == {"text": [10, 6], "image": [10, 6]}
    frozen = json.loads((folder / "isoglot.json").read_text())["frozen"]
    assert frozen == ["0.sub_modules.text.0", "0.sub_modules.image.0", "0.sub_modules.image.1"]


def test_a_head_on_one_tower_gives_the_width_of_both(root: Path) -> None:
    config = experiment(root, "text", ["image"], "head = [6]\n" + CLIP)
    model = build_encoder(config.encoder, [], seed=0)
    assert model.get_embedding_dimension() == 6
    assert model.encode_query(["left red"]).shape == (1, 6)
    trained = [name for name, weight in model.named_parameters() if weight.requires_grad]
    assert [name.split(".")[2] for name in trained] == ["text", "text", "image", "image"]


def test_a_head_on_texts_alone(root: Path) -> None:
    config = experiment(root, "text", ["text"], "head = [6]")
    model = build_encoder(config.encoder, [], seed=0)
    assert isinstance(model[-1], Normalize)
    assert model.encode(["left red"]).shape == (1, 6)
    assert {name for name, weight in model.named_parameters() if weight.requires_grad} == {
        "2.linear.weight",
        "2.linear.bias",
    }


@pytest.mark.parametrize(
    ("model", "freeze", "more", "message"),
    [
        ("text", ["text"], "", "all of the encoder is frozen; put a head on it"),
        ("text", ["image"], "", "no tower for image to freeze; the model encodes text"),
        ("text", ["video"], CLIP, "there is an encoder for text and for image, and none for video; leave it"),
        ("joined", ["image"], "head = [6]", "encodes image, text, and image is frozen; leave the head out"),
    ],
)
def test_what_cannot_be_frozen_is_refused(
    root: Path, model: str, freeze: list[str], more: str, message: str
) -> None:
    config = experiment(root, model, freeze, more)
    with pytest.raises(ConfigError, match=message):
        run_experiment(config)
    assert not Path(config.output).exists()


@pytest.mark.parametrize(
    ("freeze", "more", "message"),
    [
        (
            ["image"],
            "[encoder.image]",
            "freeze: the encoder for image is new, and would stay as random as it is",
        ),
        ([], "head = [4]", "head goes on frozen encoders; name their media in freeze, or leave it out"),
        (["text"], "head = [4, 0]", r"head must be widths >= 1, got \[4, 0\]"),
        (["smell"], "", "freeze"),
        ([], CLIP + "\nside = 32", "side, widths and blocks are those of a new network; leave them out, or"),
        ([], CLIP.replace("clip", "never"), r"encoder\.image\.path: .*never does not exist"),
    ],
)
def test_rules_of_the_configuration(root: Path, freeze: list[str], more: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        experiment(root, "text", freeze, more)


def test_a_new_encoder_is_not_frozen(root: Path) -> None:
    experiment(root, "text", ["text"])
    changes = ("encoder.kind=static", "encoder.path=")
    with pytest.raises(ConfigError, match="freeze: the encoder for text is new"):
        read_config(root / "text-text-0.toml", ExperimentConfig, changes)
