"""Curves of values over strength, as data for the report's template."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from isoglot.evaluation.curves import Curve, Point
from isoglot.evaluation.placement import ALL
from isoglot.report.values import format_value, language_name

_LEFT, _RIGHT, _TOP, _BOTTOM = 36.0, 306.0, 10.0, 170.0
"""Edges of the plot in the units of its picture, which is 320 wide and 200 high."""
_NUM_STEPS = 5
"""Lines of the grid above 0, at most."""
_APART = 26.0
"""Least distance of two strengths whose numbers are shown."""
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Tick:
    """A line of the grid.

    Attributes:
        place: Where it is.
        text: The value there; empty where it would run into another.
    """

    place: float
    text: str


@dataclass(frozen=True)
class Line:
    """One curve.

    Attributes:
        series: Number of the model, for the colour.
        path: The line, as SVG has it.
        band: Outline of the 95 % interval around it; empty for a single language.
        dots: Where its points are.
        mean: Whether it is the mean of the languages.
        note: What a pointer resting on it is told.
    """

    series: int
    path: str
    band: str
    dots: tuple[tuple[float, float], ...]
    mean: bool
    note: str


@dataclass(frozen=True)
class CurveChart:
    """What one perturbation does.

    Attributes:
        title: The perturbation.
        note: What its strength means.
        across: Strengths.
        up: Values.
        lines: Single languages, thin, then the mean of each model.
    """

    title: str
    note: str
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    lines: tuple[Line, ...]


def curve_chart(title: str, note: str, curves: Iterable[Curve], models: Sequence[str]) -> CurveChart:
    """The picture of one perturbation.

    Args:
        title: Its name.
        note: What its strength means.
        curves: One curve at least, of one measure.
        models: Models in the order of their colours.

    Returns:
        The picture; values go up from 0, strengths from 0 to the right.
    """
    drawn = sorted(curves, key=lambda curve: curve.query_language == ALL)
    strengths = sorted({point.strength for curve in drawn for point in curve.points})
    top = max(max(point.value, point.high or 0.0) for curve in drawn for point in curve.points) or 1.0
    step = _round_step(top)
    num_steps = math.ceil(top / step - _ROUNDING)
    plot = _Plot(strengths[-1] or 1.0, step * num_steps)
    ups = [step * number for number in range(num_steps + 1)]
    return CurveChart(
        title,
        note,
        _ticks_across(strengths, plot),
        tuple(Tick(plot.up(value), format_value(value, drawn[0].measure)) for value in ups),
        tuple(_line(curve, models.index(curve.model), plot) for curve in drawn),
    )


def _ticks_across(strengths: Sequence[float], plot: _Plot) -> tuple[Tick, ...]:
    """A line for each strength; the first and the last have their numbers, others where there is room."""
    places = [plot.across(strength) for strength in strengths]
    shown = [places[0]]
    for place in places[1:-1]:
        if place - shown[-1] >= _APART and places[-1] - place >= _APART:
            shown.append(place)
    shown.append(places[-1])
    return tuple(
        Tick(place, f"{strength:g}" if place in shown else "")
        for place, strength in zip(places, strengths, strict=True)
    )


def _round_step(top: float) -> float:
    """The least of 1, 2, 2.5 and 5 times a power of ten that reaches the top in `_NUM_STEPS` steps."""
    unit = 10.0 ** math.floor(math.log10(top / _NUM_STEPS))
    return next(unit * each for each in (1, 2, 2.5, 5, 10) if unit * each * _NUM_STEPS >= top - _ROUNDING)


@dataclass(frozen=True)
class _Plot:
    """Where values stand in the picture."""

    widest: float
    top: float

    def across(self, strength: float) -> float:
        return round(_LEFT + (_RIGHT - _LEFT) * strength / self.widest, 1)

    def up(self, value: float) -> float:
        return round(_BOTTOM - (_BOTTOM - _TOP) * min(max(value / self.top, 0.0), 1.0), 1)


def _line(curve: Curve, series: int, plot: _Plot) -> Line:
    dots = tuple((plot.across(point.strength), plot.up(point.value)) for point in curve.points)
    mean = curve.query_language == ALL
    who = "mean of the languages" if mean else language_name(curve.query_language)
    return Line(
        series,
        _path(dots),
        _band(curve.points, plot) if mean else "",
        dots,
        mean,
        f"{curve.model}, {who}: {', '.join(_said(point, curve.measure) for point in curve.points)}",
    )


def _said(point: Point, measure: str) -> str:
    return f"{format_value(point.value, measure)} at {point.strength:g}"


def _path(dots: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in dots)


def _band(points: Sequence[Point], plot: _Plot) -> str:
    """Along the upper bounds, and back along the lower ones; empty where there are none."""
    bounds = [(plot.across(p.strength), p.low, p.high) for p in points]
    if any(low is None or high is None for _, low, high in bounds):
        return ""
    upper = [(x, plot.up(high or 0.0)) for x, _, high in bounds]
    lower = [(x, plot.up(low or 0.0)) for x, low, _ in reversed(bounds)]
    return _path([*upper, *lower]) + "Z"
