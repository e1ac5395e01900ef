"""The fast way gives the vectors that sentence-transformers gives, for every make of text tower."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling, Router, Transformer
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel, BertTokenizerFast

from isoglot.encoders import build_image_tower, build_static_encoder, build_two_tower_encoder
from isoglot.encoding import fast, fast_adapter, fast_encoder, threads
from isoglot.encoding.fast import NotUnderstoodError, text_tower

Build = Callable[..., SentenceTransformer]


def prompted(build: Build) -> SentenceTransformer:
    model = build(pooling="mean")
    model.prompts = {"query": "red sea: ", "document": "blue: "}
    model.set_pooling_include_prompt(False)
    return model


def with_default_prompt(build: Build) -> SentenceTransformer:
    model = build()
    model.prompts = {"sky": "sky sky sky "}
    model.default_prompt_name = "sky"
    return model


def routed(build: Build) -> SentenceTransformer:
    one, other = build(seed=1), build(seed=2, layers=1)
    router = Router.for_query_document(query_modules=list(one), document_modules=list(other))
    return SentenceTransformer(modules=[router], device="cpu")


def projected(build: Build) -> SentenceTransformer:
    model = build()
    torch.manual_seed(0)
    return SentenceTransformer(modules=[model[0], model[1], Dense(32, 12), Normalize()], device="cpu")


def cut(build: Build) -> SentenceTransformer:
    model = build(seed=3)
    model.truncate_dim = 8
    return model


def short(build: Build) -> SentenceTransformer:
    model = build()
    model.max_seq_length = 9
    return model


def left_padded(build: Build) -> SentenceTransformer:
    model = build(pooling="lasttoken")
    model.tokenizer.padding_side = "left"
    return model


MAKES: dict[str, Callable[[Build], SentenceTransformer]] = {
    "mean": lambda build: build(),
    "cls": lambda build: build(pooling="cls"),
    "max": lambda build: build(pooling="max"),
    "last": lambda build: build(pooling="lasttoken"),
    "prompted": prompted,
    "default prompt": with_default_prompt,
    "routed": routed,
    "projected": projected,
    "cut": cut,
    "short": short,
    "left": left_padded,
}


@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize("side", ["query", "document"])
def test_vectors_are_those_of_sentence_transformers(
    make: str, side: str, build: Build, texts: list[str]
) -> None:
    model = MAKES[make](build)
    plain = (model.encode_query if side == "query" else model.encode_document)(texts, batch_size=32)
    exact = text_tower(model, side, "fp32", 100).encode(texts)
    np.testing.assert_allclose(exact, plain, atol=2e-6)
    rounded = text_tower(model, side, "bf16", 100).encode(texts)
    cosines = (rounded * plain).sum(1) / np.linalg.norm(rounded, axis=1) / np.linalg.norm(plain, axis=1)
    assert cosines.min() > 0.999
    assert np.abs(rounded - plain).max() > 1e-5


def test_sides_differ_where_the_model_tells_them_apart(build: Build, texts: list[str]) -> None:
    for make in (prompted, routed):
        encoder = fast_encoder(make(build), precision="fp32")
        assert (
            np.abs(encoder.encode("query", "text", texts) - encoder.encode("document", "text", texts)).max()
            > 0.1
        )


def test_types_of_tokens_and_words_in_pieces_are_as_in_bert(tmp_path: Path, texts: list[str]) -> None:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "sea", "sky", "red", "##d", "blue", *"0123456789"]
    (tmp_path / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
    )
    BertModel(config).save_pretrained(tmp_path)
    BertTokenizerFast(vocab=str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    transformer = Transformer(str(tmp_path))
    model = SentenceTransformer(modules=[transformer, Pooling(32)], device="cpu")
    assert "token_type_ids" in model.preprocess(["sea"])
    np.testing.assert_allclose(
        text_tower(model, "document", "fp32", 64).encode(texts), model.encode_document(texts), atol=2e-6
    )


def test_text_of_a_model_of_two_media_is_text_whatever_it_reads_like(build: Build, tmp_path: Path) -> None:
    joined = build_two_tower_encoder(build(), build_image_tower(32, widths=(8,)))
    texts = ["a red sea", "https://example.org/sea.png", "sky.jpg", "blue"]
    encoder = fast_encoder(joined, precision="fp32")
    assert encoder.ways("document")["text"] == "batches of 1024 tokens in fp32"
    np.testing.assert_allclose(
        encoder.encode("document", "text", texts), joined.encode_document(texts), atol=2e-6
    )


def test_pictures_are_encoded_in_the_same_precision(build: Build, tmp_path: Path) -> None:
    from PIL import Image

    files = []
    for number, colour in enumerate(["red", "blue", "white"]):
        files.append(str(tmp_path / f"{number}.png"))
        Image.new("RGB", (40, 30), colour).save(files[-1])
    joined = build_two_tower_encoder(build(), build_image_tower(32, widths=(8,)))
    plain = fast_encoder(joined, precision="fp32").encode("document", "image", files)
    rounded = fast_encoder(joined, precision="bf16").encode("document", "image", files)
    np.testing.assert_allclose(plain, joined.encode([{"image": file} for file in files]), atol=1e-5)
    assert (plain * rounded).sum(1).min() > 0.999


class Own(SentenceTransformer):
    """A model that encodes in its own way."""

    def encode(self, inputs: list[str], **options: object) -> np.ndarray:
        return np.ones((len(inputs), 3), np.float32)


class Scale(torch.nn.Module):
    """A module that is not known here."""

    def forward(self, features: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return features | {"sentence_embedding": features["sentence_embedding"] * 2}


def test_what_is_not_understood_is_left_to_the_model(
    build: Build, subwords: Tokenizer, texts: list[str]
) -> None:
    model = build()
    odd = {
        "begins with StaticEmbedding": build_static_encoder(subwords, 16),
        "modules or methods of its own": SentenceTransformer(modules=[*model, Scale()], device="cpu"),
        "methods of its own": Own(modules=list(model), device="cpu"),
    }
    for reason, each in odd.items():
        encoder = fast_encoder(each, precision="bf16")
        assert reason in encoder.ways("query")["text"]
        done: list[int] = []
        found = encoder.encode("query", "text", texts, done.append)
        assert sum(done) == len(texts)
        np.testing.assert_array_equal(found, each.encode_query(texts, batch_size=64))


def test_options_of_the_model_that_change_its_input_are_left_to_it(build: Build) -> None:
    model = build()
    model[0].processing_kwargs = {"text": {"padding": "max_length"}}
    with pytest.raises(NotUnderstoodError, match="options of its own for texts"):
        text_tower(model, "query", "fp32", 64)
    unpadded = build()
    unpadded.tokenizer.pad_token = None
    with pytest.raises(NotUnderstoodError, match="nothing to pad with"):
        text_tower(unpadded, "query", "fp32", 64)


def test_the_adapter_takes_the_fast_way_and_tells_its_precision(
    model: SentenceTransformer, texts: list[str]
) -> None:
    exact, rounded = (fast_adapter(model, precision=precision) for precision in ("fp32", "bf16"))
    vectors = exact.encode("document", "text", texts, batch_size=1, progress=False)
    np.testing.assert_allclose(vectors, model.encode_document(texts), atol=2e-6)
    assert exact.context("query", "text") != rounded.context("query", "text")
    assert exact.identify() == rounded.identify() is not None


def test_long_and_short_texts_that_are_attended_apart_come_back_in_order(
    build: Build, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = build()
    monkeypatch.setattr(fast, "LONGEST", 5)
    made = fast_encoder(model, precision="fp32", batch_tokens=24).encode("query", "text", texts)
    np.testing.assert_allclose(made, model.encode_query(texts), atol=1e-5)


def test_no_more_tokens_go_through_the_model_at_once_than_the_budget(
    build: Build, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "num_side_by_side", lambda device: 1)  # several begin in any order
    model = build()
    seen: list[tuple[int, ...]] = []
    model[0].register_forward_pre_hook(lambda _, given: seen.append(tuple(given[0]["input_ids"].shape)))
    fast_encoder(model, batch_tokens=96).encode("query", "text", texts)
    assert sum(rows for rows, _ in seen) == len(texts)
    assert max(rows * width for rows, width in seen) <= 96
    assert seen[0][1] == max(width for _, width in seen)
