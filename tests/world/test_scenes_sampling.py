"""The space of scenes, samples of it, and splits."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isoglot.errors import ConfigError
from isoglot.world.scenes.meaning import VALUES, meaning_code, paraphrases
from isoglot.world.scenes.sampling import all_scenes, sample_scenes, space_size
from isoglot.world.scenes.scene import RELATIONS, Melody, Scene, Thing
from isoglot.world.scenes.space import Kind, strata
from isoglot.world.scenes.splits import (
    COMBINATIONS,
    Combination,
    Split,
    SplitPlan,
    cells,
    plan_splits,
    split_scenes,
)

KINDS: tuple[Kind, ...] = ("single", "pair", "moving", "moving_pair", "crossing", "melody")
SIZES = {
    "single": 6 * 8 * 2 * 3 * 4,
    "pair": 2 * 1152 * (1152 - 4) + 576 * 144 + 576 * (576 - 4),
    "moving": 1152 * 7,
    "moving_pair": 7 * (4 * 1152 * (1152 - 4) + 576 * 144 + 576 * (576 - 4)),
    "crossing": 1152 * (1152 - 4) // 2,
    "melody": 3 * 2 * 3 * 3 * 2 + 2 * 3 * 2,
}
PINNED = [
    "square_white_small_dotted_1.-.-",
    "star_purple_large_dotted_4.star_red_small_dotted_2.left_of.-",
    "circle_yellow_large_dotted_3.-.moves_left",
    "heart_orange_large_striped_4.cross_white_large_striped_1.left_of.moves_left",
    "heart_orange_large_plain_3.square_orange_small_striped_4.-.crosses",
    "3_high_rising_flute_slow",
]
kinds = st.sampled_from(KINDS)
seeds = st.integers(0, 10_000)


def values(said: Scene | Melody) -> set[tuple[str, object]]:
    """Every field of a scene and its value, sizes as they are shown."""
    if isinstance(said, Melody):
        return {(field, getattr(said, field)) for field in ("tones", "pitch", "contour", "timbre", "rhythm")}
    fields = ("shape", "colour", "size", "texture", "count")
    found = {(field, getattr(thing, field)) for thing in said.sized_things for field in fields}
    return found | {("relation", said.relation), ("motion", said.motion)}


@pytest.mark.parametrize("kind", KINDS)
def test_the_size_of_the_space_is_the_product_of_its_fields_less_what_is_forbidden(kind: Kind) -> None:
    assert space_size(kind) == SIZES[kind]


@pytest.mark.parametrize("kind", ["single", "moving", "melody"])
def test_all_scenes_are_complete_and_mean_different_things(kind: Kind) -> None:
    found = list(all_scenes(kind))
    assert len(found) == len({meaning_code(said) for said in found}) == SIZES[kind]
    assert all(said.is_complete for said in found)


@pytest.mark.parametrize("kind", ["inside", "larger_than"])
def test_numbers_that_are_no_gaps_are_as_many_as_scenes(kind: str) -> None:
    for stratum in (each for each in strata("pair") if each.relation == kind):
        columns = stratum.columns(np.arange(stratum.num_numbers))
        assert int(stratum.allowed(columns).sum()) == stratum.num_scenes


@settings(max_examples=60, deadline=None)
@given(kinds, seeds, st.integers(0, 2**40))
def test_a_number_is_a_choice_and_an_orbit(kind: Kind, seed: int, number: int) -> None:
    for stratum in strata(kind):
        numbers = np.asarray([number % stratum.num_numbers])
        columns = stratum.columns(numbers)
        assert stratum.numbers(columns).tolist() == numbers.tolist()
        orbit = stratum.orbit_of(columns)
        members = stratum.orbit(np.repeat(orbit, stratum.orbit_length), np.arange(stratum.orbit_length))
        assert columns[0].tolist() in members.tolist()
        assert len(np.unique(stratum.numbers(members))) == stratum.orbit_length
        for place, length in enumerate(stratum.lengths):
            assert set(np.bincount(members[:, place])) == {stratum.orbit_length // length}


@settings(max_examples=25, deadline=None)
@given(kinds, seeds, st.integers(1, 120))
def test_a_sample_never_repeats_a_meaning_and_depends_on_the_seed_alone(
    kind: Kind, seed: int, number: int
) -> None:
    sample = sample_scenes(number, kind, seed=seed)
    found = list(sample)
    assert len(sample) == len(found) == number
    assert len({meaning_code(said) for said in found}) == number
    assert all(said.is_complete for said in found)
    assert list(sample_scenes(number, kind, seed=seed)) == found
    assert list(sample[number // 2 :]) == found[number // 2 :]
    assert sample[-1] == found[-1]


def test_a_sample_is_the_same_on_every_machine() -> None:
    found = [sample_scenes(1, kind, seed=7)[0].code for kind in KINDS]
    assert found == PINNED


@settings(max_examples=25, deadline=None)
@given(kinds, seeds)
def test_every_value_occurs_in_a_small_sample(kind: Kind, seed: int) -> None:
    found = set(chain.from_iterable(map(values, sample_scenes(least(kind), kind, seed=seed))))
    relations = RELATIONS if "pair" in kind else ()
    fields = ["tones", "pitch", "contour", "timbre", "rhythm"] if kind == "melody" else list(VALUES)[:5]
    wanted = {(field, value) for field in fields for value in VALUES[field]}
    wanted |= {("relation", relation) for relation in relations}
    if kind.startswith("moving"):
        wanted |= {("motion", motion) for motion in VALUES["motion"] if motion != "crosses"}
    assert wanted <= found


def least(kind: Kind) -> int:
    return 150 if "pair" in kind else 24


def test_a_whole_space_can_be_sampled_and_no_more() -> None:
    found = {said.code for said in sample_scenes(1152, "single", seed=3)}
    assert found == {said.code for said in all_scenes("single")}
    with pytest.raises(ConfigError, match="number must be at most 1,152, got 1,153: there are no more"):
        sample_scenes(1153, "single", seed=3)
    with pytest.raises(ConfigError, match="number must be at most 120, got 500"):
        sample_scenes(500, "melody", seed=0)
    with pytest.raises(
        ConfigError, match="at most 0, got 5: there are no more scenes of kind 'single' that are"
    ):
        sample_scenes(5, "single", seed=0, keep=lambda said: False)
    with pytest.raises(ConfigError, match="number must be at least 1 and seed at least 0, got 0 and -1"):
        sample_scenes(0, "single", seed=-1)
    with pytest.raises(ConfigError, match=r"kind must be single, .* got 'triple'"):
        sample_scenes(1, "triple", seed=0)  # type: ignore[call-overload]


def test_a_stratum_that_is_used_up_is_made_up_for_by_the_others() -> None:
    drawn = sample_scenes(600_000, "pair", seed=1)
    shares = Counter(np.asarray(drawn.stratum_numbers).tolist())
    assert shares[2] == 576 * 144
    assert len(set(zip(drawn.stratum_numbers.tolist(), drawn.numbers.tolist(), strict=True))) == 600_000


def test_two_that_cross_are_drawn_once_in_whatever_order() -> None:
    found = {meaning_code(said) for said in sample_scenes(6_000, "crossing", seed=2)}
    assert len(found) == 6_000


def test_a_sample_is_mixed() -> None:
    assert set(sample_scenes(1_000, "pair", seed=2).stratum_numbers[:100].tolist()) == {0, 1, 2, 3}


def test_a_sample_is_even_over_relations_values_and_their_combinations() -> None:
    drawn = list(sample_scenes(24_000, "pair", seed=11))
    assert set(Counter(said.relation for said in drawn).values()) == {4_000}
    colours = Counter(thing.colour for said in drawn for thing in said.things)
    assert max(colours.values()) - min(colours.values()) <= 8
    together = Counter(
        (said.first.shape, said.first.colour) for said in drawn if said.relation in ("left_of", "right_of")
    )
    expected = 8_000 / 48
    chi_square = sum((count - expected) ** 2 / expected for count in together.values())
    assert len(together) == 48
    assert chi_square < 100  # the 99.999th percentile of independent draws


def test_a_hundred_thousand_scenes_take_seconds() -> None:
    start = time.perf_counter()
    sample = sample_scenes(100_000, "pair", seed=1)
    held = sample.numbers.nbytes + sample.stratum_numbers.nbytes + sample.from_second.nbytes
    assert held <= 10 * 100_000
    assert sum(said.is_complete for said in sample) == 100_000
    assert time.perf_counter() - start < 10


plans = st.builds(
    lambda seed, test, dev: plan_splits(seed=seed, test_share=test, dev_share=dev),
    seeds,
    st.floats(0.01, 0.08),
    st.floats(0, 0.04),
)


def occurring(scenes: tuple[Scene | Melody, ...]) -> set[tuple[Combination, tuple[str, ...]]]:
    return set(chain.from_iterable(map(cells, scenes)))


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(["pair", "moving_pair", "crossing", "moving"]), seeds, plans)
def test_combinations_of_test_are_new_while_their_parts_are_known(
    kind: Kind, seed: int, plan: SplitPlan
) -> None:
    splits = split_scenes(sample_scenes(1_000, kind, seed=seed), plan)
    train, dev, test = map(occurring, (splits.train, splits.dev, splits.test))
    held = {
        split: {cell for cell, into in plan.held_out.items() if into == split} for split in ("dev", "test")
    }
    assert not train & (held["dev"] | held["test"])
    assert not dev & held["test"]
    assert all(held["test"] & set(cells(said)) for said in splits.test)
    assert all(held["dev"] & set(cells(said)) for said in splits.dev)
    parts = {value for _, cell in train for value in cell}
    assert {value for _, cell in dev | test for value in cell} <= parts
    assert sum(map(len, (splits.train, splits.dev, splits.test))) == 1_000


@cache
def every_cell() -> frozenset[tuple[Combination, tuple[str, ...]]]:
    """All combinations but those of two shapes."""
    return frozenset(chain.from_iterable(map(cells, [*all_scenes("moving"), *all_scenes("melody")])))


@settings(max_examples=25, deadline=None)
@given(seeds, st.floats(0.01, 0.3), st.floats(0, 0.2))
def test_a_plan_leaves_every_value_for_training_and_holds_out_its_share(
    seed: int, test_share: float, dev_share: float
) -> None:
    plan = plan_splits(seed=seed, test_share=test_share, dev_share=dev_share)
    for name in ("shape_colour", "colour_texture", "shape_motion", "contour_timbre", "pitch_rhythm"):
        found = {cell for cell in every_cell() if cell[0] == name}
        left = found - set(plan.held_out)
        for place in (0, 1):
            assert {cell[1][place] for cell in left} == {cell[1][place] for cell in found}
        num_test = sum(plan.held_out.get(cell) == "test" for cell in found)
        assert num_test == max(1, round(test_share * len(found)))
    related = [cell for cell in plan.held_out if cell[0] == "shape_relation_shape"]
    assert len(related) <= max(1, round(0.3 * 165)) + max(1, round(0.2 * 165))


@settings(max_examples=25, deadline=None)
@given(kinds, seeds, plans)
def test_paraphrases_are_in_one_split(kind: Kind, seed: int, plan: SplitPlan) -> None:
    for said in sample_scenes(20, kind, seed=seed):
        assert {plan.split_of(form) for form in paraphrases(said)} <= {plan.split_of(said)}


def test_combinations_of_shapes_are_seen_from_one_side() -> None:
    circle, star = Thing("circle", "red", "small", "plain"), Thing("star", "blue", "large", "dotted")
    related = [
        Scene(circle, star, "right_of", "grows"),
        Scene(circle, star, "below"),
        Scene(star, circle, None, "crosses"),
        Scene(replace(star, size=None), replace(circle, size=None), "larger_than"),
    ]
    found = [values for said in related for name, values in cells(said) if name == "shape_relation_shape"]
    assert found == [
        ("star", "left_of", "circle"),
        ("star", "above", "circle"),
        ("circle", "crosses", "star"),
        ("star", "larger_than", "circle"),
    ]


def test_a_split_can_be_sampled_at_any_size() -> None:
    plan = plan_splits(seed=1)
    wanted: list[Split] = ["train", "dev", "test"]
    for split in wanted:
        found = sample_scenes(
            500, "pair", seed=1, keep=lambda said, split=split: plan.split_of(said) == split
        )
        assert {plan.split_of(said) for said in found} == {split}
        assert len({meaning_code(said) for said in found}) == 500


def test_only_the_combinations_asked_for_are_held_out() -> None:
    plan = plan_splits(seed=1, combinations=["shape_motion"], test_share=0.1, dev_share=0)
    assert Counter(plan.held_out.values()) == {"test": 4}
    assert {cell[0] for cell in plan.held_out} == {"shape_motion"}
    assert plan_splits(seed=1).held_out == plan_splits(seed=1).held_out != plan_splits(seed=2).held_out
    assert {cell[0] for cell in plan_splits(seed=1).held_out} == set(COMBINATIONS)
    singles = split_scenes(sample_scenes(100, "moving", seed=1), plan)
    assert not singles.dev


def test_bad_splits_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"at most 0.5, got 0.4 and 0.2; seed must be at least 0, got -1"):
        plan_splits(seed=-1, test_share=0.4, dev_share=0.2)
    with pytest.raises(ConfigError, match="test_share must be above 0"):
        plan_splits(seed=1, test_share=0)
    with pytest.raises(ConfigError, match=r"combinations must be some of .* got \['shape_size'\]"):
        plan_splits(seed=1, combinations=["shape_size"])  # type: ignore[list-item]
    with pytest.raises(ConfigError, match=r"too few scenes to split \(0\): none for train; none for test"):
        split_scenes([], plan_splits(seed=1))
    plan = plan_splits(seed=1)
    few = list(sample_scenes(3, "pair", seed=1, keep=lambda said: plan.split_of(said) == "test"))
    few += sample_scenes(1, "single", seed=1, keep=lambda said: plan.split_of(said) == "train")
    with pytest.raises(ConfigError, match=r"too few scenes to split \(4\): no .* in train; .*sample more"):
        split_scenes(few, plan)
