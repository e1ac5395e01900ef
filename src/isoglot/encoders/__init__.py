"""Encoders: texts to vectors in one space, all as sentence-transformers modules."""

from isoglot.encoders.static import build_static_encoder, smooth_inverse_frequency
from isoglot.encoders.subwords import train_subwords
from isoglot.encoders.transformer import build_transformer_encoder, load_encoder

__all__ = [
    "build_static_encoder",
    "build_transformer_encoder",
    "load_encoder",
    "smooth_inverse_frequency",
    "train_subwords",
]
