"""How much two descriptions have in common, from 0 to 5, as in graded sentence similarity (STS).

Each description is a set of facts with weights: 6 for a shape, a colour, a relation, a motion, a contour or a
timbre; 3 for a size, a texture, a number, a pitch or a rhythm. The similarity is

    5 * (weight of what both say) / (weight of what at least one of them says)

where a field counts once, said by one or by both. Of two numbers that differ, 3 less their difference is
shared. Things are compared in the order, straight or crosswise, that shares more; seen crosswise, "left of"
is "right of". A thing that only one of them has shares nothing. Sizes that a relation implies are said.
"""

from __future__ import annotations

from isoglot.world.scenes.meaning import CONVERSES, MELODY_FIELDS, THING_FIELDS, canonical
from isoglot.world.scenes.scene import MAX_COUNT, Melody, Scene, Thing

MAX_SIMILARITY = 5.0

WEIGHTS = {
    "shape": 6,
    "colour": 6,
    "size": 3,
    "texture": 3,
    "count": MAX_COUNT - 1,
    "relation": 6,
    "motion": 6,
    "tones": MAX_COUNT - 1,
    "pitch": 3,
    "contour": 6,
    "timbre": 6,
    "rhythm": 3,
}
"""The weight of each field of the grammar."""

Overlap = tuple[int, int]
"""The weight of what both say, and of what at least one says."""


def similarity(one: Scene | Melody, other: Scene | Melody) -> float:
    """How much of what two descriptions say is the same.

    Args:
        one: A scene or a melody, complete or not.
        other: Another.

    Returns:
        From 0 to `MAX_SIMILARITY`, which is reached exactly by those that mean the same; the same both ways
        round, and the same for all descriptions of equal meaning. 0 between a scene and a melody.
    """
    one, other = canonical(one), canonical(other)
    if isinstance(one, Melody) and isinstance(other, Melody):
        return _share(_added(*(_field(one, other, field) for field in MELODY_FIELDS)))
    if isinstance(one, Scene) and isinstance(other, Scene):
        straight = _straight(one)
        return max(_share(_overlap(straight, view)) for view in (_straight(other), _crosswise(other)))
    return 0.0


def _share(overlap: Overlap) -> float:
    both, either = overlap
    return MAX_SIMILARITY * both / either


def _added(*overlaps: Overlap) -> Overlap:
    return sum(both for both, _ in overlaps), sum(either for _, either in overlaps)


def _field(one: Thing | Melody, other: Thing | Melody, field: str) -> Overlap:
    return _compared(field, getattr(one, field), getattr(other, field))


def _compared(field: str, one: str | int | None, other: str | int | None) -> Overlap:
    weight = WEIGHTS[field]
    if one is None and other is None:
        return 0, 0
    if isinstance(one, int) and isinstance(other, int):
        return weight - abs(one - other), weight
    return (weight if one == other else 0), weight


View = tuple[tuple[Thing | None, Thing | None], str | None, str | None]
"""Two things or one, the relation of the first to the second, and the motion of the first."""


def _straight(scene: Scene) -> View:
    things = scene.sized_things
    return (things[0], things[1] if len(things) == 2 else None), scene.relation, scene.motion


def _crosswise(scene: Scene) -> View:
    """As seen from the second thing; what there is no word for is marked, and so equals nothing."""
    (first, second), relation, motion = _straight(scene)
    if scene.relation is not None:
        relation = CONVERSES.get(scene.relation, f"{relation} by")
    if motion not in (None, "crosses"):
        motion = f"{motion} second"
    return (second, first), relation, motion


def _overlap(one: View, other: View) -> Overlap:
    return _added(
        *(_things(a, b) for a, b in zip(one[0], other[0], strict=True)),
        _compared("relation", one[1], other[1]),
        _compared("motion", one[2], other[2]),
    )


def _things(one: Thing | None, other: Thing | None) -> Overlap:
    if one is not None and other is not None:
        return _added(*(_field(one, other, field) for field in THING_FIELDS))
    alone = one or other
    if alone is None:
        return 0, 0
    said = (field for field in THING_FIELDS if getattr(alone, field) is not None)
    return 0, sum(WEIGHTS[field] for field in said)
