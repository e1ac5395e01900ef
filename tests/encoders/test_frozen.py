"""Heads on frozen towers, and towers of ready features: built as told, the same after saving."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense, Dropout

from isoglot.batches.features import still_modules
from isoglot.encoders import (
    add_head,
    build_image_tower,
    build_static_encoder,
    feature_tower,
    freeze,
    frozen_parts,
    join_towers,
    load_encoder,
    train_subwords,
)
from isoglot.encoders.features import FeatureInput
from isoglot.errors import ConfigError, MediaError

TEXTS = ["ein roter Kreis", "a blue square"]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return train_subwords(TEXTS, 60, model="bpe")


@pytest.fixture
def vectors() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((3, 6)).astype(np.float32)


def test_a_head_is_layers_on_what_the_tower_says(tokenizer: Any, tmp_path: Path) -> None:
    tower = freeze(build_static_encoder(tokenizer, 12))
    tower.prompts["query"] = "Query: "
    headed = add_head(tower, 5, hidden=(7, 6), dropout=0.2, activation="tanh")
    kinds = [type(module) for module in headed][2:]
    assert kinds == [Dropout, Dense, Dropout, Dense, Dropout, Dense]
    layers = [module for module in headed if isinstance(module, Dense)]
    assert [(layer.in_features, layer.out_features) for layer in layers] == [(12, 7), (7, 6), (6, 5)]
    expected = torch.from_numpy(tower.encode(TEXTS, prompt_name="query"))
    for layer, follows in zip(layers, (torch.tanh, torch.tanh, torch.nn.Identity()), strict=True):
        expected = follows(layer.linear(expected))
    ours = headed.encode_query(TEXTS)
    assert np.abs(ours - expected.detach().numpy()).max() < 1e-6
    trained = {name for name, weight in headed.named_parameters() if weight.requires_grad}
    assert trained == {f"{place}.linear.{name}" for place in (3, 5, 7) for name in ("weight", "bias")}
    headed.save(str(tmp_path / "m"))
    assert "isoglot" not in (tmp_path / "m" / "modules.json").read_text()
    again = SentenceTransformer(str(tmp_path / "m"), device="cpu")
    assert np.abs(again.encode_query(TEXTS) - ours).max() == 0


def test_of_several_towers_some_are_frozen(tokenizer: Any) -> None:
    def joined() -> SentenceTransformer:
        return join_towers({"text": build_static_encoder(tokenizer, 8), "image": build_image_tower(8)})

    assert frozen_parts(joined()) == []
    model = freeze(joined(), ["image"])
    trained = {name for name, weight in model.named_parameters() if weight.requires_grad}
    assert trained == {"0.sub_modules.text.0.embedding.weight"}
    assert [name.rpartition(".")[0] for name in frozen_parts(model)] == ["0.sub_modules"]
    assert len(still_modules(model, "document", "image")) == 3
    assert still_modules(model, "query", "text") == []
    everything = freeze(joined())
    assert frozen_parts(everything) == ["0"]
    assert len(still_modules(everything, "query", "text")) == 1
    assert frozen_parts(freeze(joined(), [])) == []


def test_what_is_no_tower_of_its_own_cannot_be_frozen(tokenizer: Any) -> None:
    text = build_static_encoder(tokenizer, 8)
    with pytest.raises(ConfigError, match="no tower for image or audio to freeze; the model encodes text"):
        freeze(text, ["image", "audio"])
    type_with_two = type("Both", (FeatureInput,), {"modalities": ["image", "video"]})
    both = SentenceTransformer(modules=[type_with_two(6)], device="cpu")
    with pytest.raises(ConfigError, match="video cannot be frozen alone, as one module encodes image, video"):
        freeze(both, ["video"])


def test_the_seed_decides_the_head(tokenizer: Any) -> None:
    tower = build_static_encoder(tokenizer, 12)
    one, same, other = (add_head(tower, 4, seed=seed).encode(TEXTS) for seed in (0, 0, 1))
    assert np.abs(one - same).max() == 0
    assert np.abs(one - other).max() > 1e-3


def test_ready_features_stand_in_place_of_media(tokenizer: Any, vectors: np.ndarray, tmp_path: Path) -> None:
    tower = feature_tower(6, 4, hidden=(5,))
    joined = join_towers({"text": build_static_encoder(tokenizer, 4), "image": tower})
    np.savez(tmp_path / "all.npz", x=vectors[1])
    np.save(tmp_path / "z.npy", vectors[2])
    given = [{"image": vectors[0]}, {"image": f"{tmp_path}/all.npz#x"}, {"image": f"{tmp_path}/z.npy"}]
    ours = joined.encode_document(given)
    layers = [module.linear for module in tower if isinstance(module, Dense)]
    with torch.inference_mode():
        expected = layers[1](torch.relu(layers[0](torch.from_numpy(vectors))))
    assert np.abs(ours - torch.nn.functional.normalize(expected).numpy()).max() < 1e-6
    joined.save(str(tmp_path / "m"))
    again = load_encoder(tmp_path / "m", device="cpu")
    assert np.abs(again.encode_document(given) - ours).max() == 0
    assert np.abs(again.encode_document([{"image": torch.from_numpy(vectors[0])}]) - ours[:1]).max() < 1e-6
    assert not list((tmp_path / "m").rglob("*.bin"))


def test_a_course_of_vectors_is_pooled_over_its_own_length(vectors: np.ndarray) -> None:
    tower = feature_tower(6, 4, medium="video")
    assert tower.modalities == ["video"]
    together = tower.encode([{"video": vectors}, {"video": vectors[0]}])
    alone = tower.encode([{"video": vectors.mean(axis=0)}, {"video": vectors[:1]}])
    assert np.abs(together - alone).max() < 1e-6


def test_features_of_another_width_are_refused_all_at_once(vectors: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "wide.npy", np.zeros(7))
    tower = feature_tower(6, 4)
    given = [{"image": f"{tmp_path}/wide.npy"}, {"image": f"{tmp_path}/gone.npy"}, {"image": vectors[0]}]
    with pytest.raises(MediaError, match=r"wide\.npy: has vectors of width 7, the tower takes 6") as error:
        tower.encode(given)
    assert "gone.npy: cannot be read" in str(error.value)


def test_what_cannot_be_built_is_refused(tokenizer: Any) -> None:
    tower = build_image_tower(8, widths=(8,))
    with pytest.raises(
        ConfigError, match=r"dimension must be >= 1, got 0\nhidden must be .*\ndropout must"
    ) as e:
        add_head(tower, 0, hidden=(3, 0), dropout=1.0, activation="sine")  # type: ignore[arg-type]
    assert "activation must be one of relu, tanh, gelu, identity, got 'sine'" in str(e.value)
    with pytest.raises(ConfigError, match=r"dimension must be >= 1, got -1"):
        feature_tower(8, -1)
    with pytest.raises(ConfigError, match=r"width must be >= 1, got 0\nmedium must be one of .*'smell'"):
        FeatureInput(0, "smell")
