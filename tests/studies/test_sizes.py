"""Sizes from one dial: their shapes, and parameters counted against models that were built."""

from __future__ import annotations

import pytest

from isoglot.encoders import build_static_encoder, build_transformer_encoder, freeze, train_subwords
from isoglot.studies.sizes import (
    Parameters,
    count_parameters,
    size_changes,
    static_parameters,
    transformer_parameters,
)

TEXTS = [f"some words {number} about {number * 7} things" for number in range(300)]


@pytest.fixture(scope="module")
def tokenizer():
    return train_subwords(TEXTS, 150, model="bpe")


@pytest.mark.parametrize("dimension", [1, 24])
def test_a_bag_of_subwords_is_nothing_but_a_table(tokenizer, dimension: int) -> None:
    found = count_parameters(build_static_encoder(tokenizer, dimension))
    assert found == static_parameters(tokenizer.get_vocab_size(), dimension)
    assert found.total == tokenizer.get_vocab_size() * dimension
    assert found.without_embeddings == 0


@pytest.mark.parametrize(("depth", "max_tokens"), [(1, 32), (2, 128), (3, 64)])
def test_the_parameters_of_a_tower_are_those_of_the_model(tokenizer, depth: int, max_tokens: int) -> None:
    shape = size_changes(f"transformer-{depth}")
    width = shape["encoder.dimension"]
    model = build_transformer_encoder(
        tokenizer,
        layers=shape["encoder.layers"],
        hidden_size=width,
        heads=shape["encoder.heads"],
        max_tokens=max_tokens,
    )
    expected = transformer_parameters(tokenizer.get_vocab_size(), depth, width, max_tokens)
    assert count_parameters(model) == expected


def test_one_dial_reaches_from_a_third_of_a_million_to_beyond_a_hundred() -> None:
    def tower(depth: int, vocabulary_size: int) -> Parameters:
        shape = size_changes(f"transformer-{depth}")
        return transformer_parameters(vocabulary_size, shape["encoder.layers"], shape["encoder.dimension"])

    assert tower(1, 4_000).total == pytest.approx(0.31e6, rel=0.05)
    assert tower(12, 30_000).total > 100e6
    weights = [tower(depth, 4_000).without_embeddings for depth in range(1, 17)]
    assert weights == sorted(weights)
    assert weights[11] == 12 * (12 * 768**2 + 13 * 768) + 2 * 768  # that of a base model, by hand
    assert weights[7] / weights[3] == pytest.approx(8, rel=0.02)  # with the cube of the depth


def test_other_names_are_models_that_are_there() -> None:
    assert size_changes("xlm-roberta-base")["encoder.path"] == "xlm-roberta-base"
    assert size_changes("./static-64") == {"encoder.kind": "pretrained", "encoder.path": "./static-64"}
    assert size_changes("static-64")["encoder.dimension"] == 64


def test_frozen_parts_count_but_are_not_trained(tokenizer) -> None:
    model = freeze(build_static_encoder(tokenizer, 8))
    assert count_parameters(model) == Parameters(
        8 * tokenizer.get_vocab_size(), 8 * tokenizer.get_vocab_size(), 0
    )
