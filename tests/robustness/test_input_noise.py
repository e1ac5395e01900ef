from __future__ import annotations

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from isoglot.encoders import build_static_encoder, build_transformer_encoder, freeze, train_subwords
from isoglot.errors import ConfigError
from isoglot.robustness.embeddings import PERTURBATION, taking_perturbations
from isoglot.robustness.input_noise import input_lengths, with_noise

TEXTS = ["one two three four five six", "seven", "eight nine", "one two three four five six"]


@pytest.fixture(params=["static", "transformer"])
def encoder(request: pytest.FixtureRequest) -> SentenceTransformer:
    tokenizer = train_subwords([*TEXTS, "ten eleven"], 60, model="bpe")
    if request.param == "static":
        return build_static_encoder(tokenizer, 32)
    return build_transformer_encoder(tokenizer, layers=1, hidden_size=32, heads=2).eval()


def test_noise_has_the_stated_variance_and_no_mean(encoder: SentenceTransformer) -> None:
    features = encoder.preprocess(TEXTS[:2])
    drawn = [with_noise(encoder, features, 0.3, (0, copy))[PERTURBATION] for copy in range(400)]
    numbers = torch.stack(drawn)[:, 0].flatten().numpy()
    np.testing.assert_allclose(numbers.std(), 0.3, rtol=0.03)
    np.testing.assert_allclose(numbers.mean(), 0, atol=0.01)


def test_noise_is_that_of_the_text_and_the_key(encoder: SentenceTransformer) -> None:
    found = with_noise(encoder, encoder.preprocess(TEXTS), 1.0, (3, 1))[PERTURBATION]
    assert torch.equal(found[0], found[3])
    alone = with_noise(encoder, encoder.preprocess(TEXTS[1:3]), 1.0, (3, 1))[PERTURBATION]
    width = alone.shape[1] if alone.ndim == 3 else None
    assert torch.equal(found[1:3, :width], alone)
    assert not torch.equal(
        found[:, :width], with_noise(encoder, encoder.preprocess(TEXTS), 1.0, (3, 2))[PERTURBATION]
    )


def test_padding_has_no_noise(encoder: SentenceTransformer) -> None:
    features = encoder.preprocess(TEXTS)
    found = with_noise(encoder, features, 1.0, (0,))[PERTURBATION]
    if "attention_mask" in features:
        padding = features["attention_mask"] == 0
        assert padding.any()
        assert not found[padding].any()
    assert found[1].any()


def test_noise_changes_vectors_within_the_context_alone(encoder: SentenceTransformer) -> None:
    plain = encoder.encode(TEXTS)
    with torch.inference_mode(), taking_perturbations(encoder):
        features = with_noise(encoder, encoder.preprocess(TEXTS), 1.0, (0,))
        noisy = encoder(dict(features))["sentence_embedding"].numpy()
    assert not np.allclose(noisy, plain, atol=1e-3)
    assert np.array_equal(encoder.encode(TEXTS), plain)


def test_no_noise_leaves_the_input_alone(encoder: SentenceTransformer) -> None:
    features = encoder.preprocess(TEXTS)
    assert with_noise(encoder, features, 0.0, (0,)) is features


def test_lengths_are_those_of_what_is_perturbed(encoder: SentenceTransformer) -> None:
    lengths, counts = input_lengths(encoder, encoder.preprocess(TEXTS[1:2]))
    together, numbers = input_lengths(encoder, encoder.preprocess(TEXTS))
    torch.testing.assert_close(together[1], lengths[0])
    assert numbers[1] == counts[0]
    assert counts[0] % 32 == 0


def test_what_takes_no_noise_is_refused(encoder: SentenceTransformer) -> None:
    features = encoder.preprocess(TEXTS)
    with pytest.raises(ConfigError, match="sigma must be >= 0, got -1"):
        with_noise(encoder, features, -1.0, (0,))
    with pytest.raises(ConfigError, match="not frozen"):
        with_noise(freeze(encoder), features, 1.0, (0,))
