"""Videos in batches: decoded once, and given to the model as its own modules would."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from isoglot.batches import frames
from isoglot.batches.features import FeatureTable, passing_still_modules
from isoglot.batches.frames import FrameTable, frames_table
from isoglot.batches.media import _preprocess, media_gather
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.languages import NO_LANGUAGE
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.encoders import (
    build_image_tower,
    build_static_encoder,
    build_video_tower,
    freeze,
    join_towers,
    train_subwords,
)
from isoglot.errors import MediaError
from isoglot.media import video
from isoglot.world.rendering import write_video

LENGTHS = {"long.webm": 9, "short.webm": 2, "other.webm": 5}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> ParallelCorpus:
    """Videos as documents, one of them in two rows, and as queries; one row of each is a text."""
    root = tmp_path_factory.mktemp("media")
    builder = CorpusBuilder(CorpusInfo("videos"))
    builder.add_document("text", "g0", "de", "ein Satz")
    builder.add_query("text", "g0", "de", "ein Satz")
    for number, name in enumerate((*LENGTHS, "long.webm")):
        pixels = np.random.default_rng(number).integers(256, size=(LENGTHS[name], 3, 4, 3), dtype=np.uint8)
        write_video(root / name, pixels.repeat(12, axis=1).repeat(12, axis=2))
        group = f"g{number}"
        builder.add_document(f"d{number}", group, None, None, modality="video", path=name)
        builder.add_query(f"q{number}", group, NO_LANGUAGE, None, modality="video", path=name)
        builder.judge_group("train", group)
    return replace(builder.build(), media_root=str(root))


@pytest.fixture
def model() -> SentenceTransformer:
    text = build_static_encoder(train_subwords(["ein Satz"], 30, model="bpe"), 8)
    images = build_image_tower(8, side=32, widths=(8,))
    return join_towers(
        {"text": text, "video": build_video_tower(images, num_frames=4, pooling="transformer")}
    )


ROWS = np.arange(1, 5, dtype=np.int32)


def as_processed(model: SentenceTransformer, corpus: ParallelCorpus, rows: np.ndarray) -> dict:
    files = [f"{corpus.media_root}/{corpus.document(int(row)).path}" for row in rows]
    return dict(model.preprocess([{"video": file} for file in files], task="document"))


def test_features_are_those_of_the_models_own_modules(
    model: SentenceTransformer, corpus: ParallelCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    gather = media_gather(model, "document", "video", corpus, ROWS)
    assert isinstance(gather, FrameTable)
    assert np.diff(gather.indptr).tolist() == [4, 2, 4]  # the video of two rows is decoded once
    assert gather.pixels.dtype == np.uint8
    for chosen in (ROWS, ROWS[[2, 0, 3]], ROWS[[1]], ROWS[[0, 3]]):
        given, expected = gather(chosen), as_processed(model, corpus, chosen)
        assert given.keys() == expected.keys()
        assert given["modality"] == expected["modality"] == "video"
        for key in ("pixel_values_videos", "num_images_per_sample"):
            assert given[key].shape == expected[key].shape
            assert given[key].dtype == expected[key].dtype
            assert torch.allclose(given[key], expected[key], atol=1e-5)
        with torch.inference_mode():
            ours, theirs = (model.eval()(dict(each))["sentence_embedding"] for each in (given, expected))
        assert torch.allclose(ours, theirs, atol=1e-5)
    monkeypatch.setattr(frames, "_CHUNK_FILES", 2)
    again = media_gather(model, "query", "video", corpus, ROWS)
    assert torch.equal(again(ROWS)["pixel_values_videos"], gather(ROWS)["pixel_values_videos"])


def test_what_else_a_model_takes_is_left_to_the_model(
    model: SentenceTransformer, corpus: ParallelCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = model.preprocess
    files = [f"{corpus.media_root}/{name}" for name in LENGTHS]

    def odd(inputs: list, **options: object) -> dict:
        features = plain(inputs, **options)
        return features | {"pixel_values_videos": features["pixel_values_videos"].float() ** 2}

    monkeypatch.setattr(model, "preprocess", odd)
    preprocess = partial(_preprocess, model, "document", "video")
    assert frames_table(files, preprocess, ROWS[:3], 5) is None
    gather = media_gather(model, "document", "video", corpus, ROWS)
    assert torch.equal(
        gather(ROWS[[3, 1]])["pixel_values_videos"],
        as_processed(model, corpus, ROWS[[3, 1]])["pixel_values_videos"],
    )


def test_vectors_of_frozen_frames_are_made_once(
    corpus: ParallelCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = build_static_encoder(train_subwords(["ein Satz"], 30, model="bpe"), 8)
    images = freeze(build_image_tower(8, side=32, widths=(8,)))
    tower = build_video_tower(images, num_frames=4, pooling="transformer", dimension=8)
    model = join_towers({"text": text, "video": tower})
    gather = media_gather(model, "document", "video", corpus, ROWS)
    assert isinstance(gather, FeatureTable)
    assert np.diff(gather.indptr).tolist() == [4, 2, 4]
    expected = model.eval()(as_processed(model, corpus, ROWS))["sentence_embedding"]
    with passing_still_modules(model), monkeypatch.context() as patch:
        patch.setattr(images[0].model, "forward", None)  # the image tower is not run any more
        passed = model(gather(ROWS))["sentence_embedding"]
    assert torch.allclose(passed, expected, atol=1e-5)
    assert passed.requires_grad


def test_bad_videos_are_named_all_at_once(
    model: SentenceTransformer, corpus: ParallelCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in LENGTHS:
        (tmp_path / name).write_bytes((Path(corpus.media_root or "") / name).read_bytes())
    for name in ("short.webm", "other.webm"):
        (tmp_path / name).write_bytes(b"torn")
    elsewhere = replace(corpus, media_root=str(tmp_path))
    monkeypatch.setattr(frames, "_CHUNK_FILES", 1)  # found in different chunks
    with pytest.raises(MediaError, match=r"short\.webm: cannot be read as a video") as caught:
        media_gather(model, "document", "video", elsewhere, ROWS)
    assert "other.webm: cannot be read as a video" in str(caught.value)
    assert len(caught.value.problems) == 2
    monkeypatch.setattr(video, "MAX_FRAME_PIXELS", 1)
    with pytest.raises(MediaError, match=r"long\.webm: its frames have 48 x 36 pixels"):
        media_gather(model, "document", "video", corpus, ROWS)
