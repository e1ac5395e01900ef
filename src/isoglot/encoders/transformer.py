"""Transformer encoders: a small one from a configuration, and any pretrained one with pooling."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from isoglot.encoders.pretrained import without_reports
from isoglot.encoders.subwords import END, MASK, PAD, START, UNKNOWN
from isoglot.errors import ConfigError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer
    from torch import nn
    from transformers import PreTrainedTokenizerFast

PoolingMode = Literal["mean", "cls", "max", "lasttoken"]


def build_transformer_encoder(
    tokenizer: Tokenizer,
    *,
    layers: int = 4,
    hidden_size: int = 256,
    heads: int = 4,
    max_tokens: int = 128,
    pooling: PoolingMode = "mean",
    dropout: float = 0.1,
    seed: int = 0,
) -> SentenceTransformer:
    """An XLM-R-like encoder with random weights (Conneau et al. 2020, arXiv 1911.02116).

    Args:
        tokenizer: Cuts texts into subwords; must hold the special tokens of `train_subwords`.
        layers: Number of layers.
        hidden_size: Width, and dimension of the embeddings.
        heads: Attention heads; divides hidden_size.
        max_tokens: Longest text in subwords, start and end included; the rest is cut off.
        pooling: How token vectors become one.
        dropout: Dropout in training.
        seed: Seed of the weights.

    Returns:
        The encoder; embeddings are L2-normalised.

    Raises:
        ConfigError: If heads do not divide hidden_size.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers import XLMRobertaConfig, XLMRobertaModel

    if hidden_size % heads:
        raise ConfigError(f"heads must divide hidden_size, got {heads} and {hidden_size}")
    fast = _with_sentence_ends(tokenizer, max_tokens)
    config = XLMRobertaConfig(
        vocab_size=len(fast),
        hidden_size=hidden_size,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * hidden_size,
        # Positions of XLM-R start after the padding id.
        max_position_embeddings=max_tokens + fast.pad_token_id + 1,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        pad_token_id=fast.pad_token_id,
        bos_token_id=fast.bos_token_id,
        eos_token_id=fast.eos_token_id,
        type_vocab_size=1,
    )
    with torch.random.fork_rng(devices=[]), tempfile.TemporaryDirectory() as folder, without_reports():
        torch.manual_seed(seed)
        XLMRobertaModel(config, add_pooling_layer=False).save_pretrained(folder)
        fast.save_pretrained(folder)
        return SentenceTransformer(modules=pooled_modules(folder, pooling), device="cpu")


def pooled_modules(name_or_path: str | Path, pooling: PoolingMode) -> list[nn.Module]:
    """A transformers model as the modules of an encoder: its token vectors pooled, then normalised.

    Args:
        name_or_path: Hub name or directory.
        pooling: How token vectors become one.

    Returns:
        The modules.
    """
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    transformer = Transformer(str(name_or_path), model_kwargs={"use_safetensors": True})
    return [transformer, Pooling(transformer.get_embedding_dimension(), pooling), Normalize()]


def _with_sentence_ends(tokenizer: Tokenizer, max_tokens: int) -> PreTrainedTokenizerFast:
    from tokenizers import Tokenizer, processors
    from transformers import PreTrainedTokenizerFast

    copy = Tokenizer.from_str(tokenizer.to_str())
    ends = [(token, copy.token_to_id(token)) for token in (START, END)]
    copy.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}", pair=f"{START} $A {END} {END} $B {END}", special_tokens=ends
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=copy,
        pad_token=PAD,
        unk_token=UNKNOWN,
        bos_token=START,
        cls_token=START,
        eos_token=END,
        sep_token=END,
        mask_token=MASK,
        model_max_length=max_tokens,
    )
