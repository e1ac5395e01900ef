"""Audio towers: small ones from nothing, and the part of a pretrained model that hears."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from transformers import (
    ClapConfig,
    ClapFeatureExtractor,
    ClapModel,
    ViTConfig,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
)

from isoglot.encoders import build_audio_tower, load_audio_tower
from isoglot.errors import ConfigError
from isoglot.media.hearing import Hearing, hearing_of

_SMALL: dict[str, Any] = {"width": 16, "layers": 1, "heads": 2, "bands": 16}


def noise(rate: int, *seconds: float) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(0, 0.1, round(each * rate)).astype(np.float32) for each in seconds]


def inputs(rate: int, sounds: list[np.ndarray]) -> list[dict[str, Any]]:
    return [{"audio": {"array": sound, "sampling_rate": rate}} for sound in sounds]


def test_a_small_tower_is_loaded_by_sentence_transformers_alone(tmp_path: Path) -> None:
    tower = build_audio_tower(8, seconds=2, **_SMALL)
    assert tower.modalities == ["audio"]
    assert tower.get_embedding_dimension() == 8
    assert hearing_of(tower) == Hearing(16_000, 2.0)
    sounds = inputs(16_000, noise(16_000, 0.3, 1.0, 3.0))
    embeddings = tower.encode(sounds)
    assert embeddings.shape == (3, 8)
    tower.save(str(tmp_path))
    again = SentenceTransformer(str(tmp_path), device="cpu")
    assert (again.encode(sounds) == embeddings).all()
    assert {type(module).__module__.split(".")[0] for module in again} == {"sentence_transformers"}


def test_a_sound_has_one_embedding_whatever_stands_beside_it() -> None:
    tower = build_audio_tower(8, **_SMALL)
    short, long = noise(16_000, 0.5, 2.5)
    alone = tower.encode(inputs(16_000, [short]))
    assert tower.encode(inputs(16_000, [long, short]))[1] == pytest.approx(alone[0], abs=1e-5)
    assert np.abs(tower.encode(inputs(16_000, [long]))[0] - alone[0]).max() > 1e-2


@pytest.mark.parametrize("rate", [16_000, 22_050, 44_100])
def test_rates_of_recordings_are_possible(rate: int) -> None:
    tower = build_audio_tower(8, rate=rate, seconds=1, **_SMALL)
    embeddings = tower.encode(inputs(rate, noise(rate, 0.5, 1.5)))
    assert np.isfinite(embeddings).all()
    features = tower.preprocess(inputs(rate, noise(rate, 0.5)))["input_features"]
    assert features.shape == (1, 16, 50)


def test_the_seed_alone_decides_on_the_weights() -> None:
    state = torch.random.get_rng_state()
    first, again, other = (build_audio_tower(8, seed=seed, **_SMALL) for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), state)
    sounds = inputs(16_000, noise(16_000, 1.0))
    assert (first.encode(sounds) == again.encode(sounds)).all()
    assert (first.encode(sounds) != other.encode(sounds)).any()


def test_arguments_out_of_range_are_refused_together() -> None:
    message = r"dimension must be >= 1, got 0\nrate must be >= 16000 .* got 8000\nwidth must be even.*got 30"
    with pytest.raises(ConfigError, match=message):
        build_audio_tower(0, rate=8_000, width=30, heads=4)
    with pytest.raises(ConfigError, match=r"seconds must be >= 1, got 0\nbands must be >= 1, got 0"):
        build_audio_tower(seconds=0, bands=0)


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whisper")
    config = WhisperConfig(
        num_mel_bins=16,
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        vocab_size=8,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
        max_source_positions=100,
    )
    torch.manual_seed(0)
    WhisperForConditionalGeneration(config).save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=16, chunk_length=2).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def clap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clap")
    config = ClapConfig(
        text_config={
            "vocab_size": 8,
            "hidden_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "intermediate_size": 16,
            "max_position_embeddings": 16,
        },
        audio_config={
            "hidden_size": 16,
            "patch_embeds_hidden_size": 8,
            "depths": [1, 1],
            "num_attention_heads": [2, 2],
            "num_hidden_layers": 2,
            "spec_size": 256,
            "num_mel_bins": 64,
            "window_size": 4,
            "projection_dim": 99,
        },
        projection_dim=24,
    )
    torch.manual_seed(0)
    ClapModel(config).save_pretrained(folder)
    ClapFeatureExtractor(truncation="rand_trunc", max_length_s=2).save_pretrained(folder)
    return folder


def test_whisper_says_the_mean_of_its_encoder(whisper: Path, tmp_path: Path) -> None:
    tower = load_audio_tower(whisper)
    assert tower.modalities == ["audio"]
    sounds = noise(16_000, 0.5, 2.0)
    model = WhisperForConditionalGeneration.from_pretrained(whisper).eval()
    extractor = WhisperFeatureExtractor.from_pretrained(whisper)
    features = extractor(sounds, sampling_rate=16_000, return_tensors="pt").input_features
    with torch.inference_mode():
        expected = model.model.encoder(features).last_hidden_state.mean(dim=1).numpy()
    embeddings = tower.encode(inputs(16_000, sounds))
    assert np.abs(embeddings - expected).max() < 1e-5
    tower.save(str(tmp_path))
    again = SentenceTransformer(str(tmp_path), device="cpu")
    assert (again.encode(inputs(16_000, sounds)) == embeddings).all()


def test_clap_says_its_audio_features(clap: Path, tmp_path: Path) -> None:
    tower = load_audio_tower(clap)
    assert tower.modalities == ["audio"]
    assert tower.get_embedding_dimension() == 24
    assert hearing_of(tower) == Hearing(48_000, 2.0)
    sounds = noise(48_000, 0.5, 2.0)
    features = ClapFeatureExtractor.from_pretrained(clap)(sounds, sampling_rate=48_000, return_tensors="pt")
    with torch.inference_mode():
        expected = ClapModel.from_pretrained(clap).eval().get_audio_features(**features).pooler_output.numpy()
    embeddings = tower.encode(inputs(48_000, sounds))
    assert np.abs(embeddings - expected).max() < 1e-5
    assert np.linalg.norm(embeddings, axis=1) == pytest.approx(1, abs=1e-5)
    tower.save(str(tmp_path))
    again = SentenceTransformer(str(tmp_path), device="cpu")
    assert (again.encode(inputs(48_000, sounds)) == embeddings).all()


def test_the_text_side_of_clap_stays_behind(clap: Path) -> None:
    whole = ClapModel.from_pretrained(clap)
    side = load_audio_tower(clap)[0].model.text_model
    assert sum(weight.numel() for weight in side.parameters()) < 50
    assert sum(weight.numel() for weight in whole.text_model.parameters()) > 1_000


def test_a_projection_is_put_behind_a_pretrained_tower(whisper: Path) -> None:
    sounds = inputs(16_000, noise(16_000, 0.5))
    first, again, other = (load_audio_tower(whisper, dimension=5, seed=seed) for seed in (0, 0, 1))
    assert first.get_embedding_dimension() == 5
    assert (first.encode(sounds) == again.encode(sounds)).all()
    assert (first.encode(sounds) != other.encode(sounds)).any()


def test_a_clap_that_draws_pieces_at_random_is_refused(clap: Path, tmp_path: Path) -> None:
    folder = tmp_path / "fused"
    shutil.copytree(clap, folder)
    ClapFeatureExtractor(truncation="fusion").save_pretrained(folder)
    with pytest.raises(ConfigError, match=r"fused: it fuses pieces drawn at random.*without fusion"):
        load_audio_tower(folder)


def test_what_does_not_hear_is_refused(whisper: Path, tmp_path: Path) -> None:
    ViTConfig(hidden_size=8).save_pretrained(tmp_path / "vit")
    with pytest.raises(ConfigError, match=r"no audio tower is known of model_type 'vit'; .* clap, whisper"):
        load_audio_tower(tmp_path / "vit")
    with pytest.raises(ConfigError, match="no transformers model could be read"):
        load_audio_tower(tmp_path)
    with pytest.raises(ConfigError, match="dimension must be >= 1, got 0"):
        load_audio_tower(whisper, dimension=0)


def test_another_models_feature_extractor_and_missing_weights_are_refused(
    whisper: Path, tmp_path: Path
) -> None:
    other, empty, none = tmp_path / "other", tmp_path / "empty", tmp_path / "none"
    for folder in (other, empty, none):
        shutil.copytree(whisper, folder)
    WhisperFeatureExtractor(feature_size=80).save_pretrained(other)
    with pytest.raises(ConfigError, match="its feature extractor makes 80 bands, and its network takes 16"):
        load_audio_tower(other)
    (none / "preprocessor_config.json").unlink()
    with pytest.raises(ConfigError, match="no feature extractor could be read"):
        load_audio_tower(none)
    (empty / "model.safetensors").write_bytes(b"")
    with pytest.raises(ConfigError, match="the weights cannot be read"):
        load_audio_tower(empty)
