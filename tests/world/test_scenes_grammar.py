"""What can be built of things, scenes and melodies, and what cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest

from isoglot.errors import ConfigError
from isoglot.world.scenes.scene import Melody, Scene, Thing

CIRCLE = Thing("circle", "red", "small", "plain", 1)
SQUARE = Thing("square", "blue", "large", "striped", 2)


def unsized(thing: Thing) -> Thing:
    return replace(thing, size=None)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"shape": "sqare"}, "shape must be one of .* got 'sqare'; the nearest is 'square'"),
        ({"colour": "pink"}, "colour must be one of"),
        ({"size": "medium"}, "size must be one of small, large"),
        ({"texture": 3}, "texture must be one of .* got 3"),
        ({"count": 0}, "count must be a whole number from 1 to 4, got 0"),
        ({"count": 5}, "got 5"),
        ({"count": True}, "got True"),
        ({"shape": "x", "count": 9}, "shape must be.*; count must be"),
    ],
)
def test_a_thing_has_known_values(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        replace(CIRCLE, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((CIRCLE, None, "above"), "'above' needs a second thing"),
        ((CIRCLE, None, None, "crosses"), "'crosses' needs a second thing"),
        ((CIRCLE, SQUARE), "relation must be given between two things"),
        ((CIRCLE, SQUARE, None, "grows"), "relation must be given between two things"),
        ((CIRCLE, SQUARE, "above", "crosses"), "relation must be None where the first crosses"),
        ((CIRCLE, SQUARE, "over"), "relation must be one of"),
        ((CIRCLE, None, None, "flies"), "motion must be one of"),
        ((CIRCLE, replace(CIRCLE, count=3), "above"), "differ in more than their count"),
        ((CIRCLE, SQUARE, "larger_than"), "larger_than says the sizes itself, got 'small' and 'large'"),
        ((CIRCLE, unsized(SQUARE), "larger_than"), "leave both out"),
        ((CIRCLE, SQUARE, "inside"), "inside needs a single thing that holds the first, got a count of 2"),
        ((SQUARE, CIRCLE, "inside"), "inside needs a small first thing and a large second"),
    ],
)
def test_a_scene_keeps_to_the_grammar(parts: tuple[object, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Scene(*parts)  # type: ignore[arg-type]


def test_what_a_relation_implies_completes_a_scene() -> None:
    larger = Scene(unsized(CIRCLE), unsized(SQUARE), "larger_than")
    assert [thing.size for thing in larger.sized_things] == ["large", "small"]
    inside = Scene(unsized(CIRCLE), replace(SQUARE, size=None, count=1), "inside")
    assert [thing.size for thing in inside.sized_things] == ["small", "large"]
    assert larger.is_complete
    assert inside.is_complete
    assert not Scene(unsized(CIRCLE), SQUARE, "above").is_complete
    assert not Scene(replace(CIRCLE, colour=None)).is_complete


def test_a_single_tone_is_level_and_complete_without_saying_so() -> None:
    with pytest.raises(ConfigError, match="contour 'rising' needs at least 2 tones, got 1"):
        Melody(1, "low", "rising", "bell", "fast")
    with pytest.raises(ConfigError, match=r"tones must be.*; timbre must be"):
        Melody(0, "low", None, "horn", "fast")  # type: ignore[arg-type]
    assert Melody(1, "low", None, "bell", "fast").is_complete
    assert Melody(2, "low", "rising", "bell", "fast").is_complete
    assert not Melody(2, "low", None, "bell", "fast").is_complete
    assert not Melody(1, None, "level", "bell", "fast").is_complete
