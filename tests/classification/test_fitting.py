from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from isoglot.classification import (
    ClassifierSettings,
    PairClassifier,
    cross_entropy,
    fit_classifier,
    load_classifier,
    pair_texts,
    perturbed_loss,
)
from isoglot.classification.predicting import predict_texts
from isoglot.corpora import ParallelCorpus
from isoglot.errors import CheckpointError, ConfigError
from isoglot.robustness.settings import RobustSettings

Build = Callable[..., PairClassifier]

SETTINGS = ClassifierSettings(epochs=4, batch_size=16, learning_rate=0.01, head_learning_rate=0.03)


def weights(classifier: PairClassifier) -> dict[str, Tensor]:
    return {name: each.clone() for name, each in classifier.state_dict().items()}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_a_classifier_learns_in_one_language_and_is_used_in_another(
    build: Build, paraphrases: ParallelCorpus, tmp_path: Path
) -> None:
    train, dev = pair_texts(paraphrases, "train"), pair_texts(paraphrases, "dev")
    told: list[tuple[int, int]] = []
    fitted = fit_classifier(
        build(),
        train,
        output_dir=tmp_path / "c",
        settings=SETTINGS,
        dev=dev,
        progress=lambda *steps: told.append(steps),
    )
    assert told == [(step, 40) for step in range(1, 41)]
    for language in ("en", "de"):
        test = pair_texts(paraphrases, "test", language=language)
        said = predict_texts(fitted, test.first, test.second).argmax(axis=1)
        assert np.mean(said == test.labels) > 0.9
    record = json.loads((tmp_path / "c" / "isoglot.json").read_text())
    assert record["finished"]
    assert record["pairs"]["number"] == 150
    assert [entry["step"] for entry in record["dev"]] == [10, 20, 30, 40]
    assert not (tmp_path / "c" / "checkpoints").exists()


@pytest.mark.parametrize("kind", ["static", "joint"])
def test_an_interrupted_training_ends_where_it_would_have_ended(
    build: Build, paraphrases: ParallelCorpus, tmp_path: Path, kind: str
) -> None:
    train, dev = pair_texts(paraphrases, "train"), pair_texts(paraphrases, "dev")
    options: dict[str, Any] = {
        "settings": ClassifierSettings(joint=kind == "joint", dropout=0.2, epochs=3, batch_size=50),
        "dev": dev,
    }
    whole = fit_classifier(build(kind, dropout=0.2), train, output_dir=tmp_path / "whole", **options)

    def interrupted(model: PairClassifier, columns: Sequence[Any], labels: Tensor, key: Any) -> Tensor:
        if key[1] == 4:
            raise KeyboardInterrupt
        return cross_entropy(model, columns, labels)

    with pytest.raises(KeyboardInterrupt):
        fit_classifier(
            build(kind, dropout=0.2), train, output_dir=tmp_path / "cut", loss=interrupted, **options
        )
    resumed = fit_classifier(build(kind, dropout=0.2), train, output_dir=tmp_path / "cut", **options)
    assert same(weights(resumed), weights(whole))
    again = fit_classifier(build(kind, dropout=0.2), train, output_dir=tmp_path / "cut", **options)
    assert same(weights(again), weights(whole))


def test_the_best_epoch_on_dev_is_kept(build: Build, paraphrases: ParallelCorpus, tmp_path: Path) -> None:
    train, dev = pair_texts(paraphrases, "train"), pair_texts(paraphrases, "dev")
    fitted = fit_classifier(build(), train, output_dir=tmp_path / "c", settings=SETTINGS, dev=dev)
    history = json.loads((tmp_path / "c" / "isoglot.json").read_text())["dev"]
    best = max(entry["accuracy"] for entry in history)
    said = predict_texts(fitted, dev.first, dev.second).argmax(axis=1)
    assert np.mean(said == dev.labels) == best


