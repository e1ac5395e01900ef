"""Files hold what was drawn and played, in the same bytes each time."""

from __future__ import annotations

import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isoglot.errors import ConfigError
from isoglot.world.rendering import (
    draw_picture,
    draw_video,
    play_melody,
    write_picture,
    write_sound,
    write_video,
)
from isoglot.world.scenes.scene import Melody, Scene, Thing

BALL = Thing("circle", "red", "large", "dotted")
MELODY = Melody(2, "low", "rising", "bell", "fast")


def test_a_picture_is_read_back_as_it_was(tmp_path: Path) -> None:
    picture = draw_picture(Scene(BALL), seed=1)
    paths = [tmp_path / "folder" / name for name in ("one.png", "other.png")]
    for path in paths:
        write_picture(path, picture)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert paths[0].read_bytes().startswith(b"\x89PNG")
    with Image.open(paths[0]) as image:
        assert (np.asarray(image) == picture).all()


def test_a_sound_is_read_back_as_it_was(tmp_path: Path) -> None:
    sound = play_melody(MELODY, seed=1, sample_rate=22_050)
    paths = [tmp_path / name for name in ("one.wav", "other.wav")]
    for path in paths:
        write_sound(path, sound, sample_rate=22_050)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    with wave.open(str(paths[0])) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 22_050)
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    assert (samples / np.float32(2**15) == sound).all()


def test_the_loudest_sample_is_not_wrapped_around(tmp_path: Path) -> None:
    write_sound(tmp_path / "full.wav", np.array([1.0, -1.0], dtype=np.float32))
    with wave.open(str(tmp_path / "full.wav")) as file:
        assert np.frombuffer(file.readframes(2), dtype="<i2").tolist() == [32_767, -32_768]


def test_a_video_is_read_back_nearly_as_it_was(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    video = draw_video(Scene(BALL, motion="moves_left"), seed=1)
    paths = [tmp_path / name for name in ("one.webm", "other.webm")]
    for path in paths:
        write_video(path, video)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    with av.open(str(paths[0])) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "vp9"
        assert stream.average_rate == 8
        frames = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(stream)])
    assert frames.shape == video.shape
    assert np.abs(frames.astype(int) - video).mean() < 6
    others = np.abs(frames.astype(int) - np.roll(video, 8, axis=0)).mean()
    assert np.abs(frames.astype(int) - video).mean() < 0.6 * others


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = draw_video(Scene(BALL, motion="grows"), seed=1)
    for module in ("PIL", "av"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError, match=r"needs the package pillow: pip install 'isoglot\[media\]'"):
        write_picture(tmp_path / "a.png", video[0])
    with pytest.raises(ConfigError, match=r"needs the package av: pip install 'isoglot\[media\]'"):
        write_video(tmp_path / "a.webm", video)
    assert not list(tmp_path.iterdir())


def test_what_is_no_picture_video_or_sound_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"uint8 \(height, width, 3\), got float64 \(8, 8, 3\)"):
        write_picture(tmp_path / "a.png", np.zeros((8, 8, 3)))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"uint8 \(frames, height, width, 3\), got uint8 \(8, 8, 3\)"):
        write_video(tmp_path / "a.webm", np.zeros((8, 8, 3), dtype=np.uint8))
    with pytest.raises(ConfigError, match="height and width must be even, got 7 x 8"):
        write_video(tmp_path / "a.webm", np.zeros((9, 7, 8, 3), dtype=np.uint8))
    with pytest.raises(ConfigError, match="frames_per_second must be > 0, got 0"):
        write_video(tmp_path / "a.webm", np.zeros((9, 8, 8, 3), dtype=np.uint8), frames_per_second=0)
    for sound in (np.array([]), np.array([[0.5]]), np.array([1.5]), np.array([np.nan])):
        with pytest.raises(ConfigError, match=r"a sound must be one row of samples in -1\.\.1"):
            write_sound(tmp_path / "a.wav", sound.astype(np.float32))
    assert not list(tmp_path.iterdir())
