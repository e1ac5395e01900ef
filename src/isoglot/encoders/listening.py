"""Pretrained audio towers: the part of a transformers model that hears."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoglot.encoders.audio import HEARD
from isoglot.errors import ConfigError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from transformers import PreTrainedConfig, PreTrainedModel


def load_audio_tower(
    name_or_path: str | Path, *, dimension: int | None = None, seed: int = 0
) -> SentenceTransformer:
    """The part of a pretrained transformers model that hears, with the model's own spectrograms.

    Of CLAP (Wu et al. 2023, arXiv 2211.06687) the tower says what `get_audio_features` says, of length 1; as
    sentence-transformers has no module for its audio side alone, it keeps a text side of one unused layer. Of
    Whisper (arXiv 2212.04356) it is the mean over the encoder's outputs. No code in a model's folder is run.

    Args:
        name_or_path: Hub name or directory of a CLAP or Whisper model.
        dimension: Width of a new linear projection behind the tower; None adds none.
        seed: Seed of the new projection.

    Returns:
        An encoder of sounds alone, of stock sentence-transformers modules, in 32 bits on the CPU.
        `join_towers` joins it with encoders of other media.

    Raises:
        ConfigError: If the model cannot be read, is of another architecture, lacks weights of the part that
            hears, fuses pieces of sounds drawn at random, or dimension < 1.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense

    name = str(name_or_path)
    if dimension is not None and dimension < 1:
        raise ConfigError(f"dimension must be >= 1, got {dimension}")
    with _quiet(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        config = _config(name)
        if config.model_type not in _TOWERS:
            raise ConfigError(
                f"{name}: no audio tower is known of model_type {config.model_type!r}; there is "
                f"{', '.join(_TOWERS)}"
            )
        modules = _TOWERS[config.model_type](name, config)
        if dimension is not None:
            width = int(modules[-1].get_embedding_dimension())
            modules.append(Dense(width, dimension, bias=False, activation_function=None))
        return SentenceTransformer(modules=modules, device="cpu")


def _config(name: str) -> PreTrainedConfig:
    from transformers import AutoConfig

    try:
        config: PreTrainedConfig = AutoConfig.from_pretrained(name, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise ConfigError(f"no transformers model could be read from {name!r}: {error}") from error
    return config


def _clap(name: str, config: Any) -> list[Any]:
    from sentence_transformers.sentence_transformer.modules import Transformer
    from transformers import ClapAudioModelWithProjection, ClapConfig, ClapModel

    extractor = _extractor(name, config.audio_config.num_mel_bins)
    if config.audio_config.enable_fusion or extractor.truncation == "fusion":
        raise ConfigError(
            f"{name}: it fuses pieces drawn at random, so that a sound has other embeddings each time; "
            "load a CLAP without fusion"
        )
    # The classes demand a text side: the smallest that can be.
    text = {
        "vocab_size": 2,
        "hidden_size": 1,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "intermediate_size": 1,
        "max_position_embeddings": 2,
    }
    audio = {**config.audio_config.to_dict(), "projection_dim": config.projection_dim}
    both = ClapConfig(
        text_config={**text, "projection_hidden_act": config.text_config.projection_hidden_act},
        audio_config=audio,
        projection_dim=config.projection_dim,
    )
    whole = ClapModel(both)
    side: Any = both.audio_config
    heard: Any = _read(name, ClapAudioModelWithProjection, side)
    whole.audio_model, whole.audio_projection = heard.audio_model, heard.audio_projection
    with _saved(whole, extractor) as folder:
        return [
            Transformer(
                folder,
                modality_config={
                    "audio": {"method": "get_audio_features", "method_output_name": "pooler_output"}
                },
                module_output_name="sentence_embedding",
            )
        ]


def _whisper(name: str, config: Any) -> list[Any]:
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import WhisperModel

    whole: Any = _read(name, WhisperModel, config)
    with _saved(whole.encoder, _extractor(name, config.num_mel_bins)) as folder:
        network = Transformer(folder, modality_config=HEARD, module_output_name="token_embeddings")
        return [network, Pooling(config.d_model, "mean")]


_TOWERS: dict[str, Callable[[str, Any], list[Any]]] = {"clap": _clap, "whisper": _whisper}
"""By `model_type` of a transformers configuration."""


def _extractor(name: str, num_bands: int) -> Any:
    from transformers import AutoFeatureExtractor

    try:
        extractor = AutoFeatureExtractor.from_pretrained(  # type: ignore[no-untyped-call]
            name, trust_remote_code=False
        )
    except (OSError, ValueError) as error:
        raise ConfigError(f"{name}: no feature extractor could be read: {error}") from error
    if extractor.feature_size != num_bands:
        raise ConfigError(
            f"{name}: its feature extractor makes {extractor.feature_size} bands, and its network takes "
            f"{num_bands}; give it the one that it was trained with"
        )
    return extractor


def _read(name: str, kind: Any, config: PreTrainedConfig) -> PreTrainedModel:
    """A model in 32 bits, with every weight of it from the file."""
    import torch

    try:
        model, report = kind.from_pretrained(
            name, config=config, output_loading_info=True, dtype=torch.float32
        )
    except Exception as error:  # those of safetensors are of no kind of their own
        raise ConfigError(f"{name}: the weights cannot be read: {error}") from error
    if missing := sorted(report["missing_keys"]):
        raise ConfigError(
            f"{name}: {len(missing)} weights of {kind.__name__} are missing, {missing[0]} first; give the "
            "folder of a model with that part"
        )
    read: PreTrainedModel = model.eval()
    return read


@contextmanager
def _saved(model: PreTrainedModel, extractor: Any) -> Iterator[str]:
    """A folder from which a module is made."""
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        extractor.save_pretrained(folder)
        yield folder


@contextmanager
def _quiet() -> Iterator[None]:
    """Without transformers' reports of the weights that are left out on purpose."""
    from transformers.utils import logging

    verbosity, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bar:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
