"""Students of image-text models."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense, Normalize

from isoglot.encoders import build_image_tower, build_static_encoder, train_subwords
from isoglot.errors import ConfigError
from isoglot.training.student import build_student


@pytest.fixture
def texts() -> SentenceTransformer:
    model = build_static_encoder(train_subwords(["a dog and a cat"] * 3, 40, model="bpe"), 16)
    model.prompts.update({"query": "Q: ", "document": ""})
    return model


def test_an_encoder_of_another_width_gets_a_projection(texts: SentenceTransformer) -> None:
    student = build_student(texts, 24, seed=3)
    assert [type(module) for module in student][-2:] == [Dense, Normalize]
    assert student.get_embedding_dimension() == 24
    assert student.prompts["query"] == "Q: "
    raw = texts[0](texts.preprocess(["a dog"]))["sentence_embedding"]
    wanted = torch.nn.functional.normalize(student[-2].linear(raw)).detach().numpy()
    np.testing.assert_allclose(student.encode(["a dog"]), wanted, atol=1e-6)
    again = build_student(texts, 24, seed=3)
    np.testing.assert_array_equal(again.encode(["a cat"]), student.encode(["a cat"]))


def test_an_encoder_of_the_same_width_stays_as_it_is(texts: SentenceTransformer) -> None:
    student = build_student(texts, 16)
    assert not any(isinstance(module, Dense) for module in student)
    np.testing.assert_allclose(student.encode(["a dog"]), texts.encode(["a dog"]), atol=1e-6)


def test_the_image_tower_is_frozen(texts: SentenceTransformer) -> None:
    tower = build_image_tower(24, side=32, widths=(8, 16))
    student = build_student(texts, 24, image_tower=tower)
    assert set(student.modalities) == {"text", "image"}
    assert not any(weight.requires_grad for weight in tower.parameters())
    learning = [name for name, weight in student.named_parameters() if weight.requires_grad]
    assert len(learning) == 2  # the subwords' vectors and the projection


def test_what_cannot_be_a_student_is_refused_at_once(texts: SentenceTransformer) -> None:
    tower = build_image_tower(24, side=32, widths=(8, 16))
    with pytest.raises(ConfigError, match="must encode texts, but it encodes image") as caught:
        build_student(tower, 0, image_tower=tower)
    for part in (
        "width must be >= 1, got 0",
        "encodes pictures already",
        "must be 0 wide",
        "got 24; give that",
    ):
        assert part in str(caught.value)
