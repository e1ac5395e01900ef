"""New encoders: subwords, static and transformer; pretrained ones by path."""

from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer

from isoglot.encoders import (
    build_static_encoder,
    build_transformer_encoder,
    load_encoder,
    smooth_inverse_frequency,
    train_subwords,
)
from isoglot.encoders.subwords import SPECIAL_TOKENS
from isoglot.errors import ConfigError

TEXTS = [
    "The capital of France is Paris.",
    "Die Hauptstadt von Frankreich ist Paris.",
    "เมืองหลวงของฝรั่งเศสคือปารีส",
    "法国的首都是巴黎。",
    "عاصمة فرنسا هي باريس.",
] * 3


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_subwords(TEXTS, 200, model="bpe")


def small_transformer(tokenizer: Tokenizer, seed: int = 0) -> SentenceTransformer:
    return build_transformer_encoder(tokenizer, layers=1, hidden_size=16, heads=2, max_tokens=12, seed=seed)


@pytest.mark.parametrize("model", ["bpe", "unigram"])
def test_subwords_cover_every_script_and_fold_case_and_width(model: str) -> None:
    tokenizer = train_subwords(TEXTS, 160, model=model)  # type: ignore[arg-type]
    unknown = tokenizer.token_to_id("<unk>")
    for text in TEXTS:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        assert ids
        assert unknown not in ids
    assert (
        tokenizer.encode("PARIS").ids == tokenizer.encode("paris").ids == tokenizer.encode("ｐａｒｉｓ").ids
    )
    assert [tokenizer.token_to_id(token) for token in SPECIAL_TOKENS] == [0, 1, 2, 3, 4]


def test_punctuation_stands_alone(tokenizer: Tokenizer) -> None:
    assert "." in tokenizer.encode("Paris.").tokens


def test_vocabulary_must_hold_more_than_the_special_tokens() -> None:
    with pytest.raises(ConfigError, match="vocabulary_size must be > 5, got 5"):
        train_subwords(TEXTS, 5)


def test_frequent_subwords_weigh_less(tokenizer: Tokenizer) -> None:
    weights = smooth_inverse_frequency(tokenizer, TEXTS)
    period, rare = tokenizer.token_to_id("."), tokenizer.token_to_id("<mask>")
    assert weights[rare] == 1.0
    assert 0 < weights[period] < 0.1
    counts = sum(encoding.ids.count(period) for encoding in tokenizer.encode_batch(TEXTS))
    total = sum(len(encoding.ids) for encoding in tokenizer.encode_batch(TEXTS))
    assert weights[period] == pytest.approx(1e-3 / (1e-3 + counts / total), rel=1e-5)


def test_a_static_encoder_is_the_normalised_mean_of_its_subwords(tokenizer: Tokenizer) -> None:
    weights = np.linspace(0.1, 1, tokenizer.get_vocab_size(), dtype=np.float32)
    model = build_static_encoder(tokenizer, 8, weights=weights, seed=1)
    ids = tokenizer.encode("Paris ist die Hauptstadt", add_special_tokens=False).ids
    vectors = np.random.default_rng(1).standard_normal((tokenizer.get_vocab_size(), 8), dtype=np.float32)
    mean = (vectors * weights[:, None])[ids].mean(axis=0)
    np.testing.assert_allclose(
        model.encode(["Paris ist die Hauptstadt"])[0], mean / np.linalg.norm(mean), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("kind", ["static", "transformer"])
def test_seeds_and_round_trip(tokenizer: Tokenizer, tmp_path: Path, kind: str) -> None:
    def build(seed: int) -> SentenceTransformer:
        if kind == "static":
            return build_static_encoder(tokenizer, 8, seed=seed)
        return small_transformer(tokenizer, seed)

    first, again, other = (build(seed).encode(TEXTS[:2]) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)
    np.testing.assert_allclose(np.linalg.norm(first, axis=1), 1, rtol=1e-5)
    build(0).save(str(tmp_path))
    np.testing.assert_allclose(SentenceTransformer(str(tmp_path)).encode(TEXTS[:2]), first, atol=1e-6)


def test_a_transformer_cuts_long_texts_and_reads_word_order(tokenizer: Tokenizer) -> None:
    model = small_transformer(tokenizer)
    assert model.max_seq_length == 12
    long = model.encode(["Paris " * 50, "Paris " * 60])
    np.testing.assert_allclose(long[0], long[1], atol=1e-6)
    ordered = model.encode(["Paris France", "France Paris"])
    assert not np.allclose(ordered[0], ordered[1], atol=1e-4)


def test_prompts_are_kept_in_the_model(tokenizer: Tokenizer, tmp_path: Path) -> None:
    small_transformer(tokenizer).save(str(tmp_path / "bare"))
    model = load_encoder(str(tmp_path / "bare"), query_prompt="Query: ", document_prompt="Passage: ")
    model.save(str(tmp_path / "prompted"))
    reloaded = SentenceTransformer(str(tmp_path / "prompted"))
    assert reloaded.prompts == {"query": "Query: ", "document": "Passage: "}
    np.testing.assert_allclose(reloaded.encode_query(["Paris"]), model.encode(["Query: Paris"]), atol=1e-6)
    assert not np.allclose(reloaded.encode_query(["Paris"]), reloaded.encode_document(["Paris"]), atol=1e-4)


def test_a_plain_transformers_model_gets_pooling_and_normalisation(
    tokenizer: Tokenizer, tmp_path: Path
) -> None:
    model = small_transformer(tokenizer)
    model[0].auto_model.save_pretrained(tmp_path)
    model.tokenizer.save_pretrained(tmp_path)
    for pooling in ("mean", "cls"):
        loaded = load_encoder(str(tmp_path), pooling=pooling, max_tokens=8)  # type: ignore[arg-type]
        assert loaded[1].pooling_mode == pooling
        assert loaded.max_seq_length == 8
        np.testing.assert_allclose(np.linalg.norm(loaded.encode(TEXTS[:1]), axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(
        load_encoder(str(tmp_path), pooling="mean").encode(["Paris"]), model.encode(["Paris"]), atol=1e-6
    )


def test_shapes_that_cannot_be(tokenizer: Tokenizer) -> None:
    with pytest.raises(ConfigError, match="heads must divide hidden_size, got 3 and 16"):
        build_transformer_encoder(tokenizer, hidden_size=16, heads=3)
    with pytest.raises(ConfigError, match="dimension must be >= 1, got 0"):
        build_static_encoder(tokenizer, 0)
