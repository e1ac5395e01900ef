"""Encoders: texts, pictures, videos and sounds to vectors in one space, as sentence-transformers modules."""

from isoglot.encoders.audio import build_audio_tower
from isoglot.encoders.frozen import add_head, feature_tower, freeze, frozen_parts
from isoglot.encoders.images import build_image_tower
from isoglot.encoders.listening import load_audio_tower
from isoglot.encoders.loading import load_encoder
from isoglot.encoders.static import build_static_encoder, smooth_inverse_frequency
from isoglot.encoders.subwords import train_subwords
from isoglot.encoders.towers import build_two_tower_encoder, join_towers
from isoglot.encoders.transformer import build_transformer_encoder
from isoglot.encoders.video import build_video_tower
from isoglot.encoders.vision import load_image_tower, load_text_tower

__all__ = [
    "add_head",
    "build_audio_tower",
    "build_image_tower",
    "build_static_encoder",
    "build_transformer_encoder",
    "build_two_tower_encoder",
    "build_video_tower",
    "feature_tower",
    "freeze",
    "frozen_parts",
    "join_towers",
    "load_audio_tower",
    "load_encoder",
    "load_image_tower",
    "load_text_tower",
    "smooth_inverse_frequency",
    "train_subwords",
]
