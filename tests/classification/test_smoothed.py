from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from isoglot.classification import (
    PairClassifier,
    Smoothing,
    certify_pairs,
    noise_deviation,
    pair_texts,
    word_copies,
)
from isoglot.classification.predicting import predict_texts
from isoglot.corpora import ParallelCorpus
from isoglot.errors import ConfigError
from isoglot.robustness.augmentation import WordChanges
from isoglot.robustness.input_noise import input_lengths
from isoglot.robustness.synonyms import NeighbourTable

Build = Callable[..., PairClassifier]


def test_the_deviation_is_a_share_of_all_numbers(build: Build, paraphrases: ParallelCorpus) -> None:
    classifier, pairs = build(), pair_texts(paraphrases, "dev")
    columns = classifier.features(pairs.first, pairs.second)
    bags = torch.cat([classifier.encoder[0](dict(column))["sentence_embedding"] for column in columns])
    expected = 0.2 * bags.square().mean().sqrt().item()
    np.testing.assert_allclose(noise_deviation(classifier, pairs, 0.2), expected, rtol=1e-5)
    with pytest.raises(ConfigError, match="strength must be > 0, got 0"):
        noise_deviation(classifier, pairs, 0)


def test_a_certified_class_survives_what_lies_within_its_radius(
    build: Build, paraphrases: ParallelCorpus
) -> None:
    classifier, pairs = build("joint"), pair_texts(paraphrases, "dev")
    sigma = noise_deviation(classifier, pairs, 0.5)
    found = certify_pairs(classifier, pairs, sigma=sigma, num_selecting=10, num_counting=60)
    certain = found.certified.classes >= 0
    assert certain.any()
    assert (found.certified.radii[certain] > 0).all()
    said = predict_texts(classifier, pairs.first, pairs.second).argmax(axis=1)
    assert np.mean(said[certain] == found.certified.classes[certain]) > 0.9
    lengths, _ = input_lengths(classifier.encoder, classifier.features(pairs.first, pairs.second)[0])
    np.testing.assert_allclose(found.unit, lengths.mean().item(), rtol=1e-4)
    curve = [found.accuracy_at(radius) for radius in (0.0, 0.5, 100.0)]
    assert curve == sorted(curve, reverse=True)
    assert curve[-1] == 0
    np.testing.assert_allclose(found.abstention, 1 - certain.mean())


def test_copies_with_other_words_differ_by_number_and_repeat_themselves() -> None:
    table = NeighbourTable("en", {f"en{i}": (f"x{i}",) for i in range(9)})
    perturb = word_copies(WordChanges.of([table]), seed=1)
    texts = ["en1 en2 en3 en4 en5 en6", "de1 de2"]
    first = perturb(texts, ["en", "de"], 0)
    assert first == perturb(texts, ["en", "de"], 0)
    assert first != perturb(texts, ["en", "de"], 1)
    assert first[1] == "de1 de2"


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"num_copies": 0, "sigma": 1.0}, "num_copies must be >= 1"),
        ({"sigma": -1.0}, "sigma and seed >= 0"),
        ({}, "copies are alike without"),
    ],
)
def test_copies_that_are_none_are_refused(options: dict[str, float], rule: str) -> None:
    with pytest.raises(ConfigError, match=rule):
        Smoothing(**options)  # type: ignore[arg-type]
