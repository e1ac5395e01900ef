"""The audio tower: a small network over spectrograms from a configuration, which learns on a laptop."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any

from isoglot.errors import ConfigError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

HEARD: Any = {"audio": {"method": "forward", "method_output_name": "last_hidden_state"}}
"""What a module makes of sounds; left to itself, it would offer to take texts with them."""
_MIN_RATE = 16_000
_FRAMES_A_SECOND = 50
_HALF_WINDOW_SECONDS = 0.016
"""A window twice as long tells tones that are 60 Hz apart from each other."""


def build_audio_tower(
    dimension: int = 128,
    *,
    rate: int = 16_000,
    seconds: int = 3,
    bands: int = 64,
    width: int = 128,
    layers: int = 2,
    heads: int = 4,
    seed: int = 0,
) -> SentenceTransformer:
    """Whisper's encoder (Radford et al. 2022, arXiv 2212.04356) with random weights, made small.

    It sees the logarithm of the spectrogram in `bands` bands of pitch up to 8 kHz, 50 columns a second: two
    convolutions halve the columns, and a Transformer looks at all of them. The embedding is a projection of
    the mean and the maximum of each of its outputs.

    Args:
        dimension: Width of the embeddings.
        rate: Samples a second that sounds are brought to, at least 16,000 and a multiple of 50.
        seconds: How much of a sound is heard, from its beginning; shorter ones are followed by silence, which
            takes as much time to encode.
        bands: Bands of pitch.
        width: Width of the network.
        layers: Layers of the Transformer.
        heads: Attention heads of each; they divide `width`.
        seed: Seed of the weights.

    Returns:
        An encoder of sounds alone, all of stock sentence-transformers modules; embeddings are not normalised.
        `join_towers` joins it with encoders of other media.

    Raises:
        ConfigError: If an argument is out of range; all of them at once.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Pooling, Transformer
    from transformers import WhisperConfig, WhisperFeatureExtractor
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    if problems := audio_tower_problems(
        dimension=dimension,
        rate=rate,
        seconds=seconds,
        bands=bands,
        width=width,
        layers=layers,
        heads=heads,
    ):
        raise ConfigError("\n".join(problems))
    config = WhisperConfig(
        num_mel_bins=bands,
        d_model=width,
        encoder_layers=layers,
        encoder_attention_heads=heads,
        encoder_ffn_dim=2 * width,
        max_source_positions=seconds * _FRAMES_A_SECOND // 2,
        dropout=0.0,
    )
    extractor = WhisperFeatureExtractor(  # type: ignore[no-untyped-call]
        feature_size=bands,
        sampling_rate=rate,
        hop_length=rate // _FRAMES_A_SECOND,
        chunk_length=seconds,
        n_fft=2 * round(rate * _HALF_WINDOW_SECONDS),
    )
    with torch.random.fork_rng(devices=[]), tempfile.TemporaryDirectory() as folder:
        torch.manual_seed(seed)
        WhisperEncoder(config).save_pretrained(folder)
        extractor.save_pretrained(folder)
        network = Transformer(folder, modality_config=HEARD, module_output_name="token_embeddings")
        projection = Dense(2 * width, dimension, bias=False, activation_function=None)
        return SentenceTransformer(
            modules=[network, Pooling(width, ("mean", "max")), projection], device="cpu"
        )


def audio_tower_problems(
    *, dimension: int, rate: int, seconds: int, bands: int, width: int, layers: int, heads: int
) -> list[str]:
    """What keeps `build_audio_tower` from building with these arguments, one line each.

    Args:
        dimension: Width of the embeddings.
        rate: Samples a second.
        seconds: How much of a sound is heard.
        bands: Bands of pitch.
        width: Width of the network.
        layers: Layers of the Transformer.
        heads: Attention heads of each.

    Returns:
        The rules that do not hold, each with the value that breaks it.
    """
    sizes = {"dimension": dimension, "seconds": seconds, "bands": bands, "layers": layers, "heads": heads}
    problems = [f"{name} must be >= 1, got {value}" for name, value in sizes.items() if value < 1]
    if rate < _MIN_RATE or rate % _FRAMES_A_SECOND:
        problems.append(f"rate must be >= {_MIN_RATE} and a multiple of {_FRAMES_A_SECOND}, got {rate}")
    if width < 2 or width % 2 or width % max(heads, 1):
        problems.append(f"width must be even, and a multiple of heads ({max(heads, 1)}), got {width}")
    return problems
