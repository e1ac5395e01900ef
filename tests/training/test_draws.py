"""Random numbers by address: uniform, and the same wherever and whenever they are asked for."""

import numpy as np
import torch

from isoglot.training.draws import Address, uniform


def grid(rows: int, places: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.arange(rows).repeat_interleave(places), torch.arange(places).repeat(rows)


def test_numbers_are_uniform_and_unrelated() -> None:
    rows, places = grid(300, 300)
    numbers = uniform((0, 1, 2), rows, places).reshape(300, 300)
    assert 0 <= float(numbers.min()) <= float(numbers.max()) < 1
    counts = np.histogram(numbers.numpy(), bins=20, range=(0, 1))[0]
    assert ((counts - 4500) ** 2 / 4500).sum() < 43.8  # chi squared, 19 degrees of freedom, p = 0.001
    others = [numbers.T, numbers.roll(1, 0), numbers.roll(1, 1)]
    others += [uniform(key, rows, places).reshape(300, 300) for key in ((1, 1, 2), (0, 2, 2), (0, 1, 3))]
    for other in others:
        correlation = np.corrcoef(numbers.flatten(), other.flatten())[0, 1]
        assert abs(correlation) < 0.012  # some 3.5 standard deviations


def test_a_number_depends_on_its_address_alone() -> None:
    rows, places = grid(6, 5)
    whole = Address((3, 4)).uniform(rows, places).reshape(6, 5)
    rows, places = grid(3, 9)
    half = Address((3, 4), first_row=3).uniform(rows, places).reshape(3, 9)
    assert torch.equal(half[:, :5], whole[3:])


def test_picked_at_the_rate_and_never_all() -> None:
    rows = torch.arange(2_000).repeat_interleave(10)
    picked = Address((0,)).pick(rows, 2_000, 0.3)
    assert abs(float(picked.float().mean()) - 0.3) < 0.01
    nearly_all = Address((0,)).pick(rows, 2_000, 0.999).reshape(-1, 10)
    assert nearly_all.sum(dim=1).tolist() == [9] * 2_000
    assert not Address((0,)).pick(torch.tensor([0, 2]), 3, 0.999).any()  # one item each, and none of row 1
    assert not len(Address((0,)).pick(torch.empty(0, dtype=torch.long), 3, 0.5))
