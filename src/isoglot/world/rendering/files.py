"""Pictures, videos and sounds as files that browsers play; the same bytes for the same content."""

from __future__ import annotations

import io
import wave
from fractions import Fraction
from pathlib import Path

import numpy as np

from isoglot.errors import ConfigError
from isoglot.files import whole_file
from isoglot.world.rendering.pictures import Pixels
from isoglot.world.rendering.sounds import Wave

_VIDEO_OPTIONS = {
    "crf": "18",
    "b": "0",
    "deadline": "good",
    "cpu-used": "4",
    "row-mt": "0",
    "threads": "1",
    "auto-alt-ref": "0",
}
"""Constant quality, from one thread: nothing in the file depends on time or machine."""


def write_picture(path: str | Path, picture: Pixels) -> None:
    """Writes a picture as PNG.

    Args:
        path: The file to write, whole or not at all; its folders are made.
        picture: (height, width, 3), red, green and blue.

    Raises:
        ConfigError: If the array is no picture, or Pillow is not installed.
    """
    _check_pixels(picture, 3)
    try:
        from PIL import Image
    except ImportError:
        raise ConfigError(_missing("picture", "pillow")) from None
    with whole_file(path) as file:
        Image.fromarray(picture).save(file, format="png", optimize=False, compress_level=6)


def write_video(path: str | Path, video: Pixels, *, frames_per_second: int = 8) -> None:
    """Writes a video as WebM with VP9, which browsers play without a licence.

    Args:
        path: The file to write, whole or not at all; its folders are made.
        video: (frames, height, width, 3), red, green and blue; width and height are even, as half the colour
            is kept in each direction.
        frames_per_second: How fast it plays, > 0.

    Raises:
        ConfigError: If the array is no video, its width or height is odd, or PyAV is not installed.
    """
    _check_pixels(video, 4)
    if video.shape[1] % 2 or video.shape[2] % 2:
        raise ConfigError(f"a video's height and width must be even, got {video.shape[1]} x {video.shape[2]}")
    if frames_per_second <= 0:
        raise ConfigError(f"frames_per_second must be > 0, got {frames_per_second}")
    content = _encode_video(video, frames_per_second)
    with whole_file(path) as file:
        file.write(content)


def _encode_video(video: Pixels, frames_per_second: int) -> bytes:
    try:
        import av
    except ImportError:
        raise ConfigError(_missing("video", "av")) from None
    target = io.BytesIO()
    with av.open(target, mode="w", format="webm", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libvpx-vp9", rate=frames_per_second, options=_VIDEO_OPTIONS)
        stream.height, stream.width = video.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, frames_per_second)
        stream.thread_count = 1
        for pixels in video:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return target.getvalue()


def write_sound(path: str | Path, sound: Wave, *, sample_rate: int = 16_000) -> None:
    """Writes a sound as WAV with 16 bits, one channel.

    Args:
        path: The file to write, whole or not at all; its folders are made.
        sound: (samples,) in -1..1.
        sample_rate: Samples a second.

    Raises:
        ConfigError: If the array is no sound.
    """
    if sound.ndim != 1 or not len(sound) or not np.abs(sound).max() <= 1:
        raise ConfigError(f"a sound must be one row of samples in -1..1, got an array of shape {sound.shape}")
    samples = np.minimum(np.rint(sound.astype(np.float64) * 2**15), 2**15 - 1).astype("<i2")
    with whole_file(path) as file, wave.open(file, "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(sample_rate)
        target.writeframes(samples.tobytes())


def _check_pixels(pixels: Pixels, axes: int) -> None:
    if pixels.dtype != np.uint8 or pixels.ndim != axes or pixels.shape[-1] != 3 or not pixels.size:
        form = "(height, width, 3)" if axes == 3 else "(frames, height, width, 3)"
        raise ConfigError(f"pixels must be uint8 {form}, got {pixels.dtype} {pixels.shape}")


def _missing(medium: str, package: str) -> str:
    return f"to write a {medium} needs the package {package}: pip install 'isoglot[media]'"
