"""What frozen modules say is computed once for each content, and gathered as they would say it of a batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling

from isoglot.batches import features as module
from isoglot.batches.features import FeatureTable, feature_table, passing_still_modules, still_modules
from isoglot.batches.media import media_gather
from isoglot.batches.pictures import PictureTable
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo
from isoglot.encoders import (
    add_head,
    build_image_tower,
    build_static_encoder,
    build_transformer_encoder,
    feature_tower,
    freeze,
    join_towers,
    train_subwords,
)
from isoglot.errors import MediaError

TEXTS = ["eins zwei", "drei", "eins zwei drei vier fünf", "drei", "sechs"]
ROWS = np.array([1, 2, 4, 5, 7], np.int32)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return train_subwords(TEXTS, 60, model="bpe")


def transformer(tokenizer: Any) -> SentenceTransformer:
    return build_transformer_encoder(tokenizer, layers=1, hidden_size=16, heads=2, max_tokens=16)


def reader(model: SentenceTransformer) -> tuple[Callable[[list[str]], dict[str, Any]], list[str]]:
    """What prepares texts for a model, and all texts that it was asked for."""
    asked: list[str] = []

    def preprocess(texts: list[str]) -> dict[str, Any]:
        asked.extend(texts)
        return dict(model.preprocess(texts, task="document"))

    return preprocess, asked


def table_of(model: SentenceTransformer, contents: list[str] = TEXTS) -> FeatureTable | None:
    return feature_table(model, "document", "text", contents, reader(model)[0], ROWS, 9)


def encode(model: SentenceTransformer, given: dict[str, Any]) -> torch.Tensor:
    with torch.inference_mode():
        return model.eval()(given)["sentence_embedding"]


def test_training_starts_behind_the_frozen_modules(tokenizer: Any) -> None:
    model = add_head(freeze(transformer(tokenizer)), 8, hidden=(12,), seed=1)
    preprocess, asked = reader(model)
    table = feature_table(model, "document", "text", TEXTS, preprocess, ROWS, 9)
    assert table is not None
    assert table.num_passed == 3
    assert table.vectors.shape == (4, 16)  # a text of two rows is encoded once
    assert sorted(asked[1:-1]) == sorted(set(TEXTS))  # beside one before and after that show what there is
    chosen = ROWS[[4, 0, 1, 3, 1]]
    expected = encode(model, dict(model.preprocess([TEXTS[i] for i in (4, 0, 1, 3, 1)], task="document")))
    broken = model[0].forward
    with passing_still_modules(model):
        assert torch.allclose(encode(model, table(chosen)), expected, atol=1e-6)
        plain = encode(model, dict(model.preprocess(["drei"], task="document")))
    assert model[0].forward == broken  # and afterwards the model is as it was
    assert torch.allclose(plain, expected[3:4], atol=1e-6)


def test_frozen_modules_are_not_asked_again(tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model = add_head(freeze(transformer(tokenizer)), 8)
    table = table_of(model)
    assert table is not None

    def asked(*_: Any, **__: Any) -> Any:
        raise AssertionError("a frozen module was asked")

    monkeypatch.setattr(model[0], "forward", asked)
    with passing_still_modules(model):
        assert encode(model, table(ROWS)).shape == (5, 8)


def test_only_what_stands_before_all_training_is_passed(tokenizer: Any) -> None:
    plain = transformer(tokenizer)
    assert still_modules(plain, "query", "text") == []
    assert table_of(plain) is None
    frozen = freeze(transformer(tokenizer))
    assert still_modules(frozen, "query", "text") == list(frozen)
    # Behind the head stands what is frozen too, and is not to be passed.
    mixed = SentenceTransformer(
        modules=[*frozen, *list(feature_tower(16, 16))[2:], *list(freeze(feature_tower(16, 6)))[2:]]
    )
    table = table_of(mixed)
    assert table is not None
    assert table.num_passed == 3
    expected = encode(mixed, dict(mixed.preprocess(TEXTS)))
    with passing_still_modules(mixed):
        assert torch.allclose(encode(mixed, table(ROWS)), expected, atol=1e-6)
    frozen.requires_grad_(True)  # trained again
    assert still_modules(frozen, "query", "text") == []


def test_each_tower_of_a_model_has_its_own_frozen_modules(tokenizer: Any) -> None:
    text = add_head(freeze(build_static_encoder(tokenizer, 16)), 8)
    joined = join_towers({"text": text, "image": build_image_tower(8, widths=(8,))})
    assert len(still_modules(joined, "query", "text")) == 2
    assert still_modules(joined, "query", "image") == []
    table = table_of(joined)
    assert table is not None
    assert table(ROWS)["modality"] == "text"
    expected = encode(joined, dict(joined.preprocess(TEXTS, task="document")))
    with passing_still_modules(joined):
        assert torch.allclose(encode(joined, table(ROWS)), expected, atol=1e-6)


def test_vectors_of_tokens_are_kept_where_pooling_is_not_frozen(
    tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen = freeze(transformer(tokenizer))
    model = SentenceTransformer(modules=[frozen[0], Pooling(16, ("mean", "max")), Normalize()], device="cpu")
    monkeypatch.setattr(module, "_CHUNK", 2)  # texts of unequal length in several chunks
    table = table_of(model)
    assert table is not None
    assert table.name == "token_embeddings"
    expected = encode(model, dict(model.preprocess(TEXTS, task="document")))
    with passing_still_modules(model):
        for chosen in ([0, 1, 2, 3, 4], [3], [2, 1]):
            assert torch.allclose(encode(model, table(ROWS[chosen])), expected[chosen], atol=1e-6)


def test_frozen_modules_that_give_no_vectors_are_run_in_every_step(tokenizer: Any) -> None:
    model = transformer(tokenizer)
    model[0].requires_grad_(False)
    model[0].holds_still = True
    model[0].module_output_name = "states"  # as a module that prepares input for the next
    assert still_modules(model, "document", "text") == [model[0]]
    assert table_of(model) is None


def test_batch_statistics_and_dropout_of_a_frozen_tower_rest(tokenizer: Any) -> None:
    text = freeze(transformer(tokenizer))
    image = freeze(build_image_tower(8, side=32, widths=(8,)))
    picture = Image.fromarray(np.random.default_rng(0).integers(256, size=(32, 32, 3), dtype=np.uint8))
    for tower, content in ((text, "eins zwei"), (image, {"image": picture})):
        given = dict(tower.preprocess([content, content]))
        before = {name: value.clone() for name, value in tower.state_dict().items()}
        expected = encode(tower, dict(given))
        tower.train()
        again = tower(dict(given))["sentence_embedding"]
        assert torch.equal(again, expected)
        assert not again.requires_grad
        assert all(torch.equal(value, before[name]) for name, value in tower.state_dict().items())


def test_pictures_and_ready_features_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    builder = CorpusBuilder(CorpusInfo("media"))
    vectors = rng.standard_normal((3, 5)).astype(np.float32)
    np.savez(tmp_path / "all.npz", x=vectors[0], y=np.stack([vectors[1], vectors[2]]))
    np.save(tmp_path / "z.npy", vectors[2])
    for number, path in enumerate(("all.npz#x", "all.npz#y", "z.npy", "all.npz#x")):
        builder.add_query(f"q{number}", f"g{number}", "de", "eins")
        builder.add_document(f"d{number}", f"g{number}", None, None, modality="image", path=path)
        builder.judge_group("train", f"g{number}")
    corpus = replace(builder.build(), media_root=str(tmp_path))
    model = feature_tower(5, 3)
    rows = np.arange(4, dtype=np.int32)
    gather = media_gather(model, "document", "image", corpus, rows)
    assert isinstance(gather, FeatureTable)
    assert len(gather.indptr) == 4
    means = np.stack([vectors[0], vectors[1:].mean(axis=0), vectors[2], vectors[0]])
    expected = model.encode_document([{"image": vector} for vector in means])
    with passing_still_modules(model):
        assert np.abs(encode(model, gather(rows)).numpy() - expected).max() < 1e-6
        assert np.abs(encode(model, gather(rows[2:3])).numpy() - expected[2:3]).max() < 1e-6
    np.save(tmp_path / "z.npy", rng.standard_normal(4))
    with pytest.raises(MediaError, match=r"z\.npy: has vectors of width 4, the tower takes 5"):
        media_gather(model, "document", "image", corpus, rows)


def test_pictures_of_a_tower_that_is_trained_are_decoded_once(tmp_path: Path) -> None:
    builder = CorpusBuilder(CorpusInfo("media"))
    Image.new("RGB", (40, 40), "red").save(tmp_path / "red.png")
    builder.add_query("q", "g", "de", "rot")
    builder.add_document("d", "g", None, None, modality="image", path="red.png")
    builder.judge_group("train", "g")
    corpus = replace(builder.build(), media_root=str(tmp_path))
    tower = build_image_tower(8, widths=(8,))
    rows = np.array([0], np.int32)
    assert isinstance(media_gather(tower, "document", "image", corpus, rows), PictureTable)
    expected = tower.encode_document([str(tmp_path / "red.png")])
    frozen = media_gather(freeze(tower), "document", "image", corpus, rows)
    assert isinstance(frozen, FeatureTable)
    assert np.abs(frozen.vectors - expected).max() < 1e-6
