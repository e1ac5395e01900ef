"""Pictures in batches: decoded once, and given to the model as its own processor would."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sentence_transformers import SentenceTransformer

from isoglot.batches import pictures
from isoglot.batches.media import media_gather
from isoglot.batches.pictures import PictureTable
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.encoders import (
    build_image_tower,
    build_static_encoder,
    build_two_tower_encoder,
    train_subwords,
)
from isoglot.errors import CorpusError

NAMES = ("wide.png", "grey.png", "clear.png", "photo.jpg", "small.png")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of several sizes and kinds."""
    root = tmp_path_factory.mktemp("media")
    rng = np.random.default_rng(0)
    for name, mode, size in zip(
        NAMES,
        ("RGB", "L", "RGBA", "RGB", "RGB"),
        ((90, 40), (64, 64), (33, 70), (80, 80), (64, 64)),
        strict=True,
    ):
        pixels = rng.integers(256, size=(size[1], size[0], 4), dtype=np.uint8)
        Image.fromarray(pixels, "RGBA").convert(mode).save(root / name)
    return root


@pytest.fixture(scope="module")
def corpus(folder: Path) -> ParallelCorpus:
    """A caption and a picture for each group; one picture stands in two rows, one row is a text."""
    builder = CorpusBuilder(CorpusInfo("pictures"))
    for number, name in enumerate((*NAMES, NAMES[0])):
        builder.add_query(f"q{number}", f"g{number}", "de", f"Bild {number}")
        builder.add_document(f"d{number}", f"g{number}", None, None, modality="image", path=name)
        builder.judge_group("train", f"g{number}")
    builder.add_document("text", "g0", "de", "ein Satz")
    return replace(builder.build(), media_root=str(folder))


@pytest.fixture(scope="module")
def model() -> SentenceTransformer:
    tokenizer = train_subwords(["Bild eins zwei drei"], 40, model="bpe")
    return build_two_tower_encoder(build_static_encoder(tokenizer, 8), build_image_tower(8, widths=(8,)))


def picture_rows(corpus: ParallelCorpus) -> np.ndarray:
    media_of = corpus.documents["modality"].to_pylist()
    return np.array([row for row, medium in enumerate(media_of) if medium == "image"], np.int32)


def as_processed(model: SentenceTransformer, corpus: ParallelCorpus, rows: np.ndarray) -> dict:
    root = Path(corpus.media_root or "")
    files = [root / corpus.document(int(row)).path for row in rows]
    return dict(model.preprocess([{"image": str(file)} for file in files], task="document"))


def test_features_are_those_of_the_models_own_processor(
    model: SentenceTransformer, corpus: ParallelCorpus
) -> None:
    rows = picture_rows(corpus)
    gather = media_gather(model, "document", "image", corpus, rows)
    assert isinstance(gather, PictureTable)
    assert len(gather.pixels) == len(NAMES)  # the picture of two rows is decoded once
    chosen = rows[[3, 0, 5, 1, 0, 2, 4]]
    given, expected = gather(chosen), as_processed(model, corpus, chosen)
    assert given.keys() == expected.keys()
    assert given["modality"] == expected["modality"] == "image"
    assert torch.allclose(given["pixel_values"], expected["pixel_values"], atol=1e-6)
    assert given["pixel_values"].dtype == expected["pixel_values"].dtype
    with torch.inference_mode():
        ours, theirs = (model.eval()(dict(each))["sentence_embedding"] for each in (given, expected))
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_more_pictures_than_are_decoded_at_once(
    model: SentenceTransformer, corpus: ParallelCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = picture_rows(corpus)
    whole = media_gather(model, "document", "image", corpus, rows)(rows)["pixel_values"]
    monkeypatch.setattr(pictures, "_CHUNK_FILES", 2)
    assert torch.equal(media_gather(model, "document", "image", corpus, rows)(rows)["pixel_values"], whole)


def test_a_processor_of_another_kind_is_called_for_every_batch(
    model: SentenceTransformer, corpus: ParallelCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = picture_rows(corpus)
    plain = model.preprocess

    def odd(inputs: list, **options: object) -> dict:
        features = plain(inputs, **options)
        return features | {"pixel_values": features["pixel_values"].float() ** 2}

    monkeypatch.setattr(model, "preprocess", odd)
    gather = media_gather(model, "document", "image", corpus, rows)
    assert not isinstance(gather, PictureTable)
    chosen = rows[[4, 1]]
    assert torch.equal(gather(chosen)["pixel_values"], as_processed(model, corpus, chosen)["pixel_values"])


def test_missing_and_damaged_files_are_named_all_at_once(
    model: SentenceTransformer, corpus: ParallelCorpus, tmp_path: Path
) -> None:
    rows = picture_rows(corpus)
    elsewhere = replace(corpus, media_root=str(tmp_path))
    with pytest.raises(CorpusError, match=r"wide\.png: no such file, for document 'd0' \(image\)") as missing:
        media_gather(model, "document", "image", elsewhere, rows)
    assert all(name in str(missing.value) for name in NAMES)
    for name in NAMES:
        (tmp_path / name).write_bytes((Path(corpus.media_root or "") / name).read_bytes())
    for name in ("small.png", "photo.jpg"):
        (tmp_path / name).write_bytes(b"torn")
    with pytest.raises(CorpusError, match=r"photo\.jpg: cannot be read as a picture") as damaged:
        media_gather(model, "document", "image", elsewhere, rows)
    assert re.search(r"small\.png: cannot be read as a picture", str(damaged.value))
    assert "wide.png" not in str(damaged.value)
