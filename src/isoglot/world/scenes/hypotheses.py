"""Hypotheses for a premise, as many entailed as neutral and contradicted; `judge` alone says which is which.

They are made from the premise: seen from the other thing or not, with one of two things left out, values
unsaid and numbers lowered; and, unless they are to follow, with one value changed. So all three share their
words with the premise, and what they mean tells them apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from isoglot.errors import ConfigError
from isoglot.world.scenes.changes import valid_scene
from isoglot.world.scenes.entailment import JUDGEMENTS, Judgement, judge
from isoglot.world.scenes.meaning import (
    MELODY_FIELDS,
    THING_FIELDS,
    VALUES,
    canonical,
    converse,
    meaning_code,
)
from isoglot.world.scenes.scene import Melody, Scene, Thing

Rng = np.random.Generator

_MAX_TRIES = 600
"""Proposals for one hypothesis; one in five or more is fit where the premise allows any at all."""
_MAX_PREMISES = 30
_QUALITIES = THING_FIELDS[:-1]


@dataclass(frozen=True, slots=True)
class Inference:
    """A premise, a hypothesis, and what the one says of the other.

    Attributes:
        premise: A scene or a melody, complete or not; a whole description.
        hypothesis: Another of the same sort, which never means the same.
        judgement: By the exact semantics of `isoglot.world.scenes.entailment`.
    """

    premise: Scene | Melody
    hypothesis: Scene | Melody
    judgement: Judgement


def sample_hypotheses(premise: Scene | Melody, *, seed: int, per_judgement: int = 1) -> tuple[Inference, ...]:
    """Draws hypotheses for a premise, equally many of each judgement.

    Args:
        premise: A scene or a melody that leaves something open and says something that can be left out.
        seed: Not negative; the same gives the same.
        per_judgement: How many of each judgement, at least 1.

    Returns:
        3 * `per_judgement` inferences, by judgement: entailment, neutral, contradiction. No two hypotheses
        mean the same, and none means the same as the premise.

    Raises:
        ConfigError: If a number is out of range, or the premise does not allow so many of some judgement:
            nothing is neutral to a complete melody or moving scene; nothing else follows from "a shape".
    """
    if seed < 0 or per_judgement < 1:
        raise ConfigError(
            f"seed must be at least 0 and per_judgement at least 1, got {seed} and {per_judgement}"
        )
    rng = np.random.default_rng([seed, *map(ord, premise.code)])
    found = {judgement: _draw(premise, judgement, per_judgement, rng) for judgement in JUDGEMENTS}
    short = [f"{len(found[each])} for {each}" for each in JUDGEMENTS if len(found[each]) < per_judgement]
    if short:
        raise ConfigError(
            f"premise {premise.code!r} must allow {per_judgement} hypotheses of each judgement, found "
            f"{', '.join(short)}; ask for fewer, leave more of it open, or say more"
        )
    return tuple(
        Inference(premise, hypothesis, judgement)
        for judgement, hypotheses in found.items()
        for hypothesis in hypotheses
    )


def sample_inferences(scenes: Sequence[Scene | Melody], *, seed: int) -> tuple[Inference, ...]:
    """Draws three inferences for each scene, one of each judgement, with a common premise.

    Args:
        scenes: Complete scenes or melodies. As nothing is neutral to what says everything, the premise is
            what is left of a scene when some of its values are unsaid.
        seed: Not negative. What is drawn for a scene depends on the seed and on the scene alone.

    Returns:
        3 * len(scenes) inferences: entailment, neutral and contradiction of the first scene, and so on.

    Raises:
        ConfigError: If the seed is negative, or a scene says too little to leave anything out.
    """
    if seed < 0:
        raise ConfigError(f"seed must be at least 0, got {seed}")
    return tuple(inference for said in scenes for inference in _triple(said, seed))


def _triple(said: Scene | Melody, seed: int) -> list[Inference]:
    rng = np.random.default_rng([seed, *map(ord, said.code)])
    for _ in range(_MAX_PREMISES):
        premise = _premise(said, rng)
        if premise is None or not _leaves_open(premise):
            continue
        found = [(judgement, _draw(premise, judgement, 1, rng)) for judgement in JUDGEMENTS]
        if all(hypotheses for _, hypotheses in found):
            return [Inference(premise, hypotheses[0], judgement) for judgement, hypotheses in found]
    raise ConfigError(f"scene {said.code!r} must say something that can be left out; give a complete scene")


def _premise(said: Scene | Melody, rng: Rng) -> Scene | Melody | None:
    """What is left when about a quarter of the values are unsaid, and a motion at times."""
    if isinstance(said, Melody):
        return _unsaid_melody(said, 0.35, rng)
    things = [_unsaid(thing, 0.25, rng) for thing in said.things]
    motion = None if said.motion != "crosses" and rng.random() < 0.25 else said.motion
    return valid_scene(things[0], things[1] if len(things) == 2 else None, said.relation, motion)


def _leaves_open(premise: Scene | Melody) -> bool:
    """Whether anything can be neutral to it."""
    if isinstance(premise, Melody):
        return not canonical(premise).is_complete
    placed = premise.relation != "larger_than" and premise.motion != "crosses"
    return not (placed and premise.motion is not None and premise.is_complete)


def _draw(premise: Scene | Melody, judgement: Judgement, number: int, rng: Rng) -> list[Scene | Melody]:
    """So many hypotheses of a judgement, or as many as turn up."""
    found: dict[str, Scene | Melody] = {}
    if judgement == "neutral" and not _leaves_open(premise):
        return []
    own_code = meaning_code(premise)
    for _ in range(_MAX_TRIES * number):
        proposed = _proposal(premise, judgement, rng)
        if proposed is None or judge(premise, proposed) != judgement:
            continue
        code = meaning_code(proposed)
        if code != own_code:
            found.setdefault(code, proposed)
        if len(found) == number:
            break
    return list(found.values())


def _proposal(premise: Scene | Melody, judgement: Judgement, rng: Rng) -> Scene | Melody | None:
    if isinstance(premise, Melody):
        return _melody_proposal(premise, judgement, rng)
    return _scene_proposal(premise, judgement, rng)


def _one_of(values: Sequence[Any], rng: Rng) -> Any:
    return values[int(rng.integers(len(values)))]


def _unsaid(thing: Thing, chance: float, rng: Rng) -> Thing:
    """Each quality left out with a chance."""
    said = {field: getattr(thing, field) if rng.random() >= chance else None for field in _QUALITIES}
    return Thing(**said, count=thing.count)


def _fewer(number: int, rng: Rng) -> int:
    """The number, or at times a lower one."""
    return int(rng.integers(1, number + 1)) if rng.random() < 0.3 else number


def _unsaid_melody(melody: Melody, chance: float, rng: Rng) -> Melody:
    said = {field: getattr(melody, field) if rng.random() >= chance else None for field in MELODY_FIELDS[1:]}
    return Melody(melody.tones, **said)


def _melody_proposal(premise: Melody, judgement: Judgement, rng: Rng) -> Melody | None:
    less = _unsaid_melody(premise, 0.35, rng)
    values = {field: getattr(less, field) for field in MELODY_FIELDS}
    values["tones"] = _fewer(premise.tones, rng)
    if judgement != "entailment":
        fields = [field for field in MELODY_FIELDS if getattr(premise, field) is None]
        field = _one_of(fields if judgement == "neutral" else MELODY_FIELDS, rng)
        values[field] = _one_of(VALUES[field], rng)
    if values["tones"] == 1:
        values["contour"] = None  # of a single tone it says nothing
    return Melody(**values)


def _scene_proposal(premise: Scene, judgement: Judgement, rng: Rng) -> Scene | None:
    seen = converse(premise) if rng.random() < 0.5 else None
    parts = _less(seen or premise, rng)
    if judgement != "entailment":
        changes = _changes(parts, premise if judgement == "neutral" else None)
        if not changes:
            return None
        _one_of(changes, rng)(rng)
    return valid_scene(parts["first"], parts["second"], parts["relation"], parts["motion"])


def _less(scene: Scene, rng: Rng) -> dict[str, Any]:
    """The parts of what follows from a scene: one of two things, fewer of them, with less said."""
    kept = list(range(len(scene.things)))
    if len(kept) == 2 and rng.random() < 0.4:
        kept = [int(rng.integers(2))]
    things = [_unsaid(scene.things[place], 0.35, rng) for place in kept]
    things = [replace(thing, count=_fewer(thing.count, rng)) for thing in things]
    both, motion = len(kept) == 2, scene.motion
    leaves_motion = not both and (kept[0] == 1 or motion == "crosses")
    if leaves_motion or (motion != "crosses" and rng.random() < 0.3):
        motion = None
    return {
        "first": things[0],
        "second": things[1] if both else None,
        "relation": scene.relation if both else None,
        "motion": motion,
    }


def _changes(parts: dict[str, Any], open_premise: Scene | None) -> list[Callable[[Rng], None]]:
    """What can be changed in place: one of its values; only what a premise leaves open, if one is given."""
    changes: list[Callable[[Rng], None]] = []
    unsaid = {field for field in _QUALITIES if open_premise and _is_open(open_premise, field)}
    for owner in ("first", "second"):
        if parts[owner] is not None:
            fields = [field for field in THING_FIELDS if not open_premise or field in unsaid]
            changes += [_change_of_thing(parts, owner, field) for field in fields]
    if not open_premise or open_premise.motion in (None, "crosses"):
        changes.append(_change(parts, "motion"))
    if parts["second"] is not None:
        changes.append(_change(parts, "relation"))
    return changes


def _is_open(premise: Scene, field: str) -> bool:
    return any(getattr(thing, field) is None for thing in premise.sized_things)


def _change(parts: dict[str, Any], name: str) -> Callable[[Rng], None]:
    def change(rng: Rng) -> None:
        parts[name] = _one_of(VALUES[name], rng)
        if parts["second"] is not None and parts["motion"] == "crosses":
            parts["relation"] = None

    return change


def _change_of_thing(parts: dict[str, Any], owner: str, field: str) -> Callable[[Rng], None]:
    def change(rng: Rng) -> None:
        parts[owner] = replace(parts[owner], **{field: _one_of(VALUES[field], rng)})

    return change
