"""Near misses: scenes in almost the same words, and false of the same picture; hard negatives as in PAWS-X.

Of "a red circle left of a blue square": "a blue square left of a red circle", "a blue circle left of a red
square" and "a red circle above a blue square", all in the same words or but for the relation. A model that
reads a caption as a bag of words cannot tell the first two from the original. "A blue square right of a red
circle" means the same and is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from isoglot.world.scenes.entailment import judge
from isoglot.world.scenes.meaning import MELODY_FIELDS, THING_FIELDS, VALUES, meaning_code
from isoglot.world.scenes.scene import (
    MOTIONS,
    RELATIONS,
    Melody,
    Motion,
    Relation,
    Scene,
    Thing,
    scene_problems,
)


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A scene or a melody that is false of every picture, video or sound of the original.

    Attributes:
        said: The near miss; complete where the original is.
        change: What sets it apart: "things" (they changed places), a field of a thing (they exchanged its
            values, or one of them has another), "relation", "motion", or a field of a melody.
    """

    said: Scene | Melody
    change: str


def valid_scene(
    first: Thing, second: Thing | None = None, relation: Relation | None = None, motion: Motion | None = None
) -> Scene | None:
    """A scene, if these make one.

    Args:
        first: What the scene is of.
        second: What it is related to.
        relation: Of the first to the second.
        motion: What the first does.

    Returns:
        The scene, or None where the grammar forbids it.
    """
    if scene_problems(first, second, relation, motion):
        return None
    return Scene(first, second, relation, motion)


def near_misses(scene: Scene) -> tuple[NearMiss, ...]:
    """The near misses in the same words: things or values exchanged, another relation, another motion.

    Args:
        scene: A scene, complete or not.

    Returns:
        Each meaning once, in a fixed order; none is true where the scene is, so that none means the same.
        Empty for a single thing that rests, which has no words to exchange: see `one_word_changes`. Where
        the scene leaves a relation open (a picture of "larger than" shows some placement), another one is no
        near miss.
    """
    return _apart(scene, [*_exchanged(scene), *_otherwise_related(scene), *_otherwise_moved(scene)])


def one_word_changes(said: Scene | Melody) -> tuple[NearMiss, ...]:
    """All that differ in the value of one field that is said, numbers among them.

    Args:
        said: A scene or a melody, complete or not.

    Returns:
        Each meaning once, in a fixed order; none is true where the original is, so that of other numbers
        there are the greater ones only: "two circles" is true of three. Empty for the barest "four shapes".
    """
    if isinstance(said, Melody):
        return _apart(said, _other_melodies(said))
    return _apart(said, [*_other_values(said), *_otherwise_related(said), *_otherwise_moved(said)])


def _apart(original: Scene | Melody, changed: Iterable[NearMiss]) -> tuple[NearMiss, ...]:
    """Those which are false of the original, the first of each meaning."""
    found: dict[str, NearMiss] = {}
    for miss in changed:
        if judge(original, miss.said) == "contradiction":
            found.setdefault(meaning_code(miss.said), miss)
    return tuple(found.values())


def _missed(scene: Scene | None, change: str) -> Iterator[NearMiss]:
    if scene is not None:
        yield NearMiss(scene, change)


def _exchanged(scene: Scene) -> Iterator[NearMiss]:
    """The things changed round, then each field of the two."""
    first, second = scene.first, scene.second
    if second is None:
        return
    yield from _missed(valid_scene(second, first, scene.relation, scene.motion), "things")
    for field in THING_FIELDS:
        one, other = getattr(first, field), getattr(second, field)
        exchanged = _with(first, field, other), _with(second, field, one)
        yield from _missed(valid_scene(*exchanged, scene.relation, scene.motion), field)


def _otherwise_related(scene: Scene) -> Iterator[NearMiss]:
    if scene.relation is not None:
        for relation in RELATIONS:
            yield from _missed(valid_scene(scene.first, scene.second, relation, scene.motion), "relation")


def _otherwise_moved(scene: Scene) -> Iterator[NearMiss]:
    if scene.motion is not None:
        for motion in MOTIONS:
            yield from _missed(valid_scene(scene.first, scene.second, scene.relation, motion), "motion")


def _other_values(scene: Scene) -> Iterator[NearMiss]:
    """With another value in one field of one thing."""
    for field in THING_FIELDS:
        for first in _with_others(scene.first, field):
            yield from _missed(valid_scene(first, scene.second, scene.relation, scene.motion), field)
        if scene.second is not None:
            for second in _with_others(scene.second, field):
                yield from _missed(valid_scene(scene.first, second, scene.relation, scene.motion), field)


def _with(thing: Thing, field: str, value: Any) -> Thing:
    return replace(thing, **{field: value})


def _with_others(thing: Thing, field: str) -> Iterator[Thing]:
    """The thing with each value of a field; none if the field is not said."""
    if getattr(thing, field) is not None:
        for value in VALUES[field]:
            yield _with(thing, field, value)


def _other_melodies(melody: Melody) -> Iterator[NearMiss]:
    """With another value in one field; a single tone stays level."""
    for field in MELODY_FIELDS:
        for value in VALUES[field] if getattr(melody, field) is not None else ():
            changed: dict[str, Any] = {"tones": melody.tones, "contour": melody.contour, field: value}
            if changed["tones"] > 1 or changed["contour"] in (None, "level"):
                yield NearMiss(replace(melody, **changed), field)
