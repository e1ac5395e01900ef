"""Mixed lists: every input where it came from, as it would be alone; and texts that are nothing but texts."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sentence_transformers import SentenceTransformer

from isoglot.encoders import (
    build_image_tower,
    build_static_encoder,
    build_transformer_encoder,
    build_two_tower_encoder,
    load_encoder,
    train_subwords,
)
from isoglot.encoders.encoder import Encoder
from isoglot.encoders.inputs import medium_of
from isoglot.errors import MediaError
from isoglot.retrieval.fingerprint import fingerprint

TEXTS = ["ein roter Kreis", "a blue square", "una estrella verde", "http://example.org/red.png"]
METHODS = ("encode", "encode_query", "encode_document")


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    tokenizer = train_subwords(TEXTS, 120, model="bpe")
    text_model = build_transformer_encoder(tokenizer, layers=1, hidden_size=16, heads=2)
    text_model.prompts.update({"query": "query: ", "document": "passage: "})
    return build_two_tower_encoder(text_model, build_image_tower(16, widths=(8,)))


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(256, size=(40, 50, 3), dtype=np.uint8)) for _ in range(2)]


@pytest.fixture
def mixed(pictures: list[Image.Image], tmp_path: Path) -> list[Any]:
    file = tmp_path / "one.png"
    pictures[1].save(file)
    return [TEXTS[0], pictures[0], TEXTS[1], {"image": str(file)}, {"image": file}, TEXTS[2]]


@pytest.mark.parametrize("method", METHODS)
def test_a_mixed_list_gives_each_its_own_vector_in_its_place(
    encoder: Encoder, mixed: list[Any], pictures: list[Image.Image], method: str
) -> None:
    encode = getattr(encoder, method)
    together = encode(mixed)
    assert isinstance(together, np.ndarray)
    texts, images = encode(TEXTS[:3]), encode(pictures)
    np.testing.assert_allclose(together[[0, 2, 5]], texts, atol=1e-6)
    np.testing.assert_allclose(together[[1, 3]], images, atol=1e-6)
    np.testing.assert_array_equal(together[3], together[4])
    assert np.abs(texts[0] - texts[1]).max() > 1e-4


def test_prompts_stand_before_the_texts_of_a_mixed_list(encoder: Encoder, mixed: list[Any]) -> None:
    bare = encoder.encode([f"query: {each}" if isinstance(each, str) else each for each in mixed])
    np.testing.assert_allclose(encoder.encode_query(mixed), bare, atol=1e-6)
    np.testing.assert_allclose(encoder.encode(mixed, prompt="query: "), bare, atol=1e-6)
    np.testing.assert_allclose(encoder.encode(mixed, None, "query: "), bare, atol=1e-6)
    assert np.abs(encoder.encode_document(mixed) - bare).max() > 1e-4


def test_tensors_lists_and_single_inputs_come_as_ever(encoder: Encoder, mixed: list[Any]) -> None:
    expected = encoder.encode(mixed)
    tensor = encoder.encode(mixed, convert_to_tensor=True)
    assert isinstance(tensor, torch.Tensor)
    np.testing.assert_allclose(tensor.numpy(), expected, atol=1e-6)
    rows = encoder.encode(mixed, convert_to_numpy=False)
    assert isinstance(rows, list)
    np.testing.assert_allclose(torch.stack(rows).numpy(), expected, atol=1e-6)
    for place in (0, 1, 3):
        single = encoder.encode(mixed[place])
        assert single.shape == (16,)
        np.testing.assert_allclose(single, expected[place], atol=1e-6)
    np.testing.assert_allclose(encoder.encode(tuple(mixed)), expected, atol=1e-6)
    details = encoder.encode(mixed, output_value=None)
    np.testing.assert_allclose(details[3]["sentence_embedding"].numpy(), expected[3], atol=1e-6)
    half = encoder.encode(mixed, truncate_dim=8, normalize_embeddings=True)
    assert half.shape == (6, 8)
    assert encoder.encode([]).shape == (0,)


@pytest.mark.parametrize("precision", ["int8", "ubinary"])
def test_fewer_bits_are_those_of_the_whole_list(encoder: Encoder, mixed: list[Any], precision: Any) -> None:
    """What int8 rounds to depends on the extremes of all the vectors that are rounded."""
    from sentence_transformers.util.quantization import quantize_embeddings

    many = [*mixed, *mixed, *mixed]
    expected = quantize_embeddings(encoder.encode(many), precision=precision)
    given = encoder.encode(many, precision=precision)
    assert given.dtype == expected.dtype
    assert np.abs(given.astype(int) - expected.astype(int)).max() <= 1
    tensor = encoder.encode(many, precision=precision, convert_to_tensor=True)
    assert np.array_equal(tensor.numpy(), given)


@pytest.mark.parametrize("kind", ["static", "transformer"])
def test_no_text_is_taken_for_a_file_or_an_address(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pictures: list[Image.Image]
) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    pictures[0].save(tmp_path / "there.png")
    tokenizer = train_subwords(TEXTS, 120, model="bpe")
    text_model = (
        build_static_encoder(tokenizer, 8)
        if kind == "static"
        else build_transformer_encoder(tokenizer, layers=1, hidden_size=8, heads=2)
    )
    joined = build_two_tower_encoder(text_model, build_image_tower(8, widths=(8,)))
    likely = [
        "http://example.org/red.png",
        str(tmp_path / "there.png"),
        "data:image/png;base64,AAAA",
        "plain",
    ]
    expected = text_model.encode(likely)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(joined.encode_query(likely), expected, atol=1e-5)
    np.testing.assert_allclose(joined.encode([pictures[0], *likely])[1:], expected, atol=1e-5)


def test_pictures_are_opened_as_everywhere(encoder: Encoder, tmp_path: Path) -> None:
    clear = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    clear.save(tmp_path / "clear.png")
    white = encoder.encode(Image.new("RGB", (40, 40), "white"))
    np.testing.assert_allclose(encoder.encode({"image": tmp_path / "clear.png"}), white, atol=1e-6)
    np.testing.assert_allclose(encoder.encode(clear), white, atol=1e-6)
    for name in ("torn.png", "page.png"):
        (tmp_path / name).write_bytes(b"<html>")
    files = [{"image": str(tmp_path / name)} for name in ("torn.png", "clear.png", "page.png")]
    with pytest.raises(MediaError, match=r"torn\.png: .*page of HTML") as raised:
        encoder.encode(files)
    assert len(raised.value.problems) == 2


def test_a_bare_path_does_not_say_its_medium(encoder: Encoder) -> None:
    with pytest.raises(MediaError, match=r"'dog\.jpg'.*of which medium is it"):
        encoder.encode(["a dog", Path("dog.jpg")])
    with pytest.raises(MediaError, match="int: of which medium"):
        encoder.encode(["a dog", 3])


@pytest.mark.parametrize(
    ("item", "medium"),
    [
        ("dog.jpg", "text"),
        (("a", "b"), "text"),
        (Image.new("RGB", (2, 2)), "image"),
        ({"video": "a.mp4"}, "video"),
        ({"text": "a", "image": "b.png"}, "image+text"),
        ({"array": np.zeros(3), "sampling_rate": 16_000}, "audio"),
        ({"role": "user", "content": "hello"}, "message"),
        (np.zeros(3), "audio"),
        (np.zeros((3, 3, 3)), "image"),
        (torch.zeros((2, 3, 3, 3)), "video"),
    ],
)
def test_media_of_inputs(item: Any, medium: str) -> None:
    assert medium_of(item) == medium


def test_it_is_a_sentence_transformers_directory(
    encoder: Encoder, mixed: list[Any], pictures: list[Image.Image], tmp_path: Path
) -> None:
    encoder.save(str(tmp_path / "model"))
    plain = SentenceTransformer(str(tmp_path / "model"), device="cpu")
    assert type(plain) is SentenceTransformer
    np.testing.assert_allclose(plain.encode_query(TEXTS[:3]), encoder.encode_query(TEXTS[:3]), atol=1e-6)
    np.testing.assert_allclose(plain.encode_document(pictures), encoder.encode_document(pictures), atol=1e-6)
    again = load_encoder(tmp_path / "model", device="cpu")
    np.testing.assert_allclose(again.encode_query(mixed), encoder.encode_query(mixed), atol=1e-6)
    assert fingerprint(plain) == fingerprint(again) == fingerprint(encoder)
