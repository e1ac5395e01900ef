"""Languages that are drawn for groups with gaps."""

import numpy as np
import pytest

from isoglot.batches.cells import Cells
from isoglot.batches.drawing import draw_languages_of
from isoglot.batches.storage import Storage


def shares(present: list[bool], weights: list[float], *left_out: int) -> list[float]:
    """How often each language is drawn for groups that have the same ones."""
    cells = Cells.empty(20_000, len(present), Storage())
    cells.number(0, 0, np.tile(present, (20_000, 1)))
    drawn = draw_languages_of(
        cells.of(np.arange(20_000)),
        np.array(weights),
        [np.full(20_000, code) for code in left_out],
        np.random.default_rng(0),
    )
    return list(np.bincount(drawn, minlength=len(present)) / 20_000)


def test_languages_are_drawn_by_weight_among_those_that_are_there() -> None:
    found = shares([True, False, True, True], [1.0, 5.0, 3.0, 0.0])
    assert found == pytest.approx([0.25, 0, 0.75, 0], abs=0.015)
    assert found[1] == found[3] == 0


def test_languages_left_out_are_never_drawn() -> None:
    found = shares([True, True, True, False, True], [4.0, 1.0, 3.0, 9.0, 1.0], 0, 4)
    assert found == pytest.approx([0, 0.25, 0.75, 0, 0], abs=0.015)
    assert found[0] == found[3] == found[4] == 0
