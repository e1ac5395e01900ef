"""Reading sounds: every common form gives the same samples, and what is damaged is refused by name."""

from __future__ import annotations

import io
import os
import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from isoglot.errors import ConfigError, MediaError
from isoglot.media.audio import read_waveform

RATE = 16_000
SECONDS = 3.0
HERTZ = 440


def tone(rate: int, channels: int = 1, seconds: float = SECONDS, hertz: float = HERTZ) -> np.ndarray:
    """(channels, samples): a tone in the first channel, half as loud in every other."""
    time = np.arange(round(seconds * rate)) / rate
    loudness = np.array([0.5] + [0.25] * (channels - 1))
    return (loudness[:, None] * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def write(path: Path, codec: str, rate: int, layout: str = "mono", **options: Any) -> Path:
    samples = tone(rate, {"mono": 1, "stereo": 2, "5.1": 6}[layout])
    with av.open(str(path), "w", **options) as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
        frame.rate = rate
        context = stream.codec_context
        resampler = av.AudioResampler(
            format=context.format, layout=layout, rate=rate, frame_size=context.frame_size or None
        )
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path


FORMS = [
    ("a.wav", "pcm_s16le", 16_000, "mono", {}),
    ("b.wav", "pcm_f32le", 22_050, "5.1", {}),
    ("c.wav", "pcm_u8", 8_000, "mono", {}),
    ("d.flac", "flac", 44_100, "stereo", {}),
    ("e.mp3", "libmp3lame", 44_100, "stereo", {}),
    ("f.m4a", "aac", 48_000, "stereo", {"format": "mp4", "options": {"movflags": "faststart"}}),
    ("g.opus", "libopus", 48_000, "mono", {"format": "ogg"}),
    ("h.aiff", "pcm_s16be", 16_000, "mono", {}),
    ("i.webm", "libopus", 48_000, "stereo", {}),
]
STATING = [form for form in FORMS if form[0][0] not in "eg"]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form[0])
def test_every_form_gives_the_mean_of_its_channels_at_the_wanted_rate(form: Any, tmp_path: Path) -> None:
    name, codec, rate, layout, options = form
    path = write(tmp_path / name, codec, rate, layout, **options)
    waveform = read_waveform(path, RATE)
    assert waveform.dtype == np.float32
    assert abs(len(waveform) - SECONDS * RATE) <= 0.02 * SECONDS * RATE
    middle = waveform[RATE // 2 : RATE // 2 + RATE]
    assert np.abs(np.fft.rfft(middle)).argmax() == HERTZ
    expected = {"mono": 0.5, "stereo": 0.375, "5.1": 1.75 / 6}[layout]
    assert np.sqrt(2 * np.mean(middle**2)) == pytest.approx(expected, rel=0.05)
    beginning = read_waveform(path, RATE, max_seconds=1.0)
    assert len(beginning) == RATE
    assert np.abs(beginning - waveform[:RATE]).max() < 1e-3


def test_samples_of_a_wav_file_are_read_as_they_are(tmp_path: Path) -> None:
    steps = np.array([0, 1, -1, 2**14, -(2**15), 2**15 - 1], np.int16)
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(steps.astype("<i2").tobytes())
    assert (read_waveform(tmp_path / "a.wav", RATE) == steps / 2**15).all()


def test_the_ending_of_a_name_says_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", "flac", RATE)
    again = path.rename(tmp_path / "sound.mp3")
    assert len(read_waveform(again, RATE)) == SECONDS * RATE


def video(path: Path, *, sound: bool, seconds: int = 1) -> Path:
    """Eight grey frames a second, and perhaps sound, for half as long."""
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("libvpx-vp9", rate=8)
        pictures.width = pictures.height = 32
        pictures.pix_fmt = "yuv420p"
        tones = container.add_stream("libopus", rate=48_000, layout="mono") if sound else None
        for _ in range(8 * seconds):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 99, np.uint8), format="rgb24")
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        if tones is not None:
            piece = av.AudioFrame.from_ndarray(
                tone(48_000, seconds=seconds / 2), format="fltp", layout="mono"
            )
            piece.rate = 48_000
            resampler = av.AudioResampler(
                format=tones.codec_context.format, layout="mono", rate=48_000, frame_size=960
            )
            for each in [*resampler.resample(piece), *resampler.resample(None)]:
                container.mux(tones.encode(each))
            container.mux(tones.encode(None))
    return path


def test_the_sound_of_a_video_is_read_and_its_end_is_not_that_of_the_video(tmp_path: Path) -> None:
    waveform = read_waveform(video(tmp_path / "a.webm", sound=True), RATE)
    assert len(waveform) == pytest.approx(0.5 * RATE, rel=0.05)


@pytest.mark.parametrize("max_seconds", [None, 0.1])
def test_the_sound_of_a_video_that_is_cut_off_is_refused(max_seconds: float | None, tmp_path: Path) -> None:
    path = video(tmp_path / "a.webm", sound=True, seconds=4)
    assert len(read_waveform(path, RATE, max_seconds=max_seconds)) > 0
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(MediaError, match=r"a\.webm: is cut off before the 4\.\d seconds that it announces"):
        read_waveform(path, RATE, max_seconds=max_seconds)


def test_a_sound_of_unknown_coding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav(1_000).replace(b"fmt \x10\x00\x00\x00\x01\x00", b"fmt \x10\x00\x00\x00\x77\x77"))
    with pytest.raises(MediaError, match=r"a\.wav: its sound is damaged, or of an unknown coding; replace"):
        read_waveform(path, RATE)


