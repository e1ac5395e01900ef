"""Whether one description follows from another, by the exact semantics of the world: entailment as in XNLI.

A premise is a whole description: its picture, video or sound holds what it says and nothing else. "Three red
circles" is a picture of three circles, no fewer, no more, and no square beside them. What it leaves unsaid
may be anything. A hypothesis is true of a picture if what it says is to be found there, and a number means
at least so many: "a red shape", "two circles" and "three red circles" are true of that picture, "four
circles" is not.

So a premise entails a hypothesis that is true of each of its pictures, contradicts one that is true of none,
and is neutral to the rest. Things stand left of, right of, above, below or inside one another, and never two
of these at once; things that are not inside may cross. Motion that is not said is not denied: a picture may
be a frame of a video. A thing that moves does one thing only; the other one rests, unless they cross, in
which case each ends where the other began.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Literal

from isoglot.errors import ConfigError
from isoglot.world.scenes.meaning import CONVERSES, MELODY_FIELDS, canonical
from isoglot.world.scenes.scene import Melody, Motion, Relation, Scene, Thing

Judgement = Literal["entailment", "neutral", "contradiction"]
JUDGEMENTS: tuple[Judgement, ...] = ("entailment", "neutral", "contradiction")


class Truth(IntEnum):
    """In how many of a premise's pictures something is so; "and" is the minimum, "or" the maximum.

    The extremes are exact, since what a premise leaves open can be filled in for one field whatever the
    others.
    """

    NEVER = 0
    SOMETIMES = 1
    ALWAYS = 2


_JUDGED: dict[Truth, Judgement] = {
    Truth.ALWAYS: "entailment",
    Truth.SOMETIMES: "neutral",
    Truth.NEVER: "contradiction",
}

_PASSING: dict[Motion, Relation] = {
    "moves_left": "right_of",
    "moves_right": "left_of",
    "moves_up": "below",
    "moves_down": "above",
}
"""What can move in a crossing, and where that which moves so began."""


def judge(premise: Scene | Melody, hypothesis: Scene | Melody) -> Judgement:
    """What a premise says of a hypothesis.

    Args:
        premise: A scene or a melody, complete or not, taken as a whole description.
        hypothesis: Another of the same sort, true of whatever holds at least what it says.

    Returns:
        "entailment", "contradiction", or "neutral" where the premise leaves it open. The same for all
        premises, and for all hypotheses, that mean the same.

    Raises:
        ConfigError: If one is a scene and the other a melody: neither is about the other.
    """
    if isinstance(premise, Melody) and isinstance(hypothesis, Melody):
        return _JUDGED[_melody_truth(canonical(premise), hypothesis)]
    if isinstance(premise, Scene) and isinstance(hypothesis, Scene):
        return _JUDGED[_scene_truth(premise, hypothesis)]
    raise ConfigError(
        f"premise and hypothesis must be two scenes or two melodies, got {type(premise).__name__} and "
        f"{type(hypothesis).__name__}"
    )


def entails(premise: Scene | Melody, hypothesis: Scene | Melody) -> bool | None:
    """Whether a hypothesis follows from a premise: `judge` as a truth value.

    Args:
        premise: As for `judge`.
        hypothesis: As for `judge`.

    Returns:
        True if it follows, False if its contrary does, None if neither.
    """
    return {"entailment": True, "contradiction": False, "neutral": None}[judge(premise, hypothesis)]


def _truth(so: bool) -> Truth:
    return Truth.ALWAYS if so else Truth.NEVER


def _open(possible: bool) -> Truth:
    return Truth.SOMETIMES if possible else Truth.NEVER


def _same(actual: object, said: object) -> Truth:
    """Of one field: what is not said of a hypothesis holds; what a premise does not say is open."""
    if said is None:
        return Truth.ALWAYS
    return Truth.SOMETIMES if actual is None else _truth(actual == said)


def _melody_truth(premise: Melody, hypothesis: Melody) -> Truth:
    """Of a single tone the contour says nothing, as all single tones are level."""
    fields = [field for field in MELODY_FIELDS[1:] if field != "contour" or hypothesis.tones > 1]
    found = [_same(getattr(premise, field), getattr(hypothesis, field)) for field in fields]
    return min(_truth(premise.tones >= hypothesis.tones), *found)


def _fits(actual: Thing, said: Thing) -> Truth:
    """Whether each of the actual things is as it is said, whatever their number."""
    return min(map(_same, actual.kind, said.kind))


def _fits_and_suffices(actual: Thing, said: Thing) -> Truth:
    return min(_fits(actual, said), _truth(actual.count >= said.count))


def _scene_truth(premise: Scene, hypothesis: Scene) -> Truth:
    actual, said = premise.sized_things, hypothesis.sized_things
    if len(said) > len(actual):
        return Truth.NEVER
    if len(said) == 1:
        return _single_truth(premise, actual, hypothesis)
    return max(
        min(
            _fits_and_suffices(actual[place], said[0]),
            _fits_and_suffices(actual[1 - place], said[1]),
            _placed(premise, place, hypothesis.relation),
            _moved(premise, place, hypothesis.motion),
            _passed(premise, hypothesis),
        )
        for place in (0, 1)
    )


def _single_truth(premise: Scene, actual: tuple[Thing, ...], hypothesis: Scene) -> Truth:
    """Things that fit are counted together, wherever they are; but what moves is one of them only."""
    said = hypothesis.first
    if hypothesis.motion is not None:
        return max(
            min(_fits_and_suffices(thing, said), _moved(premise, place, hypothesis.motion))
            for place, thing in enumerate(actual)
        )
    fits = [(_fits(thing, said), thing.count) for thing in actual]
    if sum(count for fit, count in fits if fit == Truth.ALWAYS) >= said.count:
        return Truth.ALWAYS
    found = sum(count for fit, count in fits if fit != Truth.NEVER)
    return Truth.SOMETIMES if found >= said.count else Truth.NEVER


def _placed(premise: Scene, place: int, relation: Relation | None) -> Truth:
    """Whether a premise's thing 0 or 1 is in a relation to the other one; sizes are looked at elsewhere."""
    if relation is None or relation == "larger_than":
        return Truth.ALWAYS
    if premise.motion == "crosses":
        return _open(relation != "inside")
    if premise.relation == "larger_than":
        return _open(relation != "inside" or premise.things[1 - place].count == 1)
    if place == 0:
        return _truth(premise.relation == relation)
    return _truth(premise.relation is not None and CONVERSES.get(premise.relation) == relation)


def _moved(premise: Scene, place: int, motion: Motion | None) -> Truth:
    """Whether a premise's thing 0 or 1 moves so."""
    if motion is None:
        return Truth.ALWAYS
    if premise.motion is None:
        return _open(motion != "crosses" or premise.relation != "inside")
    if premise.motion == "crosses" and motion in _PASSING:
        return Truth.SOMETIMES
    return _truth(premise.motion == motion and (place == 0 or motion == "crosses"))


def _passed(premise: Scene, hypothesis: Scene) -> Truth:
    """Whether a thing that crosses can begin where it is said and move as it is said."""
    start = _PASSING.get(hypothesis.motion) if hypothesis.motion else None
    if premise.motion != "crosses" or start is None:
        return Truth.ALWAYS
    return _truth(hypothesis.relation in (start, "larger_than"))
