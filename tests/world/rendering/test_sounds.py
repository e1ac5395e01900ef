"""What is said of a melody can be heard: measured in its waveform."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from isoglot.errors import ConfigError
from isoglot.world.rendering import play_melody
from isoglot.world.rendering.sounds import PITCHES_HERTZ
from isoglot.world.scenes.scene import CONTOURS, MAX_COUNT, PITCHES, RHYTHMS, TIMBRES, Melody, Timbre

RATE = 16_000
MELODIES = [
    Melody(tones, pitch, contour, timbre, rhythm)
    for tones, pitch, contour, timbre, rhythm in itertools.product(
        range(1, MAX_COUNT + 1), PITCHES, CONTOURS, TIMBRES, RHYTHMS
    )
    if tones > 1 or contour == "level"
]


def tones_of(wave: np.ndarray) -> list[tuple[int, int]]:
    """First and last sample of each tone, by the loudest in every 10 ms."""
    step = RATE // 100
    loud = np.abs(wave[: len(wave) // step * step]).reshape(-1, step).max(axis=1) > 0.01
    edges = np.flatnonzero(np.diff(np.concatenate([[0], loud, [0]])))
    return [(int(begin) * step, int(end) * step) for begin, end in edges.reshape(-1, 2)]


def spectrum(wave: np.ndarray, tone: tuple[int, int]) -> np.ndarray:
    """How strong each frequency of a tone is, a hertz a place."""
    part = wave[slice(*tone)]
    return np.abs(np.fft.rfft(part * np.hanning(len(part)), n=RATE))


def pitch_of(wave: np.ndarray, tone: tuple[int, int]) -> int:
    """The strongest frequency: of all three voices the lowest."""
    return int(spectrum(wave, tone).argmax())


def test_every_number_of_tones_pitch_contour_and_rhythm_is_heard() -> None:
    for seed, melody in enumerate(MELODIES):
        wave = play_melody(melody, seed=seed)
        tones = tones_of(wave)
        assert len(tones) == melody.tones, melody
        hertz = [pitch_of(wave, tone) for tone in tones]
        assert melody.pitch is not None
        low, high = PITCHES_HERTZ[melody.pitch]
        assert low - 6 <= hertz[0] <= high + 6, melody
        semitones = 12 * np.log2(np.array(hertz[1:]) / hertz[:-1])
        if melody.contour == "level":
            assert (np.abs(semitones) < 0.5).all()
        else:
            sign = 1 if melody.contour == "rising" else -1
            assert (sign * semitones > 2.3).all(), (melody, hertz)
        lengths = np.array([end - begin for begin, end in tones]) / RATE
        assert ((lengths > 0.3) == (melody.rhythm == "slow")).all() or melody.timbre == "bell"
        begins = np.diff([begin for begin, _ in tones]) / RATE
        assert ((begins > 0.4) if melody.rhythm == "slow" else (begins < 0.25)).all()


def test_one_slow_tone_is_longer_than_one_fast_tone_of_any_voice() -> None:
    for seed, timbre in itertools.product(range(5), TIMBRES):
        slow, fast = (
            play_melody(Melody(1, "low", None, timbre, rhythm), seed=seed) for rhythm in ("slow", "fast")
        )
        (slow_begin, slow_end), (fast_begin, fast_end) = tones_of(slow)[0], tones_of(fast)[0]
        assert slow_end - slow_begin > 1.5 * (fast_end - fast_begin), (seed, timbre)


def overtones(timbre: Timbre, seed: int) -> tuple[float, float]:
    """The shares of a tone's power in whole multiples of its pitch, from the second on, and in none."""
    wave = play_melody(Melody(1, "low", "level", timbre, "slow"), seed=seed)
    tone = tones_of(wave)[0]
    power = spectrum(wave, tone) ** 2
    pitch = pitch_of(wave, tone)
    multiples = np.arange(len(power)) / pitch
    near = np.abs(multiples - np.rint(multiples)) * pitch < 14
    higher = multiples > 1.5
    return float(power[near & higher].sum() / power.sum()), float(power[~near & higher].sum() / power.sum())


def test_voices_are_told_by_their_overtones() -> None:
    for seed in range(8):
        flute, bell, buzzer = (overtones(timbre, seed) for timbre in TIMBRES)
        assert sum(flute) < 0.12
        assert bell[1] > 0.05
        assert bell[1] > 3 * flute[1]
        assert buzzer[0] > 0.3
        assert buzzer[1] < 0.02


def test_a_bell_fades_and_the_others_do_not() -> None:
    for seed, timbre in itertools.product(range(4), TIMBRES):
        wave = play_melody(Melody(1, "high", "level", timbre, "slow"), seed=seed)
        begin, end = tones_of(wave)[0]
        early, late = (
            np.abs(wave[begin + int(share * (end - begin)) :][:1600]).max() for share in (0.15, 0.6)
        )
        assert (late < 0.6 * early) == (timbre == "bell")


def test_no_sound_clicks_or_overdrives() -> None:
    for seed, melody in enumerate(MELODIES):
        wave = play_melody(melody, seed=seed)
        assert wave.dtype == np.float32
        assert 0.55 < np.abs(wave).max() <= 0.85
        assert abs(wave.mean()) < 0.01
        for begin, end in tones_of(wave):
            assert np.abs(wave[begin : begin + 4]).max() < 0.3
            assert np.abs(wave[end - 4 : end]).max() < 0.05
        assert not wave[: int(0.03 * RATE)].any()
        assert not wave[-int(0.03 * RATE) :].any()


def test_sounds_are_the_same_for_a_seed_and_differ_between_seeds() -> None:
    melody = Melody(3, "high", "falling", "flute", "fast")
    assert (play_melody(melody, seed=4) == play_melody(melody, seed=4)).all()
    assert len({play_melody(melody, seed=seed).tobytes() for seed in range(10)}) == 10
    wave = play_melody(melody, seed=4).astype(np.float64)
    assert (wave * 2**15 == np.rint(wave * 2**15)).all()


def test_the_sample_rate_changes_no_pitch() -> None:
    melody = Melody(2, "low", "rising", "buzzer", "slow")
    one, other = (play_melody(melody, seed=6, sample_rate=rate) for rate in (16_000, 48_000))
    assert len(other) == pytest.approx(3 * len(one), abs=8)
    spectra = (np.abs(np.fft.rfft(sound, n=2 * rate)) for sound, rate in ((one, 16_000), (other, 48_000)))
    peaks = [int(spectrum.argmax()) for spectrum in spectra]
    assert abs(peaks[0] - peaks[1]) <= 1


def test_what_cannot_be_played_is_refused() -> None:
    melody = Melody(2, "low", "rising", "buzzer", "slow")
    with pytest.raises(
        ConfigError, match=r"only complete melodies are played.*seed.*-2.*sample_rate.*from 8000"
    ):
        play_melody(replace(melody, timbre=None), seed=-2, sample_rate=100)
