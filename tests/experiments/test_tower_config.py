"""Encoders of videos and sounds in a configuration: built, trained and saved with that of texts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from isoglot.config import read_config
from isoglot.encoders import build_audio_tower, build_static_encoder, load_encoder, train_subwords
from isoglot.errors import ConfigError
from isoglot.experiments import tower_config
from isoglot.experiments.config import EncoderConfig, ExperimentConfig, ImageTowerConfig
from isoglot.experiments.encoders import build_encoder
from isoglot.experiments.run import run_experiment
from isoglot.experiments.tower_config import AudioTowerConfig, VideoTowerConfig
from isoglot.world import build_world_corpus

TOML = """
output = "{root}/model"
[[corpora]]
folder = "{root}/world"
query_modality = "text"
document_modality = "video"
weight = 1.0
[[corpora]]
folder = "{root}/world"
query_modality = "text"
document_modality = "audio"
weight = 1.0
[encoder]
dimension = 8
vocabulary_size = 200
[encoder.image]
side = 32
widths = [4, 8]
[encoder.video]
num_frames = 3
pooling = "transformer"
heads = 2
[encoder.audio]
seconds = 1
bands = 16
width = 16
layers = 1
heads = 2
[training]
steps = 4
batch_size = 4
learning_rate = 0.01
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("towers")
    build_world_corpus(
        folder / "world",
        groups=24,
        languages=["de", "en"],
        modalities=["text", "video", "audio"],
        side=32,
        near_misses=0,
    )
    return folder


def configured(root: Path, *overrides: str) -> ExperimentConfig:
    path = root / "experiment.toml"
    path.write_text(TOML.format(root=root))
    return read_config(path, ExperimentConfig, overrides)


def test_all_media_are_trained_in_one_space(root: Path) -> None:
    folder = run_experiment(configured(root))
    record = json.loads((folder / "isoglot.json").read_text())
    assert record["config"]["encoder"]["video"]["num_frames"] == 3
    assert record["config"]["encoder"]["audio"]["bands"] == 16
    model = load_encoder(folder, device="cpu")
    assert set(model.modalities) == {"text", "image", "video", "audio"}
    frames = np.zeros((5, 40, 40, 3), np.uint8)
    hum = {"array": np.sin(np.arange(8_000) / 20), "sampling_rate": 16_000}
    vectors = model.encode_document(["ein Kreis", frames, {"audio": hum}, frames[0]])
    assert vectors.shape == (4, 8)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    routes = model[0].sub_modules
    assert routes["video"][1] is routes["image"][0]  # the same weights


def test_a_pretrained_tower_keeps_its_own_width(monkeypatch: pytest.MonkeyPatch) -> None:
    hearing = build_audio_tower(24, seconds=1, bands=16, width=16, layers=1, heads=2)
    monkeypatch.setattr("isoglot.encoders.load_audio_tower", {"towers/7": hearing}.__getitem__)
    config = EncoderConfig(
        kind="pretrained", path="texts", audio=AudioTowerConfig(path="towers/{seed}"), freeze=("audio",)
    )
    texts = build_static_encoder(train_subwords(["ein Kreis"], 30, model="bpe"), 8)
    monkeypatch.setattr("isoglot.experiments.encoders._build_text_encoder", lambda *_: texts)
    model = build_encoder(config, [], 7)
    assert set(model.modalities) == {"text", "audio"}
    assert model.get_embedding_dimension() == 8
    assert not any(weight.requires_grad for weight in hearing.parameters())
    assert any(weight.requires_grad for weight in model[0].sub_modules["audio"].parameters())  # projection


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("encoder.video.num_frames=0", r"encoder\.video: num_frames must be >= 1, got 0"),
        ("encoder.audio.rate=8000", r"encoder\.audio: rate must be >= 16000 and a multiple of 50, got 8000"),
        ("encoder.audio.path=clap", r"encoder\.audio: all keys but path are those of a new network"),
        ('encoder.freeze=["video"]', r"encoder: freeze: the encoder for video is new"),
        ('encoder.freeze=["audio"]', r"encoder: freeze: the encoder for audio is new"),
    ],
)
def test_towers_that_cannot_be(override: str, message: str, root: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        configured(root, override)


def test_videos_are_seen_by_an_encoder_of_pictures() -> None:
    assert EncoderConfig(video=VideoTowerConfig()).problems() == [
        "video: the encoder of [encoder.image] sees its frames; add that, maybe empty"
    ]
    assert EncoderConfig(video=VideoTowerConfig(), image=ImageTowerConfig()).problems() == []
    assert tower_config.AudioTowerConfig(path="clap").problems() == []
