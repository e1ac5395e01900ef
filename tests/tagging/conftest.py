"""A model that sees colours and reads their names, and what it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image

from isoglot.tagging import Label, Tag, Vocabulary

WORDS = {
    "red": (1.0, 0.0, 0.0), "rot": (1.0, 0.1, 0.0), "rouge": (1.0, 0.0, 0.2),
    "green": (0.0, 1.0, 0.0), "grün": (0.1, 1.0, 0.0),
    "blue": (0.0, 0.0, 1.0), "blau": (0.0, 0.1, 1.0),
    "warm": (0.4, 0.0, 0.0), "cold": (0.0, 0.0, 0.4), "photo": (0.1, 0.1, 0.1),
}  # fmt: skip


class ColourModel(torch.nn.Module):
    """A text is the sum of its words, a picture its mean colour; others lie nowhere."""

    similarity_fn_name = "cosine"
    modalities = ("text", "image")

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(scale))
        self.seen: list[Any] = []

    def __getitem__(self, _: int) -> ColourModel:
        return self

    def encode_query(self, inputs: Sequence[Any], **_: Any) -> npt.NDArray[np.float32]:
        """(n, 3) vectors."""
        self.seen += inputs
        return np.array([self._encode(each) for each in inputs], np.float32) * self.scale.item()

    encode_document = encode_query

    def _encode(self, each: Any) -> npt.NDArray[np.float64]:
        if isinstance(each, str):
            words = each.lower().replace("(", " ").replace(")", " ").split()
            return np.sum([WORDS.get(word, (0.0, 0.0, 0.0)) for word in words], axis=0)
        return np.asarray(each["image"], np.float64).mean(axis=(0, 1)) / 255


@pytest.fixture
def model() -> ColourModel:
    """The model."""
    return ColourModel()


@pytest.fixture
def colours() -> Vocabulary:
    """Three tags; blue has no German name, red a French one too."""
    return Vocabulary(
        "colours",
        (
            Tag("c-red", {"en": Label("red"), "de": Label("rot"), "fr": Label("rouge")}),
            Tag("c-green", {"en": Label("green"), "de": Label("grün")}),
            Tag("c-blue", {"en": Label("blue")}),
        ),
    )


def paint(path: Path, colour: tuple[int, int, int]) -> Path:
    """A picture of one colour in a file."""
    Image.new("RGB", (4, 4), colour).save(path)
    return path


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with a red picture, a blue one in a folder inside, and files of other kinds."""
    folder = tmp_path / "pictures"
    (folder / "more").mkdir(parents=True)
    paint(folder / "a.png", (250, 20, 10))
    paint(folder / "more" / "b.png", (10, 60, 250))
    (folder / "notes.doc").write_text("notes", encoding="utf-8")
    paint(folder / ".hidden.png", (0, 0, 0))
    return folder
