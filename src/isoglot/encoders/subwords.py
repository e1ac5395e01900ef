"""Subword tokenizers trained on a corpus' own texts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from isoglot.errors import ConfigError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SubwordModel = Literal["unigram", "bpe"]

PAD, UNKNOWN, START, END, MASK = "<pad>", "<unk>", "<s>", "</s>", "<mask>"
# A CLIP text tower with </s> at id 2 pools the wrong position (transformers' legacy rule), so </s> is at 3.
SPECIAL_TOKENS = (PAD, UNKNOWN, START, END, MASK)


def train_subwords(
    texts: Iterable[str], vocabulary_size: int, *, model: SubwordModel = "unigram", max_piece_length: int = 16
) -> Tokenizer:
    """A subword tokenizer over lower-cased, NFKC-normalised text.

    Punctuation stands alone; a space is part of the piece that follows it, so scripts without spaces need
    no special case.

    Args:
        texts: Texts in all the languages to be covered.
        vocabulary_size: Number of pieces, special tokens included. A small corpus may give fewer.
        model: `unigram` (Kudo 2018, arXiv 1804.10959) or `bpe` (Sennrich et al. 2016, arXiv 1508.07909),
            which trains several times faster.
        max_piece_length: Longest piece in characters, for `unigram`.

    Returns:
        The tokenizer, without post-processor.

    Raises:
        ConfigError: If the vocabulary is smaller than the special tokens.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    if vocabulary_size <= len(SPECIAL_TOKENS):
        raise ConfigError(f"vocabulary_size must be > {len(SPECIAL_TOKENS)}, got {vocabulary_size}")
    special = list(SPECIAL_TOKENS)
    if model == "unigram":
        tokenizer = Tokenizer(models.Unigram())
        trainer: trainers.Trainer = trainers.UnigramTrainer(
            vocab_size=vocabulary_size,
            special_tokens=special,
            unk_token=UNKNOWN,
            max_piece_length=max_piece_length,
            show_progress=False,
        )
    else:
        tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
        trainer = trainers.BpeTrainer(
            vocab_size=vocabulary_size, special_tokens=special, show_progress=False, min_frequency=2
        )
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Metaspace(), pre_tokenizers.Punctuation()]
    )
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