def test_a_video_without_sound_is_refused(tmp_path: Path) -> None:
    path = video(tmp_path / "a.webm", sound=False)
    with pytest.raises(MediaError, match=r"a\.webm: has no sound in it, but video; replace it or remove"):
        read_waveform(path, RATE)


@pytest.mark.parametrize("max_seconds", [None, 1.0])
@pytest.mark.parametrize("form", STATING, ids=lambda form: form[0])
def test_a_file_that_is_cut_off_is_refused(form: Any, max_seconds: float | None, tmp_path: Path) -> None:
    name, codec, rate, layout, options = form
    path = write(tmp_path / name, codec, rate, layout, **options)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(MediaError, match=rf"{name}: .*(is cut off|cannot be read)"):
        read_waveform(path, RATE, max_seconds=max_seconds)


def test_some_damaged_packets_are_left_out_and_many_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.m4a", "aac", 48_000, format="mp4")
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, len(whole), np.uint8)
    few, many = whole.copy(), whole.copy()
    few[4_000:4_100] = noise[:100]
    many[2_000 : len(many) // 2] = noise[2_000 : len(many) // 2]
    path.write_bytes(few.tobytes())
    assert len(read_waveform(path, RATE)) > 2.5 * RATE
    path.write_bytes(many.tobytes())
    with pytest.raises(MediaError, match=r"a\.m4a: \d+ of \d+ packets are damaged"):
        read_waveform(path, RATE)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "cannot be read"),
        (b"no sound at all, only words" * 99, "cannot be read"),
        (b"#EXTM3U\n#EXTINF:3,\n/etc/passwd\n", "cannot be read"),
    ],
)
def test_what_is_no_sound_is_refused_by_name(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(MediaError, match=rf"a\.wav: {message}.*(replace|remove)"):
        read_waveform(tmp_path / "a.wav", RATE)


def wav(num_samples: int, rate: int = RATE) -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(2 * num_samples))
    return target.getvalue()


def test_a_file_without_samples_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wav(0))
    with pytest.raises(MediaError, match=r"a\.wav: .*(no samples|cannot be read|has no sound)"):
        read_waveform(tmp_path / "a.wav", RATE)


def test_too_many_samples_are_refused_before_they_are_made(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wav(1_500_000, rate=1_000))  # 25 minutes in 3 MB
    with pytest.raises(MediaError, match=r"a\.wav: has more than 0\.1 hours .* or give max_seconds"):
        read_waveform(tmp_path / "a.wav", 768_000)
    assert len(read_waveform(tmp_path / "a.wav", 48_000, max_seconds=2)) == 96_000
    (tmp_path / "a.wav").write_bytes(wav(100, rate=3))
    with pytest.raises(MediaError, match=r"a\.wav: claims 3 samples a second"):
        read_waveform(tmp_path / "a.wav", RATE)


def test_a_pipe_an_address_and_nothing_at_all_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    for source, message in (
        (tmp_path / "pipe.wav", "is no regular file"),
        ("https://example.org/a.wav", "is an address"),
        (tmp_path / "none.wav", "no such file"),
    ):
        with pytest.raises(MediaError, match=message):
            read_waveform(source, RATE)


def test_samples_are_brought_to_the_wanted_rate() -> None:
    given = tone(44_100, channels=2)
    waveform = read_waveform({"array": given, "sampling_rate": 44_100}, RATE)
    assert len(waveform) == pytest.approx(SECONDS * RATE, abs=20)
    assert np.abs(waveform[1_000:40_000] - 0.75 * tone(RATE)[0, 1_000:40_000]).max() < 1e-3
    first = read_waveform({"array": given, "sampling_rate": 44_100}, RATE, max_seconds=0.5)
    assert (first == waveform[: RATE // 2]).all()


def test_whole_numbers_fill_the_range_of_their_type() -> None:
    for dtype, steps in ((np.int16, 2**15), (np.int32, 2**31), (np.uint8, 2**7)):
        middle = 128 if dtype == np.uint8 else 0
        given = np.array([middle, middle + steps // 2, middle - steps // 2], dtype)
        assert read_waveform(given, RATE).tolist() == [0.0, 0.5, -0.5]
    columns = np.array([[0.5, 0.1], [0.5, 0.3], [-0.5, 0.5]])
    assert read_waveform(columns, RATE) == pytest.approx([0.3, 0.4, 0.0])
    assert read_waveform(np.array([1.4, 0.0, -1.4]), RATE).tolist() == [1.0, 0.0, -1.0]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (np.zeros(0), "must be numbers"),
        (np.zeros((2, 2, 2)), r"shape \(2, 2, 2\)"),
        (np.array(["a"]), "must be numbers"),
        (np.array([0.0, np.nan]), "samples: some samples are not finite"),
        (np.array([0.0, 30_000.0]), "must lie in"),
        ({"array": np.zeros(9)}, "array and sampling_rate, got array"),
        ({"array": np.zeros(9), "sampling_rate": 1}, "sampling_rate must be from"),
    ],
)
def test_samples_that_are_none_are_refused(source: Any, message: str) -> None:
    with pytest.raises(MediaError, match=message):
        read_waveform(source, RATE)


def test_arguments_out_of_range_are_refused_together() -> None:
    with pytest.raises(ConfigError, match=r"rate must be from .* got 3\nmax_seconds must be > 0, got 0"):
        read_waveform("a.wav", 3, max_seconds=0)
