"""Towers: one model for texts and pictures, of stock modules, the same after saving."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense

from isoglot.encoders import (
    build_image_tower,
    build_static_encoder,
    build_transformer_encoder,
    build_two_tower_encoder,
    join_towers,
    train_subwords,
)
from isoglot.errors import ConfigError
from isoglot.retrieval.fingerprint import fingerprint
from isoglot.world.rendering import draw_picture
from isoglot.world.scenes import Scene, Thing

TEXTS = ["ein roter Kreis", "a blue square", "una estrella verde", "kırmızı bir daire"]


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    things = [Thing("circle", "red", "large", "plain"), Thing("star", "green", "small", "dotted", 3)]
    return [Image.fromarray(draw_picture(Scene(thing), seed=seed)) for thing in things for seed in range(2)]


@pytest.fixture(scope="module")
def text_model() -> SentenceTransformer:
    return build_static_encoder(train_subwords(TEXTS, 120, model="bpe"), 24)


@pytest.fixture(scope="module")
def model(text_model: SentenceTransformer) -> SentenceTransformer:
    return build_two_tower_encoder(text_model, build_image_tower(16, widths=(8, 16)))


def test_texts_and_pictures_have_vectors_of_length_one_in_one_space(
    model: SentenceTransformer, text_model: SentenceTransformer, pictures: list[Image.Image]
) -> None:
    queries, documents = model.encode_query(TEXTS), model.encode_document(pictures)
    assert queries.shape[1] == documents.shape[1] == model.get_embedding_dimension() == 24
    for vectors in (queries, documents):
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    # The texts' own width is the common one, so texts are encoded as before.
    assert np.abs(queries - text_model.encode_query(TEXTS)).max() == 0
    assert set(model.modalities) == {"text", "image"}


def test_a_saved_model_is_the_same_where_isoglot_is_not(
    model: SentenceTransformer, pictures: list[Image.Image], tmp_path: Path
) -> None:
    model.save(str(tmp_path / "model"))
    pictures[0].save(tmp_path / "picture.png")
    again = SentenceTransformer(str(tmp_path / "model"), device="cpu")
    assert np.abs(again.encode_query(TEXTS) - model.encode_query(TEXTS)).max() == 0
    assert np.abs(again.encode_document(pictures) - model.encode_document(pictures)).max() == 0
    in_memory = model.encode_document([pictures[0]])
    for given in (str(tmp_path / "picture.png"), {"image": str(tmp_path / "picture.png")}):
        assert np.abs(again.encode_document([given]) - in_memory).max() < 1e-6
    assert fingerprint(again) == fingerprint(model) is not None
    modules = (tmp_path / "model" / "router_config.json").read_text() + (
        tmp_path / "model" / "modules.json"
    ).read_text()
    assert "isoglot" not in modules


@pytest.mark.slow
def test_isoglot_is_not_imported_to_load_it(
    model: SentenceTransformer, pictures: list[Image.Image], tmp_path: Path
) -> None:
    model.save(str(tmp_path / "model"))
    pictures[0].save(tmp_path / "picture.png")
    program = (
        "import sys; sys.modules['isoglot'] = None\n"
        "from sentence_transformers import SentenceTransformer\n"
        "model = SentenceTransformer(sys.argv[1], device='cpu')\n"
        "print(model.encode_query('ein roter Kreis') @ model.encode_document(sys.argv[2]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "model"), str(tmp_path / "picture.png")],
        capture_output=True,
        text=True,
        check=True,
    )
    expected = model.encode_query("ein roter Kreis") @ model.encode_document(pictures[0])
    assert float(ran.stdout) == pytest.approx(float(expected), abs=1e-5)


def test_a_width_of_its_own_gets_projections_and_prompts_stay() -> None:
    tokenizer = train_subwords(TEXTS, 120, model="bpe")
    text_model = build_transformer_encoder(tokenizer, layers=1, hidden_size=16, heads=2)
    text_model.prompts["query"] = "Query: "
    joined = build_two_tower_encoder(text_model, build_image_tower(16, widths=(8,)), dimension=12)
    assert joined.get_embedding_dimension() == joined.encode(TEXTS).shape[1] == 12
    assert joined.prompts["query"] == "Query: "
    projections = [module for module in joined.modules() if isinstance(module, Dense)]
    assert sorted(module.in_features for module in projections) == [16, 16, 16]
    assert np.abs(joined.encode_query(TEXTS) - joined.encode(TEXTS)).max() > 1e-3


def test_the_seed_decides_the_weights(pictures: list[Image.Image]) -> None:
    one, same, other = (build_image_tower(8, widths=(8,), seed=seed).encode(pictures) for seed in (0, 0, 1))
    assert np.abs(one - same).max() == 0
    assert np.abs(one - other).max() > 1e-3


def test_pictures_of_any_kind_and_shape_are_taken(model: SentenceTransformer) -> None:
    pixels = np.arange(40 * 90, dtype=np.uint8).reshape(40, 90)
    grey = Image.fromarray(pixels)
    colour = Image.fromarray(np.repeat(pixels[..., None], 3, axis=2))
    vectors = model.encode_document([grey, colour, colour.convert("RGBA")])
    assert np.abs(vectors - vectors[0]).max() < 1e-5


def test_what_cannot_be_built_is_refused(text_model: SentenceTransformer) -> None:
    with pytest.raises(
        ConfigError, match=r"dimension must be >= 1, got 0\nside must be >= 32 for 1 stages"
    ) as e:
        build_image_tower(0, side=8, widths=(0,), blocks=0)
    assert "widths must be" in str(e.value)
    assert "blocks must be" in str(e.value)
    with pytest.raises(ConfigError, match="side must be >= 64 for 5 stages, got 32"):
        build_image_tower(side=32, widths=(8, 8, 8, 8, 8))
    with pytest.raises(
        ConfigError, match="the tower for image encodes text; give a model that encodes image"
    ):
        build_two_tower_encoder(text_model, text_model)
    with pytest.raises(ConfigError, match=r"two or more.*got text\ndimension must be >= 1, got -1"):
        join_towers({"text": text_model}, dimension=-1)
