"""Batches of a number of tokens, and rows of different length as one array."""

from __future__ import annotations

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


def test_equals_keep_their_order_and_padding_is_weighed_against_batches() -> None:
    def cut(budget: int, overhead: int, num_workers: int = 1) -> list[list[int]]:
        lengths = np.array([2, 9, 2, 4, 2, 4])
        batches = token_batches(lengths, budget, overhead=overhead, num_workers=num_workers)
        return [rows.tolist() for rows in batches]

    assert cut(8, 0) == [[1], [3, 5], [0, 2, 4]]
    assert cut(100, 0) == [[1], [3, 5], [0, 2, 4]]
    assert cut(100, 90) == [[1, 3, 5, 0, 2, 4]]
    assert cut(100, 90, num_workers=2) == [[1, 3], [5, 0, 2, 4]]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LENGTHS, st.integers(1, 200), st.integers(0, 60), st.integers(1, 4))
def test_no_worker_is_done_later_than_with_full_batches(
    lengths: list[int], budget: int, overhead: int, num_workers: int
) -> None:
    tokens = np.array(lengths)

    def last_done(batches: list[npt.NDArray[np.int64]]) -> int:
        done = [0] * num_workers
        for rows in batches:
            done.sort()
            done[0] += overhead + len(rows) * int(tokens[rows].max())
        return max(done)

    order, full = np.argsort(-tokens, kind="stable"), []
    while len(order):
        full.append(order[: max(1, budget // tokens[order[0]])])
        order = order[len(full[-1]) :]
    chosen = token_batches(tokens, budget, overhead=overhead, num_workers=num_workers)
    assert last_done(chosen) <= last_done(full)


def test_workers_get_like_shares() -> None:
    lengths = np.full(24, 10)
    batches = token_batches(lengths, 1_000, overhead=20, num_workers=2)
    assert [len(rows) for rows in batches] == [12, 12]
    assert [len(rows) for rows in token_batches(lengths, 1_000, overhead=20)] == [24]


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
