"""The colours of the page, by WCAG 2: text at 4.5 to 1 and pictures at 3 to 1 at least, in both schemes."""

from __future__ import annotations

import re

import numpy as np
import pytest

from isoglot.report.html import NUM_COLOURS, render_html
from isoglot.report.pictures import DEEP

# Bjoern Ottosson's matrices from linear sRGB to Oklab.
TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


@pytest.fixture(scope="module", params=["light", "dark"])
def colours(request, everything):
    """Name -> linear RGB of every variable of one scheme."""
    page = render_html(everything)
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]+)", part))
        for part in re.findall(r":root \{(.*?)\}", page, re.S)
    )
    assert light.keys() == dark.keys()
    return {name: linear(code) for name, code in (light if request.param == "light" else dark).items()}


def linear(code: str) -> np.ndarray:
    digits = code[1:] if len(code) == 7 else "".join(2 * digit for digit in code[1:])
    values = np.array([int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one: np.ndarray, other: np.ndarray) -> float:
    bright, dim = sorted((float(c @ [0.2126, 0.7152, 0.0722]) for c in (one, other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def mixed(colour: np.ndarray, ground: np.ndarray, share: float) -> np.ndarray:
    """What `color-mix(in oklab, ...)` makes of two colours."""
    one, other = (TO_LAB @ np.cbrt(TO_LMS @ c) for c in (colour, ground))
    return np.linalg.inv(TO_LMS) @ (np.linalg.inv(TO_LAB) @ (share * one + (1 - share) * other)) ** 3


def test_contrast_is_that_of_the_standard():
    assert contrast(linear("#000"), linear("#fff")) == pytest.approx(21)
    assert contrast(linear("#767676"), linear("#ffffff")) == pytest.approx(4.54, abs=0.01)
    grey = mixed(linear("#000"), linear("#fff"), 0.5)
    assert grey == pytest.approx(linear("#636363"), abs=0.002)


@pytest.mark.parametrize("ground", ["page", "panel"])
@pytest.mark.parametrize("text", ["ink", "soft", "best", "s0"])
def test_text_can_be_read(colours, text, ground):
    assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("number", range(NUM_COLOURS))
def test_bars_stand_out(colours, number):
    for ground in ("page", "panel"):
        assert contrast(colours[f"s{number}"], colours[ground]) >= 3


@pytest.mark.parametrize("tint", ["heat", "below"])
def test_numbers_on_a_heat_map_can_be_read_whatever_the_value(colours, tint):
    for share in np.arange(101) / 100:
        ink = colours["on-heat" if share > DEEP else "in-heat"]
        assert contrast(ink, mixed(colours[tint], colours["panel"], share)) >= 4.5, share


def test_the_outline_of_the_diagonal_stands_out(colours):
    assert contrast(colours["edge"], colours["page"]) >= 3
