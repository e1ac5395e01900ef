"""What encoders of videos and sounds stand beside those of texts and pictures, as read from TOML."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from isoglot.encoders.audio import audio_tower_problems
from isoglot.encoders.video import TimePooling, video_tower_problems


@dataclass(frozen=True)
class VideoTowerConfig:
    """An encoder of videos, whose frames the encoder of pictures sees (`isoglot.encoders.build_video_tower`).

    Attributes:
        num_frames: Frames of a video, spread evenly over its time.
        pooling: How their vectors become one.
        layers: Layers of the pooling, if it is a `transformer`.
        heads: Their heads of attention.
        side: How long the shorter side of a frame may be, in pixels, before it is processed as a picture.
    """

    num_frames: int = 8
    pooling: TimePooling = "mean"
    layers: int = 1
    heads: int = 4
    side: int | None = None

    def problems(self) -> list[str]:
        """What cannot be, one line each."""
        return video_tower_problems(**asdict(self))


@dataclass(frozen=True)
class AudioTowerConfig:
    """An encoder of sounds: a small network with random weights, or what a pretrained model hears with.

    Attributes:
        path: Hub name or directory of a CLAP or Whisper model of transformers
            (`isoglot.encoders.load_audio_tower`), `{seed}` as of the encoder; None for a new network
            (`isoglot.encoders.build_audio_tower`), which the other keys are of.
        rate: Samples a second that sounds are brought to.
        seconds: How much of a sound is heard, from its beginning.
        bands: Bands of pitch.
        width: Width of the network.
        layers: Layers of the Transformer.
        heads: Attention heads of each.
    """

    path: str | None = None
    rate: int = 16_000
    seconds: int = 3
    bands: int = 64
    width: int = 128
    layers: int = 2
    heads: int = 4

    def problems(self) -> list[str]:
        """What cannot be, one line each."""
        if self.path is not None and self != AudioTowerConfig(self.path):
            return ["all keys but path are those of a new network; leave them out, or path"]
        options = asdict(self)
        del options["path"]
        return audio_tower_problems(dimension=1, **options)
