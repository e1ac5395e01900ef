"""Scenes as pictures and videos, melodies as sound, and the files they are kept in."""

from isoglot.world.rendering.files import write_picture, write_sound, write_video
from isoglot.world.rendering.layout import Layout
from isoglot.world.rendering.pictures import draw_picture
from isoglot.world.rendering.sounds import play_melody
from isoglot.world.rendering.staging import has_room, lay_out_picture, lay_out_video
from isoglot.world.rendering.styles import STYLES, StyleName
from isoglot.world.rendering.videos import draw_video

__all__ = [
    "STYLES",
    "Layout",
    "StyleName",
    "draw_picture",
    "draw_video",
    "has_room",
    "lay_out_picture",
    "lay_out_video",
    "play_melody",
    "write_picture",
    "write_sound",
    "write_video",
]
