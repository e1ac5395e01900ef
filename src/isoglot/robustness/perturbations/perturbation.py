"""What a perturbation is: a change of a text or picture by name, seed, and strength from 0 to 1."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from isoglot.errors import ConfigError

if TYPE_CHECKING:
    from PIL.Image import Image

NO_LANGUAGE = "und"
"""Tag of a text whose language is not known."""


class ChangeText(Protocol):
    """Changes a text; at a larger strength more of it, with the same numbers drawn."""

    def __call__(self, text: str, language: str, strength: float, rng: np.random.Generator, /) -> str:
        """The changed text, from the text, its tag, a strength above 0 and up to 1, and random numbers."""


class ChangePicture(Protocol):
    """Changes a picture; at a larger strength more, with the same numbers drawn."""

    def __call__(self, picture: Image, strength: float, rng: np.random.Generator, /) -> Image:
        """The changed picture, in mode RGB and of the same size."""


@dataclass(frozen=True, eq=False)
class TextPerturbation:
    """A change of texts.

    What is drawn depends on seed, name, language and text, not on the strength: what is changed at one
    strength is changed at every larger one, so that curves over strength are of the same texts made worse.

    Attributes:
        name: Its name.
        summary: What it does.
        meaning: What a strength says, in a sentence.
        change: Does it.
    """

    name: str
    summary: str
    meaning: str
    change: ChangeText

    @property
    def medium(self) -> Literal["text"]:
        """What it changes."""
        return "text"

    def perturb(self, text: str, language: str | None, strength: float, *, seed: int = 0) -> str:
        """Changes a text.

        Args:
            text: The text.
            language: Its BCP 47 tag; None if it is not known.
            strength: From 0, which leaves the text as it is, to 1.
            seed: Seed of what is drawn.

        Returns:
            The changed text, always the same for the same arguments.

        Raises:
            ConfigError: If the strength is not from 0 to 1.
        """
        check_strength(strength)
        tag = language or NO_LANGUAGE
        if not strength or not text:
            return text
        return self.change(text, tag, strength, generator(seed, self.name, tag.encode(), text.encode()))


@dataclass(frozen=True, eq=False)
class PicturePerturbation:
    """A change of pictures, drawn as that of texts is, by seed, name and pixels.

    Attributes:
        name: Its name.
        summary: What it does.
        meaning: What a strength says, in a sentence.
        change: Does it.
    """

    name: str
    summary: str
    meaning: str
    change: ChangePicture

    @property
    def medium(self) -> Literal["image"]:
        """What it changes."""
        return "image"

    def perturb(self, picture: Image, strength: float, *, seed: int = 0) -> Image:
        """Changes a picture.

        Args:
            picture: The picture, in mode RGB; it stays as it is.
            strength: From 0, which leaves the picture as it is, to 1.
            seed: Seed of what is drawn.

        Returns:
            The changed picture, of the same size, always the same for the same arguments.

        Raises:
            ConfigError: If the strength is not from 0 to 1.
        """
        check_strength(strength)
        if not strength:
            return picture
        return self.change(picture, strength, generator(seed, self.name, picture.tobytes()))


Perturbation = TextPerturbation | PicturePerturbation


def check_strength(strength: float) -> None:
    """Refuses what is no strength.

    Args:
        strength: How much is changed.

    Raises:
        ConfigError: If it is not from 0 to 1.
    """
    if not 0 <= strength <= 1:
        raise ConfigError(f"strength must be from 0 (nothing is changed) to 1, got {strength}")


def generator(seed: int, name: str, *contents: bytes) -> np.random.Generator:
    """Random numbers that belong to a content, whatever stands beside it.

    Args:
        seed: The seed.
        name: What they are for.
        *contents: What is changed, as bytes.

    Returns:
        A generator, the same for the same arguments on every machine.
    """
    digest = hashlib.blake2b(f"{seed}\0{name}".encode(), digest_size=16)
    for content in contents:
        digest.update(len(content).to_bytes(8, "little"))
        digest.update(content)
    return np.random.default_rng(int.from_bytes(digest.digest(), "little"))
