"""Frames of videos, evenly spaced over the time they take."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from isoglot.errors import ConfigError, MediaError
from isoglot.media.animations import is_animation, read_animation
from isoglot.media.containers import check_file, open_container
from isoglot.media.seeking import FrameIndex, Integers, decode_at, decode_numbers, index_frames

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

Frames = npt.NDArray[np.uint8]
"""(frames, height, width, 3), red, green and blue, rows downwards."""

MAX_FRAME_PIXELS = 2**26
"""The largest frame that is decoded: 8192 x 8192."""
MAX_BYTES = 2**30
"""The most that the frames of one video may take."""

_LEAST_SHARE = 0.8
"""What share of a stream's packets must give a frame; some codecs have a few that are never shown."""
_REMEDY = "replace it or remove its row"


def read_frames(source: Any, num_frames: int, *, side: int | None = None) -> Frames:
    """Some frames of a video, spread evenly.

    The time that the video takes is cut into `num_frames` equal parts, and what is seen in the middle of each
    is taken: neither the first frame nor the last, which are often black. Frame rates may vary. Where key
    frames allow it, what lies between is not decoded. Frames stand upright as the file says they were filmed;
    pixels that are not square are taken as if they were, and colours beyond standard video stay as coded.

    Args:
        source: A file: a video in any common form, known by its content, or an animated GIF, WebP or PNG,
            whose frames are spread by number. Or the frames themselves: an array or a tensor (frames, height,
            width, 3) or (frames, 3, height, width), whole numbers from 0 to 255; or a list of pictures of one
            size.
        num_frames: How many, >= 1; of a video that has no more, all are given, each once.
        side: How long the shorter side may be, in pixels; frames with a longer one are made smaller, in
            proportion. None leaves them as they are.

    Returns:
        The frames, in their order.

    Raises:
        MediaError: If the file is missing, damaged where it is looked at, cut off, without a video, or too
            large; it says which, and what to do.
        ConfigError: If num_frames or side is < 1, or PyAV or Pillow is not installed.
    """
    given = (("num_frames", num_frames), ("side", side))
    problems = [
        f"{name} must be >= 1, got {value}" for name, value in given if value is not None and value < 1
    ]
    if problems:
        raise ConfigError("\n".join(problems))
    if not isinstance(source, str | Path):
        return _smaller(_taken(_as_frames(source), num_frames), side)
    check_file(source)
    if is_animation(source):
        return _smaller(read_animation(source, partial(_choose, source, num_frames)), side)
    with open_container(source) as container:
        return _decode(source, container, num_frames, side)


def spread(total: int, num: int) -> Integers:
    """Which of some frames are taken, by number.

    Args:
        total: How many frames there are.
        num: How many are wanted.

    Returns:
        The numbers in the middle of equal parts, ascending; all, if there are no more than are wanted.
    """
    if total <= num:
        return np.arange(total)
    return (2 * np.arange(num) + 1) * total // (2 * num)


def _choose(source: Any, num_frames: int, total: int, size: tuple[int, int]) -> Integers:
    numbers = spread(total, num_frames)
    _check_bytes(source, size, len(numbers))
    return numbers


def _decode(source: Any, container: InputContainer, num_frames: int, side: int | None) -> Frames:
    stream = _video_stream(source, container)
    size = stream.codec_context.width, stream.codec_context.height
    _check_size(source, size)
    index = index_frames(container, stream)
    _check_whole(source, container, stream, index)
    most = min(num_frames, index.num_shown)
    _check_bytes(source, _scaled(*size, side), most)
    pixels = _Pixels(source, side, most)
    if index.times is not None and len(index.keys):
        wanted, places = np.unique(_wanted_times(index.times, index.end, num_frames), return_inverse=True)
        found = list(decode_at(container, stream, index, wanted.tolist(), pixels))
        if len(found) == len(wanted):
            return np.stack([found[place] for place in places])
    # Some packets do not say when they are shown, or are not shown although they say so, as in VP8.
    return np.stack(_decode_all(source, index.num_shown, num_frames, pixels))


def _decode_all(source: Any, total: int, num_frames: int, pixels: _Pixels) -> list[Frames]:
    """Frames by number; how many there are is only known for sure when all have been decoded."""
    with open_container(source) as container:
        stream = _video_stream(source, container)
        decoded, found = decode_numbers(container, stream, spread(total, num_frames).tolist(), pixels)
    if found < _LEAST_SHARE * total:
        raise MediaError(f"{source}: is damaged, {found:,} of its {total:,} frames can be decoded; {_REMEDY}")
    return decoded if found == total else _decode_all(source, found, num_frames, pixels)


def _video_stream(source: Any, container: InputContainer) -> VideoStream:
    """The first video that is no cover of a sound."""
    for stream in container.streams.video:
        if stream.disposition & stream.disposition.attached_pic:
            continue
        if stream.codec_context is None:
            raise MediaError(f"{source}: its video is damaged, or of an unknown coding; {_REMEDY}")
        return stream
    held = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
    raise MediaError(
        f"{source}: has no video in it, but {held}; give the file with the pictures, or another medium"
    )


