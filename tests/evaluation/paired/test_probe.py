from __future__ import annotations

import sys

import numpy as np
import pytest

from isoglot.errors import ConfigError
from isoglot.evaluation.paired.probe import PairProbe, fit_pair_probe, pair_features

RNG = np.random.default_rng(0)


def pairs_of(num_pairs: int, num_classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vectors whose distance in one place tells the class: what neither of them tells alone."""
    first = RNG.normal(size=(num_pairs, 4)).astype(np.float32)
    classes = RNG.integers(0, num_classes, num_pairs)
    second = RNG.normal(size=(num_pairs, 4)).astype(np.float32)
    second[:, 0] = first[:, 0] + np.where(RNG.random(num_pairs) < 0.5, -1, 1) * classes
    return first, second, classes


def fit(num_pairs: int, num_classes: int, seed: int = 0) -> PairProbe:
    first, second, classes = pairs_of(num_pairs, num_classes)
    return fit_pair_probe(first, second, classes, np.arange(num_pairs), num_classes=num_classes, seed=seed)


def test_features_are_both_vectors_their_distance_and_their_product() -> None:
    features = pair_features(np.array([[1.0, -2.0]], np.float32), np.array([[3.0, 5.0]], np.float32))
    assert features.tolist() == [[1, -2, 3, 5, 2, 7, 3, -10]]


@pytest.mark.parametrize("num_classes", [2, 3])
def test_a_probe_finds_what_only_the_pair_tells(num_classes: int) -> None:
    probe = fit(300, num_classes)
    first, second, classes = pairs_of(200, num_classes)
    assert np.mean(probe.predict(first, second) == classes) > 0.95
    assert probe.accuracy > 0.9
    assert probe.weights.shape == (16, num_classes)


def test_the_same_seed_gives_the_same_probe() -> None:
    first, second, _ = pairs_of(80, 2)
    classes = np.arange(80) % 2  # a guess, which depends on the folds
    clusters = np.arange(80)
    probe, again, other = (
        fit_pair_probe(first, second, classes, clusters, num_classes=2, seed=seed) for seed in (0, 0, 1)
    )
    assert np.array_equal(probe.weights, again.weights)
    assert (probe.l2, probe.accuracy) == (again.l2, again.accuracy)
    assert probe.accuracy != other.accuracy


def test_labels_without_a_pattern_are_met_by_chance_and_the_strongest_penalty() -> None:
    first, second, _ = pairs_of(400, 2)
    classes = np.arange(400) % 2
    probe = fit_pair_probe(first, second, classes, np.arange(400), num_classes=2, seed=0)
    assert probe.accuracy == pytest.approx(0.5, abs=0.1)
    fresh = pairs_of(400, 2)
    assert np.mean(probe.predict(*fresh[:2]) == classes) == pytest.approx(0.5, abs=0.1)


def test_clusters_keep_what_was_learnt_by_heart_from_counting() -> None:
    """Labels belong to clusters at random: a fold that knew a pair's twins would get it right."""
    clusters = np.repeat(np.arange(40), 5)
    classes = (np.random.default_rng(1).permutation(40) % 2)[clusters]
    vectors = np.random.default_rng(2).normal(size=(40, 60)).astype(np.float32)[clusters]
    noise = np.random.default_rng(3).normal(scale=0.01, size=vectors.shape).astype(np.float32)
    honest = fit_pair_probe(vectors, vectors + noise, classes, clusters, num_classes=2, seed=0)
    fooled = fit_pair_probe(vectors, vectors + noise, classes, np.arange(200), num_classes=2, seed=0)
    assert fooled.accuracy > 0.95
    assert honest.accuracy < 0.75


def test_a_feature_that_never_varies_has_no_weight() -> None:
    first, second, classes = pairs_of(100, 2)
    first[:, 3] = 1.0
    probe = fit_pair_probe(first, second, classes, np.arange(100), num_classes=2, seed=0)
    assert np.isfinite(probe.weights).all()
    assert not probe.weights[3].any()


def test_without_scikit_learn_the_reason_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.model_selection", None)
    with pytest.raises(ConfigError, match="the probe needs scikit-learn: pip install scikit-learn"):
        fit(60, 2)
