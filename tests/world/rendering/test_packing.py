"""Discs keep apart and stay in their box, however little room there is."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from isoglot.world.rendering.packing import GAP, choose_apart, pack, scatter, width


def least_distance(middles: np.ndarray) -> float:
    pairs = itertools.combinations(middles, 2)
    return min((float(np.hypot(*(one - other))) for one, other in pairs), default=float("inf"))


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("reach", [5.0, 8.6, 12.0])
def test_a_pattern_fits_any_strip_that_one_disc_fits(count: int, reach: float) -> None:
    for height in np.linspace(2 * reach, 100, 40):
        middles = pack(count, reach, float(height))
        assert middles.shape == (count, 2)
        assert least_distance(middles) >= 2 * reach + GAP - 1e-9
        assert middles[:, 0].min() == pytest.approx(reach)
        assert reach - 1e-9 <= middles[:, 1].min() <= middles[:, 1].max() <= height - reach + 1e-9


def test_a_pattern_is_narrow_where_the_strip_is_high() -> None:
    assert width(pack(4, 5.0, 46.0), 5.0) == pytest.approx(10.0)  # a column
    assert width(pack(4, 5.0, 22.0), 5.0) == pytest.approx(22.0)  # two by two
    assert width(pack(4, 5.0, 10.0), 5.0) == pytest.approx(46.0)  # a row
    assert 10.0 < width(pack(4, 5.0, 40.0), 5.0) < 22.0  # zigzag


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_scattered_discs_keep_apart_and_in_their_box(count: int) -> None:
    rng = np.random.default_rng(count)
    for box in [(62.0, 62.0), (30.0, 62.0), (24.0, 24.0)]:
        ways = scatter(count, 5.0, box, rng)
        assert (ways >= 5.0 - 1e-9).all()
        assert (ways <= np.asarray(box) - 5.0 + 1e-9).all()
        assert min(map(least_distance, ways)) >= 10.0 + GAP - 1e-9


def test_where_there_is_room_there_are_many_ways() -> None:
    rng = np.random.default_rng(0)
    assert len(scatter(2, 5.0, (62.0, 62.0), rng)) > 10
    assert len(scatter(4, 8.0, (35.0, 35.0), rng)) == 1


def test_points_are_chosen_apart_or_not_at_all() -> None:
    rng = np.random.default_rng(0)
    points = np.stack(np.meshgrid(np.arange(20.0), np.arange(20.0)), axis=-1).reshape(-1, 2)
    chosen = choose_apart(points, 3, 4.0, rng)
    assert chosen is not None
    assert least_distance(chosen) >= 8.0 + GAP
    assert choose_apart(points, 4, 20.0, rng) is None
    assert choose_apart(points[:0], 1, 1.0, rng) is None