def _check_size(source: Any, size: tuple[int, int]) -> None:
    """Refuses too large a frame, before anything is decoded."""
    if size[0] * size[1] > MAX_FRAME_PIXELS:
        raise MediaError(
            f"{source}: its frames have {size[0]} x {size[1]} pixels, more than {MAX_FRAME_PIXELS:,} in all; "
            "make them smaller, or remove its row"
        )


def _check_bytes(source: Any, size: tuple[int, int], num_frames: int) -> None:
    """Refuses what would take too much memory, before anything is decoded."""
    num_bytes = 3 * num_frames * size[0] * size[1]
    if num_bytes > MAX_BYTES:
        raise MediaError(
            f"{source}: {num_frames} frames of {size[0]} x {size[1]} pixels are {num_bytes / 2**30:.1f} GiB, "
            f"more than {MAX_BYTES / 2**30:.1f}; take fewer, or give side"
        )


def _check_whole(source: Any, container: InputContainer, stream: VideoStream, index: FrameIndex) -> None:
    """Refuses a file that ends before it says it does."""
    if not index.num_shown:
        raise MediaError(f"{source}: its video has no frames; {_REMEDY}")
    matroska = "matroska" in container.format.name
    says = (container.duration or 0) / 1e6 if matroska else 0.0
    # Half a second more, or a fiftieth, is let pass: how long the last frame is shown is often unsaid.
    if index.num_packets < stream.frames - 1 or 0.98 * says - 0.5 > index.last_end > 0:
        has = (
            f"{index.last_end:.1f} of {says:.1f} seconds"
            if says
            else f"{index.num_packets:,} of {stream.frames:,} frames"
        )
        raise MediaError(f"{source}: is cut off, it has {has}; copy it again or remove its row")


def _wanted_times(times: Integers, end: int, num_frames: int) -> Integers:
    """When the wanted frames begin to be shown; a frame that is shown long may be wanted twice."""
    total = len(times)
    step = (end - times[0]) / total
    off = np.abs(times - times[0] - step * np.arange(total)).max()
    if total <= num_frames or off <= step / 2:  # as many ticks as there are in a second cannot always be even
        return times[spread(total, num_frames)]
    middles = times[0] + (np.arange(num_frames) + 0.5) * (end - times[0]) / num_frames
    shown: Integers = times[np.searchsorted(times, middles, side="right") - 1]
    return shown


class _Pixels:
    """Makes arrays of frames, all in the size of the first."""

    def __init__(self, source: Any, side: int | None, num_frames: int) -> None:
        self._source, self._side, self._num_frames = source, side, num_frames
        self._size: tuple[int, int] | None = None

    def __call__(self, frame: VideoFrame) -> Frames:
        if frame.is_corrupt:
            raise MediaError(f"{self._source}: is damaged where a frame is wanted; {_REMEDY}")
        _check_size(self._source, (frame.width, frame.height))
        if self._size is None:  # the header may have said another
            self._size = _scaled(frame.width, frame.height, self._side)
            _check_bytes(self._source, self._size, self._num_frames)
        width, height = self._size
        smaller = (width, height) != (frame.width, frame.height)
        pixels = frame.to_ndarray(
            format="rgb24", width=width, height=height, interpolation="AREA" if smaller else None
        )
        # Turns are counted against the clock, and come in quarters.
        return np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90)))


def _scaled(width: int, height: int, side: int | None) -> tuple[int, int]:
    scale = 1.0 if side is None else min(1.0, side / max(min(width, height), 1))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _as_frames(source: Any) -> Frames:
    """Frames that were given as they are."""
    if isinstance(source, list | tuple):
        from isoglot.media.pictures import open_picture

        pictures = [np.asarray(open_picture(each)) for each in source]
        shapes = {picture.shape for picture in pictures}
        if len(shapes) != 1:
            raise MediaError(f"the pictures of a video must be of one size, got {sorted(shapes) or 'none'}")
        return np.stack(pictures)
    frames = np.asarray(source)
    if frames.ndim == 4 and frames.shape[3] != 3 and frames.shape[1] == 3:
        frames = frames.transpose(0, 2, 3, 1)
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8 or not frames.size:
        raise MediaError(
            "frames must be uint8 (frames, height, width, 3) or (frames, 3, height, width), got "
            f"{frames.dtype} {frames.shape}"
        )
    return frames


def _taken(frames: Frames, num_frames: int) -> Frames:
    return frames[spread(len(frames), num_frames)]


def _smaller(frames: Frames, side: int | None) -> Frames:
    height, width = frames.shape[1:3]
    scaled = _scaled(width, height, side)
    if scaled == (width, height):
        return frames
    from PIL import Image

    return np.stack(
        [np.asarray(Image.fromarray(frame).resize(scaled, Image.Resampling.BOX)) for frame in frames]
    )
