"""Views of pictures, videos, sounds and features."""

import pytest
import torch

from isoglot.errors import ConfigError
from isoglot.training.draws import Address
from isoglot.training.media_views import media_view

ADDRESS = Address((0, 3))


def masked(name: str, *shape: int, rate: float = 0.3) -> torch.Tensor:
    """Which numbers of a view of ones are masked; the input is left as it was."""
    content = torch.ones(shape)
    view = media_view({name: content, "modality": "any"}, "masked", rate, ADDRESS)
    assert view["modality"] == "any"
    assert (content == 1).all()
    assert view[name].shape == content.shape
    assert ((view[name] == 0) | (view[name] == 1)).all()
    return view[name] == 0


def test_pictures_lose_patches_in_all_channels() -> None:
    hidden = masked("pixel_values", 60, 3, 32, 40)
    assert (hidden == hidden[:, :1]).all()
    patches = hidden[:, 0].reshape(60, 8, 4, 8, 5)
    assert (patches == patches[:, :, :1, :, :1]).all()
    assert abs(float(hidden.float().mean()) - 0.3) < 0.03
    small = masked("pixel_values", 2, 3, 5, 5)  # smaller than 8 by 8: each pixel
    assert small.any()


def test_videos_lose_whole_frames_and_keep_one() -> None:
    hidden = masked("pixel_values", 50, 6, 3, 8, 8, rate=0.9)
    frames = hidden.flatten(2)
    assert (frames == frames[..., :1]).all()
    assert (frames[..., 0].sum(dim=1) <= 5).all()
    assert frames[..., 0].any()


def test_videos_that_know_their_number_of_frames_get_shorter() -> None:
    counts = torch.tensor([5, 2, 1, 5] * 20)
    frames = torch.arange(1.0, 6).expand(80, 5) * (torch.arange(5) < counts[:, None])
    videos = frames[:, :, None, None, None].expand(80, 5, 3, 2, 2)
    features = {"pixel_values_videos": videos, "num_images_per_sample": counts}
    view = media_view(features, "masked", 0.4, ADDRESS)
    fewer, left = view["pixel_values_videos"][..., 0, 0, 0], view["num_images_per_sample"]
    assert counts.tolist() == [5, 2, 1, 5] * 20  # nothing is changed in place
    assert abs(float(left.sum() / counts.sum()) - 0.65) < 0.06  # but for the one frame that is always kept
    assert left.min() == 1
    for before, after, number in zip(frames, fewer, left.tolist(), strict=True):
        assert (after[number:] == 0).all()
        remaining = iter(before[before > 0].tolist())
        assert all(frame in remaining for frame in after[:number].tolist())  # in their order


def test_sequences_of_features_lose_steps() -> None:
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]] * 30)
    features = {"input_features": torch.ones(90, 4, 6), "attention_mask": mask}
    view = media_view(features, "masked", 0.5, ADDRESS)
    assert torch.equal(view["input_features"], features["input_features"])
    seen = view["attention_mask"]
    assert (seen <= mask).all()
    assert (seen.sum(dim=1) >= 1).all()
    assert (seen[2::3] == mask[2::3]).all()
    assert 0.3 < float((seen != mask)[::3].float().mean()) < 0.5
    alone = {"input_features": torch.ones(40, 1, 64), "attention_mask": torch.ones(40, 1)}
    view = media_view(alone, "masked", 0.5, ADDRESS)
    assert view["attention_mask"].all()
    assert abs(float(view["input_features"].mean()) - 0.5) < 0.05


def test_sounds_lose_stretches_and_features_single_numbers() -> None:
    spectrogram = masked("input_features", 40, 80, 100)
    assert 0.2 < float(spectrogram.float().mean()) < 0.4
    assert torch.equal(spectrogram[:, :10, :12], spectrogram[:, :1, :1].expand(-1, 10, 12))
    waveform = masked("input_values", 40, 3200)
    stretches = waveform.reshape(40, 32, 100)
    assert (stretches == stretches[..., :1]).all()
    features = masked("sentence_embedding", 40, 512)
    assert abs(float(features.float().mean()) - 0.3) < 0.02
    assert (features[:, :-1] != features[:, 1:]).any()


def test_crops_show_a_part_in_the_size_of_the_whole() -> None:
    slope = torch.linspace(0, 1, 32).expand(20, 3, 32, 32).contiguous()
    view = media_view({"pixel_values": slope}, "cropped", 0.36, ADDRESS)["pixel_values"]
    spans = view[..., -1] - view[..., 0]
    assert spans.mean().item() == pytest.approx(0.8, abs=0.03)  # the root of what is left
    assert len(view[:, 0, 0, 0].unique()) == 20  # each at a place of its own
    assert (view.diff(dim=-1) >= 0).all()  # never mirrored
    torch.testing.assert_close(view, view[..., :1, :].expand_as(view))
    whole = media_view({"pixel_values": slope}, "cropped", 1e-9, ADDRESS)["pixel_values"]
    torch.testing.assert_close(whole, slope, atol=1e-4, rtol=0)


def test_a_video_is_cropped_alike_in_all_frames() -> None:
    picture = torch.rand(4, 1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    video = picture.repeat(1, 5, 1, 1, 1)
    view = media_view({"pixel_values": video}, "cropped", 0.5, ADDRESS)["pixel_values"]
    torch.testing.assert_close(view, view[:, :1].expand_as(view))
    alone = media_view({"pixel_values": picture[:, 0]}, "cropped", 0.5, ADDRESS)["pixel_values"]
    torch.testing.assert_close(view[:, 0], alone)
    sound = {"input_features": torch.ones(4, 20, 20)}
    assert (media_view(sound, "cropped", 0.5, ADDRESS)["input_features"] == 0).any()  # masked


@pytest.mark.parametrize("kind", ["masked", "cropped"])
def test_a_share_gets_what_the_whole_batch_has(kind) -> None:
    pictures = torch.rand(8, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    whole = media_view({"pixel_values": pictures}, kind, 0.4, ADDRESS)["pixel_values"]
    half = media_view({"pixel_values": pictures[4:]}, kind, 0.4, Address(ADDRESS.key, 4))["pixel_values"]
    torch.testing.assert_close(half, whole[4:])
    again = media_view({"pixel_values": pictures}, kind, 0.4, Address((0, 4)))["pixel_values"]
    assert not torch.equal(again, whole)
    same = media_view({"pixel_values": pictures}, "dropout", 0.4, ADDRESS)["pixel_values"]
    assert torch.equal(same, pictures)


def test_input_without_content_is_refused() -> None:
    with pytest.raises(ConfigError, match="media_views must be dropout for a tower whose input is points"):
        media_view({"points": torch.ones(2, 3)}, "masked", 0.5, ADDRESS)
