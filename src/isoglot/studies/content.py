"""What of a cell matters, and the short names that are made of it: the same content, the same name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from isoglot.config import to_dict
from isoglot.experiments.config import CorpusConfig, EncoderConfig, ExperimentConfig, SchemeConfig
from isoglot.studies.config import EvaluateConfig
from isoglot.training.settings import TrainingSettings

_DIGITS = 12
_OF_NEW = frozenset({"dimension", "vocabulary_size", "subwords", "vocabulary_corpora"})
_IDLE_KEYS = {
    "static": frozenset({"path", "layers", "heads", "max_tokens", "pooling"}),
    "transformer": frozenset({"path", "weighting"}),
    "pretrained": frozenset({*_OF_NEW, "weighting", "layers", "heads"}),
}
"""Keys of an encoder that one of another kind has."""
_OF_HYBRID = frozenset({"alpha", "final_alpha", "alpha_steps"})


def content_hash(config: ExperimentConfig) -> str:
    """A name for all that matters in an experiment but its seed.

    Where it writes does not matter, nor does a key that the scheme, the encoder or a perturbation of that
    kind has no use for.

    Args:
        config: The experiment.

    Returns:
        12 hexadecimal digits.
    """
    return short_hash(what_matters(config))


def evaluation_hash(config: EvaluateConfig) -> str:
    """A name for how cells are measured.

    Args:
        config: How.

    Returns:
        12 hexadecimal digits.
    """
    return short_hash(_without(to_dict(config), {"energy"}))


def short_hash(values: Any) -> str:
    """A name for plain values, whatever the order of their keys.

    Args:
        values: What JSON can hold.

    Returns:
        12 hexadecimal digits.
    """
    text = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def what_matters(config: ExperimentConfig) -> dict[str, Any]:
    """What an experiment's model depends on, but for the seed.

    Args:
        config: The experiment.

    Returns:
        Plain values.
    """
    return {
        "corpora": [_corpus(each) for each in config.corpora],
        "encoder": _encoder(config.encoder),
        "scheme": _scheme(config.scheme),
        "training": _training(config.training),
        "teacher": to_dict(config)["teacher"],
        "dev": None if config.dev is None else _corpus(config.dev),
        "skip_bad": config.skip_bad,
    }


def _corpus(config: CorpusConfig) -> dict[str, Any]:
    return to_dict(config) | {"scheme": None if config.scheme is None else _scheme(config.scheme)}


def _encoder(config: EncoderConfig) -> dict[str, Any]:
    return _without(to_dict(config), _IDLE_KEYS[config.kind])


def _scheme(config: SchemeConfig) -> dict[str, Any]:
    idle = {*(set() if config.name == "hybrid" else _OF_HYBRID)}
    if config.name != "pooled":
        idle.add("num_answers")
    if config.final_alpha is None:
        idle.add("alpha_steps")
    return _without(to_dict(config), idle)


def _training(settings: TrainingSettings) -> dict[str, Any]:
    idle = {"seed"}
    if not settings.robust.active:
        idle.add("robust")
    if not settings.augmentation.active:
        idle.add("augmentation")
    return _without(to_dict(settings), idle)


def _without(values: Mapping[str, Any], idle: set[str] | frozenset[str]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in idle}
