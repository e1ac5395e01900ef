"""Random numbers by address: those of the trainings, uniform, and independent between addresses."""

import numpy as np
import torch
from scipy import stats

from isoglot.robustness.chance import uniform
from isoglot.training import draws


def test_numbers_are_those_of_the_trainings() -> None:
    rows, places = np.arange(100) // 7, np.arange(100) % 7
    ours = uniform((3, 5), rows, places)
    theirs = draws.uniform((3, 5), torch.from_numpy(rows), torch.from_numpy(places)).double().numpy()
    np.testing.assert_allclose(ours, theirs, atol=2**-23)


def test_numbers_are_uniform_and_their_neighbours_are_independent() -> None:
    rows, places = (each.ravel() for each in np.meshgrid(np.arange(400), np.arange(50), indexing="ij"))
    numbers = uniform((0, 1), rows, places)
    assert stats.kstest(numbers, "uniform").pvalue > 0.01
    square = numbers.reshape(400, 50)
    for left, right in (
        (square[1:], square[:-1]),
        (square[:, 1:], square[:, :-1]),
        (numbers, uniform((0, 2), rows, places)),
    ):
        assert abs(np.corrcoef(left.ravel(), right.ravel())[0, 1]) < 0.03
