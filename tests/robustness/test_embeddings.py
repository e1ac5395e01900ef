"""Where encoders are perturbed: a perturbation from one input to another makes the one the other."""

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sentence_transformers import SentenceTransformer

from isoglot.encoders import (
    add_head,
    build_audio_tower,
    build_image_tower,
    build_static_encoder,
    build_transformer_encoder,
    build_two_tower_encoder,
    freeze,
    train_subwords,
)
from isoglot.errors import ConfigError
from isoglot.robustness.embeddings import PERTURBATION, check_perturbable, inputs_of, taking_perturbations

TEXTS = ["red circle", "a blue square below it", "green"]
OTHERS = ["blue square", "a red circle above it", "yellow"]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return train_subwords(TEXTS + OTHERS, 400, model="bpe")


def transformer(tokenizer: Any) -> SentenceTransformer:
    model = build_transformer_encoder(tokenizer, layers=1, hidden_size=16, heads=2, max_tokens=16)
    return model.eval()


def with_other_tokens(features: dict[str, Any]) -> dict[str, Any]:
    ids = features["input_ids"]
    return {**features, "input_ids": torch.where(ids > 5, ids - 1, ids)}  # the first five are special


def images() -> SentenceTransformer:
    return build_image_tower(16, side=32, widths=(8, 16)).eval()


def pictures(*colours: str) -> list[Any]:
    return [{"image": Image.new("RGB", (32, 32), colour)} for colour in colours]


def check_that_the_one_becomes_the_other(model: SentenceTransformer, one: dict, other: dict) -> None:
    start, end = inputs_of(model, "query", one), inputs_of(model, "query", other)
    assert start is not None
    assert end is not None
    delta = (end.points - start.points).masked_fill(~start.own, 0.0)
    plain, wanted = (model(dict(each))["sentence_embedding"] for each in (one, other))
    with taking_perturbations(model):
        found = model({**one, PERTURBATION: delta})["sentence_embedding"]
        assert torch.equal(model(dict(one))["sentence_embedding"], plain)
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-4)
    assert not torch.allclose(plain, wanted, atol=1e-3)
    assert torch.equal(model({**one, PERTURBATION: delta})["sentence_embedding"], plain)  # no hook is left


def test_tokens_of_a_transformer(tokenizer: Any) -> None:
    model = transformer(tokenizer)
    one = model.preprocess(TEXTS)
    mask = one["attention_mask"]
    assert not mask.all()
    found = inputs_of(model, "query", one)
    assert found is not None
    assert torch.equal(found.own[:, :, 0], mask.bool())
    check_that_the_one_becomes_the_other(model, one, with_other_tokens(one))


def test_the_mean_of_a_static_encoder(tokenizer: Any) -> None:
    model = build_static_encoder(tokenizer, 16)
    check_that_the_one_becomes_the_other(model, *(model.preprocess(texts) for texts in (TEXTS, OTHERS)))


def test_pixels_of_pictures() -> None:
    model = images()
    one, other = pictures("red", "white"), pictures("blue", "black")
    check_that_the_one_becomes_the_other(model, model.preprocess(one), model.preprocess(other))


def tones(*hertz: int) -> list[Any]:
    time = np.arange(16_000) / 16_000
    waves = [np.sin(2 * np.pi * each * time).astype(np.float32) for each in hertz]
    return [{"audio": {"array": wave, "sampling_rate": 16_000}} for wave in waves]


def test_the_spectrograms_of_sounds() -> None:
    model = build_audio_tower(16, seconds=1, bands=32, width=32, layers=1, heads=2).eval()
    one, other = (model.preprocess(tones(*each)) for each in ((300, 900), (1_500, 200)))
    check_that_the_one_becomes_the_other(model, one, other)


@pytest.mark.parametrize(
    ("name", "shape", "own"),
    [
        ("input_values", (2, 4), [[True, True, True, False], [True, False, False, False]]),
        ("input_features", (2, 3, 4), [[[True, True, True, False]], [[True, False, False, False]]]),
        (
            "input_features",
            (2, 4, 3),
            [[[True], [True], [True], [False]], [[True], [False], [False], [False]]],
        ),
        ("input_features", (2, 3, 9), [[[True]]]),
    ],
    ids=["waveform", "bands first", "time first", "mask of something else"],
)
def test_what_fills_sounds_up_is_not_their_own(name: str, shape: tuple[int, ...], own: list[Any]) -> None:
    features = {
        "modality": "image",  # the tower at hand; what is asked is decided by the names of the input
        "attention_mask": torch.tensor([[1, 1, 1, 0], [1, 0, 0, 0]]),
        name: torch.ones(shape),
    }
    found = inputs_of(images(), "document", features)
    assert found is not None
    assert found.points is features[name]
    assert found.own.tolist() == own


def test_each_tower_of_several(tokenizer: Any) -> None:
    model = build_two_tower_encoder(transformer(tokenizer), images()).eval()
    texts = model.preprocess(TEXTS)
    check_that_the_one_becomes_the_other(model, texts, with_other_tokens(texts))
    one, other = pictures("red", "white"), pictures("blue", "black")
    check_that_the_one_becomes_the_other(model, model.preprocess(one), model.preprocess(other))


def test_frames_that_fill_a_video_up_are_not_its_own() -> None:
    model = images()
    features = {
        "modality": "image",
        "pixel_values_videos": torch.ones(2, 3, 3, 4, 4),
        "num_images_per_sample": torch.tensor([3, 1]),
    }
    found = inputs_of(model, "document", features)
    assert found is not None
    assert found.own.flatten(1).tolist() == [[True] * 3, [True, False, False]]


def test_frozen_towers_take_none(tokenizer: Any) -> None:
    frozen = add_head(freeze(transformer(tokenizer)), 8)
    assert inputs_of(frozen, "query", frozen.preprocess(TEXTS)) is None
    with pytest.raises(ConfigError, match="nothing can be perturbed of text as document, text as query"):
        check_perturbable(frozen, [("query", "text"), ("document", "text")], ["query", "document"])


def test_a_side_that_is_trained_is_enough_if_it_is_asked_for(tokenizer: Any) -> None:
    model = freeze(build_two_tower_encoder(transformer(tokenizer), images()), ["image"])
    columns = [("query", "text"), ("document", "image")]
    check_perturbable(model, columns, ["query", "document"])
    with pytest.raises(ConfigError, match="nothing can be perturbed of image as document"):
        check_perturbable(model, columns, ["document"])


def test_texts_one_after_the_other_are_refused(tokenizer: Any) -> None:
    model = transformer(tokenizer)
    features = {**model.preprocess(TEXTS), "cu_seq_lens_q": torch.tensor([0, 3])}
    with pytest.raises(ConfigError, match="flash attention puts them one after the other; load"):
        inputs_of(model, "query", features)
