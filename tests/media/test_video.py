"""Frames of videos: the very ones that PyAV decodes, evenly spaced, or an error that says what to do."""

from __future__ import annotations

import struct
import wave
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from isoglot.errors import ConfigError, MediaError
from isoglot.media import containers, seeking, video
from isoglot.media.containers import open_container
from isoglot.media.video import read_frames, spread

Pixels = npt.NDArray[np.uint8]

X264 = {"preset": "ultrafast", "bf": "2", "b-pyramid": "normal", "sc_threshold": "0"}
VP9 = {"deadline": "realtime", "cpu-used": "8"}


def moving(num_frames: int, height: int = 32, width: int = 48) -> Pixels:
    """A bar that wanders over a ground that grows brighter."""
    frames = np.empty((num_frames, height, width, 3), np.uint8)
    for number, frame in enumerate(frames):
        frame[:] = (number * 3) % 200
        frame[:, number % width] = (255, 40, 40)
    return frames


def write_video(
    path: Path,
    frames: Pixels,
    *,
    codec: str = "libx264",
    gop: int = 12,
    times: Sequence[int] | None = None,
    form: str | None = None,
) -> Path:
    options = {**(X264 if codec == "libx264" else VP9), "g": str(gop)}
    with av.open(str(path), "w", format=form) as container:
        stream = container.add_stream(codec, rate=24, options=options)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.thread_count = 1
        stream.time_base = Fraction(1, 24)
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = (times[number] if times else number), Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def all_frames(path: Path) -> Pixels:
    """Every frame, as PyAV alone decodes it."""
    return np.stack([frame.to_ndarray(format="rgb24") for frame in decoded(path)])


def decoded(path: Path) -> Iterator[Any]:
    with av.open(str(path)) as container:
        yield from container.decode(video=0)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("clips") / "clip.mp4", moving(60))


@given(total=st.integers(1, 10_000), num=st.integers(1, 300))
def test_numbers_are_spread_over_equal_parts(total: int, num: int) -> None:
    numbers = spread(total, num)
    assert len(numbers) == min(total, num)
    assert (np.diff(numbers) > 0).all()
    if total <= num:
        assert numbers.tolist() == list(range(total))
    else:
        parts = total / num * np.arange(num + 1)
        assert (numbers >= np.floor(parts[:-1])).all()
        assert (numbers <= parts[1:]).all()


def test_of_sixteen_frames_eight_are_every_second() -> None:
    assert spread(16, 8).tolist() == [1, 3, 5, 7, 9, 11, 13, 15]
    assert spread(9, 1).tolist() == [4]


@pytest.mark.parametrize(
    ("name", "codec", "gop", "form"),
    [
        ("a.mp4", "libx264", 12, None),
        ("one_key.mp4", "libx264", 250, None),
        ("a.mkv", "libx264", 25, None),
        ("a.webm", "libvpx-vp9", 20, None),
        ("a.avi", "libx264", 12, None),
        ("a.ts", "libx264", 12, None),
        ("bare.h264", "libx264", 12, "h264"),  # says neither how long it is nor when frames are shown
        ("misnamed.txt", "libx264", 12, "mp4"),
    ],
)
def test_frames_are_those_that_pyav_decodes(
    name: str, codec: str, gop: int, form: str | None, tmp_path: Path
) -> None:
    path = write_video(tmp_path / name, moving(61), codec=codec, gop=gop, form=form)
    every = all_frames(path)
    assert len(every) == 61
    for num_frames in (1, 5, 61, 100):
        assert np.array_equal(read_frames(path, num_frames), every[spread(61, num_frames)])


def test_what_is_shown_long_counts_by_its_time(tmp_path: Path) -> None:
    times = [number * number for number in range(20)]
    path = write_video(tmp_path / "slowing.mp4", moving(20), times=times)
    every = all_frames(path)
    end = times[-1] + times[-1] - times[-2]
    with open_container(path) as container:
        stream = container.streams.video[0]
        index = seeking.index_frames(container, stream)
        assert index.times is not None
        assert index.times.tolist() == [time * index.times[1] for time in times]
        end = index.end / index.times[1]
    shown = [max(n for n in range(20) if times[n] <= (part + 0.5) * end / 8) for part in range(8)]
    assert shown != spread(20, 8).tolist()
    assert np.array_equal(read_frames(path, 8), every[shown])
    assert np.array_equal(read_frames(path, 20), every)
    # Of two frames, the second is shown for all but the first tick.
    still = write_video(tmp_path / "slides.mkv", moving(9), times=[0, 1, 2, 3, 4, 5, 6, 7, 200])
    assert len(read_frames(still, 4)) == 4


class Counting:
    """A container that counts how many frames are decoded."""

    def __init__(self, container: Any) -> None:
        self.container, self.num_decoded, self.num_jumps = container, 0, 0

    def seek(self, *args: Any, **options: Any) -> None:
        self.num_jumps += 1
        self.container.seek(*args, **options)

    def decode(self, stream: Any) -> Iterator[Any]:
        for frame in self.container.decode(stream):
            self.num_decoded += 1
            yield frame