def test_a_frozen_encoder_stays_as_it_is(build: Build, paraphrases: ParallelCorpus, tmp_path: Path) -> None:
    classifier = build()
    before = weights(classifier)
    settings = ClassifierSettings(frozen=True, epochs=1, head_learning_rate=0.1)
    train = pair_texts(paraphrases, "train")
    fitted = weights(fit_classifier(classifier, train, output_dir=tmp_path / "c", settings=settings))
    changed = {name for name in before if not torch.equal(before[name], fitted[name])}
    assert changed
    assert all(name.startswith("head.") for name in changed)
    attacked = perturbed_loss(RobustSettings(method="adversarial"))
    with pytest.raises(ConfigError, match="nothing can be perturbed"):
        fit_classifier(
            build(), train, output_dir=tmp_path / "d", settings=settings, loss=attacked, record={"robust": 1}
        )


@pytest.mark.parametrize("off", [{"epsilon": 0.0}, {"weight": 0.0}, {"method": "none"}])
def test_without_strength_robust_training_is_plain_training(off: dict[str, Any]) -> None:
    assert perturbed_loss(RobustSettings(**{"method": "adversarial", **off})) is cross_entropy


@pytest.mark.parametrize("kind", ["static", "transformer", "joint"])
@pytest.mark.parametrize("steps", [1, 3])
def test_an_attack_raises_the_loss_more_than_chance_does(
    build: Build, paraphrases: ParallelCorpus, kind: str, steps: int
) -> None:
    classifier = build(kind).eval()
    pairs = pair_texts(paraphrases, "dev")
    columns, labels = classifier.features(pairs.first, pairs.second), torch.from_numpy(pairs.labels)
    settings = {"epsilon": 0.05, "steps": steps, "weight": 1.0}
    found = {
        method: perturbed_loss(RobustSettings(method=method, **settings))(  # type: ignore[arg-type]
            classifier, columns, labels, (0, 0)
        ).item()
        for method in ("none", "random", "adversarial")
    }
    assert found["adversarial"] > found["none"]
    assert found["adversarial"] > found["random"]


def test_pairs_in_one_sequence_have_no_second_side(build: Build) -> None:
    classifier = build("joint")
    loss = perturbed_loss(RobustSettings(method="random", sides="documents"))
    with pytest.raises(ConfigError, match=r"robust\.sides must be queries or both"):
        loss(classifier, classifier.features(["en1"], ["en2"]), torch.tensor([0]), (0, 0))


def test_robust_training_repeats_itself(build: Build, paraphrases: ParallelCorpus, tmp_path: Path) -> None:
    train = pair_texts(paraphrases, "train")
    loss = perturbed_loss(RobustSettings(method="random", epsilon=0.3))
    settings = ClassifierSettings(epochs=1)
    one, other = (
        weights(fit_classifier(build(), train, output_dir=tmp_path / name, settings=settings, loss=loss))
        for name in ("one", "other")
    )
    plain = weights(fit_classifier(build(), train, output_dir=tmp_path / "plain", settings=settings))
    assert same(one, other)
    assert not same(one, plain)


def test_another_training_is_not_gone_on_with(
    build: Build, paraphrases: ParallelCorpus, tmp_path: Path
) -> None:
    train = pair_texts(paraphrases, "train")
    settings = ClassifierSettings(epochs=1)
    fit_classifier(build(), train, output_dir=tmp_path, settings=settings)
    assert load_classifier(tmp_path, device="cpu").task == "paraphrase"
    with pytest.raises(CheckpointError, match="another pairs"):
        fit_classifier(build(), pair_texts(paraphrases, "dev"), output_dir=tmp_path, settings=settings)


def test_all_that_is_out_of_range_is_told_at_once(build: Build, paraphrases: ParallelCorpus) -> None:
    bad = ClassifierSettings(joint=True, epochs=0, learning_rate=-1.0, dropout=1.0, hidden=(0,), seed=-1)
    rules = ("epochs", "learning_rate", "dropout", "seed", "hidden", "joint is True")
    with pytest.raises(ConfigError, match="(?s)" + ".*".join(rules)):
        fit_classifier(build(), pair_texts(paraphrases, "dev"), output_dir="nowhere", settings=bad)
