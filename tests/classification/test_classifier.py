from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from sentence_transformers import SentenceTransformer

from isoglot.classification import PairClassifier, build_classifier, load_classifier
from isoglot.classification.classifier import PairHead
from isoglot.classification.predicting import predict_texts
from isoglot.errors import CheckpointError, ConfigError

Build = Callable[..., PairClassifier]

FIRST, SECOND = ["en1 en2 en3", "de4"], ["en3 en1 en2", "de5 de6"]


def test_a_head_reads_both_vectors_their_difference_and_product() -> None:
    head = PairHead(2, 2, joint=False)
    seen: list[torch.Tensor] = []
    head.layers.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    head([torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, -1.0]])])
    root = 2**0.5
    torch.testing.assert_close(seen[0], torch.tensor([[root, 0, 0, -root, root, root, 0, 0]]))


def test_hidden_layers_stand_before_the_last() -> None:
    head = PairHead(4, 3, joint=True, hidden=(7, 5))
    shapes = [tuple(each.shape) for each in head.parameters() if each.ndim == 2]
    assert shapes == [(7, 4), (5, 7), (3, 5)]


@pytest.mark.parametrize("kind", ["static", "transformer", "joint"])
def test_a_saved_classifier_says_the_same_and_its_encoder_stands_alone(
    build: Build, kind: str, tmp_path: Path
) -> None:
    classifier = build(kind)
    classifier.save(tmp_path / "c")
    loaded = load_classifier(tmp_path / "c", device="cpu")
    assert loaded.joint == (kind == "joint")
    expected = predict_texts(classifier, FIRST, SECOND)
    assert (predict_texts(loaded, FIRST, SECOND) == expected).all()
    alone = SentenceTransformer(str(tmp_path / "c" / "encoder"), device="cpu")
    assert (alone.encode(FIRST) == classifier.encoder.encode(FIRST)).all()


def test_order_of_sentences_matters_to_a_joint_one_and_batches_do_not(build: Build) -> None:
    classifier = build("joint")
    expected = predict_texts(classifier, FIRST, SECOND)
    by_one = predict_texts(classifier, FIRST, SECOND, batch_size=1)
    torch.testing.assert_close(torch.from_numpy(by_one), torch.from_numpy(expected))
    assert not (predict_texts(classifier, SECOND, FIRST) == expected).all()
    torch.testing.assert_close(torch.from_numpy(expected.sum(axis=1)), torch.ones(2))


def test_what_cannot_be_built_is_refused(build: Build) -> None:
    encoder = build("static").encoder
    with pytest.raises(ConfigError, match=r"joint needs a transformer.*StaticEmbedding"):
        build_classifier(encoder, "paraphrase", joint=True)
    with pytest.raises(ConfigError, match="'similarity' has no classes"):
        build_classifier(encoder, "similarity")


def test_a_folder_without_classifier_is_refused(build: Build, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be read as a classifier"):
        load_classifier(tmp_path)
    build("static").save(tmp_path)
    description = tmp_path / "classifier.json"
    description.write_text(description.read_text().replace('"hidden": []', '"hidden": [3]'))
    with pytest.raises(CheckpointError, match=r"head\.safetensors: does not fit"):
        load_classifier(tmp_path, device="cpu")