def test_what_lies_between_is_not_decoded(tmp_path: Path) -> None:
    path = write_video(tmp_path / "long.mp4", moving(300), gop=20)
    with open_container(path) as container:
        stream = container.streams.video[0]
        index = seeking.index_frames(container, stream)
        assert index.times is not None
        counting: Any = Counting(container)
        wanted = index.times[spread(300, 5)].tolist()
        found = list(seeking.decode_at(counting, stream, index, wanted, lambda frame: frame.pts))
    assert found == wanted
    assert counting.num_jumps == 5
    assert counting.num_decoded < 120


def test_a_jump_too_far_starts_over(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    every = all_frames(clip)
    with open_container(clip) as container:
        stream = container.streams.video[0]
        index = seeking.index_frames(container, stream)
        assert index.times is not None
        monkeypatch.setattr(seeking.FrameIndex, "key_of", lambda index, _: len(index.keys) - 1)
        wanted = index.times[[30]].tolist()
        frames = seeking.decode_at(
            container, stream, index, wanted, lambda frame: frame.to_ndarray(format="rgb24")
        )
        assert np.array_equal(next(frames), every[30])


def test_frames_are_counted_again_where_packets_lie(clip: Path) -> None:
    pixels = video._Pixels(clip, None, 6)
    for announced in (10, 70):
        assert np.array_equal(np.stack(video._decode_all(clip, announced, 6, pixels)), read_frames(clip, 6))
    with pytest.raises(MediaError, match=r"clip\.mp4: is damaged, 60 of its 80 frames can"):
        video._decode_all(clip, 80, 6, pixels)


def test_packets_that_are_never_shown_are_no_frames(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As VP8 has them, for other frames to be told from."""
    expected = read_frames(clip, 100)

    def with_hidden(container: Any, stream: Any) -> seeking.FrameIndex:
        index = seeking.index_frames(container, stream)
        assert index.times is not None
        return replace(index, times=np.insert(index.times, 30, index.times[30] - 1), num_shown=61)

    monkeypatch.setattr(video, "index_frames", with_hidden)
    assert np.array_equal(read_frames(clip, 100), expected)
    assert len(read_frames(clip, 7)) == 7


def turned(source: Path, target: Path, degrees: int) -> Path:
    """A copy whose header says that it was filmed with a turned camera."""
    data = bytearray(source.read_bytes())
    place = data.index(b"tkhd") + 4 + 4 + 20 + 16
    cos, sin = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    matrix = [cos << 16, sin << 16, 0, -sin * 65_536, cos * 65_536, 0, 0, 0, 1 << 30]
    data[place : place + 36] = struct.pack(">9i", *(int(entry) for entry in matrix))
    target.write_bytes(data)
    return target


def test_frames_stand_upright(clip: Path, tmp_path: Path) -> None:
    plain = read_frames(clip, 3)
    for degrees, quarters in ((90, 3), (180, 2), (270, 1)):  # the header turns clockwise, NumPy against it
        frames = read_frames(turned(clip, tmp_path / f"{degrees}.mp4", degrees), 3)
        assert np.array_equal(frames, np.rot90(plain, quarters, axes=(1, 2)))
    assert read_frames(tmp_path / "90.mp4", 2, side=16).shape == (2, 24, 16, 3)


def test_large_frames_are_made_smaller_in_proportion(clip: Path) -> None:
    small = read_frames(clip, 4, side=16)
    assert small.shape == (4, 16, 24, 3)
    plain = read_frames(clip, 4)
    assert np.abs(small.astype(float).mean(axis=(1, 2)) - plain.mean(axis=(1, 2))).max() < 3
    assert np.array_equal(read_frames(clip, 4, side=200), plain)
    assert read_frames(plain, 4, side=8).shape == (4, 8, 12, 3)


def test_frames_may_be_given_as_they_are() -> None:
    frames = moving(10)
    wanted = frames[spread(10, 4)]
    pictures = [Image.fromarray(frame) for frame in frames]
    first = torch.from_numpy(frames).permute(0, 3, 1, 2)
    for given_frames in (frames, frames.transpose(0, 3, 1, 2), torch.from_numpy(frames), first, pictures):
        assert np.array_equal(read_frames(given_frames, 4), wanted)
    with pytest.raises(
        MediaError, match=r"must be uint8 \(frames, height, width, 3\).*float64 \(2, 8, 8, 3\)"
    ):
        read_frames(np.zeros((2, 8, 8, 3)), 1)
    with pytest.raises(MediaError, match=r"must be uint8.*got uint8 \(8, 8, 3\)"):
        read_frames(np.zeros((8, 8, 3), np.uint8), 1)
    with pytest.raises(MediaError, match=r"of one size, got \[\(8, 8, 3\), \(9, 9, 3\)\]"):
        read_frames([Image.new("RGB", (size, size)) for size in (8, 9)], 1)


@pytest.mark.parametrize("ending", ["gif", "webp", "png"])
def test_animated_pictures_are_short_videos(ending: str, tmp_path: Path) -> None:
    levels = [20 * number for number in range(10)]
    first, *others = [Image.new("RGB", (20, 10), (level, level, level)) for level in levels]
    options: dict[str, Any] = {"lossless": True} if ending == "webp" else {}
    path = tmp_path / f"moving.{ending}"
    first.save(path, save_all=True, append_images=others, duration=50, **options)
    frames = read_frames(path, 5)
    assert frames.shape == (5, 10, 20, 3)
    assert frames[:, 5, 5, 0].tolist() == [20, 60, 100, 140, 180]
    first.save(tmp_path / f"still.{ending}")
    assert read_frames(tmp_path / f"still.{ending}", 5).shape == (1, 10, 20, 3)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(MediaError, match=rf"moving\.{ending}: .*; replace it or remove its row"):
        read_frames(path, 9)


def broken_files(clip: Path, folder: Path) -> Iterator[tuple[Path, str]]:
    whole = clip.read_bytes()
    sound = folder / "sound.wav"
    with wave.open(str(sound), "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(8_000)
        target.writeframes(bytes(16_000))
    yield sound, "has no video in it, but audio; give the file with the pictures"
    half = folder / "half.mp4"
    half.write_bytes(whole[: len(whole) // 2])
    yield half, "cannot be read as a video or a sound .*; replace it or remove its row"
    matroska = write_video(folder / "half.mkv", moving(60))
    matroska.write_bytes(matroska.read_bytes()[: matroska.stat().st_size * 2 // 3])
    yield matroska, r"is cut off, it has 1\.\d of 2\.5 seconds; copy it again or remove its row"
    torn = folder / "torn.mp4"
    data = bytearray(whole)
    data[100 : len(data) // 2] = bytes(range(256)) * ((len(data) // 2 - 100) // 256 + 1)
    torn.write_bytes(data)
    yield torn, r"torn\.mp4: .*; replace it or remove its row"
    (folder / "empty.mp4").touch()
    yield folder / "empty.mp4", "is empty; replace it"
    yield folder / "none.mp4", "no such file; put it there, or remove its row"
    yield folder, "is no regular file"
    yield Path("/dev/zero"), "is no regular file"
    (folder / "words.mp4").write_text("no video at all, but a text\n" * 9)
    yield folder / "words.mp4", "cannot be read as a video or a sound"
    (folder / "list.m3u8").write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{clip}\n#EXT-X-ENDLIST\n"
    )
    yield folder / "list.m3u8", "it is damaged, or its form is none of those that are read"


def test_what_cannot_be_read_is_named_with_a_remedy(clip: Path, tmp_path: Path) -> None:
    for path, message in broken_files(clip, tmp_path):
        with pytest.raises(MediaError, match=message) as caught:
            read_frames(path, 8)
        assert str(caught.value).startswith(f"{path}: ")
    with pytest.raises(MediaError, match=r"https://a\.example/b\.mp4: is an address, and nothing is fetched"):
        read_frames("https://a.example/b.mp4", 1)
    with pytest.raises(ConfigError, match=r"num_frames must be >= 1, got 0\nside must be >= 1, got -1"):
        read_frames(clip, 0, side=-1)


@pytest.mark.parametrize(
    ("form", "text", "message"),
    [
        (
            "concat",
            "ffconcat version 1.0\nfile other.mp4\n",
            "it is damaged, or its form is none of those that are read",
        ),
        (
            "hls",
            "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nother.ts\n#EXT-X-ENDLIST\n",
            r"it names another file, 'other\.ts', which is not opened",
        ),
    ],
)
def test_no_other_file_is_opened(
    form: str, text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor would one be if lists of files were ever let in."""
    monkeypatch.setattr(containers, "_FORMATS", f"{containers._FORMATS} {form}")
    monkeypatch.chdir(tmp_path)
    for name in ("other.mp4", "other.ts"):
        write_video(tmp_path / name, moving(3))
    Path("list.m3u8").write_text(text)
    with pytest.raises(MediaError, match=message):
        read_frames("list.m3u8", 1)


def test_too_large_videos_are_refused_before_they_are_decoded(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(video, "decode_at", never)
    monkeypatch.setattr(video, "MAX_BYTES", 3 * 32 * 48 * 10)
    with pytest.raises(MediaError, match=r"11 frames of 48 x 32 pixels are 0\.0 GiB, more than"):
        read_frames(clip, 11)
    with pytest.raises(MediaError, match=r"11 frames of 48 x 32 pixels"):
        video._Pixels(clip, None, 11)(next(iter(decoded(clip))))  # whatever the header said
    path = clip.with_name("moving.gif")
    first, *others = [Image.fromarray(frame) for frame in moving(20)]
    first.save(path, save_all=True, append_images=others)
    with pytest.raises(MediaError, match=r"moving\.gif: 11 frames of 48 x 32 pixels are"):
        read_frames(path, 11)
    monkeypatch.setattr(video, "MAX_FRAME_PIXELS", 1_000)
    with pytest.raises(MediaError, match="its frames have 48 x 32 pixels, more than 1,000 in all"):
        read_frames(clip, 1)
