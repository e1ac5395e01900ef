"""What a scene consists of: a small typed grammar, in which every value can be said, and most can be shown.

A field that is None is not said: `Thing(None, "red", None, None, 1)` is "a red shape". A scene of which every
thing has all its fields, said or implied, is complete, and only complete scenes are shown.

There are two sizes and no others, so that two relations imply them: what lies inside is small and what holds
it is large; what is larger is large and the other is small. In a scene that moves, sizes and relation are
those at its beginning. Nothing can be built that breaks a rule of the grammar.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from typing import Literal, get_args

from isoglot.errors import ConfigError

Shape = Literal["circle", "square", "triangle", "star", "heart", "cross"]
Colour = Literal["red", "orange", "yellow", "green", "blue", "purple", "black", "white"]
Size = Literal["small", "large"]
Texture = Literal["plain", "striped", "dotted"]
Relation = Literal["left_of", "right_of", "above", "below", "inside", "larger_than"]
Motion = Literal[
    "moves_left", "moves_right", "moves_up", "moves_down", "grows", "shrinks", "blinks", "crosses"
]
Pitch = Literal["low", "high"]
Contour = Literal["rising", "falling", "level"]
Timbre = Literal["flute", "bell", "buzzer"]
Rhythm = Literal["slow", "fast"]

SHAPES: tuple[Shape, ...] = get_args(Shape)
COLOURS: tuple[Colour, ...] = get_args(Colour)
SIZES: tuple[Size, ...] = get_args(Size)
TEXTURES: tuple[Texture, ...] = get_args(Texture)
RELATIONS: tuple[Relation, ...] = get_args(Relation)
MOTIONS: tuple[Motion, ...] = get_args(Motion)
PITCHES: tuple[Pitch, ...] = get_args(Pitch)
CONTOURS: tuple[Contour, ...] = get_args(Contour)
TIMBRES: tuple[Timbre, ...] = get_args(Timbre)
RHYTHMS: tuple[Rhythm, ...] = get_args(Rhythm)
MAX_COUNT = 4

_RELATED_SIZES: dict[Relation, tuple[Size, Size]] = {
    "inside": ("small", "large"),
    "larger_than": ("large", "small"),
}
"""The sizes of the first and of the second thing that a relation implies."""


def _unknown(name: str, value: object, known: Sequence[str]) -> list[str]:
    """The problem of a field whose value is neither None nor known; none if it is fine."""
    if value is None or value in known:
        return []
    near = difflib.get_close_matches(str(value), known, n=1) or known
    return [f"{name} must be one of {', '.join(known)}, got {value!r}; the nearest is {near[0]!r}"]


def _miscounted(name: str, value: object) -> list[str]:
    """The problem of a number that cannot be said or shown; none if it is fine."""
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_COUNT:
        return []
    return [f"{name} must be a whole number from 1 to {MAX_COUNT}, got {value!r}"]


def _require(problems: list[str]) -> None:
    if problems:
        raise ConfigError("; ".join(problems))


@dataclass(frozen=True, slots=True)
class Thing:
    """Some shapes that are alike: "three small striped red circles".

    Attributes:
        shape: What they are; None for "shape".
        colour: Their colour; None if it is not said.
        size: Their size; None if it is not said.
        texture: Their surface; None if it is not said. "plain" is said where it is given.
        count: How many, from 1 to `MAX_COUNT`.

    Raises:
        ConfigError: If a value is not one of the grammar's.
    """

    shape: Shape | None
    colour: Colour | None
    size: Size | None
    texture: Texture | None
    count: int = 1

    def __post_init__(self) -> None:
        _require(
            [
                *_unknown("shape", self.shape, SHAPES),
                *_unknown("colour", self.colour, COLOURS),
                *_unknown("size", self.size, SIZES),
                *_unknown("texture", self.texture, TEXTURES),
                *_miscounted("count", self.count),
            ]
        )

    @property
    def kind(self) -> tuple[Shape | None, Colour | None, Size | None, Texture | None]:
        """What is said of each of them; the count is left out."""
        return (self.shape, self.colour, self.size, self.texture)

    @property
    def is_complete(self) -> bool:
        """Whether every field is given, so that it can be shown."""
        return None not in astuple(self)


@dataclass(frozen=True, slots=True)
class Scene:
    """One thing, or two in a relation, standing still or moving.

    Attributes:
        first: What the scene is of.
        second: What it is related to; None if it stands alone.
        relation: Of the first to the second: "left_of" is "the first is left of the second"; "inside": the
            first lies within the second; "larger_than": of things whose size is not said. None exactly where
            there is no second, or the first crosses it.
        motion: What the first does; None in a picture. "crosses": the two change sides, passing each other.

    Raises:
        ConfigError: If a value is not one of the grammar's, or `scene_problems` has something to say.
    """

    first: Thing
    second: Thing | None = None
    relation: Relation | None = None
    motion: Motion | None = None

    def __post_init__(self) -> None:
        _require(scene_problems(self.first, self.second, self.relation, self.motion))

    @property
    def is_complete(self) -> bool:
        """Whether every field of every thing is said or implied by the relation, so that it can be shown."""
        return all(thing.is_complete for thing in self.sized_things)

    @property
    def sized_things(self) -> tuple[Thing, ...]:
        """One thing or two, with the sizes that the relation implies: what a picture has to show.

        Of "a red circle larger than a blue square" it is a large red circle and a small blue square.
        """
        if self.relation is None or self.relation not in _RELATED_SIZES:
            return self.things
        sizes = _RELATED_SIZES[self.relation]
        return tuple(replace(thing, size=size) for thing, size in zip(self.things, sizes, strict=True))

    @property
    def code(self) -> str:
        """A name that is the same for equal scenes, and for no others."""
        things = ["_".join(str(part or "any") for part in astuple(thing)) for thing in self.things]
        return ".".join([*things, self.relation or "-", self.motion or "-"])

    @property
    def things(self) -> tuple[Thing, ...]:
        """One thing or two."""
        return (self.first,) if self.second is None else (self.first, self.second)


@dataclass(frozen=True, slots=True)
class Melody:
    """Some tones: "three low, falling, fast tones of a bell".

    Attributes:
        tones: How many, from 1 to `MAX_COUNT`; a contour other than level needs two.
        pitch: Where they begin; None if it is not said.
        contour: Where they go; None if it is not said.
        timbre: What plays them; None if it is not said.
        rhythm: How fast they follow each other, and so how short each of them is; None if it is not said.

    Raises:
        ConfigError: If a value is not one of the grammar's, or a single tone rises or falls.
    """

    tones: int
    pitch: Pitch | None
    contour: Contour | None
    timbre: Timbre | None
    rhythm: Rhythm | None

    def __post_init__(self) -> None:
        problems = [
            *_miscounted("tones", self.tones),
            *_unknown("pitch", self.pitch, PITCHES),
            *_unknown("contour", self.contour, CONTOURS),
            *_unknown("timbre", self.timbre, TIMBRES),
            *_unknown("rhythm", self.rhythm, RHYTHMS),
        ]
        if self.tones == 1 and self.contour not in (None, "level"):
            problems.append(f"contour {self.contour!r} needs at least 2 tones, got 1; say more, or 'level'")
        _require(problems)

    @property
    def is_complete(self) -> bool:
        """Whether every field is said or implied, so that it can be heard: a single tone is always level."""
        silent = None in (self.pitch, self.timbre, self.rhythm)
        return not silent and (self.contour is not None or self.tones == 1)

    @property
    def code(self) -> str:
        """A name that is the same for equal melodies, and for no others."""
        return "_".join(str(part or "any") for part in astuple(self))


def scene_problems(
    first: Thing, second: Thing | None, relation: Relation | None, motion: Motion | None
) -> list[str]:
    """What keeps these from being a scene, a line each; nothing if they are one.

    Args:
        first: What the scene would be of.
        second: What it would be related to.
        relation: Of the first to the second.
        motion: What the first would do.

    Returns:
        Problems: an unknown word; a second thing without a relation or a crossing, or the other way round;
        both a relation and a crossing; two things of which the same is said (a difference of count alone
        tells nobody which is which); sizes that the relation denies; several things that hold one.
    """
    problems = [*_unknown("relation", relation, RELATIONS), *_unknown("motion", motion, MOTIONS)]
    crossing = motion == "crosses"
    if second is None:
        if relation is not None or crossing:
            said = repr(relation or motion)
            problems.append(f"{said} needs a second thing, got None; name one, or leave {said} out")
        return problems
    if crossing and relation is not None:
        problems.append(f"relation must be None where the first crosses the second, got {relation!r}")
    if not crossing and relation is None:
        problems.append("relation must be given between two things, got None; or let them cross")
    if first.kind == second.kind:
        problems.append("two things of a scene must differ in more than their count; say more of one of them")
    return [*problems, *_misfits(first, second, relation)]


def _misfits(first: Thing, second: Thing, relation: Relation | None) -> list[str]:
    """What a relation denies of its things."""
    if relation == "larger_than" and (first.size or second.size):
        return [f"larger_than says the sizes itself, got {first.size!r} and {second.size!r}; leave both out"]
    if relation != "inside":
        return []
    problems = []
    if first.size == "large" or second.size == "small":
        problems.append(
            f"inside needs a small first thing and a large second, got {first.size!r} and {second.size!r}"
        )
    if second.count != 1:
        problems.append(f"inside needs a single thing that holds the first, got a count of {second.count}")
    return problems
