"""The encoder of an experiment: of texts, and of other media beside them, trained as a whole or in part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError
from isoglot.experiments.config import EncoderConfig, ImageTowerConfig
from isoglot.experiments.corpora import distinct_texts, read_configured
from isoglot.experiments.tower_config import AudioTowerConfig

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

BuildEncoder = Callable[..., "SentenceTransformer"]
"""As `build_encoder`."""
_WEIGHTED_TEXTS = 50_000
"""Texts that subword frequencies are counted in."""


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Subwords of a new encoder.

    Attributes:
        tokenizer: Cuts texts into them.
        weights: (vocabulary,) first lengths of their vectors, if they are not all alike.
    """

    tokenizer: Tokenizer
    weights: npt.NDArray[np.float32] | None


def train_vocabulary(config: EncoderConfig, corpora: Iterable[ParallelCorpus]) -> Vocabulary:
    """The subwords of a new encoder, trained on the corpora.

    Args:
        config: Which encoder.
        corpora: Corpora of the training; those that the configuration adds are read.

    Returns:
        The subwords.

    Raises:
        IsoglotError: If a corpus cannot be read, or there are to be too few subwords.
    """
    from isoglot import encoders

    texts = distinct_texts([*corpora, *(read_configured(part) for part in config.vocabulary_corpora)])
    tokenizer = encoders.train_subwords(texts, config.vocabulary_size, model=config.subwords)
    weights = None
    if config.kind == "static" and config.weighting == "inverse_frequency":
        weights = encoders.smooth_inverse_frequency(tokenizer, texts[:_WEIGHTED_TEXTS])
    return Vocabulary(tokenizer, weights)


def build_encoder(
    config: EncoderConfig,
    corpora: Iterable[ParallelCorpus],
    seed: int,
    *,
    vocabulary: Callable[[EncoderConfig, Iterable[ParallelCorpus]], Vocabulary] = train_vocabulary,
) -> SentenceTransformer:
    """The encoder that a configuration names; a new one's subwords are trained on the corpora.

    Args:
        config: Which encoder.
        corpora: Corpora of the training.
        seed: Seed of new weights.
        vocabulary: Gives the subwords of a new one; another function may keep them for other encoders.

    Returns:
        The encoder: of texts, and of what other media there are to be; what is frozen is out of training.

    Raises:
        IsoglotError: If a corpus or model cannot be read, or there cannot be such an encoder.
    """
    from isoglot import encoders

    model = _build_text_encoder(config, lambda: vocabulary(config, corpora), seed)
    if config.image is None and config.audio is None:
        return _with_frozen_parts(model, config, seed)
    dimension = model.get_embedding_dimension()
    assert dimension is not None
    towers = {"text": model}
    if config.image is not None:
        towers["image"] = _build_image_tower(config.image, dimension, seed)
    if config.audio is not None:
        towers["audio"] = _build_audio_tower(config.audio, dimension, seed)
    seeing = towers.get("image")
    _check_frozen(config, towers)
    for medium in config.freeze:
        towers[medium] = _frozen(towers[medium], config.head, seed)
    if config.video is not None and seeing is not None:
        towers["video"] = encoders.build_video_tower(seeing, **asdict(config.video), seed=seed)
    return encoders.join_towers(towers, dimension=config.head[-1] if config.head else None, seed=seed)


def _check_frozen(config: EncoderConfig, towers: Mapping[str, SentenceTransformer]) -> None:
    """Refuses to freeze what is not there."""
    absent = [medium for medium in config.freeze if medium not in towers]
    if absent:
        raise ConfigError(
            f"encoder.freeze: there is an encoder for {' and for '.join(towers)}, and none for "
            f"{' and for '.join(absent)}; leave it out"
        )


def _with_frozen_parts(model: SentenceTransformer, config: EncoderConfig, seed: int) -> SentenceTransformer:
    """An encoder that stands alone, of one medium or of several, without training where that is frozen."""
    from sentence_transformers.sentence_transformer.modules import Normalize

    from isoglot.encoders import freeze

    if not config.head:
        return freeze(model, config.freeze) if config.freeze else model
    if list(model.modalities) != list(config.freeze):
        raise ConfigError(
            f"encoder.head goes on a frozen encoder of one medium; {config.path} encodes "
            f"{', '.join(map(str, model.modalities))}, and {', '.join(config.freeze)} is frozen; leave "
            "the head out, or put it on before encoders are joined (isoglot.encoders.add_head)"
        )
    headed = _frozen(model, config.head, seed)
    headed.append(Normalize())
    return headed


def _frozen(tower: SentenceTransformer, head: tuple[int, ...], seed: int) -> SentenceTransformer:
    """An encoder of one medium out of training, and with a head that is not, if there is to be one."""
    from isoglot.encoders import add_head, freeze

    still = freeze(tower)
    return add_head(still, head[-1], hidden=head[:-1], seed=seed) if head else still


def _build_image_tower(config: ImageTowerConfig, dimension: int, seed: int) -> SentenceTransformer:
    """What is configured; a pretrained one keeps its own width."""
    from isoglot import encoders

    options = asdict(config)
    path = options.pop("path")
    if path is not None:
        return encoders.load_image_tower(path.format(seed=seed))
    return encoders.build_image_tower(dimension, **options, seed=seed)


def _build_audio_tower(config: AudioTowerConfig, dimension: int, seed: int) -> SentenceTransformer:
    """As `_build_image_tower`."""
    from isoglot import encoders

    options = asdict(config)
    path = options.pop("path")
    if path is not None:
        return encoders.load_audio_tower(path.format(seed=seed))
    return encoders.build_audio_tower(dimension, **options, seed=seed)


def _build_text_encoder(
    config: EncoderConfig, vocabulary: Callable[[], Vocabulary], seed: int
) -> SentenceTransformer:
    from isoglot import encoders

    if config.kind == "pretrained":
        assert config.path is not None
        return encoders.load_encoder(
            config.path.format(seed=seed),
            query_prompt=config.query_prompt,
            document_prompt=config.document_prompt,
            pooling=config.pooling,
            max_tokens=config.max_tokens,
        )
    subwords = vocabulary()
    if config.kind == "static":
        model = encoders.build_static_encoder(
            subwords.tokenizer, config.dimension, weights=subwords.weights, seed=seed
        )
    else:
        model = encoders.build_transformer_encoder(
            subwords.tokenizer,
            layers=config.layers,
            hidden_size=config.dimension,
            heads=config.heads,
            max_tokens=config.max_tokens or 128,
            pooling=config.pooling or "mean",
            seed=seed,
        )
    model.prompts.update({"query": config.query_prompt or "", "document": config.document_prompt or ""})
    return model
