"""Batches of a number of tokens, and rows of different length as one array."""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isoglot.encoding.batching import Ragged, token_batches

LENGTHS = st.lists(st.integers(1, 50), min_size=1, max_size=60)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LENGTHS, st.integers(1, 200))
def test_batches_hold_every_row_once_and_keep_to_the_budget(lengths: list[int], budget: int) -> None:
    tokens = np.array(lengths)
    batches = list(token_batches(tokens, budget))
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    assert all(len(rows) == 1 or len(rows) * tokens[rows].max() <= budget for rows in batches)
    longest = [int(tokens[rows].max()) for rows in batches]
    assert longest == sorted(longest, reverse=True)


def test_nothing_is_padded_that_costs_more_than_a_batch_of_its_own_and_equals_keep_their_order() -> None:
    lengths = np.array([2, 9, 2, 4, 2, 4])
    batches = [rows.tolist() for rows in token_batches(lengths, 8)]
    assert batches == [[1], [3, 5], [0, 2, 4]]
    assert [rows.tolist() for rows in token_batches(lengths, 100, 4)] == [[1], [3, 5], [0, 2, 4]]
    assert [rows.tolist() for rows in token_batches(lengths, 100, 8)] == [[1], [3, 5, 0, 2, 4]]
    assert [rows.tolist() for rows in token_batches(lengths, 100, 90)] == [[1, 3, 5, 0, 2, 4]]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(1, 12), min_size=1, max_size=9), st.integers(1, 60), st.integers(0, 30))
def test_no_other_cut_costs_less(lengths: list[int], budget: int, overhead: int) -> None:
    tokens = np.array(sorted(lengths, reverse=True))

    def cost(batches: list[npt.NDArray[np.int64]]) -> int:
        return sum(overhead + len(rows) * int(tokens[rows].max()) for rows in batches)

    cuts = []
    for chosen in product([False, True], repeat=len(tokens) - 1):
        batches = np.split(np.arange(len(tokens)), 1 + np.flatnonzero(chosen))
        if all(len(rows) == 1 or len(rows) * tokens[rows].max() <= budget for rows in batches):
            cuts.append(cost(batches))
    assert cost(token_batches(tokens, budget, overhead)) == min(cuts)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LENGTHS, st.booleans(), st.randoms())
def test_padding_keeps_every_row_and_fills_the_rest(lengths: list[int], left: bool, random: object) -> None:
    rows = [[random.randint(1, 9) for _ in range(length)] for length in lengths]
    ragged = Ragged.of(
        {"ids": rows, "mask": [[1] * len(row) for row in rows]}, {"ids": -5, "mask": 0}, left=left
    )
    chosen = np.array(random.sample(range(len(rows)), random.randint(1, len(rows))))
    padded = ragged.padded(chosen)
    width = max(len(rows[row]) for row in chosen)
    for place, row in enumerate(chosen):
        fill = [-5] * (width - len(rows[row]))
        assert padded["ids"][place].tolist() == (fill + rows[row] if left else rows[row] + fill)
    assert padded["mask"].sum() == sum(len(rows[row]) for row in chosen)
