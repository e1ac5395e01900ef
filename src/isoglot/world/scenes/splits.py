"""Compositional splits: what is tested is new as a whole, and familiar in its parts.

Some combinations of values are held out: "red" with "star", say. A scene with such a combination is tested on
and never trained on, while red things and stars are plenty in training. A scene counts by its meaning, so
that no paraphrase carries a combination into training.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, get_args

import numpy as np

from isoglot.errors import ConfigError
from isoglot.world.scenes.meaning import VALUES, canonical
from isoglot.world.scenes.scene import Melody, Scene
from isoglot.world.scenes.space import MOVES

Split = Literal["train", "dev", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
Combination = Literal[
    "shape_colour", "colour_texture", "shape_relation_shape", "shape_motion", "contour_timbre", "pitch_rhythm"
]
COMBINATIONS: tuple[Combination, ...] = get_args(Combination)
Cell = tuple[Combination, tuple[str, ...]]
"""A combination and its values."""

MAX_HELD_OUT = 0.5
"""The greatest share of combinations that may be held out; each value is left in as many or more."""

_FIELDS: dict[Combination, tuple[str, ...]] = {
    "shape_colour": ("shape", "colour"),
    "colour_texture": ("colour", "texture"),
    "shape_relation_shape": ("shape", "relation", "shape"),
    "shape_motion": ("shape", "motion"),
    "contour_timbre": ("contour", "timbre"),
    "pitch_rhythm": ("pitch", "rhythm"),
}
_PLACEMENTS = ("left_of", "above", "inside", "larger_than", "crosses")
"""What two things can be to each other, but for what the converse says."""


def cells(said: Scene | Melody) -> Iterator[Cell]:
    """The combinations that occur in a scene or a melody; the same for all that mean the same.

    Args:
        said: A scene or a melody; what is not said is in no combination.

    Yields:
        Combinations and their values, some of them twice where two things are alike. Two things that cross
        are in alphabetical order, and "right of" and "below" are seen from the other thing.
    """
    meant = canonical(said)
    if isinstance(meant, Melody):
        found: list[tuple[Combination, tuple[str | None, ...]]] = [
            ("contour_timbre", (meant.contour, meant.timbre)),
            ("pitch_rhythm", (meant.pitch, meant.rhythm)),
        ]
    else:
        found = [("shape_colour", (thing.shape, thing.colour)) for thing in meant.things]
        found += [("colour_texture", (thing.colour, thing.texture)) for thing in meant.things]
        if meant.second is not None:
            found.append(("shape_relation_shape", _related(meant)))
        if meant.motion != "crosses":
            found.append(("shape_motion", (meant.first.shape, meant.motion)))
    for name, values in found:
        known = tuple(value for value in values if value is not None)
        if len(known) == len(values):
            yield name, known


def _related(scene: Scene) -> tuple[str | None, ...]:
    first, second = (thing.shape for thing in scene.things)
    if scene.motion == "crosses":
        low, high = sorted((first or "", second or ""))
        return low or None, "crosses", high or None
    if scene.relation in ("right_of", "below"):
        return second, "left_of" if scene.relation == "right_of" else "above", first
    return first, scene.relation, second


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """Which combinations are held out, and where they go.

    Attributes:
        held_out: The split, "test" or "dev", of each combination that is not in training.
    """

    held_out: Mapping[Cell, Split]

    def split_of(self, said: Scene | Melody) -> Split:
        """The split that a scene or a melody belongs to.

        Args:
            said: A scene or a melody.

        Returns:
            "test" if any of its combinations is held out for it, else "dev" if any is, else "train". The same
            for all that mean the same.
        """
        found = {self.held_out.get(cell, "train") for cell in cells(said)}
        return "test" if "test" in found else "dev" if "dev" in found else "train"


def plan_splits(
    *,
    seed: int,
    test_share: float = 0.05,
    dev_share: float = 0.025,
    combinations: Sequence[Combination] = COMBINATIONS,
) -> SplitPlan:
    """Chooses the combinations to hold out, such that each value is held out about equally often.

    Args:
        seed: Not negative; the same gives the same plan.
        test_share: Share of the combinations of each sort that are for test, above 0; at least one is.
        dev_share: The same for dev; none if it is 0. Of scenes the shares are greater, as each has several
            combinations: of pairs, with the defaults, about a fifth for test and a tenth for dev.
        combinations: Which sorts of combinations are held out.

    Returns:
        A plan that leaves every value in some combinations of every sort for training.

    Raises:
        ConfigError: If a share is out of range, the seed negative, or a sort unknown or missing.
    """
    problems = []
    if not (test_share > 0 and dev_share >= 0 and test_share + dev_share <= MAX_HELD_OUT):
        problems.append(
            "test_share must be above 0, dev_share at least 0, and both together at most "
            f"{MAX_HELD_OUT}, got {test_share} and {dev_share}"
        )
    if seed < 0:
        problems.append(f"seed must be at least 0, got {seed}")
    if not combinations or not set(combinations) <= set(COMBINATIONS):
        problems.append(f"combinations must be some of {', '.join(COMBINATIONS)}, got {list(combinations)}")
    if problems:
        raise ConfigError("; ".join(problems))
    held_out: dict[Cell, Split] = {}
    for name in combinations:
        ordered = _spread(name, np.random.default_rng([seed, COMBINATIONS.index(name)]))
        num_test = max(1, round(test_share * len(ordered)))
        num_dev = max(1, round(dev_share * len(ordered))) if dev_share else 0
        held_out |= dict.fromkeys(ordered[:num_test], "test")
        held_out |= dict.fromkeys(ordered[num_test : num_test + num_dev], "dev")
    return SplitPlan(held_out)


def _values(field: str) -> tuple[str, ...]:
    known = {"relation": _PLACEMENTS, "motion": MOVES}
    return known.get(field) or tuple(str(value) for value in VALUES[field])


def _spread(name: Combination, rng: np.random.Generator) -> list[Cell]:
    """All combinations of a sort, diagonal by diagonal: each stretch has all values about equally often."""
    fields = [_values(field) for field in _FIELDS[name]]
    places = {
        value: int(place)
        for values in fields
        for value, place in zip(values, _order(values, rng), strict=True)
    }
    found = [values for values in product(*fields) if "crosses" not in values or values[0] <= values[-1]]
    found = [found[index] for index in rng.permutation(len(found))]
    found.sort(key=lambda values: sum(places[value] for value in values) % len(fields[-1]))
    return [(name, values) for values in found]


def _order(values: tuple[str, ...], rng: np.random.Generator) -> list[int]:
    return [int(place) for place in rng.permutation(len(values))]


@dataclass(frozen=True, slots=True)
class SceneSplits:
    """Scenes or melodies for training, development and test, in the order in which they were given."""

    train: tuple[Scene | Melody, ...]
    dev: tuple[Scene | Melody, ...]
    test: tuple[Scene | Melody, ...]


def split_scenes(scenes: Sequence[Scene | Melody], plan: SplitPlan) -> SceneSplits:
    """Deals scenes out by a plan, and makes sure that training shows every part of what is tested.

    Args:
        scenes: Scenes, melodies or both.
        plan: From `plan_splits`.

    Returns:
        The splits; each scene is in exactly one. No combination that is held out for test occurs in train or
        dev, none that is held out for dev in train; yet all their values occur in train.

    Raises:
        ConfigError: If there are too few scenes: train or test is empty, or a value is tested without being
            in train.
    """
    dealt: dict[Split, list[Scene | Melody]] = {split: [] for split in SPLITS}
    for said in scenes:
        dealt[plan.split_of(said)].append(said)
    empty = [split for split in ("train", "test") if not dealt[split]]
    unseen = sorted(_parts(dealt["dev"] + dealt["test"]) - _parts(dealt["train"]))
    if empty or unseen:
        raise ConfigError(
            f"too few scenes to split ({len(scenes):,}): "
            + "; ".join(
                [*(f"none for {split}" for split in empty), *(f"no {part} in train" for part in unseen)]
            )
            + "; sample more, or hold out a smaller share"
        )
    return SceneSplits(*(tuple(dealt[split]) for split in SPLITS))


def _parts(scenes: Sequence[Scene | Melody]) -> set[str]:
    """Every value that occurs in a combination, with its field."""
    return {
        f"{field} {value}"
        for said in scenes
        for name, values in cells(said)
        for field, value in zip(_FIELDS[name], values, strict=True)
    }
