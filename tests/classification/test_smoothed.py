from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from isoglot.classification import (
    PairClassifier,
    Smoothing,
    certify_pairs,
    noise_deviation,
    pair_texts,
    word_copies,
)
from isoglot.classification.predicting import Noise, predict_texts
from isoglot.corpora import ParallelCorpus
from isoglot.errors import ConfigError
from isoglot.robustness.augmentation import WordChanges
from isoglot.robustness.embeddings import PERTURBATION, taking_perturbations
from isoglot.robustness.input_noise import input_lengths, with_noise
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


def test_a_certified_class_is_that_of_the_classifier_and_has_a_radius(
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


@pytest.mark.parametrize("share", [0.9, 40.0])
def test_an_attack_within_the_radius_does_not_turn_the_vote(
    build: Build, paraphrases: ParallelCorpus, share: float
) -> None:
    classifier, pairs = build(seed=3), pair_texts(paraphrases, "dev")
    sigma = noise_deviation(classifier, pairs, 1.0)
    certified = certify_pairs(classifier, pairs, sigma=sigma, num_counting=300).certified
    certain = certified.classes >= 0
    assert certain.sum() > 5
    columns = classifier.features(pairs.first, pairs.second)
    with taking_perturbations(classifier.encoder):
        noises = [
            [
                with_noise(classifier.encoder, column, sigma, (9, copy, side))[PERTURBATION]
                for side, column in enumerate(columns)
            ]
            for copy in range(300)
        ]

        def logits(deltas: list[Tensor]) -> Tensor:
            given = zip(columns, deltas, strict=True)
            return classifier([{**column, PERTURBATION: delta} for column, delta in given])

        # The steepest way out of the class, of both sentences together.
        leaves = [torch.zeros_like(noise, requires_grad=True) for noise in noises[0]]
        target = torch.from_numpy(np.maximum(certified.classes, 0))
        cross_entropy = torch.nn.functional.cross_entropy(logits(leaves), target, reduction="sum")
        ways = torch.stack(torch.autograd.grad(cross_entropy, leaves))
        lengths = ways.norm(dim=(0, 2), keepdim=True)
        moved = ways / lengths * share * torch.from_numpy(certified.radii).float()[None, :, None]
        with torch.inference_mode():
            votes = torch.stack(
                [logits([a + b for a, b in zip(noise, moved, strict=True)]).argmax(dim=1) for noise in noises]
            )
    turned = (votes == target).float().mean(dim=0).numpy() <= 0.5
    assert turned[certain].any() == (share > 1)


def test_no_copy_both_chooses_a_class_and_bounds_it(
    build: Build, paraphrases: ParallelCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys: list[tuple[int, ...]] = []

    def told(*given: Any, noise: Noise, **_: Any) -> npt.NDArray[np.float64]:
        keys.append(noise.key)
        return np.full((len(given[1]), 2), 0.5)

    monkeypatch.setattr("isoglot.classification.smoothed.predict_texts", told)
    certify_pairs(
        build(), pair_texts(paraphrases, "dev"), sigma=1.0, num_selecting=10, num_counting=60, seed=4
    )
    assert len(set(keys)) == len(keys) == 70
    assert {key[0] for key in keys} == {4}


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
