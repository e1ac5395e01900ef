"""Sounds as a model hears them: at its rate, and no longer than it listens."""

from __future__ import annotations

import wave
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from isoglot.errors import MediaError
from isoglot.media.hearing import Hearing, hearing_of, open_sounds
from isoglot.media.opening import open_media


class Model:
    """A model with some modules, as far as hearing is concerned."""

    def __init__(self, *modules: Any) -> None:
        self._modules = modules

    def modules(self) -> tuple[Any, ...]:
        return self._modules


def listener(modalities: tuple[str, ...] = ("audio",), **extractor: Any) -> Any:
    return SimpleNamespace(modalities=modalities, processor=SimpleNamespace(**extractor))


@pytest.fixture
def hum(tmp_path: Path) -> str:
    """Two seconds at 8 kHz."""
    path = tmp_path / "hum.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(np.full(16_000, 1_000, "<i2").tobytes())
    return str(path)


@pytest.mark.parametrize(
    ("module", "hearing"),
    [
        (listener(sampling_rate=16_000, n_samples=48_000), Hearing(16_000, 3.0)),
        (listener(sampling_rate=48_000, nb_max_samples=480_000), Hearing(48_000, 10.0)),
        (listener(sampling_rate=16_000), Hearing(16_000, None)),
        (listener(feature_extractor=SimpleNamespace(sampling_rate=22_050)), Hearing(22_050, None)),
        (listener(("image",), sampling_rate=16_000), None),
        (listener(size=64), None),
        (SimpleNamespace(modalities=("audio",)), None),
    ],
)
def test_rate_and_length_are_read_off_the_processor_of_sounds(module: Any, hearing: Hearing | None) -> None:
    assert hearing_of(Model(SimpleNamespace(), module)) == hearing


def test_files_and_samples_are_opened_at_the_rate_of_the_model(hum: str) -> None:
    model = Model(listener(sampling_rate=16_000, n_samples=16_000))
    samples = {"array": np.full(8_000, 0.5, np.float32), "sampling_rate": 8_000}
    for opened in (open_sounds(model, [hum, samples]), open_media("audio", [hum, samples], model)):
        assert [each["sampling_rate"] for each in opened] == [16_000, 16_000]
        assert [len(each["array"]) for each in opened] == [16_000, pytest.approx(16_000, abs=20)]
        assert opened[1]["array"][100:-100] == pytest.approx(0.5, abs=1e-3)


def test_a_model_that_opens_files_itself_gets_them(hum: str) -> None:
    assert open_sounds(Model(), [hum]) == [hum]
    assert open_sounds(None, [hum]) == [hum]


def test_all_bad_files_are_told_at_once(hum: str, tmp_path: Path) -> None:
    bad = [str(tmp_path / "none.wav"), hum, str(tmp_path / "empty.wav")]
    Path(bad[2]).touch()
    with pytest.raises(MediaError, match=r"none\.wav: no such file(.|\n)*empty\.wav: is empty"):
        open_sounds(Model(listener(sampling_rate=16_000)), bad)
