"""The video tower: an image tower's view of frames, pooled over time, the same after saving."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sentence_transformers import SentenceTransformer

from isoglot.batches.features import still_modules
from isoglot.encoders import (
    add_head,
    build_image_tower,
    build_static_encoder,
    build_video_tower,
    feature_tower,
    freeze,
    join_towers,
    load_encoder,
    load_image_tower,
    train_subwords,
)
from isoglot.encoders.time_pooling import TimeTransformer
from isoglot.encoders.video_frames import VideoFrames
from isoglot.errors import CheckpointError, ConfigError, MediaError
from isoglot.media.video import read_frames
from isoglot.retrieval.fingerprint import fingerprint
from isoglot.world.rendering import write_video

Video = np.ndarray


def frames_of(num_frames: int, seed: int) -> Video:
    """Blocks of colours, of which each frame has others."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(256, size=(num_frames, 4, 6, 3), dtype=np.uint8)
    return blocks.repeat(10, axis=1).repeat(10, axis=2)


@pytest.fixture(scope="module")
def videos() -> list[Video]:
    """Three of more frames than the towers look at, and two shorter ones."""
    return [frames_of(length, seed) for seed, length in enumerate((12, 3, 9, 1, 30))]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, videos: list[Video]) -> Path:
    path = tmp_path_factory.mktemp("videos") / "first.webm"
    write_video(path, videos[0])
    return path


@pytest.fixture
def image_tower() -> SentenceTransformer:
    return build_image_tower(16, side=32, widths=(8, 16))


def pooled_by_hand(image_tower: SentenceTransformer, video: Video, num_frames: int) -> np.ndarray:
    frames = [Image.fromarray(frame) for frame in read_frames(video, num_frames)]
    mean: np.ndarray = image_tower.encode(frames).mean(axis=0)
    return mean


def test_a_video_is_the_mean_of_its_frames_as_the_image_tower_sees_them(
    image_tower: SentenceTransformer, videos: list[Video]
) -> None:
    tower = build_video_tower(image_tower, num_frames=4)
    assert tower.modalities == ["video"]
    assert tower.get_embedding_dimension() == 16
    by_hand = np.stack([pooled_by_hand(image_tower, video, 4) for video in videos])
    for size in (1, 2, 5):  # what a short video is filled up with changes nothing
        assert np.abs(tower.encode(videos, batch_size=size) - by_hand).max() < 1e-5


def test_a_tower_of_transformers_sees_frames_as_it_sees_pictures(tmp_path: Path, videos: list[Video]) -> None:
    from transformers import CLIPImageProcessorPil, CLIPVisionConfig, CLIPVisionModelWithProjection

    config = CLIPVisionConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, image_size=16,
        patch_size=8, projection_dim=12,
    )  # fmt: skip
    CLIPVisionModelWithProjection(config).save_pretrained(tmp_path / "clip")
    CLIPImageProcessorPil(size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16}).save_pretrained(
        tmp_path / "clip"
    )
    clip = load_image_tower(tmp_path / "clip")
    tower = build_video_tower(clip, num_frames=5, dimension=7)
    assert tower.encode(videos).shape == (5, 7)
    plain = build_video_tower(clip, num_frames=5)
    by_hand = np.stack([pooled_by_hand(clip, video, 5) for video in videos])
    assert np.abs(plain.encode(videos) - by_hand).max() < 1e-5


def test_files_and_arrays_are_taken(
    image_tower: SentenceTransformer, videos: list[Video], file: Path, tmp_path: Path
) -> None:
    tower = build_video_tower(image_tower, num_frames=4)
    expected = tower.encode([read_frames(file, 4)])[0]
    renamed = tmp_path / "first.mkv"  # an ending by which sentence-transformers knows a video
    renamed.write_bytes(file.read_bytes())
    for given in ({"video": str(file)}, {"video": file}, {"video": read_frames(file, 12)}, str(renamed)):
        assert np.abs(tower.encode([given])[0] - expected).max() < 1e-6
    given = {"array": torch.from_numpy(videos[0]), "video_metadata": None}
    assert np.abs(tower.encode([given])[0] - tower.encode([videos[0]])[0]).max() < 1e-6
    small = build_video_tower(image_tower, num_frames=4, side=16)
    assert 0 < np.abs(small.encode([videos[0]]) - tower.encode([videos[0]])).max() < 1


