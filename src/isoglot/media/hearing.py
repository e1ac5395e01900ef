"""Sounds as a model's own processor wants them: how many samples a second, and for how long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from isoglot.media.audio import read_waveform
from isoglot.media.side_by_side import read_side_by_side


@dataclass(frozen=True)
class Hearing:
    """What a model hears of a sound.

    Attributes:
        rate: Samples a second.
        max_seconds: What it hears of a longer one, from the beginning; None if it hears all.
    """

    rate: int
    max_seconds: float | None = None


def hearing_of(model: Any) -> Hearing | None:
    """What a sentence-transformers model hears, read off the processor of its sounds.

    Args:
        model: The model.

    Returns:
        Rate and length; None if no processor of sounds is found in it, as in a model that opens files itself.
    """
    for module in _modules(model):
        processor = getattr(module, "processor", None)
        extractor = getattr(processor, "feature_extractor", processor)
        rate = getattr(extractor, "sampling_rate", None)
        if rate is not None and "audio" in getattr(module, "modalities", ()):
            return Hearing(int(rate), _max_seconds(extractor))
    return None


def open_sounds(model: Any, contents: Sequence[Any]) -> list[Any]:
    """Opens sounds for a model.

    Args:
        model: Encodes sounds.
        contents: Files, or samples (`isoglot.media.audio.read_waveform`).

    Returns:
        Samples at the model's rate, as far as it hears them, in the form in which sentence-transformers takes
        them; the contents as they are, if the model does not say what it hears.

    Raises:
        MediaError: If sounds cannot be read; all of them at once.
        ConfigError: If PyAV is not installed.
    """
    hearing = hearing_of(model)
    if hearing is None:
        return list(contents)
    read = partial(read_waveform, rate=hearing.rate, max_seconds=hearing.max_seconds)
    waveforms = read_side_by_side(read, contents)
    return [{"array": waveform, "sampling_rate": hearing.rate} for waveform in waveforms]


def _modules(model: Any) -> Iterable[Any]:
    return model.modules() if hasattr(model, "modules") else ()


def _max_seconds(extractor: Any) -> float | None:
    """How much of a sound a processor of transformers uses; None if all, or if it does not say."""
    settings: Mapping[str, Any] = vars(extractor)
    for name in ("n_samples", "nb_max_samples"):  # Whisper's and CLAP's
        if name in settings:
            return float(settings[name] / settings["sampling_rate"])
    return None
