"""Equal meaning, tags, similarity and near misses."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isoglot.world.scenes.changes import near_misses, one_word_changes, valid_scene
from isoglot.world.scenes.entailment import judge
from isoglot.world.scenes.meaning import (
    MELODY_FIELDS,
    TAGS,
    VALUES,
    canonical,
    converse,
    meaning_code,
    paraphrases,
    same_meaning,
    tags,
)
from isoglot.world.scenes.sampling import sample_scenes
from isoglot.world.scenes.scene import Melody, Relation, Scene, Thing
from isoglot.world.scenes.similarity import similarity
from isoglot.world.scenes.space import MOVES, Kind

KINDS: tuple[Kind, ...] = ("single", "pair", "moving", "moving_pair", "crossing", "melody")
CIRCLE = Thing("circle", "red", "small", "plain", 1)
SQUARE = Thing("square", "blue", "large", "plain", 1)
LEFT = Scene(CIRCLE, SQUARE, "left_of")

things = st.builds(Thing, count=st.integers(1, 4))
unsized = things.map(lambda thing: replace(thing, size=None))
some_motions = st.sampled_from([None, *MOVES])
sides: list[Relation] = ["left_of", "right_of", "above", "below"]
scenes = st.one_of(
    st.builds(valid_scene, things, st.none(), st.none(), some_motions),
    st.builds(valid_scene, things, things, st.sampled_from(sides), some_motions),
    st.builds(valid_scene, unsized, unsized, st.just("larger_than"), some_motions),
    st.builds(valid_scene, unsized, unsized.map(lambda each: replace(each, count=1)), st.just("inside")),
    st.builds(valid_scene, things, things, st.none(), st.just("crosses")),
).filter(lambda scene: scene is not None)
melodies = st.builds(
    Melody,
    st.integers(2, 4),
    *[st.sampled_from([None, *VALUES[field]]) for field in MELODY_FIELDS[1:]],
) | st.builds(Melody, st.just(1), contour=st.sampled_from([None, "level"]))
descriptions = scenes | melodies


def test_the_converse_means_the_same_where_there_is_one() -> None:
    assert converse(LEFT) == Scene(SQUARE, CIRCLE, "right_of")
    assert converse(Scene(CIRCLE, SQUARE, "above")) == Scene(SQUARE, CIRCLE, "below")
    crossing = Scene(CIRCLE, SQUARE, None, "crosses")
    assert converse(crossing) == Scene(SQUARE, CIRCLE, None, "crosses")
    assert converse(Scene(CIRCLE)) is None
    assert converse(Scene(CIRCLE, SQUARE, "inside")) is None
    assert converse(Scene(CIRCLE, SQUARE, "above", "grows")) is None
    assert same_meaning(LEFT, Scene(SQUARE, CIRCLE, "right_of"))
    assert not same_meaning(LEFT, Scene(SQUARE, CIRCLE, "left_of"))
    assert not same_meaning(Scene(CIRCLE), Melody(1, None, None, None, None))


def test_what_is_implied_can_be_said_or_left_out() -> None:
    inside = Scene(CIRCLE, SQUARE, "inside")
    unsaid = Scene(replace(CIRCLE, size=None), replace(SQUARE, size=None), "inside")
    assert canonical(unsaid) == inside
    assert len(paraphrases(inside)) == 3
    assert paraphrases(Melody(1, "low", None, None, None)) == (Melody(1, "low", "level", None, None),)
    assert paraphrases(Scene(CIRCLE)) == ()


@given(descriptions)
def test_a_canonical_form_is_one_for_all_paraphrases(said: Scene | Melody) -> None:
    forms = paraphrases(said)
    assert said not in forms
    assert len(set(forms)) == len(forms)
    assert canonical(canonical(said)) == canonical(said)
    assert {meaning_code(form) for form in forms} <= {meaning_code(said)}
    assert all(said in paraphrases(form) for form in forms)


@given(descriptions)
def test_tags_are_known_ordered_and_of_the_meaning(said: Scene | Melody) -> None:
    found = tags(said)
    assert sorted(found, key=TAGS.index) == list(found)
    assert {tags(form) for form in paraphrases(said)} <= {found}


def test_tags_name_what_is_seen_and_heard() -> None:
    assert len(set(TAGS)) == len(TAGS) == 49
    larger = Scene(
        Thing("circle", "red", None, "plain", 1), Thing("star", "red", None, None, 3), "larger_than"
    )
    assert tags(larger) == (
        *("shape:circle", "shape:star", "colour:red", "size:small", "size:large", "texture:plain"),
        *("count:1", "count:3", "relation:larger_than"),
    )
    assert tags(Scene(SQUARE, CIRCLE, "right_of"))[-1] == "relation:left_of"
    assert tags(Scene(SQUARE, CIRCLE, "below", "grows"))[-2:] == ("relation:above", "motion:grows")
    assert tags(Melody(1, "low", None, "bell", None)) == (
        *("tones:1", "pitch:low", "contour:level", "timbre:bell"),
    )


@settings(max_examples=100)
@given(descriptions, descriptions)
def test_similarity_is_symmetric_and_full_for_equal_meaning_only(
    one: Scene | Melody, other: Scene | Melody
) -> None:
    found = similarity(one, other)
    assert found == similarity(other, one)
    assert 0 <= found <= 5
    assert (found == 5) == same_meaning(one, other)
    assert {similarity(form, other) for form in paraphrases(one)} <= {found}
    assert similarity(one, one) == 5


@settings(max_examples=40)
@given(scenes)
def test_similarity_is_below_full_for_what_nearly_is_the_same(scene: Scene) -> None:
    changed = [miss.said for miss in (*near_misses(scene), *one_word_changes(scene))]
    assert all(similarity(scene, said) < 5 for said in changed)
    assert all(similarity(scene, form) == 5 for form in paraphrases(scene))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Scene(CIRCLE), Scene(CIRCLE), 5),
        (Scene(CIRCLE), Scene(replace(CIRCLE, colour=None)), 5 * 15 / 21),
        (Scene(CIRCLE), Scene(replace(CIRCLE, colour="blue")), 5 * 15 / 21),
        (Scene(CIRCLE), Scene(replace(CIRCLE, count=2)), 5 * 20 / 21),
        (Scene(CIRCLE), Scene(Thing("star", "blue", "large", "striped", 4)), 0),
        (Scene(CIRCLE), LEFT, 5 * 21 / 48),
        (Scene(SQUARE), LEFT, 5 * 21 / 48),
        (LEFT, Scene(CIRCLE, SQUARE, "above"), 5 * 42 / 48),
        (LEFT, Scene(SQUARE, CIRCLE, "right_of"), 5),
        (Scene(CIRCLE), Scene(CIRCLE, motion="grows"), 5 * 21 / 27),
        (Scene(CIRCLE, SQUARE, "above", "grows"), Scene(SQUARE, CIRCLE, "below", "grows"), 5 * 48 / 54),
        (Scene(CIRCLE), Melody(1, None, None, None, None), 0),
        (Melody(2, "low", "rising", "bell", "slow"), Melody(4, "low", "falling", "bell", None), 5 * 10 / 21),
    ],
)
def test_similarity_is_the_share_of_what_is_said_by_both(
    one: Scene | Melody, other: Scene | Melody, expected: float
) -> None:
    assert similarity(one, other) == pytest.approx(expected)


def test_the_near_misses_of_a_pair() -> None:
    found = {(miss.change, miss.said) for miss in near_misses(LEFT)}
    assert found == {
        ("things", Scene(SQUARE, CIRCLE, "left_of")),
        ("shape", Scene(replace(CIRCLE, shape="square"), replace(SQUARE, shape="circle"), "left_of")),
        ("colour", Scene(replace(CIRCLE, colour="blue"), replace(SQUARE, colour="red"), "left_of")),
        ("size", Scene(replace(CIRCLE, size="large"), replace(SQUARE, size="small"), "left_of")),
        ("relation", Scene(CIRCLE, SQUARE, "above")),
        ("relation", Scene(CIRCLE, SQUARE, "below")),
        ("relation", Scene(CIRCLE, SQUARE, "inside")),
    }
    assert near_misses(Scene(CIRCLE)) == ()
    larger = Scene(replace(CIRCLE, size=None), replace(SQUARE, size=None), "larger_than")
    assert {miss.change for miss in near_misses(larger)} == {"things", "shape", "colour", "relation"}
    crossing = near_misses(Scene(CIRCLE, SQUARE, None, "crosses"))
    assert {miss.change for miss in crossing} == {"shape", "colour", "size"}


@settings(max_examples=40)
@given(descriptions)
def test_near_misses_are_false_of_the_original(said: Scene | Melody) -> None:
    found = one_word_changes(said) + (near_misses(said) if isinstance(said, Scene) else ())
    for miss in found:
        assert judge(said, miss.said) == "contradiction"
        assert not same_meaning(said, miss.said)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_complete_has_complete_near_misses(kind: Kind) -> None:
    for said in sample_scenes(100, kind, seed=4):
        misses = one_word_changes(said)
        assert misses
        if isinstance(said, Scene):
            swaps = near_misses(said)
            assert swaps or kind == "single"
            misses += swaps
            assert len({meaning_code(miss.said) for miss in swaps}) == len(swaps)
        assert all(miss.said.is_complete for miss in misses)


def test_one_word_changes_change_one_value() -> None:
    found = one_word_changes(Scene(Thing("circle", "red", None, None, 3), motion="moves_left"))
    counted = {
        change: sum(miss.change == change for miss in found) for change in ("shape", "colour", "count")
    }
    assert counted == {"shape": 5, "colour": 7, "count": 1}
    assert sum(miss.change == "motion" for miss in found) == 6
    assert len(found) == 19
    melody = one_word_changes(Melody(1, "low", "level", "bell", "slow"))
    assert sorted(miss.change for miss in melody) == ["pitch", "rhythm", "timbre", "timbre", *["tones"] * 3]
    assert one_word_changes(Melody(4, None, None, None, None)) == ()
