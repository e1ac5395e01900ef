"""Pictures, videos and sounds of groups: what is drawn, in which style and from which seed, and its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from isoglot.records import Modality
from isoglot.world.building.groups import Group
from isoglot.world.building.options import WorldOptions
from isoglot.world.choosing import choose, number_of
from isoglot.world.rendering import (
    StyleName,
    draw_picture,
    draw_video,
    play_melody,
    write_picture,
    write_sound,
    write_video,
)
from isoglot.world.scenes.scene import Melody, Scene

_ENDINGS: dict[Modality, str] = {"image": "png", "video": "webm", "audio": "wav"}


@dataclass(frozen=True, slots=True)
class Rendering:
    """One file to come.

    Attributes:
        path: Where, below `media/`: medium, style and group, so that results can be told apart by style.
        medium: What it is.
        said: What it shows.
        style: How a picture or a video looks; None of a sound.
        seed: Of its layout, its shades, or its tones.
    """

    path: str
    medium: Modality
    said: Scene | Melody
    style: StyleName | None
    seed: int


def plan_rendering(group: Group, use: str, options: WorldOptions) -> Rendering:
    """A picture, a video or a sound of a group.

    Args:
        group: The group.
        use: What it is for, such as `query`; each use of a group has another rendering.
        options: Styles and seed.

    Returns:
        The rendering. Training has none of the held-out styles; about half of all others have one of them.
    """
    key = f"{options.seed}/{group.code}/{use}"
    style = None if group.medium == "audio" else _style(key, group, options)
    folder = group.medium if style is None else f"{group.medium}/{style}"
    path = f"{folder}/{group.code}.{use}.{_ENDINGS[group.medium]}"
    return Rendering(path, group.medium, group.said, style, number_of(f"{key}/seed"))


def _style(key: str, group: Group, options: WorldOptions) -> StyleName:
    held_out = options.held_out_styles
    if held_out and group.split != "train" and number_of(f"{key}/held_out") % 2:
        return choose(held_out, f"{key}/style")
    return choose([style for style in options.styles if style not in held_out], f"{key}/style")


def document_uses(group: Group, options: WorldOptions) -> Sequence[str]:
    """The renderings of a group among the documents: one, of a melody several."""
    number = options.sounds if group.medium == "audio" else 1
    return ("document", *(f"document{place}" for place in range(2, number + 1)))


def render(rendering: Rendering, folder: Path, *, side: int) -> None:
    """Draws or plays one file.

    Args:
        rendering: What, and from which seed.
        folder: The folder of the media.
        side: Width and height of pictures and videos in pixels.

    Raises:
        ConfigError: If Pillow or PyAV is not installed.
    """
    path, said, seed = folder / rendering.path, rendering.said, rendering.seed
    if isinstance(said, Melody):
        write_sound(path, play_melody(said, seed=seed))
        return
    assert rendering.style is not None
    if rendering.medium == "image":
        write_picture(path, draw_picture(said, seed=seed, side=side, style=rendering.style))
    else:
        write_video(path, draw_video(said, seed=seed, side=side, style=rendering.style))
