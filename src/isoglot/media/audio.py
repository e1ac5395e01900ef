"""Sounds: any file that people have, and the sound of videos, to one row of samples at one rate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from isoglot.errors import ConfigError, MediaError
from isoglot.media.containers import open_container

if TYPE_CHECKING:
    from av import AudioFrame, AudioResampler
    from av.audio.stream import AudioStream
    from av.container import InputContainer

Waveform = npt.NDArray[np.float32]
"""(samples,), one channel, in [-1, 1]."""

MAX_SAMPLES = 2**28
"""The most that one sound may have once it is read: 1 GiB, four and a half hours at 16 kHz."""
RATES = (1_000, 768_000)
"""Least and greatest number of samples a second."""
_LOUDEST = 2.0
"""Decoders overshoot 1 a little, which is cut; what goes beyond this was never scaled to [-1, 1]."""
_STATING = ("aiff", "au", "caf", "flac", "matroska", "mov", "w64", "wav")
"""Forms that say how long they are; others, such as MP3 and Ogg, leave it to be guessed."""
_REMEDY = "replace it or remove its row"


def read_waveform(source: Any, rate: int, *, max_seconds: float | None = None) -> Waveform:
    """A sound as every part of this package hears it.

    Channels are averaged. Packets that cannot be decoded are left out, as players do, unless they are many.
    A file that ends before it says it does is refused; MP3 and Ogg do not say.

    Args:
        source: A file, known by its content whatever its ending: a sound in any common form, or a video,
            whose sound is taken; an address is never opened. Or samples: an array, or a mapping with `array`
            and `sampling_rate`; an array alone is taken to have the wanted rate. Whole numbers fill the range
            of their type, others lie in [-1, 1]; of two axes the shorter one is the channels.
        rate: Samples a second of the result.
        max_seconds: What comes later is not read; None reads all.

    Returns:
        (samples,) in [-1, 1], at least one.

    Raises:
        MediaError: If the sound is missing, damaged, cut off, empty, too long or not finite, or the file has
            none; names the file.
        ConfigError: If rate or max_seconds is out of range, or PyAV is not installed.
    """
    _check_arguments(rate, max_seconds)
    limit = None if max_seconds is None else max(1, round(max_seconds * rate))
    if not isinstance(source, str | Path):
        return _whole("samples", _resampled(*_as_samples(source, rate), rate, limit), limit)
    with open_container(source) as container:
        stream = _sound_stream(source, container)
        _check_bytes(source, container)
        says = _stated_seconds(container, stream)
        _check_length(source, min(says, max_seconds or says), rate)
        waveform = _whole(source, list(_decoded(source, container, stream, rate, limit)), limit)
        has = len(waveform) / rate
        if says > has and (len(waveform) == limit or _speaks_for_all(container)):
            has = _end(container, stream, says)
        _check_end(source, says, has)
    return waveform


def _check_arguments(rate: int, max_seconds: float | None) -> None:
    problems = []
    if not RATES[0] <= rate <= RATES[1]:
        problems.append(f"rate must be from {RATES[0]} to {RATES[1]} samples a second, got {rate}")
    if max_seconds is not None and not max_seconds > 0:
        problems.append(f"max_seconds must be > 0, got {max_seconds}")
    if problems:
        raise ConfigError("\n".join(problems))


def _sound_stream(source: Any, container: InputContainer) -> AudioStream:
    stream = container.streams.best("audio")
    if stream is None:
        held = ", ".join(sorted({each.type for each in container.streams})) or "nothing"
        raise MediaError(f"{source}: has no sound in it, but {held}; {_REMEDY}")
    found = next(each for each in container.streams.audio if each.index == stream.index)
    if found.codec_context is None:
        raise MediaError(f"{source}: its sound is damaged, or of an unknown coding; {_REMEDY}")
    if not RATES[0] <= (found.rate or 0) <= RATES[1]:
        raise MediaError(f"{source}: claims {found.rate or 0:,} samples a second; {_REMEDY}")
    return found


def _stated_seconds(container: InputContainer, stream: AudioStream) -> float:
    """How long the sound is, or the longest stream beside it, by what the file says; 0 if it does not say."""
    if not any(name in container.format.name for name in _STATING):
        return 0.0
    if stream.duration is not None and stream.time_base is not None and not _speaks_for_all(container):
        return float(stream.duration * stream.time_base)
    return (container.duration or 0) / 1e6


def _speaks_for_all(container: InputContainer) -> bool:
    """Whether a container says how long its longest stream is, which may be the video of a sound."""
    return "matroska" in container.format.name and len(container.streams) > 1


def _check_bytes(source: Any, container: InputContainer) -> None:
    """Refuses a WAV file that is shorter than it says it is; FFmpeg takes what is there."""
    if container.format.name != "wav":
        return
    with Path(source).open("rb") as file:
        announced = int.from_bytes(file.read(8)[4:], "little") + 8
    has = Path(source).stat().st_size
    # Writers that do not know the length beforehand, as into a pipe, leave the largest number there.
    if announced < 2**31 - 2**16 and 0.98 * announced > has:
        raise MediaError(
            f"{source}: is cut off, it has {has:,} of {announced:,} bytes; copy it again or remove its row"
        )


def _decoded(
    source: Any, container: InputContainer, stream: AudioStream, rate: int, limit: int | None
) -> Iterator[Waveform]:
    """Pieces of the sound at the wanted rate, until there are enough."""
    import av

    resampler = av.AudioResampler(format="fltp", rate=rate)
    num_packets = num_bad = num_samples = 0
    for packet in container.demux(stream):
        num_packets += 1
        try:
            frames = packet.decode()
        except av.InvalidDataError:
            num_bad += 1
            continue
        for piece in _convert(source, resampler, frames):
            yield piece
            num_samples += len(piece)
        if num_samples >= (limit or MAX_SAMPLES + 1):
            break
    else:
        yield from _convert(source, resampler, [None])
    _check_length(source, num_samples / rate if limit is None else 0, rate)
    if num_bad > 2 + num_packets // 50:
        raise MediaError(f"{source}: {num_bad:,} of {num_packets:,} packets are damaged; {_REMEDY}")


def _convert(
    source: Any, resampler: AudioResampler, frames: Sequence[AudioFrame | None]
) -> Iterator[Waveform]:
    """One channel at the wanted rate; None in place of a frame asks for what is left."""
    try:
        for frame in frames:
            for piece in resampler.resample(frame):
                yield piece.to_ndarray().mean(axis=0, dtype=np.float32)
    except ValueError as error:  # PyAV's own, beside those of FFmpeg
        raise MediaError(
            f"{source}: its sound changes its form on the way ({error}); save it as one, or {_REMEDY}"
        ) from error


def _end(container: InputContainer, stream: AudioStream, says: float) -> float:
    """Where the packets end, in seconds, by those of the last second alone; 0 if there are none."""
    import av

    end = 0.0
    streams = container.streams if _speaks_for_all(container) else (stream,)
    try:
        container.seek(int(max(says - 1, 0) * av.time_base))
        for packet in container.demux(*streams):
            if packet.pts is not None and packet.time_base is not None:
                end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    except av.FFmpegError:
        return end
    return end


def _check_length(source: Any, seconds: float, rate: int) -> None:
    """Refuses what would take too much memory."""
    if seconds * rate > MAX_SAMPLES:
        raise MediaError(
            f"{source}: has more than {MAX_SAMPLES / rate / 3600:.1f} hours of sound, the most that is read; "
            "cut it into pieces, or give max_seconds"
        )


def _check_end(source: Any, says: float, has: float) -> None:
    # Half a second more, or a fiftieth, is let pass: containers round, and codecs have a lead-in.
    if 0.98 * says - 0.5 > has:
        raise MediaError(
            f"{source}: is cut off before the {says:.1f} seconds that it announces; copy it again or remove "
            "its row"
        )


def _whole(source: Any, pieces: list[Waveform], limit: int | None) -> Waveform:
    waveform = np.concatenate([np.empty(0, np.float32), *pieces])[:limit]
    if not len(waveform):
        raise MediaError(f"{source}: its sound has no samples; {_REMEDY}")
    if not np.isfinite(waveform).all():
        raise MediaError(f"{source}: some samples are not finite; {_REMEDY}")
    return np.clip(waveform, -1, 1, out=waveform)


def _as_samples(source: Any, rate: int) -> tuple[Waveform, int]:
    """Samples that were given as they are, in one channel, and their rate."""
    if isinstance(source, Mapping):
        if not {"array", "sampling_rate"} <= source.keys():
            raise MediaError(
                f"a sound must be given with array and sampling_rate, got {', '.join(map(str, source))}"
            )
        source, rate = source["array"], int(source["sampling_rate"])
    samples = np.asarray(source)
    if samples.ndim not in (1, 2) or not samples.size or samples.dtype.kind not in "iuf":
        raise MediaError(
            "a sound must be numbers (samples,) or (channels, samples), got "
            f"{samples.dtype} of shape {samples.shape}"
        )
    if not RATES[0] <= rate <= RATES[1]:
        raise MediaError(f"sampling_rate must be from {RATES[0]} to {RATES[1]}, got {rate}")
    samples = _scaled(samples)
    if np.abs(samples).max() > _LOUDEST:
        raise MediaError(
            f"samples must lie in [-1, 1], and go to {np.abs(samples).max():g}; divide them by their range"
        )
    return samples if samples.ndim == 1 else samples.mean(axis=int(np.argmin(samples.shape))), rate


def _scaled(samples: npt.NDArray[Any]) -> Waveform:
    """Whole numbers as parts of the range of their type."""
    if samples.dtype.kind == "f":
        return samples.astype(np.float32)
    steps = 2.0 ** (8 * samples.dtype.itemsize - 1)
    middle = steps if samples.dtype.kind == "u" else 0.0
    return ((samples.astype(np.float64) - middle) / steps).astype(np.float32)


def _resampled(samples: Waveform, rate: int, wanted: int, limit: int | None) -> list[Waveform]:
    if limit is not None:
        samples = samples[: -(-limit * rate // wanted) + rate]  # a second more, for the filter's sake
    _check_length("samples", len(samples) / rate, wanted)
    if rate == wanted:
        return [samples]
    import av

    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), format="fltp", layout="mono")
    frame.rate = rate
    return list(_convert("samples", av.AudioResampler(format="fltp", rate=wanted), [frame, None]))
