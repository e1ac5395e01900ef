"""Choices by a key: the same everywhere, and evenly spread."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from isoglot.world.choosing import choose, number_of, shuffled


def test_numbers_are_the_same_on_every_machine() -> None:
    assert number_of("a") == 4681665781835383343
    assert number_of("a") != number_of("b")
    assert all(0 <= number_of(str(number)) < 2**64 for number in range(100))


def test_choices_are_spread_evenly() -> None:
    counts = Counter(choose("abcd", f"key {number}") for number in range(4_000))
    assert set(counts) == set("abcd")
    assert max(abs(count - 1_000) for count in counts.values()) < 120


@given(st.lists(st.text(max_size=3), unique=True, max_size=20), st.text(max_size=3))
def test_an_order_does_not_depend_on_what_else_is_ordered(names: list[str], key: str) -> None:
    ordered = shuffled(names, key)
    assert sorted(ordered) == sorted(names)
    assert shuffled(names[::2], key) == [name for name in ordered if name in names[::2]]
