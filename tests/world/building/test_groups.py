"""Which scenes are drawn: splits that share no meaning, media that show what they can, near misses."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isoglot.errors import ConfigError
from isoglot.world.building.groups import KINDS, draw_groups, share_out, split_sizes
from isoglot.world.building.levels import Levels
from isoglot.world.building.options import WorldOptions
from isoglot.world.rendering import has_room
from isoglot.world.scenes.entailment import judge
from isoglot.world.scenes.meaning import meaning_code
from isoglot.world.scenes.scene import Melody
from isoglot.world.scenes.splits import plan_splits

PICTURES = WorldOptions(groups=80, modalities=("text", "image"), near_misses=2)


@pytest.fixture(scope="module")
def drawn():
    return draw_groups(WorldOptions(groups=120))


@given(st.integers(0, 500), st.lists(st.integers(0, 200), min_size=1, max_size=6))
def test_shares_are_as_even_as_there_is_room(number: int, rooms: list[int]) -> None:
    shares = share_out(number, rooms)
    assert sum(shares) == min(number, sum(rooms))
    assert all(0 <= share <= room for share, room in zip(shares, rooms, strict=True))
    free = [share for share, room in zip(shares, rooms, strict=True) if share < room]
    assert not free or max(shares) <= min(free) + 1


@given(st.integers(10, 10_000))
def test_every_split_has_groups_and_all_together_are_the_number(groups: int) -> None:
    sizes = split_sizes(groups)
    assert sum(sizes.values()) == groups
    assert min(sizes.values()) >= 1


def test_no_two_groups_mean_the_same_and_every_split_has_its_size(drawn) -> None:
    assert len({group.code for group in drawn}) == len(drawn)
    assert all(group.code == meaning_code(group.said) for group in drawn)
    counts = Counter(group.split for group in drawn)
    assert {split: counts[split] for split in ("train", "dev", "test")} == split_sizes(120)


def test_splits_follow_the_plan_of_held_out_combinations(drawn) -> None:
    plan = plan_splits(seed=0)
    assert all(plan.split_of(group.said) == group.split for group in drawn if group.split is not None)


def test_each_medium_has_its_scenes_in_every_split_and_they_have_room(drawn) -> None:
    for split in ("train", "dev", "test"):
        of_split = [group for group in drawn if group.split == split]
        assert {group.medium for group in of_split} == set(KINDS)
    for group in drawn:
        assert isinstance(group.said, Melody) == (group.medium == "audio")
        if group.medium == "video":
            assert group.said.motion is not None
            assert has_room(group.said)
        elif group.medium == "image":
            assert group.said.motion is None


def test_melodies_run_out_and_the_others_take_their_place() -> None:
    found = Counter((group.split, group.medium) for group in draw_groups(WorldOptions(groups=400)))
    assert found["train", "audio"] <= 48 < found["train", "image"]
    assert found["train", "video"] - found["train", "image"] in (-1, 0, 1)


def test_near_misses_are_false_of_a_tested_scene_and_nobodys_meaning() -> None:
    groups = draw_groups(PICTURES)
    judged = [group for group in groups if group.split in ("dev", "test")]
    misses = [group for group in groups if group.split is None]
    assert len(misses) == 2 * len(judged)
    for number, miss in enumerate(misses):
        assert judge(judged[number // 2].said, miss.said) == "contradiction"
        assert miss.has_medium


def test_languages_levels_and_text_only_leave_the_scenes_as_they_are() -> None:
    codes = [group.code for group in draw_groups(PICTURES)]
    levels = Levels(unseen=("de",), without_pictures=("sw",))
    other = draw_groups(replace(PICTURES, languages=("de", "en", "sw"), levels=levels, text_only=0.25))
    assert [group.code for group in other] == codes
    assert Counter((group.split, group.has_medium) for group in other)["train", False] == 15
    assert all(group.has_medium for group in other if group.split != "train")
    assert [group.code for group in draw_groups(replace(PICTURES, seed=1))] != codes


def test_more_melodies_than_there_are_is_an_error_that_says_how_many_there_are() -> None:
    only_sounds = WorldOptions(groups=100, modalities=("text", "audio"))
    with pytest.raises(ConfigError, match=r"groups must be at most 6\d for audio, got 100: split 'train'"):
        draw_groups(only_sounds)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 1_000))
def test_any_seed_keeps_train_and_test_apart(seed: int) -> None:
    plan = plan_splits(seed=seed)
    for group in draw_groups(replace(PICTURES, groups=20, seed=seed)):
        assert group.split in (None, plan.split_of(group.said))
