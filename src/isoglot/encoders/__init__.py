"""Encoders: texts and pictures to vectors in one space, all as sentence-transformers modules."""

from isoglot.encoders.images import build_image_tower
from isoglot.encoders.static import build_static_encoder, smooth_inverse_frequency
from isoglot.encoders.subwords import train_subwords
from isoglot.encoders.towers import build_two_tower_encoder, join_towers
from isoglot.encoders.transformer import build_transformer_encoder, load_encoder

__all__ = [
    "build_image_tower",
    "build_static_encoder",
    "build_transformer_encoder",
    "build_two_tower_encoder",
    "join_towers",
    "load_encoder",
    "smooth_inverse_frequency",
    "train_subwords",
]
