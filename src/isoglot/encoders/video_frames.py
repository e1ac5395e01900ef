"""Videos as frames: the modules of a video tower that stand before and behind those of an image tower.

The image tower's modules stand between the two as they are, so that one model may see pictures and videos
with the same weights, and keeps them once. To sentence-transformers these are custom modules: where isoglot
is installed, `isoglot.encoders.load_encoder` loads a model with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import torch
from sentence_transformers.base.modules import InputModule, Module
from torch import Tensor, nn

from isoglot.batches.features import holds_still
from isoglot.errors import CheckpointError
from isoglot.media.side_by_side import read_side_by_side
from isoglot.media.video import Frames, read_frames

if TYPE_CHECKING:
    from sentence_transformers.base.modality_types import Modality
    from sentence_transformers.base.model import BaseModel

    from isoglot.batches.subwords import Features

_COUNTS = "num_images_per_sample"
"""How many frames each video has; a name that `Transformer` keeps from its network."""
_RENAMED = {"pixel_values": "pixel_values_videos"}
"""Model input of frames, and what it is called while it is of videos: names that the trainer knows."""


class VideoFrames(InputModule):
    """Gives the module behind it the frames of all videos of a batch, as so many pictures.

    Attributes:
        num_frames: Frames of a video, at most.
        side: How long their shorter side may be in pixels before the picture processor sees them, or None.
    """

    config_keys: list[str] = ["num_frames", "side"]  # noqa: RUF012  # as sentence-transformers has it
    config_file_name = "video_frames_config.json"

    def __init__(self, num_frames: int = 8, side: int | None = None) -> None:
        """Makes the module; it finds the image tower behind it when the model is complete.

        Args:
            num_frames: Frames of a video, at most.
            side: How long their shorter side may be in pixels, or None.
        """
        super().__init__()  # type: ignore[no-untyped-call]
        self.num_frames = num_frames
        self.side = side
        self._behind: list[Any] = []  # of another's modules: in a list they are not registered as this one's

    @property
    def modalities(self) -> list[Modality]:
        """Videos alone."""
        return ["video"]

    @property
    def holds_still(self) -> bool:
        """Whether training reads every video once: it does if the whole image tower is frozen."""
        return bool(self._behind) and all(map(holds_still, self._behind))

    @holds_still.setter
    def holds_still(self, _: bool) -> None:
        """What `freeze` says is not for this module to decide, but for those behind it."""

    def on_model_ready(self, model: BaseModel) -> None:
        """Looks for the image tower that stands behind this module.

        Args:
            model: The model that this module is part of.
        """
        for sequence in model.modules():
            modules: list[nn.Module] = list(sequence) if isinstance(sequence, nn.Sequential) else []
            if self in modules:
                behind = modules[modules.index(self) + 1 :]
                self._behind[:] = takewhile(lambda module: not isinstance(module, FrameSequence), behind)

    def preprocess(
        self, inputs: Sequence[Any], prompt: str | None = None, **options: Any
    ) -> dict[str, Tensor | Any]:
        """Reads videos, and prepares their frames as the image tower prepares pictures.

        Args:
            inputs: Files, frames, or `{"video": one of these}`; see `isoglot.media.video.read_frames`.
            prompt: Not used: pictures have none.
            **options: Passed on to the image tower.

        Returns:
            Tensors with a row for each video: model input of its frames (videos, frames, ...), and how many
            of them are its own; the rest is zero.

        Raises:
            CheckpointError: If no image tower stands behind this module.
            MediaError: If videos cannot be read; all of them at once.
        """
        if not self._behind:
            raise CheckpointError(
                "no image tower stands behind VideoFrames in the model; build it with build_video_tower"
            )
        return fold([self._prepare(frames, options) for frames in self._read(inputs)])

    def _read(self, inputs: Sequence[Any]) -> Iterator[Frames]:
        """Frames of each video, a few videos ahead."""
        read = partial(read_frames, num_frames=self.num_frames, side=self.side)
        return read_side_by_side(read, [_content(given) for given in inputs])

    def _prepare(self, frames: Frames, options: dict[str, Any]) -> Features:
        from PIL import Image

        pictures = [{"image": Image.fromarray(frame)} for frame in frames]
        return dict(self._behind[0].preprocess(pictures, **options))

    def forward(self, features: Features, **_: Any) -> Features:
        """The frames of all videos, one after the other, as pictures.

        Args:
            features: What `preprocess` made.

        Returns:
            Input of the image tower.
        """
        counts = features[_COUNTS]
        names = {new: old for old, new in _RENAMED.items()}
        frames = {
            names.get(key, key): _own_frames(value, counts)
            for key, value in features.items()
            if isinstance(value, Tensor) and value.ndim > 1
        }
        rest = {key: value for key, value in features.items() if not isinstance(value, Tensor)}
        return {**rest, **frames, _COUNTS: counts, "modality": "image"}

    def save(self, output_path: str, *_: Any, **__: Any) -> None:
        """Writes the settings; there are no weights.

        Args:
            output_path: Folder.
        """
        self.save_config(output_path)


class FrameSequence(Module):
    """Puts the vectors of frames together again: a sequence for each video, with a mask.

    Attributes:
        embedding_dimension: Width of the vectors.
    """

    config_keys: list[str] = ["embedding_dimension"]  # noqa: RUF012  # as sentence-transformers has it
    holds_still = True

    def __init__(self, embedding_dimension: int) -> None:
        """Makes the module.

        Args:
            embedding_dimension: Width of the vectors of frames.
        """
        super().__init__()  # type: ignore[no-untyped-call]
        self.embedding_dimension = embedding_dimension

    def forward(self, features: Features, **_: Any) -> Features:
        """The sequences, under the names that sequences of tokens have, which pooling reads.

        Args:
            features: `sentence_embedding` (all frames, D), with the number of frames of each video.

        Returns:
            `token_embeddings` (videos, frames, D) and `attention_mask` (videos, frames).
        """
        counts, vectors = features[_COUNTS], features["sentence_embedding"]
        mask = _mask(counts, int(counts.max()))
        sequences = vectors.new_zeros((*mask.shape, vectors.shape[-1]))
        sequences[mask] = vectors
        rest = {key: value for key, value in features.items() if not isinstance(value, Tensor)}
        return {**rest, "token_embeddings": sequences, "attention_mask": mask.long(), "modality": "video"}

    def get_embedding_dimension(self) -> int:
        """Width of the vectors."""
        return self.embedding_dimension

    def save(self, output_path: str, *_: Any, **__: Any) -> None:
        """Writes the settings; there are no weights.

        Args:
            output_path: Folder.
        """
        self.save_config(output_path)


def fold(videos: Sequence[Features]) -> Features:
    """Model input of a batch of videos from that of each one's frames.

    Args:
        videos: For each, what an image tower made of its frames: tensors (frames, ...), of one shape but for
            the number of frames, and other things, the same for all.

    Returns:
        Tensors (videos, most frames, ...), filled up with zeros, and the number of frames of each.
    """
    first = videos[0]
    frames = {key: [video[key] for video in videos] for key, value in first.items() if _is_per_frame(value)}
    counts = [len(each) for each in next(iter(frames.values()))]
    rest = {key: value for key, value in first.items() if key not in frames}
    folded = {
        _RENAMED.get(key, key): nn.utils.rnn.pad_sequence(values, batch_first=True)
        for key, values in frames.items()
    }
    return {**rest, **folded, _COUNTS: torch.tensor(counts), "modality": "video"}


def _is_per_frame(value: Any) -> bool:
    return isinstance(value, Tensor) and value.ndim > 0


def _content(given: Any) -> Any:
    """What stands in `{"video": ...}` and `{"array": ..., "video_metadata": ...}`."""
    for key in ("video", "array"):
        if isinstance(given, dict) and key in given:
            given = given[key]
    return given


def _mask(counts: Tensor, longest: int) -> Tensor:
    """(videos, longest) which frames are a video's own."""
    return torch.arange(longest, device=counts.device) < counts[:, None]


def _own_frames(value: Tensor, counts: Tensor) -> Tensor:
    """(all frames, ...) without what videos were filled up with."""
    mask = _mask(counts, value.shape[1])
    return value.flatten(0, 1) if bool(mask.all()) else value[mask]
