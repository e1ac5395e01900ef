"""Series: points put in order, spread over seeds, differences of what was run on the same seeds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from isoglot.errors import ConfigError
from isoglot.studies.series import Point, Series, paired_difference


def build(name: str, rows: dict[tuple[str, float], list[float]]) -> Series:
    points = [
        Point(x, size, seed, value)
        for (size, x), values in rows.items()
        for seed, value in enumerate(values)
        if not np.isnan(value)
    ]
    return Series.of(name, points)


def test_sizes_stand_in_order_and_missing_cells_are_missing() -> None:
    series = build("a", {("big", 9.0): [3.0, 4.0], ("small", 2.0): [1.0, np.nan]})
    assert series.sizes == ("small", "big")
    np.testing.assert_array_equal(series.values, [[1, np.nan], [3, 4]])
    assert series.means.tolist() == [1, 3.5]
    assert series.counts.tolist() == [1, 2]
    assert series.degrees == 1
    assert series.variance == pytest.approx(0.5)


def test_intervals_are_those_of_student() -> None:
    series = build("a", {("s", 1.0): [1.0, 2, 3]})
    low, high = stats.t.interval(0.95, 2, loc=2, scale=1 / np.sqrt(3))
    assert series.intervals()[:, 0].tolist() == pytest.approx([low, high])
    assert np.isnan(build("a", {("s", 1.0): [1.0]}).intervals()).all()


def test_all_problems_of_points_are_told_at_once() -> None:
    points = [Point(0, "s", 0, 1.0), Point(1, "m", 0, float("nan")), Point(1, "m", 0, 1.0)]
    with pytest.raises(ConfigError, match=r"(?s)size must be > 0, got 0.*m, seed 0: nan.*two points"):
        Series.of("a", points)
    with pytest.raises(ConfigError, match="no points"):
        Series.of("a", [])


def test_differences_are_of_the_same_size_and_seed() -> None:
    ours = build("a", {("s", 1.0): [2.0, 4.0], ("m", 2.0): [5.0, 6.0], ("l", 4.0): [9.0, 9.0]})
    theirs = build("b", {("s", 1.1): [1.0, 1.0], ("m", 2.2): [5.0, np.nan]})
    found = paired_difference(ours, theirs)
    assert found.sizes == ("s", "m")
    assert found.x.tolist() == [1.1, 2.2]
    np.testing.assert_array_equal(found.values, [[1, 3], [0, np.nan]])
    with pytest.raises(ConfigError, match="a and b share no size and seed"):
        paired_difference(ours, build("b", {("xl", 1.0): [1.0]}))