def test_bad_videos_are_named_all_at_once(
    image_tower: SentenceTransformer, file: Path, tmp_path: Path
) -> None:
    (tmp_path / "torn.mp4").write_bytes(b"torn")
    given = [{"video": str(tmp_path / name)} for name in ("none.mp4", "torn.mp4")]
    with pytest.raises(MediaError, match=r"none\.mp4: no such file") as caught:
        build_video_tower(image_tower).encode([given[0], {"video": str(file)}, given[1]], batch_size=4)
    assert len(caught.value.problems) == 2
    assert "torn.mp4: cannot be read" in str(caught.value)


def test_pictures_and_videos_share_weights_that_are_saved_once(
    image_tower: SentenceTransformer, videos: list[Video], file: Path, tmp_path: Path
) -> None:
    text = build_static_encoder(train_subwords(["ein Kreis", "a star"], 40, model="bpe"), 16)
    video_tower = build_video_tower(image_tower, num_frames=4, pooling="transformer")
    joined = join_towers({"text": text, "image": image_tower, "video": video_tower})
    num_parameters = sum(weight.numel() for weight in joined.parameters())
    assert num_parameters == sum(w.numel() for tower in (text, video_tower) for w in tower.parameters())
    joined.save(str(tmp_path / "model"))
    folders = {path.name for path in (tmp_path / "model").iterdir() if path.is_dir()}
    assert [name for name in folders if name.endswith("_Transformer")] == ["image_0_Transformer"]
    assert not [path for path in (tmp_path / "model").rglob("*") if path.suffix in {".bin", ".pt", ".pkl"}]
    again = load_encoder(tmp_path / "model", device="cpu")
    routes = again[0].sub_modules
    assert list(routes["image"])[:3] == list(routes["video"])[1:4]  # the very same modules
    assert sum(weight.numel() for weight in again.parameters()) == num_parameters
    pictures = [Image.fromarray(video[0]) for video in videos]
    mixed = [*videos, {"video": str(file)}]
    assert np.abs(again.encode_document(mixed) - joined.encode_document(mixed)).max() == 0
    assert np.abs(again.encode_query(pictures) - joined.encode_query(pictures)).max() == 0
    assert fingerprint(again) == fingerprint(joined) is not None
    trusted = SentenceTransformer(str(tmp_path / "model"), trust_remote_code=True, device="cpu")
    assert np.abs(trusted.encode_document(mixed) - joined.encode_document(mixed)).max() == 0


@pytest.mark.parametrize("pooling", ["mean", "transformer"])
def test_a_tower_alone_is_the_same_after_saving(
    pooling: str, image_tower: SentenceTransformer, videos: list[Video], tmp_path: Path
) -> None:
    tower = build_video_tower(image_tower, num_frames=3, pooling=pooling, dimension=8)  # type: ignore[arg-type]
    for weight in tower.parameters():
        weight.data += 0.05 * torch.randn_like(weight)
    tower.save(str(tmp_path / "tower"), create_model_card=False)
    again = load_encoder(tmp_path / "tower", device="cpu", normalize=False)
    assert np.abs(again.encode(videos) - tower.encode(videos)).max() == 0
    assert again[0].num_frames == 3


def test_transformer_pooling_starts_at_the_mean_and_then_knows_the_order(
    image_tower: SentenceTransformer, videos: list[Video]
) -> None:
    mean = build_video_tower(image_tower, num_frames=12).encode(videos)
    tower = build_video_tower(image_tower, num_frames=12, pooling="transformer", layers=2, heads=2)
    head: TimeTransformer = next(module for module in tower if isinstance(module, TimeTransformer))
    assert len(head.blocks) == 2
    plain = tower.encode(videos)
    assert np.abs(plain - mean).max() < 0.1
    with torch.no_grad():
        for weight in head.parameters():
            weight += 0.3 * torch.randn_like(weight)
    vectors = tower.encode(videos)
    assert np.abs(vectors - plain).max() > 0.1
    for size in (1, 2):
        assert np.abs(tower.encode(videos, batch_size=size) - vectors).max() < 1e-5
    assert np.abs(tower.encode([videos[0][::-1].copy()])[0] - vectors[0]).max() > 1e-3


