"""Colours of the search page: what is written can be read, dark and light (WCAG 2.2, level AA)."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

CSS = (files("isoglot.serving") / "page" / "search.css").read_text("utf-8")
TEXT, CONTROL = 4.5, 3.0


def colours(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#\w+);", css))


LIGHT, DARK = (colours(part) for part in CSS.split("*", 1)[0].split("@media"))


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_ratio_is_that_of_wcag():
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#fff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("front", "backs", "least"),
    [
        ("ink", ("page", "panel"), TEXT),
        ("soft", ("page", "panel"), TEXT),
        ("accent", ("page", "badge", "panel"), TEXT),
        ("on-accent", ("accent",), TEXT),
        ("mine", ("mine-badge",), TEXT),
        ("wrong", ("wrong-panel",), TEXT),
        ("edge", ("page", "panel"), CONTROL),
    ],
)
def test_colours_can_be_told_apart(scheme, front, backs, least):
    assert {back: contrast(scheme[front], scheme[back]) >= least for back in backs} == dict.fromkeys(
        backs, True
    )


def test_every_colour_has_a_dark_one_and_is_held_to_this():
    assert LIGHT.keys() == DARK.keys()
    assert set(re.findall(r"var\(--([\w-]+)\)", CSS)) == LIGHT.keys()
    held = "ink soft accent on-accent mine wrong edge page panel badge mine-badge wrong-panel line"
    assert LIGHT.keys() == set(held.split())  # lines between results carry no meaning
