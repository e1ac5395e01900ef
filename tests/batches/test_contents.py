"""Contents of rows: each once, and found again from every row."""

from __future__ import annotations

import numpy as np

from isoglot.batches.contents import distinct_contents


def test_each_content_is_there_once_and_every_row_knows_its_own() -> None:
    rows = np.array([5, 1, 3, 0], np.int32)
    distinct, places = distinct_contents(["ccc", "b", "ccc", "aa"], rows, 7)
    assert distinct == ["ccc", "b", "aa"]
    assert places.tolist() == [2, 1, -1, 0, -1, 0, -1]


def test_contents_may_be_sorted() -> None:
    distinct, places = distinct_contents(["ccc", "b", "aa"], np.arange(3, dtype=np.int32), 3, key=len)
    assert distinct == ["b", "aa", "ccc"]
    assert places.tolist() == [2, 0, 1]
