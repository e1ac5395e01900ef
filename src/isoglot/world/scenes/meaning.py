"""What a scene means, whatever the words: its one canonical form, its paraphrases, and its tags.

"A red circle left of a blue square" and "a blue square right of a red circle" mean the same; so do "a circle
crosses a square" and "a square crosses a circle", as both change sides. Two scenes mean the same exactly if
their canonical forms are equal, which is how retrieval tells a right answer from a near miss.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import overload

from isoglot.world.scenes.scene import (
    COLOURS,
    CONTOURS,
    MAX_COUNT,
    MOTIONS,
    PITCHES,
    RELATIONS,
    RHYTHMS,
    SHAPES,
    SIZES,
    TEXTURES,
    TIMBRES,
    Melody,
    Relation,
    Scene,
    Thing,
)

CONVERSES: dict[Relation, Relation] = {
    "left_of": "right_of",
    "right_of": "left_of",
    "above": "below",
    "below": "above",
}
"""What the second is to the first; the grammar has no word for the converse of the other relations."""

_PREFERRED: frozenset[Relation] = frozenset({"left_of", "above"})
"""Of two converse relations, the one that canonical forms use."""

THING_FIELDS = ("shape", "colour", "size", "texture", "count")
MELODY_FIELDS = ("tones", "pitch", "contour", "timbre", "rhythm")
COUNTS = tuple(range(1, MAX_COUNT + 1))

VALUES: dict[str, tuple[str | int, ...]] = {
    "shape": SHAPES,
    "colour": COLOURS,
    "size": SIZES,
    "texture": TEXTURES,
    "count": COUNTS,
    "relation": RELATIONS,
    "motion": MOTIONS,
    "tones": COUNTS,
    "pitch": PITCHES,
    "contour": CONTOURS,
    "timbre": TIMBRES,
    "rhythm": RHYTHMS,
}
"""Every value that a field of the grammar can have."""

TAGS: tuple[str, ...] = tuple(
    f"{field}:{value}"
    for field, values in VALUES.items()
    for value in values
    if field != "relation" or value in _PREFERRED or value not in CONVERSES
)
"""Every tag that a scene or a melody can have, in a fixed order. What is left of one thing has another one
right of it, so that "relation:left_of" stands for both; and "relation:above" for above and below."""


def converse(scene: Scene) -> Scene | None:
    """The same seen from the other thing: "b right of a" of "a left of b".

    Args:
        scene: A scene.

    Returns:
        A scene of equal meaning with its things changed round; None where the grammar cannot say it: there is
        one thing, the relation has no converse, or the first moves on its own (only a first thing can).
    """
    if scene.second is None:
        return None
    if scene.motion == "crosses":
        return Scene(scene.second, scene.first, None, "crosses")
    other = CONVERSES.get(scene.relation) if scene.relation else None
    if other is None or scene.motion is not None:
        return None
    return Scene(scene.second, scene.first, other)


@overload
def canonical(said: Scene) -> Scene: ...
@overload
def canonical(said: Melody) -> Melody: ...
@overload
def canonical(said: Scene | Melody) -> Scene | Melody: ...
def canonical(said: Scene | Melody) -> Scene | Melody:
    """The one form of all that mean the same.

    What is implied is said (the sizes of what lies inside and of what holds it; that a single tone is
    level). Of two converse forms it is the one that says "left of" or "above"; of a crossing, the one whose
    code is first in the alphabet.

    Args:
        said: A scene or a melody, complete or not.

    Returns:
        Its canonical form, which is its own canonical form.
    """
    if isinstance(said, Melody):
        return replace(said, contour="level") if said.tones == 1 else said
    if said.relation == "inside":
        first, second = said.sized_things
        return Scene(first, second, "inside", said.motion)
    other = converse(said)
    if other is None or said.relation in _PREFERRED:
        return said
    if other.relation in _PREFERRED:
        return other
    return min(said, other, key=lambda scene: scene.code)


def same_meaning(one: Scene | Melody, other: Scene | Melody) -> bool:
    """Whether two are true of the same pictures, videos or sounds; a scene never means a melody.

    Args:
        one: A scene or a melody.
        other: Another.

    Returns:
        Whether their canonical forms are equal.
    """
    return meaning_code(one) == meaning_code(other)


def meaning_code(said: Scene | Melody) -> str:
    """A name that is the same for all that mean the same, and for no others: the code of the canonical form.

    Args:
        said: A scene or a melody.

    Returns:
        The code.
    """
    return canonical(said).code


def paraphrases(said: Scene | Melody) -> tuple[Scene | Melody, ...]:
    """All other ways in which the grammar says the same.

    Args:
        said: A scene or a melody.

    Returns:
        Each once, `said` itself left out: its converse; with what is implied said, or left unsaid; none where
        there is only one way.
    """
    if isinstance(said, Melody):
        forms: list[Scene | Melody] = [said]
        if said.tones == 1:
            forms = [replace(said, contour="level"), replace(said, contour=None)]
    else:
        forms = list(_forms(said))
    return tuple(form for form in forms if form != said)


def _forms(scene: Scene) -> Iterator[Scene]:
    """All scenes that mean the same, the scene itself among them."""
    if scene.relation == "inside" and scene.second is not None:
        for first_size in ("small", None):
            for second_size in ("large", None):
                first = replace(scene.first, size=first_size)
                second = replace(scene.second, size=second_size)
                if first.kind != second.kind:
                    yield Scene(first, second, "inside", scene.motion)
        return
    yield scene
    other = converse(scene)
    if other is not None:
        yield other


def tags(said: Scene | Melody) -> tuple[str, ...]:
    """What can be seen or heard, as labels for tagging: "shape:circle", "count:3", "relation:left_of".

    Args:
        said: A scene or a melody, complete or not.

    Returns:
        Tags of `TAGS` and in their order, each once however many things share it; the same for all that mean
        the same. Sizes that a relation implies are among them; what is not said is not.
    """
    if isinstance(said, Melody):
        pairs = set(_pairs(canonical(said), MELODY_FIELDS))
    else:
        meant = canonical(said)
        pairs = {pair for thing in meant.sized_things for pair in _pairs(thing, THING_FIELDS)}
        pairs.update(_pairs(meant, ("motion",)))
        if meant.relation is not None:
            preferred = meant.relation in _PREFERRED
            pairs.add(
                f"relation:{meant.relation if preferred else CONVERSES.get(meant.relation, meant.relation)}"
            )
    return tuple(tag for tag in TAGS if tag in pairs)


def _pairs(said: Scene | Thing | Melody, fields: tuple[str, ...]) -> Iterator[str]:
    """The tags of fields that are said."""
    for field in fields:
        value = getattr(said, field)
        if value is not None:
            yield f"{field}:{value}"
