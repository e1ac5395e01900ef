"""Reading side by side: in order, a few ahead, and all that is wrong at once."""

from __future__ import annotations

import threading

import pytest

from isoglot.errors import MediaError
from isoglot.media import side_by_side
from isoglot.media.side_by_side import num_threads, read_side_by_side


@pytest.fixture(autouse=True)
def two_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "num_threads", lambda: 2)


def test_contents_come_in_the_order_of_their_files() -> None:
    both = threading.Barrier(2, timeout=10)

    def read(number: int) -> int:
        both.wait()  # two at a time
        return -number

    assert list(read_side_by_side(read, range(10))) == [-number for number in range(10)]
    assert list(read_side_by_side(read, [])) == []


def test_no_more_is_read_than_is_soon_taken() -> None:
    started: list[int] = []
    reading = read_side_by_side(started.append, range(10))
    next(reading)
    next(reading)
    assert max(started) <= 3
    reading.close()  # type: ignore[attr-defined]
    assert len(started) < 10


def test_all_problems_are_told_when_all_were_tried() -> None:
    def read(number: int) -> int:
        if number in (2, 5):
            raise MediaError(f"{number}.png: is empty; replace it")
        return number

    taken: list[int] = []
    with pytest.raises(MediaError, match=r"2\.png: is empty") as caught:
        taken.extend(read_side_by_side(read, range(7)))
    assert taken == [0, 1]
    assert caught.value.problems == ("2.png: is empty; replace it", "5.png: is empty; replace it")


def test_threads_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side.os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    assert num_threads() == 4
    monkeypatch.delattr(side_by_side.os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(side_by_side.os, "cpu_count", lambda: None)
    assert num_threads() == 1