def test_places_are_stretched_over_longer_videos() -> None:
    head = TimeTransformer(4, 3, heads=1)
    with torch.no_grad():
        head.positions.copy_(torch.tensor([0.0, 10.0, 40.0])[:, None].expand(3, 4))
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [1, 0, 0, 0, 0]])
    places = head._places(mask)[..., 0].tolist()
    assert places[0] == pytest.approx([0, 5, 10, 25, 40])
    assert places[1][:2] == pytest.approx([0, 10])
    assert places[2][:3] == pytest.approx([0, 10, 40])
    assert places[3][0] == 0


def test_ready_features_of_frames_are_pooled_over_time(tmp_path: Path) -> None:
    arrays = [np.random.default_rng(seed).normal(size=(4 + seed, 6)).astype(np.float32) for seed in range(3)]
    np.save(tmp_path / "first.npy", arrays[0])
    features = feature_tower(6, 8, medium="video")
    tower = build_video_tower(features, num_frames=4, pooling="transformer", heads=2)
    given = [{"video": array} for array in arrays]
    assert np.abs(tower.encode(given) - features.encode(given)).max() < 0.1
    head: TimeTransformer = next(module for module in tower if isinstance(module, TimeTransformer))
    with torch.no_grad():
        for weight in head.parameters():
            weight += 0.3 * torch.randn_like(weight)
    vectors = tower.encode(given)
    assert np.abs(vectors - features.encode(given)).max() > 0.1
    assert np.abs(tower.encode([{"video": str(tmp_path / "first.npy")}])[0] - vectors[0]).max() < 1e-6
    mean = build_video_tower(features, dimension=5)
    assert mean.encode(given).shape == (3, 5)


def test_a_frozen_image_tower_is_behind_training_with_its_frames(image_tower: SentenceTransformer) -> None:
    headed = build_video_tower(add_head(freeze(image_tower), 8), pooling="transformer")
    assert still_modules(headed, "document", "video") == []  # a head in between is trained
    tower = build_video_tower(image_tower, pooling="transformer", dimension=8)
    names = [type(module).__name__ for module in still_modules(tower, "document", "video")]
    assert names == ["VideoFrames", "Transformer", "Pooling", "Dense", "FrameSequence"]
    whole = freeze(build_video_tower(build_image_tower(8, side=32, widths=(8,))))
    assert len(still_modules(whole, "query", "video")) == len(list(whole))


def test_the_seed_decides_the_new_weights(image_tower: SentenceTransformer, videos: list[Video]) -> None:
    one, same, other = (
        build_video_tower(image_tower, pooling="transformer", dimension=4, seed=seed).encode(videos)
        for seed in (0, 0, 1)
    )
    assert np.abs(one - same).max() == 0
    assert np.abs(one - other).max() > 1e-3


def test_what_cannot_be_built_is_refused(image_tower: SentenceTransformer) -> None:
    text = build_static_encoder(train_subwords(["ein Kreis"], 30, model="bpe"), 16)
    with pytest.raises(ConfigError, match="num_frames must be >= 1, got 0") as caught:
        build_video_tower(text, num_frames=0, pooling="max", dimension=-1)  # type: ignore[arg-type]
    assert "dimension must be >= 1, got -1" in str(caught.value)
    assert "pooling must be one of mean, transformer, got 'max'" in str(caught.value)
    assert "image_tower must encode pictures, in a single tower, got one for text" in str(caught.value)
    with pytest.raises(ConfigError, match="heads must divide the width of a frame's vector, 16, got 3"):
        build_video_tower(image_tower, pooling="transformer", heads=3)
    joined = join_towers({"text": text, "image": image_tower})
    with pytest.raises(ConfigError, match="in a single tower, got one for image, text"):
        build_video_tower(joined)
    with pytest.raises(CheckpointError, match="no image tower stands behind VideoFrames"):
        VideoFrames(4).preprocess([frames_of(2, 0)])
