"""Time of reading media against that of the library underneath alone, doing as much as must be done.

    python benchmarks/media.py [--medium video audio] [--repeats N]

Videos: eight frames, evenly spaced, of a clip that has a single key frame and of a long video that has many.
The peer is PyAV, told beforehand which frames are wanted: it decodes a clip from its start to the last of
them, and jumps about in the long video. Then a training batch from the table of decoded frames, against
decoding its videos anew. Sounds: half a minute of MP3 in stereo, brought to one channel at
16 kHz; the peer is PyAV, which decodes and resamples it. Then a training batch from the table of
spectrograms, against making them anew. Every measure is a ratio of the two, of the quickest of some runs of
each, taken in turns.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from isoglot.batches.frames import frames_table
from isoglot.batches.waveforms import waveform_table
from isoglot.encoders import build_audio_tower, build_image_tower, build_video_tower
from isoglot.media.audio import read_waveform
from isoglot.media.opening import open_media
from isoglot.media.video import read_frames, spread

NUM_FRAMES = 8
CLIP_FRAMES, LONG_FRAMES = 64, 1_500
LONG_GOP = 250
"""As x264 sets key frames unless it is told otherwise."""
HEIGHT, WIDTH = 240, 320
BATCH_SIZE = 16
SOUND_SECONDS, SOUND_RATE, HEARD_RATE = 30, 44_100, 16_000


def write_video(path: Path, num_frames: int, gop: int) -> None:
    """A video of noise that drifts, as costly to decode as one of nature."""
    ground = np.random.default_rng(0).integers(256, size=(HEIGHT, WIDTH, 3), dtype=np.uint8)
    ground = np.repeat(np.repeat(ground[::8, ::8], 8, axis=0), 8, axis=1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"g": str(gop), "preset": "veryfast"})
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, "yuv420p"
        stream.time_base = Fraction(1, 25)
        for number in range(num_frames):
            pixels = np.ascontiguousarray(np.roll(ground, 2 * number, axis=1))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())


def decode_clip(path: Path) -> list[Any]:
    """The frames by PyAV alone, from the start."""
    wanted = set(spread(CLIP_FRAMES, NUM_FRAMES).tolist())
    found: list[Any] = []
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number in wanted:
                found.append(frame.to_ndarray(format="rgb24"))
            if len(found) == len(wanted):
                break
    return found


def decode_long(path: Path, times: list[int]) -> list[Any]:
    """The frames by PyAV alone, each from the key frame before it."""
    found = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        for wanted in times:
            container.seek(wanted, stream=stream)
            frames = container.decode(stream)
            frame = next(frame for frame in frames if frame.pts is not None and frame.pts >= wanted)
            found.append(frame.to_ndarray(format="rgb24"))
    return found


def seconds(run: Callable[[], Any]) -> float:
    """How long something takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def ratio(ours: Callable[[], Any], peer: Callable[[], Any], repeats: int) -> float:
    """Share of our time in the peer's: the quickest of some runs of each, in turns."""
    runs = [(seconds(ours), seconds(peer)) for _ in range(repeats)]
    quickest, quickest_peer = map(min, zip(*runs, strict=True))
    return quickest / quickest_peer


def measure_video(folder: Path, repeats: int) -> Iterator[str]:
    """A line for each measure."""
    clip, long = folder / "clip.mp4", folder / "long.mp4"
    write_video(clip, CLIP_FRAMES, CLIP_FRAMES)
    write_video(long, LONG_FRAMES, LONG_GOP)
    with av.open(str(long)) as container:
        every = sorted(packet.pts for packet in container.demux(video=0) if packet.pts is not None)
    times = [every[number] for number in spread(LONG_FRAMES, NUM_FRAMES)]
    for name, path, peer in (
        (f"clip of {CLIP_FRAMES} frames, one key frame", clip, lambda: decode_clip(clip)),
        (
            f"video of {LONG_FRAMES:,} frames, a key frame in {LONG_GOP}",
            long,
            lambda: decode_long(long, times),
        ),
    ):
        assert np.array_equal(read_frames(path, NUM_FRAMES), np.stack(peer()))
        share = ratio(lambda path=path: read_frames(path, NUM_FRAMES), peer, repeats)  # type: ignore[misc]
        yield f"{name}: {share:.2f} of the time of PyAV alone"
    yield f"training batch from the table: {measure_batches(clip, repeats):.4f} of the time of decoding anew"


def measure_batches(clip: Path, repeats: int) -> float:
    """Share of a batch's time when its videos are decoded already."""
    tower = build_video_tower(build_image_tower(), num_frames=NUM_FRAMES)
    files = [str(clip)] * BATCH_SIZE
    rows = np.arange(BATCH_SIZE, dtype=np.int32)
    table = frames_table(tower, "document", files, rows, BATCH_SIZE)
    assert table is not None
    inputs = [{"video": file} for file in files]
    return ratio(lambda: table(rows), lambda: tower.preprocess(inputs), repeats)


def write_sound(path: Path) -> None:
    """Noise in two channels."""
    noise = np.random.default_rng(0).normal(0, 0.1, (2, SOUND_SECONDS * SOUND_RATE)).astype(np.float32)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libmp3lame", rate=SOUND_RATE, layout="stereo")
        for start in range(0, noise.shape[1], 1_152):
            piece = np.ascontiguousarray(noise[:, start : start + 1_152])
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
            frame.rate = SOUND_RATE
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def decode_sound(path: Path) -> Any:
    """The sound by PyAV alone, which mixes channels by its own weights."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=HEARD_RATE)
    with av.open(str(path)) as container:
        pieces = [each for frame in container.decode(audio=0) for each in resampler.resample(frame)]
        return np.concatenate([each.to_ndarray()[0] for each in [*pieces, *resampler.resample(None)]])


def measure_audio(folder: Path, repeats: int) -> Iterator[str]:
    """A line for each measure."""
    path = folder / "sound.mp3"
    write_sound(path)
    assert np.abs(len(read_waveform(path, HEARD_RATE)) - len(decode_sound(path))) <= 1
    share = ratio(lambda: read_waveform(path, HEARD_RATE), lambda: decode_sound(path), repeats)
    yield f"{SOUND_SECONDS} seconds of MP3: {share:.2f} of the time of PyAV alone"
    tower = build_audio_tower()

    def preprocess(contents: list[Any]) -> Any:
        return tower.preprocess([{"audio": each} for each in open_media("audio", contents, tower)])

    files, rows = [str(path)] * BATCH_SIZE, np.arange(BATCH_SIZE, dtype=np.int32)
    table = waveform_table(tower, files, preprocess, rows, BATCH_SIZE)
    assert table is not None
    share = ratio(lambda: table(rows), lambda: preprocess(files), repeats)
    yield f"training batch from the table: {share:.4f} of the time of making it anew"


MEASURES = {"video": measure_video, "audio": measure_audio}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--medium", choices=list(MEASURES), nargs="+", default=list(MEASURES))
    parser.add_argument("--repeats", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for medium in options.medium:
            for line in MEASURES[medium](Path(folder), options.repeats):
                print(f"{medium}, {line}", flush=True)


if __name__ == "__main__":
    main()
