"""The pictures of a study: each value over sizes with its fits, and the fronts of accuracy against cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from isoglot.evaluation.results import slug
from isoglot.studies.answers import COST_NAMES, COST_TITLES, format_number, x_title
from isoglot.studies.findings import Findings, Refused, ValueFindings
from isoglot.studies.fronts import Placed
from isoglot.studies.plots import Curve, Mark, Plot, short_number
from isoglot.studies.questions import ValueConfig
from isoglot.studies.scaling import ScalingFit
from isoglot.studies.series import Series

_NUM_DRAWN = 60
"""Points of a drawn curve."""


def study_plots(findings: Findings) -> Iterator[Plot]:
    """All pictures of a study.

    Args:
        findings: What the cells say.

    Yields:
        For each value its curves, where there is more than one size; for each value its fronts.
    """
    for found in findings.values:
        if max(len(series.sizes) for series in found.series.values()) > 1:
            yield size_plot(findings, found)
        for cost, places in found.fronts.items():
            yield front_plot(findings, found.value, cost, places)


def size_plot(findings: Findings, found: ValueFindings) -> Plot:
    """One value over sizes: means with intervals, and the fitted curve where there is one."""
    curves = [_curve(arm, series, found.fits[arm], found.value) for arm, series in found.series.items()]
    title = x_title(findings)
    return Plot(slug(f"{found.value.name} by {title}"), found.value.name, title, tuple(curves))


def _curve(arm: str, series: Series, fit: ScalingFit | Refused, value: ValueConfig) -> Curve:
    lows, highs = series.intervals()
    marks = []
    for number, size in enumerate(series.sizes):
        mean, low, high = float(series.means[number]), float(lows[number]), float(highs[number])
        known = np.isfinite(low)
        note = f"{arm}, {size}: {format_number(mean, value)}"
        if known:
            note += f" ({format_number(low, value)} to {format_number(high, value)})"
        bounds = (low, high) if known else (None, None)
        marks.append(Mark(float(series.x[number]), mean, note, *bounds))
    if isinstance(fit, Refused) or not fit.determined:
        joined = tuple((mark.x, mark.y) for mark in marks)
        return Curve(arm, tuple(marks), joined if len(joined) > 1 else (), dashed=True)
    xs = np.geomspace(series.x[0], series.x[-1], _NUM_DRAWN)
    line = tuple(zip(map(float, xs), map(float, fit.law.values(xs)[0]), strict=True))
    band = fit.band(xs)
    if band is None:
        return Curve(arm, tuple(marks), line)
    around = tuple(zip(map(float, xs), map(float, band[0]), map(float, band[1]), strict=True))
    return Curve(arm, tuple(marks), line, around)


def front_plot(findings: Findings, value: ValueConfig, cost: str, places: Sequence[Placed]) -> Plot:
    """Accuracy against cost, a colour for each arm; rings are off the front, whose line is a staircase."""
    sign = 1.0 if value.higher_is_better else -1.0
    by_arm: dict[str, list[Mark]] = {}
    for each in places:
        arm = arm_of(findings, each.candidate.name)
        number, at = format_number(sign * each.value, value), short_number(each.candidate.cost)
        note = f"{each.candidate.name}: {number} at {at}"
        mark = Mark(each.candidate.cost, sign * each.value, note, hollow=not each.on_front)
        by_arm.setdefault(arm, []).append(mark)
    order = [arm for arm in findings.values[0].series if arm in by_arm]  # colours as in the other pictures
    curves = [Curve(arm, tuple(by_arm[arm])) for arm in order]
    front = [each for each in places if each.on_front]
    stairs: list[tuple[float, float]] = []
    for each in front:
        if stairs:
            stairs.append((each.candidate.cost, stairs[-1][1]))
        stairs.append((each.candidate.cost, sign * each.value))
    if len(stairs) > 1:
        curves.append(Curve("front", (), tuple(stairs), dashed=True))
    title = f"{value.name} against {COST_NAMES[cost]}"
    return Plot(slug(f"{value.name} front {cost}"), title, COST_TITLES[cost], tuple(curves))


def arm_of(findings: Findings, name: str) -> str:
    """The arm of a name that `isoglot.studies.findings.arm_name` made."""
    arms: Mapping[str, object] = findings.values[0].series
    return next(
        arm for arm in sorted(arms, key=len, reverse=True) if name == arm or name.startswith(f"{arm}, ")
    )
