"""The order in which rows come: passes, and rows that wait."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from isoglot.batches.plain.rows import PairCell, PairRows, RowStream


def always(row: int) -> bool:
    return True


def test_a_pass_has_every_row_once_and_the_next_another_order() -> None:
    rows = np.arange(100, 150)
    stream = RowStream(rows, key=3)
    first, second = stream.take(50, always), stream.take(50, always)
    assert sorted(first) == sorted(second) == rows.tolist()
    assert first != second


def test_another_key_gives_another_order() -> None:
    rows = np.arange(50)
    assert RowStream(rows, key=1).take(50, always) != RowStream(rows, key=2).take(50, always)


def test_a_row_that_is_passed_over_comes_first_next_time() -> None:
    stream = RowStream(np.arange(10), key=0)
    expected = RowStream(np.arange(10), key=0).take(10, always)
    late = expected[1]
    assert stream.take(3, lambda row: row != late) == [expected[0], *expected[2:4]]
    assert stream.take(3, always) == [late, *expected[4:6]]


def test_rows_that_wait_come_one_by_one() -> None:
    stream = RowStream(np.arange(10), key=0)
    expected = RowStream(np.arange(10), key=0).take(10, always)
    stream.take(1, lambda row: row not in expected[:2])
    assert [*stream.take(1, always), *stream.take(1, always)] == expected[:2]


def test_a_row_that_waits_for_the_next_pass_comes_once_in_it() -> None:
    stream = RowStream(np.arange(10), key=0)
    late = RowStream(np.arange(10), key=0).take(10, always)[4]
    *_, begun = stream.take(10, lambda row: row != late)
    assert sorted([begun, *stream.take(9, always)]) == list(range(10))


def test_a_row_given_back_comes_first() -> None:
    stream = RowStream(np.arange(10), key=0)
    taken = stream.take(4, always)
    stream.give_back(taken[3])
    assert stream.take(1, always) == taken[3:]


def test_what_is_admitted_nowhere_ends_the_search() -> None:
    stream = RowStream(np.arange(10), key=0)
    assert stream.take(4, lambda row: False) == []
    assert sorted(stream.take(10, always)) == list(range(10)), "all wait, none is lost, none is doubled"


def test_a_group_with_most_of_the_rows_does_not_fill_the_queue() -> None:
    stream = RowStream(np.arange(20_000), key=0)
    for _ in range(8):
        assert len(stream.take(1_000, lambda row: row % 2 == 0)) == 1_000
    assert len(stream._waiting) == 4_096
    assert len(set(stream.take(4_096, always))) == 4_096


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.integers(1, 6), st.integers(0, 2**31))
def test_no_group_twice_in_a_batch_and_no_row_is_forgotten(groups: list[int], size: int, key: int) -> None:
    stream = RowStream(np.arange(len(groups)), key)
    seen: set[int] = set()
    for _ in range(2 * len(groups)):
        used: set[int] = set()

        def admit(row: int, used: set[int] = used) -> bool:
            fresh = groups[row] not in used
            used.add(groups[row])
            return fresh

        batch = stream.take(min(size, len(set(groups))), admit)
        assert len({groups[row] for row in batch}) == len(batch) == min(size, len(set(groups)))
        seen.update(batch)
    assert seen == set(range(len(groups)))


def test_pictures_go_with_any_language() -> None:
    captions = PairCell("all", "en-zxx", "en", "zxx", np.arange(3), 2)
    german = PairCell("all", "en-de", "en", "de", np.arange(3), 2)
    assert (captions.monolingual, captions.cross_lingual) == (True, True)
    assert (german.monolingual, german.cross_lingual) == (False, True)


def test_the_column_of_fewest_groups_bounds_what_can_meet() -> None:
    rows = PairRows(
        (PairCell("all", "en-en", "en", "en", np.arange(4), 2),), np.array([[0, 9], [1, 9], [2, 9], [3, 8]])
    )
    assert rows.num_groups.tolist() == [2]
