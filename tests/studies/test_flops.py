"""Operations: what torch's counter finds on real encoders is what the closed formula says."""

from __future__ import annotations

import pytest
import torch
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer
from torch.nn.attention import SDPBackend, sdpa_kernel

from isoglot.encoders import build_static_encoder, build_transformer_encoder, train_subwords
from isoglot.studies.flops import TransformerShape, count_flops, similarity_flops, static_flops

NUM_TEXTS, NUM_TOKENS = 6, 10
SHAPE = TransformerShape(num_layers=2, width=32, inner_width=128)
POOLER = 2 * 32**2
"""What the pooler of transformers takes for a text, forward only: it is computed, and never used."""
KERNELS = [(SDPBackend.MATH, False), (SDPBackend.FLASH_ATTENTION, True)]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_subwords([f"word{number} other{number}" for number in range(200)], 300, model="bpe")


@pytest.fixture(scope="module")
def transformer(tokenizer: Tokenizer) -> SentenceTransformer:
    return build_transformer_encoder(tokenizer, layers=2, hidden_size=32, heads=2, dropout=0.0)


def features(num_texts: int) -> dict[str, torch.Tensor]:
    ids = torch.arange(num_texts * NUM_TOKENS).reshape(num_texts, NUM_TOKENS) % 200 + 10
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def test_the_shape_knows_the_weights_of_the_model(transformer: SentenceTransformer) -> None:
    layers = transformer[0].model.encoder.layer
    matrices = [weight for weight in layers.parameters() if weight.ndim == 2]
    assert sum(weight.numel() for weight in matrices) == SHAPE.num_weights


@pytest.mark.parametrize(("kernel", "attends_again"), KERNELS)
def test_encoding_costs_what_the_formula_says(
    transformer: SentenceTransformer, kernel: SDPBackend, attends_again: bool
) -> None:
    with torch.no_grad(), sdpa_kernel(kernel), count_flops() as counted:
        transformer(features(NUM_TEXTS))
    assert counted.total == SHAPE.forward_flops(NUM_TEXTS, NUM_TOKENS) + NUM_TEXTS * POOLER


@pytest.mark.parametrize(("kernel", "attends_again"), KERNELS)
def test_a_training_step_costs_what_the_formula_says(
    transformer: SentenceTransformer, kernel: SDPBackend, attends_again: bool
) -> None:
    with sdpa_kernel(kernel), count_flops() as counted:
        queries = transformer(features(NUM_TEXTS))["sentence_embedding"]
        documents = transformer(features(NUM_TEXTS))["sentence_embedding"]
        scores = queries @ documents.T
        torch.nn.functional.cross_entropy(scores, torch.arange(NUM_TEXTS)).backward()
    expected = SHAPE.step_flops(2 * NUM_TEXTS, NUM_TOKENS, attends_again=attends_again)
    expected += 2 * NUM_TEXTS * POOLER
    assert counted.total == expected + similarity_flops(NUM_TEXTS, NUM_TEXTS, 32)


def test_six_n_and_attention() -> None:
    weights, attention = 2 * 12 * 32**2, 4 * 2 * 32 * 10**2
    assert SHAPE.num_weights == weights
    assert SHAPE.step_flops(1, 10) == 6 * weights * 10 + 3 * attention
    assert SHAPE.step_flops(1, 10, attends_again=True) - SHAPE.step_flops(1, 10) == attention // 2


def test_a_bag_of_subwords_costs_an_addition_each(tokenizer: Tokenizer) -> None:
    model = build_static_encoder(tokenizer, 16)
    texts = {"input_ids": torch.arange(30), "offsets": torch.tensor([0, 10])}
    with torch.no_grad(), count_flops() as counted:
        model(dict(texts))
    assert counted.total == static_flops(30, 16) == 480
    with count_flops() as trained:
        model(dict(texts))["sentence_embedding"].sum().backward()
    assert trained.total == 2 * 480


def test_nothing_done_is_nothing_counted() -> None:
    with count_flops() as counted:
        torch.ones(3) + 1
    assert counted.total == 0
