"""All complete scenes, by kind: how many there are, and each of them by its number.

A kind is made of strata, one for each relation that differs in meaning ("left of" and "right of" share one).
A stratum is a product of fields, so that a number is a choice of values and back; scenes that the grammar
forbids leave gaps. A stratum falls into orbits: the scenes reached from one of them by moving every field on
to its next value. An orbit holds every value of a field equally often, which is what makes samples even.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import prod
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from isoglot.errors import ConfigError
from isoglot.world.scenes.meaning import CONVERSES, VALUES, converse
from isoglot.world.scenes.scene import (
    MAX_COUNT,
    MOTIONS,
    Colour,
    Melody,
    Motion,
    Relation,
    Scene,
    Shape,
    Size,
    Texture,
    Thing,
)

Numbers = npt.NDArray[np.int64]

Kind = Literal["single", "pair", "moving", "moving_pair", "crossing", "melody"]
"""Of complete scenes: one thing at rest; two in a relation at rest; one that moves; two in a relation of
which the first moves; two that cross; a melody."""

_THING = ("shape", "colour", "size", "texture", "count")
_UNSIZED = ("shape", "colour", "texture", "count")
_HELD_SIZES: dict[Relation, tuple[Size | None, Size | None]] = {
    "inside": ("small", "large"),
    "larger_than": (None, None),
}
MOVES: tuple[Motion, ...] = tuple(motion for motion in MOTIONS if motion != "crosses")
"""What a thing can do without another."""


@dataclass(frozen=True, slots=True)
class Digit:
    """One field that varies in a stratum.

    Attributes:
        owner: "first", "second", or "whole" for a motion or a field of a melody.
        field: Its name.
        values: What it can be.
    """

    owner: str
    field: str
    values: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Stratum:
    """All complete scenes with one relation, or melodies; numbered in mixed radix, with gaps.

    Attributes:
        digits: The fields that vary, the slowest first.
        anchors: Positions of digits whose lengths share no divisor: an orbit holds each choice of them once.
        relation: Of all scenes of the stratum.
        crossing: Whether the things cross; then (a, b) and (b, a) are one scene, of which one has a number.
        weight: Its share in samples, relative to the other strata of its kind: in how many ways the relation
            can be said.
    """

    digits: tuple[Digit, ...]
    anchors: tuple[int, ...]
    relation: Relation | None = None
    crossing: bool = False
    weight: int = 1

    @property
    def lengths(self) -> tuple[int, ...]:
        """How many values each digit has."""
        return tuple(len(digit.values) for digit in self.digits)

    @property
    def num_numbers(self) -> int:
        """How many numbers there are, gaps among them."""
        return prod(self.lengths)

    @property
    def num_scenes(self) -> int:
        """How many numbers are no gaps; two things of one kind are one, and a single tone that rises."""
        if self._tones:
            return self.num_numbers - self.num_numbers * 2 // (MAX_COUNT * 3)
        kinds = self._kinds()
        if not kinds:
            return self.num_numbers
        differing = self.num_numbers - self.num_numbers // prod(self.lengths[place] for place in kinds[0])
        return differing // 2 if self.crossing else differing

    @property
    def _tones(self) -> bool:
        return self.digits[0].field == "tones"

    def _kinds(self) -> tuple[list[int], list[int]] | None:
        """Places of what must not be the same of both things; None where nothing can be."""
        places = {(digit.owner, digit.field): place for place, digit in enumerate(self.digits)}
        if ("second", "shape") not in places or self.relation == "inside":
            return None
        kind = [field for field in ("shape", "colour", "size", "texture") if ("first", field) in places]
        return [places["first", field] for field in kind], [places["second", field] for field in kind]

    @property
    def orbit_length(self) -> int:
        """How many numbers are in each orbit, gaps among them."""
        return prod(self.lengths[anchor] for anchor in self.anchors)

    def numbers(self, columns: Numbers) -> Numbers:
        """The numbers of choices.

        Args:
            columns: (n, digits) which value of each digit.

        Returns:
            (n,) numbers.
        """
        return np.asarray(np.ravel_multi_index(tuple(columns.T), self.lengths), dtype=np.int64)

    def columns(self, numbers: Numbers) -> Numbers:
        """The choices of numbers: the other way of `numbers`.

        Args:
            numbers: (n,) numbers.

        Returns:
            (n, digits) which value of each digit.
        """
        return np.stack(np.unravel_index(numbers, self.lengths), axis=1).astype(np.int64)

    def orbit(self, orbits: Numbers, steps: Numbers) -> Numbers:
        """The members of orbits.

        Args:
            orbits: (n,) orbits, counted from 0.
            steps: (n,) which members, counted from 0.

        Returns:
            (n, digits) which value of each digit.
        """
        free = [place for place in range(len(self.digits)) if place not in self.anchors]
        columns = np.zeros((len(orbits), len(self.digits)), dtype=np.int64)
        columns[:, free] = np.stack(np.unravel_index(orbits, [self.lengths[place] for place in free]), axis=1)
        moved: Numbers = (columns + steps[:, None]) % np.asarray(self.lengths)
        return moved

    def orbit_of(self, columns: Numbers) -> Numbers:
        """The orbits of choices: the other way of `orbit`.

        Args:
            columns: (n, digits) which value of each digit.

        Returns:
            (n,) orbits, counted from 0.
        """
        lengths = np.asarray(self.lengths)
        steps = np.arange(self.orbit_length)
        anchored = tuple(self.lengths[anchor] for anchor in self.anchors)
        step_of = np.zeros(anchored, dtype=np.int64)
        step_of[tuple(steps % length for length in anchored)] = steps
        step = step_of[tuple(columns[:, anchor] for anchor in self.anchors)]
        base = (columns - step[:, None]) % lengths
        free = [place for place in range(len(self.digits)) if place not in self.anchors]
        return np.asarray(np.ravel_multi_index(tuple(base[:, free].T), lengths[free]), dtype=np.int64)

    def allowed(self, columns: Numbers) -> npt.NDArray[np.bool_]:
        """Which choices are scenes, and not gaps.

        Args:
            columns: (n, digits) which value of each digit.

        Returns:
            (n,) False where the grammar forbids it, or where it is a crossing that another number stands for.
        """
        if self._tones:
            contours = [digit.field for digit in self.digits].index("contour")
            level = columns[:, contours] == self.digits[contours].values.index("level")
            several: npt.NDArray[np.bool_] = columns[:, 0] > 0
            return np.asarray(several | level, dtype=bool)
        kinds = self._kinds()
        if not kinds:
            return np.ones(len(columns), dtype=bool)
        differ = np.asarray((columns[:, kinds[0]] != columns[:, kinds[1]]).any(axis=1), dtype=bool)
        if self.crossing:
            differ &= self._stands_for_itself(columns)
        return differ

    def _stands_for_itself(self, columns: Numbers) -> npt.NDArray[np.bool_]:
        """Of (a, b) and (b, a) the one in the lower orbit, so that orbits stay whole as far as can be."""
        half = columns.shape[1] // 2
        mirrored = np.concatenate([columns[:, half:], columns[:, :half]], axis=1)
        orbits, mirrored_orbits = self.orbit_of(columns), self.orbit_of(mirrored)
        lower = self.numbers(columns) < self.numbers(mirrored)
        chosen: npt.NDArray[np.bool_] = np.where(orbits == mirrored_orbits, lower, orbits < mirrored_orbits)
        return chosen

    def build(self, number: int, from_second: bool = False) -> Scene | Melody:
        """The scene or melody of a number.

        Args:
            number: A number that is no gap.
            from_second: Whether to say it from the second thing, where it can be: "right of" for "left of".

        Returns:
            A complete scene, or a melody.
        """
        parts: dict[str, dict[str, Any]] = {"first": {}, "second": {}, "whole": {}}
        for digit in reversed(self.digits):
            number, place = divmod(number, len(digit.values))
            parts[digit.owner][digit.field] = digit.values[place]
        if "tones" in parts["whole"]:
            return Melody(**parts["whole"])
        sizes = _HELD_SIZES.get(self.relation) if self.relation else None
        if sizes:
            parts["first"]["size"], parts["second"]["size"] = sizes
        first = _thing(**parts["first"])
        second = _thing(**parts["second"]) if parts["second"] else None
        motion: Motion | None = "crosses" if self.crossing else parts["whole"].get("motion")
        scene = Scene(first, second, self.relation, motion)
        return (converse(scene) or scene) if from_second else scene


@cache
def _thing(shape: Shape, colour: Colour, size: Size | None, texture: Texture, count: int = 1) -> Thing:
    return Thing(shape, colour, size, texture, count)


def _digits(owner: str, fields: tuple[str, ...]) -> tuple[Digit, ...]:
    return tuple(Digit(owner, field, VALUES[field]) for field in fields)


def _stratum(relation: Relation | None, moving: bool = False, crossing: bool = False) -> Stratum:
    """All scenes with a relation, of a single thing where there is none and nothing crosses."""
    first: tuple[str, ...] = _THING
    second = first
    if relation in _HELD_SIZES:
        first = second = _UNSIZED
    if relation == "inside":
        second = _UNSIZED[:-1]
    digits = _digits("first", first)
    if relation or crossing:
        digits += _digits("second", second)
    anchors = tuple(first.index(field) for field in ("colour", "texture"))
    if moving:
        anchors += (len(digits),)
        digits += (Digit("whole", "motion", MOVES),)
    weight = 2 if relation in CONVERSES and not moving else 1
    return Stratum(digits, anchors, relation, crossing, weight)


@cache
def strata(kind: Kind) -> tuple[Stratum, ...]:
    """What a kind of scenes is made of.

    Args:
        kind: The kind.

    Returns:
        At least one stratum; no two hold scenes that mean the same.

    Raises:
        ConfigError: If there is no such kind.
    """
    if kind == "single":
        return (_stratum(None),)
    if kind == "moving":
        return (_stratum(None, moving=True),)
    if kind == "crossing":
        return (_stratum(None, crossing=True),)
    if kind == "pair":
        return tuple(_stratum(relation) for relation in ("left_of", "above", "inside", "larger_than"))
    if kind == "moving_pair":
        relations: list[Relation] = ["left_of", "right_of", "above", "below", "inside", "larger_than"]
        return tuple(_stratum(relation, moving=True) for relation in relations)
    if kind == "melody":
        digits = _digits("whole", ("tones", "timbre", "pitch", "contour", "rhythm"))
        return (Stratum(digits, (0, 1)),)
    raise ConfigError(
        f"kind must be single, pair, moving, moving_pair, crossing or melody, got {kind!r}; name one of these"
    )
