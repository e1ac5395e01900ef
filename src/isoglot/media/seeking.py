"""Single frames out of a video stream: where they are, and no more decoded than must be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

Integers = npt.NDArray[np.int64]
Result = TypeVar("Result")
Convert = Callable[["VideoFrame"], Result]

_JUMP_BY_TIME = ("mov", "matroska")
"""Forms that find a key frame by when it is shown; others by when it is decoded, which may be earlier."""
_MIN_SKIPPED = 8
"""Frames that a jump must save: it costs about as much as decoding a few."""


@dataclass(frozen=True, eq=False)
class FrameIndex:
    """The frames of a stream as its packets announce them, none of them decoded.

    Attributes:
        times: (frames,) when each is shown, in the stream's ticks, ascending; None if not all say so.
        end: When the last one ends, in ticks.
        keys: (keys, 2) frames from which decoding can start: when they are shown, ascending, and where to
            jump for them.
        num_packets: Packets of the stream, with those that are never shown.
        num_shown: Those that are shown, as far as the container knows.
        last_end: When the last packet of all streams that were read ends, in seconds; 0 if none says.
    """

    times: Integers | None
    end: int
    keys: Integers
    num_packets: int
    num_shown: int
    last_end: float

    def key_of(self, time: int) -> int:
        """Number of the last key frame that is not shown after a time; 0 if there is none."""
        return max(int(np.searchsorted(self.keys[:, 0], time, side="right")) - 1, 0)


def index_frames(container: InputContainer, stream: VideoStream) -> FrameIndex:
    """Reads all packets of a stream.

    Args:
        container: The container, at its start; it is left at its end.
        stream: One of its streams.

    Returns:
        What they say.
    """
    # Matroska says how long the longest stream is: to notice that a file is cut off, all must be read.
    streams = container.streams if "matroska" in container.format.name else (stream,)
    own: list[_Packet] = []
    ends: dict[int, int] = {}
    for packet in container.demux(*streams):
        time, target, duration = packet.pts, packet.dts, packet.duration or 0
        if packet.stream_index != stream.index:
            ends[packet.stream_index] = (time or 0) + duration
        elif packet.size or target is not None:  # PyAV ends with one that has neither
            # The packet itself, which holds the compressed frame, is let go.
            own.append(
                _Packet(time, target, duration, packet.is_keyframe, packet.size > 0 and not packet.is_discard)
            )
    shown = [packet for packet in own if packet.shown]
    times = sorted({packet.time for packet in shown if packet.time is not None})
    timed = container.format.name != "avi"  # it knows the order of decoding alone; the rest would be a guess
    ends[stream.index] = end = times[-1] + max(shown[-1].duration, 1) if times else 0
    return FrameIndex(
        np.array(times, np.int64) if timed and times and len(times) == len(shown) else None,
        end,
        _keys(own, by_time=container.format.name.startswith(_JUMP_BY_TIME)),
        len(own),
        len(shown),
        max(float(ticks * (container.streams[number].time_base or 0)) for number, ticks in ends.items()),
    )


class _Packet(NamedTuple):
    """What one packet says of itself: in ticks, when its frame is shown, when decoded, and how long."""

    time: int | None
    decoded: int | None
    duration: int
    key: bool
    shown: bool


def _keys(packets: Sequence[_Packet], *, by_time: bool) -> Integers:
    """(keys, 2) when key frames are shown, and where to jump for them."""
    keys = [
        (packet.time, packet.time if by_time or packet.decoded is None else packet.decoded)
        for packet in packets
        if packet.key and packet.time is not None
    ]
    return np.array(sorted(keys), np.int64).reshape(-1, 2)


def decode_at(
    container: InputContainer,
    stream: VideoStream,
    index: FrameIndex,
    times: Sequence[int],
    convert: Convert[Result],
) -> Iterator[Result]:
    """Decodes the frames that are shown at some times.

    Args:
        container: The container, anywhere.
        stream: The stream.
        index: Its frames, with their times.
        times: When the frames begin to be shown, ascending, each one of the index's.
        convert: What is made of each.

    Yields:
        What was made of each, in the order of the times; fewer if the stream ends before.
    """
    assert index.times is not None
    frames: Iterator[VideoFrame] = iter(())
    reached: int | None = None
    for time in times:
        key, jumped = index.key_of(time), False
        if reached is None or _num_between(index, reached, int(index.keys[key, 0])) > _MIN_SKIPPED:
            frames, jumped = _jump(container, stream, index, key), True
        frame = _first_from(frames, time)
        if jumped and (frame is None or frame.pts != time):
            # The jump ended behind the key frame: the only sure way is from the start.
            frames = _jump(container, stream, index, 0)
            frame = _first_from(frames, time)
        if frame is None:
            return
        reached = frame.pts
        yield convert(frame)


def decode_numbers(
    container: InputContainer, stream: VideoStream, numbers: Sequence[int], convert: Convert[Result]
) -> tuple[list[Result], int]:
    """Decodes all frames, where packets do not say when each is shown.

    Args:
        container: The container, at its start.
        stream: The stream.
        numbers: Which frames are wanted, from 0.
        convert: What is made of each.

    Returns:
        What was made of each, in the order of the stream, and how many frames there are.
    """
    wanted = set(numbers)
    made, number = [], -1
    for number, frame in enumerate(container.decode(stream)):
        if number in wanted:
            made.append(convert(frame))
    return made, number + 1


def _jump(
    container: InputContainer, stream: VideoStream, index: FrameIndex, key: int
) -> Iterator[VideoFrame]:
    container.seek(int(index.keys[key, 1]), stream=stream)
    return iter(container.decode(stream))


def _first_from(frames: Iterator[VideoFrame], time: int) -> VideoFrame | None:
    return next((frame for frame in frames if frame.pts is not None and frame.pts >= time), None)


def _num_between(index: FrameIndex, reached: int, key_time: int) -> int:
    """Frames that need not be decoded if one jumps; negative if the key frame is behind."""
    assert index.times is not None
    first, last = np.searchsorted(index.times, [reached, key_time])
    return int(last - first)
