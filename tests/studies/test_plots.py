"""Plots: well-formed, escaped, everything inside the picture, round numbers on the axes."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from isoglot.errors import ConfigError
from isoglot.studies.plots import Curve, Mark, Plot, draw_plot, short_number


def plot(*curves: Curve) -> Plot:
    return Plot("p", "AP <b>", "parameters", curves)


LINE = Curve(
    "a & b",
    (Mark(1e5, 0.2, "low", 0.1, 0.3), Mark(1e6, 0.4, "high", hollow=True)),
    ((1e5, 0.2), (1e6, 0.4)),
    ((1e5, 0.1, 0.3), (1e6, 0.3, 0.5)),
    dashed=True,
)


def test_a_picture_is_well_formed_and_escaped() -> None:
    svg = draw_plot(plot(LINE))
    root = ElementTree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "AP <b>" in texts
    assert "a & b" in texts
    assert "<b>" not in svg
    assert svg.count("<circle") == 2
    assert "dashed" in svg
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")


def test_points_lie_inside_and_larger_values_higher() -> None:
    svg = draw_plot(plot(LINE))
    places = [tuple(map(float, found)) for found in re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', svg)]
    (x1, y1), (x2, y2) = places
    assert 56 <= x1 < x2 <= 448
    assert 30 <= y2 < y1 <= 280


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.31, 0.34), (-0.2, 1200.0), (3.0, 3.0), (0.0, 0.0)])
def test_values_of_any_spread_have_axes(low: float, high: float) -> None:
    svg = draw_plot(plot(Curve("a", (Mark(1.0, low, ""), Mark(10.0, high, "")))))
    labels = re.findall(r'text-anchor="end">([^<]+)<', svg)
    numbers = [float(label.replace(",", "")) for label in labels]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) == len(numbers) >= 2
    assert numbers[0] <= low
    assert numbers[-1] >= high


@pytest.mark.parametrize(("least", "greatest"), [(0.85, 1.22), (1.0, 3.0), (9e4, 6e5), (1e3, 1e9)])
def test_sizes_of_any_spread_have_axes(least: float, greatest: float) -> None:
    svg = draw_plot(plot(Curve("a", (Mark(least, 0.1, ""), Mark(greatest, 0.2, "")))))
    labels = re.findall(r'y="296" text-anchor="middle">([^<]+)<', svg)
    assert len(set(labels)) == len(labels) >= 3


def test_one_size_alone_can_be_drawn() -> None:
    assert "<circle" in draw_plot(plot(Curve("a", (Mark(5e6, 0.5, ""),))))


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ConfigError, match="there is no point to draw"):
        draw_plot(plot(Curve("a", ())))
    with pytest.raises(ConfigError, match="x must be > 0"):
        draw_plot(plot(Curve("a", (Mark(0.0, 1.0, ""),))))


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (0.5, "0.5"), (999.6, "1 k"), (1234, "1.23 k"), (3e5, "300 k"), (1.2e13, "12 T")],
)
def test_numbers_are_short(number: float, text: str) -> None:
    assert short_number(number) == text
