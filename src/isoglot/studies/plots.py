"""Plots of a study as SVG: curves over sizes with their intervals, and fronts, on a logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from isoglot.errors import ConfigError

WIDTH, _PLOT_BOTTOM = 460, 280
_LEFT, _RIGHT, _TOP = 56.0, 448.0, 30.0
_LEGEND_ROW = 18
_NUM_STEPS = 5
NUM_COLOURS = 8
_UNITS = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""))


@dataclass(frozen=True)
class Mark:
    """One measured point.

    Attributes:
        x: Size or cost, > 0.
        y: Mean value.
        note: What a pointer resting on it is told.
        low: Lower bound of its interval; None for none.
        high: Upper bound.
        hollow: Whether it is drawn as a ring: a place off the front.
    """

    x: float
    y: float
    note: str
    low: float | None = None
    high: float | None = None
    hollow: bool = False


@dataclass(frozen=True)
class Curve:
    """What is drawn in one colour.

    Attributes:
        name: What the legend calls it.
        marks: Measured points.
        line: Points of the line through or beside them; empty for none.
        band: (x, low, high) around the line; empty for none.
        dashed: Whether the line only joins points, and is no fit.
    """

    name: str
    marks: tuple[Mark, ...]
    line: tuple[tuple[float, float], ...] = ()
    band: tuple[tuple[float, float, float], ...] = ()
    dashed: bool = False


@dataclass(frozen=True)
class Plot:
    """One picture.

    Attributes:
        name: Name of its file, without ending.
        title: What it shows.
        x_title: What goes to the right.
        curves: In the order of the legend and of the colours.
    """

    name: str
    title: str
    x_title: str
    curves: tuple[Curve, ...]


@dataclass(frozen=True)
class _Tick:
    place: float
    text: str


@dataclass(frozen=True)
class _Dot:
    x: float
    y: float
    bar: str
    note: str
    hollow: bool


@dataclass(frozen=True)
class _Drawn:
    name: str
    colour: int
    line: str
    band: str
    dashed: bool
    dots: tuple[_Dot, ...]


def draw_plot(plot: Plot) -> str:
    """The picture as SVG that stands alone, in light and in dark.

    Args:
        plot: What to draw.

    Returns:
        SVG, with everything from outside escaped.

    Raises:
        ConfigError: If there is no point, or an x is not above 0.
    """
    import jinja2

    marks = [mark for curve in plot.curves for mark in curve.marks]
    if not marks:
        raise ConfigError(f"plot {plot.name!r}: there is no point to draw")
    if min(mark.x for mark in marks) <= 0:
        raise ConfigError(f"plot {plot.name!r}: x must be > 0 on a logarithmic axis")
    axes = _Axes.of(plot.curves)
    legend_top = _PLOT_BOTTOM + 56
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("isoglot.studies", "page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("plot.svg.jinja").render(
        plot=plot,
        width=WIDTH,
        height=legend_top + _LEGEND_ROW * -(-len(plot.curves) // 2) - 4,
        left=_LEFT,
        right=_RIGHT,
        top=_TOP,
        bottom=_PLOT_BOTTOM,
        legend_top=legend_top,
        across=axes.across_ticks(),
        up=axes.up_ticks(),
        curves=[axes.draw(curve, number % NUM_COLOURS) for number, curve in enumerate(plot.curves)],
    )


@dataclass(frozen=True)
class _Axes:
    """Where values stand in the picture."""

    least_x: float
    greatest_x: float
    ups: tuple[float, ...]

    @staticmethod
    def of(curves: Iterable[Curve]) -> _Axes:
        xs, ys = [], []
        for curve in curves:
            xs += [mark.x for mark in curve.marks] + [x for x, _ in curve.line]
            ys += [y for mark in curve.marks for y in (mark.y, mark.low, mark.high) if y is not None]
            ys += [y for _, y in curve.line]
        room = 1.15 if max(xs) > min(xs) else 2.0
        return _Axes(min(xs) / room, max(xs) * room, _round_steps(min(ys), max(ys)))

    def across(self, x: float) -> float:
        share = math.log(x / self.least_x) / math.log(self.greatest_x / self.least_x)
        return round(_LEFT + (_RIGHT - _LEFT) * share, 1)

    def up(self, y: float) -> float:
        bottom, top = self.ups[0], self.ups[-1]
        share = min(max((y - bottom) / (top - bottom), 0.0), 1.0)
        return round(_PLOT_BOTTOM - (_PLOT_BOTTOM - _TOP) * share, 1)

    def across_ticks(self) -> list[_Tick]:
        decades = range(math.floor(math.log10(self.least_x)), math.ceil(math.log10(self.greatest_x)) + 1)
        for leading in ((1,), (1, 3), (1, 2, 5)):
            found = [digit * 10.0**decade for decade in decades for digit in leading]
            inside = [x for x in found if self.least_x <= x <= self.greatest_x]
            if len(inside) >= 3:
                break
        else:  # less than a decade
            steps = _round_steps(self.least_x, self.greatest_x)
            inside = [x for x in steps if self.least_x <= x <= self.greatest_x]
        return [_Tick(self.across(x), short_number(x)) for x in inside]

    def up_ticks(self) -> list[_Tick]:
        step = self.ups[1] - self.ups[0]
        decimals = next(digits for digits in range(16) if abs(round(step, digits) - step) < 1e-6 * step)
        return [_Tick(self.up(y), f"{y:,.{decimals}f}") for y in self.ups]

    def draw(self, curve: Curve, colour: int) -> _Drawn:
        upper = [(x, high) for x, _, high in curve.band]
        lower = [(x, low) for x, low, _ in reversed(curve.band)]
        outline = self._path([*upper, *lower]) + "Z" if curve.band else ""
        dots = tuple(self._dot(mark) for mark in curve.marks)
        return _Drawn(curve.name, colour, self._path(curve.line), outline, curve.dashed, dots)

    def _dot(self, mark: Mark) -> _Dot:
        x, bar = self.across(mark.x), ""
        if mark.low is not None and mark.high is not None:
            bar = f"M{x} {self.up(mark.low)}V{self.up(mark.high)}"
        return _Dot(x, self.up(mark.y), bar, mark.note, mark.hollow)

    def _path(self, points: Sequence[tuple[float, float]]) -> str:
        return "M" + "L".join(f"{self.across(x)} {self.up(y)}" for x, y in points) if points else ""


def _round_steps(least: float, greatest: float) -> tuple[float, ...]:
    """Round values from at most the least to at least the greatest, in `_NUM_STEPS` steps or a few more."""
    spread = (greatest - least) or abs(greatest) or 1.0
    unit = 10.0 ** math.floor(math.log10(spread / _NUM_STEPS))
    step = next(unit * each for each in (1, 2, 5, 10) if unit * each * _NUM_STEPS >= spread * (1 - 1e-9))
    first, last = math.floor(least / step + 1e-9), math.ceil(greatest / step - 1e-9)
    return tuple(float(np.round(step * number, 12)) for number in range(first, max(last, first + 1) + 1))


def short_number(number: float) -> str:
    """A number with the letter of its thousand: 0.3 M, 12 k; three digits.

    Args:
        number: The number.

    Returns:
        Such as `1.2 M`.
    """
    if not number:
        return "0"
    unit, letter = next((each for each in _UNITS if abs(number) >= 0.9995 * each[0]), (1.0, ""))
    text = f"{number / unit:.3g}"
    return f"{text} {letter}" if letter else text
