"""Pretrained audio towers: the part of a transformers model that hears."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoglot.encoders.audio import HEARD
from isoglot.encoders.pretrained import read_config, read_part, without_reports
from isoglot.errors import ConfigError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from transformers import PreTrainedModel


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
    with without_reports(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        config = read_config(name)
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


def _clap(name: str, config: Any) -> list[Any]:
    from sentence_transformers.sentence_transformer.modules import Transformer
    from transformers import ClapConfig, ClapModel

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
    heard: Any = read_part(name, "ClapAudioModelWithProjection", side)
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

    whole: Any = read_part(name, "WhisperModel", config)
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


@contextmanager
def _saved(model: PreTrainedModel, extractor: Any) -> Iterator[str]:
    """A folder from which a module is made."""
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        extractor.save_pretrained(folder)
        yield folder
