"""Ready features as a tower's input: vectors from elsewhere in place of pictures or videos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from sentence_transformers.base.modules import InputModule
from torch import Tensor

from isoglot.errors import ConfigError, MediaError
from isoglot.media.features import read_features

if TYPE_CHECKING:
    from sentence_transformers.base.modality_types import Modality

MEDIA = ("image", "video", "audio")


class FeatureInput(InputModule):
    """Takes arrays of features as they are; the first module of a tower, whatever follows.

    What it gives has the form of a text's tokens, a single one for features without course, so stock
    `Pooling` and every pooling over time can follow.

    Attributes:
        width: Numbers in a vector.
        medium: What the features stand for.
        holds_still: That nothing in it is trained, so that training reads every file once.
    """

    config_keys: list[str] = ["width", "medium"]  # noqa: RUF012  # as sentence-transformers has it
    holds_still = True

    def __init__(self, width: int, medium: str = "image") -> None:
        """Makes the module.

        Args:
            width: Numbers in a vector, >= 1.
            medium: What the features stand for: image, video or audio.

        Raises:
            ConfigError: If an argument is out of range; all of them at once.
        """
        super().__init__()  # type: ignore[no-untyped-call]
        problems = [f"width must be >= 1, got {width}"] if width < 1 else []
        if medium not in MEDIA:
            problems.append(f"medium must be one of {', '.join(MEDIA)}, got {medium!r}")
        if problems:
            raise ConfigError("\n".join(problems))
        self.width = width
        self.medium = medium

    @property
    def modalities(self) -> list[Modality]:
        """The medium that the features stand for."""
        medium: Any = self.medium
        return [medium]

    def preprocess(
        self, inputs: Sequence[Any], prompt: str | None = None, **kwargs: Any
    ) -> dict[str, Tensor | Any]:
        """Arrays of a batch, the shorter ones filled up with zeros.

        Args:
            inputs: Arrays of shape (width,) or (steps, width), or files of them (`read_features`); each alone
                or as `{medium: ...}`.
            prompt: Not used.
            **kwargs: Not used.

        Returns:
            `input_features` (n, longest, width), their `attention_mask` (n, longest), and the medium.

        Raises:
            MediaError: If features cannot be read, or are not of this width; all of them at once.
        """
        arrays: list[Tensor] = []
        problems: list[str] = []
        for given in inputs:
            source = given[self.medium] if isinstance(given, Mapping) else given
            try:
                arrays.append(self._steps(source))
            except MediaError as error:
                problems.extend(error.problems)
        if problems:
            raise MediaError(problems)
        lengths = torch.tensor([len(array) for array in arrays])
        return {
            "input_features": torch.nn.utils.rnn.pad_sequence(arrays, batch_first=True),
            "attention_mask": (torch.arange(int(lengths.max())) < lengths[:, None]).long(),
            "modality": self.medium,
        }

    def _steps(self, source: Any) -> Tensor:
        """(steps, width); a vector alone is one step."""
        features = read_features(source.numpy(force=True) if isinstance(source, Tensor) else source)
        if features.shape[-1] != self.width:
            name = source if isinstance(source, str) else "features"
            raise MediaError(
                f"{name}: has vectors of width {features.shape[-1]}, the tower takes {self.width}; "
                "make the features and the tower with the same network"
            )
        return torch.from_numpy(np.ascontiguousarray(np.atleast_2d(features)))

    def forward(self, features: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Names the features as what comes next looks for them."""
        features["token_embeddings"] = features["input_features"]
        return features

    def get_embedding_dimension(self) -> int:
        """Width of the vectors."""
        return self.width

    def save(self, output_path: str, *args: Any, safe_serialization: bool = True, **kwargs: Any) -> None:
        """Writes the configuration; there are no weights."""
        self.save_config(output_path)
