"""Melodies as sound: tones of a flute, a bell or a buzzer."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isoglot.errors import ConfigError
from isoglot.world.scenes.scene import Contour, Melody, Pitch, Rhythm, Timbre

Wave = npt.NDArray[np.float32]
"""(samples,) in -1..1."""

SAMPLE_RATES = (8_000, 96_000)
"""Least and greatest number of samples a second."""
PITCHES_HERTZ: dict[Pitch, tuple[float, float]] = {"low": (180.0, 260.0), "high": (700.0, 1_000.0)}
"""Between which frequencies a melody begins."""
TONE_SECONDS: dict[Rhythm, tuple[float, float]] = {"slow": (0.46, 0.56), "fast": (0.17, 0.21)}
"""From the beginning of a tone to the beginning of the next."""
STEP_SEMITONES = (3, 5)
"""Least and greatest step of a melody that rises or falls."""
_DIRECTIONS: dict[Contour, int] = {"rising": 1, "falling": -1, "level": 0}
_SOUNDING = 0.78
"""The share of its time in which a tone sounds; silence sets it apart from the next."""
_REST_SECONDS = (0.04, 0.16)
_PEAK = (0.6, 0.85)
_STEPS = 2**15
"""Samples are whole multiples of one part in this: what a file of 16 bits holds."""


@dataclass(frozen=True, slots=True)
class _Voice:
    """How something sounds.

    Attributes:
        partials: (multiple of the pitch, strength, seconds in which it fades to 1/e); None: it does not fade.
        attack_seconds: How long a tone swells.
        release_seconds: How long it ends.
    """

    partials: tuple[tuple[float, float, float | None], ...]
    attack_seconds: float
    release_seconds: float


_VOICES: dict[Timbre, _Voice] = {
    "flute": _Voice(((1, 1.0, None), (2, 0.22, None), (3, 0.06, None)), 0.035, 0.04),
    "bell": _Voice(((1, 1.0, 0.16), (2.76, 0.6, 0.09), (5.4, 0.35, 0.05), (8.93, 0.2, 0.03)), 0.003, 0.02),
    "buzzer": _Voice(tuple((k, 1 / k, None) for k in range(1, 41)), 0.005, 0.01),
}
"""A flute has few overtones; those of a bell are those of a free bar, in no whole ratio, and fade, the higher
the faster; a buzzer is a sawtooth."""
_HIGHEST = 0.45
"""Partials above this share of the sample rate are left out, as they would come back as other tones."""


def play_melody(melody: Melody, *, seed: int, sample_rate: int = 16_000) -> Wave:
    """Plays a melody.

    Frequencies, steps, tempo, loudness and the rests around it vary with the seed.

    Args:
        melody: A complete melody.
        seed: >= 0. The same arguments give the same samples.
        sample_rate: Samples a second, 8,000 to 96,000.

    Returns:
        (samples,), at most 0.85 from zero, in multiples of 2 ** -15; about 0.3 to 2.6 seconds.

    Raises:
        ConfigError: If the melody is not complete, or another argument is out of range.
    """
    _check(melody, seed, sample_rate)
    assert melody.pitch is not None
    assert melody.rhythm is not None
    assert melody.timbre is not None
    rng = np.random.default_rng([seed, 2])
    seconds = float(rng.uniform(*TONE_SECONDS[melody.rhythm]))
    start = float(rng.uniform(*PITCHES_HERTZ[melody.pitch]))
    steps = rng.integers(STEP_SEMITONES[0], STEP_SEMITONES[1] + 1, size=melody.tones - 1).tolist()
    direction = _DIRECTIONS[melody.contour or "level"]
    semitones = [0, *itertools.accumulate(direction * step for step in steps)]
    voice = _VOICES[melody.timbre]
    tones = [_tone(voice, start * 2 ** (each / 12), seconds, sample_rate) for each in semitones]
    before, after = (np.zeros(round(float(rng.uniform(*_REST_SECONDS)) * sample_rate)) for _ in range(2))
    wave = np.concatenate([before, *tones, after])
    wave *= rng.uniform(*_PEAK) / np.abs(wave).max()
    samples: Wave = (np.rint(wave * _STEPS) / _STEPS).astype(np.float32)
    return samples


def _check(melody: Melody, seed: int, sample_rate: int) -> None:
    problems = []
    if not melody.is_complete:
        problems.append(f"only complete melodies are played, got {melody.code!r}; give it all its fields")
    if seed < 0:
        problems.append(f"seed must be >= 0, got {seed}")
    if not SAMPLE_RATES[0] <= sample_rate <= SAMPLE_RATES[1]:
        low, high = SAMPLE_RATES
        problems.append(f"sample_rate must be from {low} to {high} samples a second, got {sample_rate}")
    if problems:
        raise ConfigError("; ".join(problems))


def _tone(voice: _Voice, hertz: float, seconds: float, sample_rate: int) -> npt.NDArray[np.float64]:
    """One tone and the silence after it, as loud as any other."""
    time = np.arange(round(seconds * _SOUNDING * sample_rate)) / sample_rate
    tone = np.zeros(len(time))
    for multiple, strength, fading in voice.partials:
        if multiple * hertz < _HIGHEST * sample_rate:
            partial = strength * np.sin(2 * math.pi * multiple * hertz * time)
            tone += partial if fading is None else partial * np.exp(-time / fading)
    swell = np.minimum(time / voice.attack_seconds, 1)
    end = np.minimum((time[-1] - time) / voice.release_seconds, 1)
    tone *= swell * end
    silence = np.zeros(round(seconds * sample_rate) - len(time))
    return np.concatenate([tone / np.sqrt(np.mean(tone * tone)), silence])
