"""Entailment against a count of all pictures, and hypotheses in balance."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple, replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isoglot.errors import ConfigError
from isoglot.world.scenes.changes import valid_scene
from isoglot.world.scenes.entailment import JUDGEMENTS, Judgement, entails, judge
from isoglot.world.scenes.hypotheses import sample_hypotheses, sample_inferences
from isoglot.world.scenes.meaning import MELODY_FIELDS, VALUES, paraphrases, same_meaning
from isoglot.world.scenes.sampling import sample_scenes
from isoglot.world.scenes.scene import Melody, Motion, Scene, Thing
from isoglot.world.scenes.space import MOVES, Kind

SIDES = {"left_of": "right_of", "right_of": "left_of", "above": "below", "below": "above"}
WAYS = {"left_of": "moves_right", "right_of": "moves_left", "above": "moves_down", "below": "moves_up"}
QUALITIES = ("shape", "colour", "size", "texture")

few_things = st.builds(
    Thing,
    st.sampled_from(["circle", None]),
    st.sampled_from(["red", "blue", None]),
    st.sampled_from(["small", "large", None]),
    st.sampled_from(["plain", None]),
    st.integers(1, 3),
)
full_things = st.builds(
    Thing,
    st.sampled_from(["circle", "star"]),
    st.sampled_from(["red", "blue"]),
    st.sampled_from(["small", "large"]),
    st.just("plain"),
    st.integers(1, 3),
)
few_motions = st.sampled_from([None, "moves_left", "moves_right", "moves_up", "grows"])


def scenes(things: st.SearchStrategy[Thing]) -> st.SearchStrategy[Scene]:
    unsized = things.map(lambda thing: replace(thing, size=None))
    one = unsized.map(lambda thing: replace(thing, count=1))
    found = st.one_of(
        st.builds(valid_scene, things, st.none(), st.none(), few_motions),
        st.builds(valid_scene, things, things, st.sampled_from(list(SIDES)), few_motions),
        st.builds(valid_scene, unsized, unsized, st.just("larger_than"), few_motions),
        st.builds(valid_scene, unsized, one, st.just("inside"), few_motions),
        st.builds(valid_scene, things, things, st.none(), st.just("crosses")),
    )
    return found.filter(lambda scene: scene is not None).map(lambda scene: scene or Scene(Thing(*[None] * 4)))


@st.composite
def premises(draw: st.DrawFn) -> Scene:
    """Scenes in which at most two qualities are unsaid, so that their pictures can be counted."""
    scene = draw(scenes(full_things))
    parts = list(scene.things)
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(parts) - 1))
        parts[place] = replace(parts[place], **{draw(st.sampled_from(QUALITIES)): None})
    second = parts[1] if len(parts) == 2 else None
    return valid_scene(parts[0], second, scene.relation, scene.motion) or scene


Picture = tuple[tuple[Thing, ...], str | None, tuple[int, str] | None]
"""Complete things, what the first is to the second, and who moves how; (-1, "crosses") for both."""


def filled(thing: Thing) -> Iterator[Thing]:
    options = [
        [value] if value else VALUES[field] for field, value in zip(QUALITIES, thing.kind, strict=True)
    ]
    for values in product(*options):
        yield Thing(*values, thing.count)  # type: ignore[arg-type]


def placements(scene: Scene) -> list[str | None]:
    if scene.motion == "crosses":
        return list(SIDES)
    if scene.relation == "larger_than":
        return [*SIDES, *(["holds"] if scene.first.count == 1 else [])]
    return [scene.relation]


def motions(scene: Scene, placement: str | None) -> list[tuple[int, str] | None]:
    if scene.motion is not None:
        return [(-1, "crosses") if scene.motion == "crosses" else (0, scene.motion)]
    alone: list[tuple[int, str]] = [(mover, way) for mover in range(len(scene.things)) for way in MOVES]
    return [None, *alone, *([(-1, "crosses")] if placement in SIDES else [])]


def pictures(scene: Scene) -> Iterator[Picture]:
    for things in product(*map(filled, scene.sized_things)):
        for placement in placements(scene):
            for motion in motions(scene, placement):
                yield things, placement, motion


def related(picture: Picture, first: int) -> set[str]:
    """All that thing 0 or 1 is to the other."""
    things, placement, _ = picture
    found = {SIDES.get(str(placement), "") if first else str(placement)}
    if first and placement == "holds":
        found = {"inside"}
    if things[first].size == "large" and things[1 - first].size == "small":
        found.add("larger_than")
    return found


def moves(picture: Picture, mover: int) -> set[str]:
    _, placement, motion = picture
    if motion is None or motion[0] == 1 - mover:
        return set()
    if motion[0] == mover:
        return {motion[1]}
    side = str(placement) if mover == 0 else SIDES[str(placement)]
    return {"crosses", WAYS[side]}


def fits(actual: Thing, said: Thing) -> bool:
    return all(value in (None, there) for there, value in zip(actual.kind, said.kind, strict=True))


def enough(actual: Thing, said: Thing) -> bool:
    return fits(actual, said) and actual.count >= said.count


def is_true(picture: Picture, said: Scene) -> bool:
    things, first, second = picture[0], said.first, said.second
    if second is not None:
        return len(things) == 2 and any(
            enough(things[i], first)
            and enough(things[1 - i], second)
            and (said.relation is None or said.relation in related(picture, i))
            and (said.motion is None or said.motion in moves(picture, i))
            for i in (0, 1)
        )
    if said.motion is not None:
        return any(
            enough(thing, first) and said.motion in moves(picture, i) for i, thing in enumerate(things)
        )
    return sum(thing.count for thing in things if fits(thing, first)) >= first.count


def counted(premise: Scene, hypothesis: Scene) -> Judgement:
    found = {is_true(picture, hypothesis) for picture in pictures(premise)}
    return "neutral" if len(found) == 2 else "entailment" if True in found else "contradiction"


@settings(max_examples=120, deadline=None)
@given(premises(), scenes(few_things))
def test_judgements_are_those_of_all_pictures_of_a_premise(premise: Scene, hypothesis: Scene) -> None:
    assert judge(premise, hypothesis) == counted(premise, hypothesis)


@settings(max_examples=25, deadline=None)
@given(premises(), st.integers(0, 1000))
def test_sampled_hypotheses_are_judged_as_all_pictures_judge_them(premise: Scene, seed: int) -> None:
    if premise.motion in (None, "crosses"):
        for inference in sample_hypotheses(premise, seed=seed, per_judgement=2):
            assert isinstance(inference.hypothesis, Scene)
            assert inference.judgement == counted(premise, inference.hypothesis)


def thing(shape: str | None, colour: str | None, count: int = 1, size: str | None = None) -> Thing:
    return Thing(shape, colour, size, None, count)  # type: ignore[arg-type]


def larger(count: int) -> Scene:
    return Scene(thing("circle", "red", count), thing("square", "blue"), "larger_than")


THREE_RED_CIRCLES = Scene(thing("circle", "red", 3))
LEFT = Scene(thing("circle", "red"), thing("square", "blue"), "left_of")
CROSSING = Scene(thing("circle", "red"), thing("square", "blue"), None, "crosses")


@pytest.mark.parametrize(
    ("premise", "hypothesis", "expected"),
    [
        (THREE_RED_CIRCLES, Scene(thing(None, "red")), True),
        (THREE_RED_CIRCLES, Scene(thing("circle", None, 2)), True),
        (THREE_RED_CIRCLES, Scene(thing("circle", None, 4)), False),
        (THREE_RED_CIRCLES, Scene(thing("square", None)), False),
        (THREE_RED_CIRCLES, Scene(thing("circle", "red", 3, "small")), None),
        (THREE_RED_CIRCLES, LEFT, False),
        (LEFT, Scene(thing(None, None, 2)), True),
        (LEFT, Scene(thing(None, "blue"), thing("circle", None), "right_of"), True),
        (LEFT, Scene(thing("circle", "red"), thing("square", "blue"), "above"), False),
        (LEFT, Scene(thing("circle", None), thing("square", None), "larger_than"), None),
        (LEFT, Scene(thing("circle", None), None, None, "grows"), None),
        (CROSSING, Scene(thing("square", None), thing("circle", None), None, "crosses"), True),
        (CROSSING, Scene(thing("circle", None), None, None, "moves_left"), None),
        (CROSSING, Scene(thing("circle", None), None, None, "blinks"), False),
        (CROSSING, Scene(thing("circle", None), thing("square", None), "left_of", "moves_left"), False),
        (CROSSING, Scene(thing("circle", None), thing("square", None), "left_of", "moves_right"), None),
        (larger(1), Scene(thing("square", None), thing("circle", None), "inside"), None),
        (larger(2), Scene(thing("square", None), thing("circle", None), "inside"), False),
        (larger(2), Scene(thing("circle", None, 2, "large")), True),
        (Melody(3, "low", "rising", None, None), Melody(2, None, "rising", None, None), True),
        (Melody(3, "low", "rising", None, None), Melody(3, None, "falling", None, None), False),
        (Melody(3, "low", "rising", None, None), Melody(4, "low", None, None, None), False),
        (Melody(3, "low", None, None, None), Melody(2, None, "level", None, None), None),
        (Melody(1, "low", None, "bell", "slow"), Melody(1, None, "level", None, None), True),
    ],
)
def test_what_follows(premise: Scene | Melody, hypothesis: Scene | Melody, expected: bool | None) -> None:
    assert entails(premise, hypothesis) is expected


def test_a_scene_says_nothing_of_a_melody() -> None:
    with pytest.raises(ConfigError, match="two scenes or two melodies, got Scene and Melody"):
        judge(LEFT, Melody(1, None, None, None, None))


melodies = st.tuples(*[st.sampled_from([*VALUES[field], None]) for field in MELODY_FIELDS[1:]]).flatmap(
    lambda values: st.integers(1 if values[1] in (None, "level") else 2, 4).map(
        lambda tones: Melody(tones, *values)  # type: ignore[arg-type]
    )
)


@given(melodies, melodies)
def test_a_melody_is_judged_as_all_its_sounds_are(premise: Melody, hypothesis: Melody) -> None:
    options = [
        [value] if value else VALUES[field]
        for field, value in zip(MELODY_FIELDS[1:], astuple(premise)[1:], strict=True)
    ]
    level = premise.tones == 1
    found = set()
    for pitch, contour, timbre, rhythm in product(*options):
        heard = {"pitch": pitch, "contour": "level" if level else contour, "timbre": timbre, "rhythm": rhythm}
        said = {field: getattr(hypothesis, field) for field in heard}
        if hypothesis.tones == 1:
            said["contour"] = None
        same = all(value in (None, heard[field]) for field, value in said.items())
        found.add(same and premise.tones >= hypothesis.tones)
    expected = "neutral" if len(found) == 2 else "entailment" if True in found else "contradiction"
    assert judge(premise, hypothesis) == expected


@settings(max_examples=120, deadline=None)
@given(scenes(few_things) | melodies, scenes(few_things) | melodies)
def test_two_that_follow_from_each_other_mean_the_same(one: Scene | Melody, other: Scene | Melody) -> None:
    if isinstance(one, Scene) != isinstance(other, Scene):
        assert not same_meaning(one, other)
    else:
        both = judge(one, other) == judge(other, one) == "entailment"
        assert same_meaning(one, other) == both


@settings(max_examples=80, deadline=None)
@given(scenes(few_things), scenes(few_things))
def test_a_judgement_is_of_meanings_not_of_words(one: Scene, other: Scene) -> None:
    judged = judge(one, other)
    assert judge(one, one) == "entailment"
    assert {judge(form, other) for form in paraphrases(one)} <= {judged}
    assert {judge(one, form) for form in paraphrases(other)} <= {judged}


@pytest.mark.parametrize("kind", ["single", "pair", "moving", "moving_pair", "crossing", "melody"])
def test_inferences_are_balanced_true_and_repeatable(kind: Kind) -> None:
    drawn = list(sample_scenes(60, kind, seed=5))
    inferences = sample_inferences(drawn, seed=2)
    assert Counter(inference.judgement for inference in inferences) == dict.fromkeys(JUDGEMENTS, 60)
    for inference in inferences:
        assert judge(inference.premise, inference.hypothesis) == inference.judgement
        assert not same_meaning(inference.premise, inference.hypothesis)
    for place, said in enumerate(drawn):
        assert judge(said, inferences[3 * place].premise) == "entailment"
    assert sample_inferences(drawn[10:20], seed=2) == inferences[30:60]
    assert sample_inferences(drawn, seed=3) != inferences


def test_inferences_are_drawn_in_a_moment() -> None:
    drawn = sample_scenes(1_000, "pair", seed=1)
    start = time.perf_counter()
    assert len(sample_inferences(drawn, seed=1)) == 3_000
    assert time.perf_counter() - start < 8


def test_hypotheses_differ_and_need_a_premise_that_allows_them() -> None:
    found = sample_hypotheses(LEFT, seed=1, per_judgement=6)
    assert [inference.judgement for inference in found] == [each for each in JUDGEMENTS for _ in range(6)]
    codes = [inference.hypothesis.code for inference in found]
    assert len(set(codes)) == 18
    moving: Motion = "grows"
    closed = Scene(Thing("circle", "red", "small", "plain", 2), motion=moving)
    with pytest.raises(ConfigError, match=r"must allow 1 hypotheses .* found 0 for neutral"):
        sample_hypotheses(closed, seed=1)
    with pytest.raises(ConfigError, match="found 0 for entailment"):
        sample_hypotheses(Scene(Thing(None, None, None, None)), seed=1)
    with pytest.raises(
        ConfigError, match="seed must be at least 0 and per_judgement at least 1, got 1 and 0"
    ):
        sample_hypotheses(LEFT, seed=1, per_judgement=0)
    with pytest.raises(ConfigError, match="must say something that can be left out"):
        sample_inferences([Scene(Thing(None, None, None, None))], seed=1)
    with pytest.raises(ConfigError, match="seed must be at least 0, got -1"):
        sample_inferences([LEFT], seed=-1)
