"""Cells by number, however many languages there are and however the groups are written."""

from pathlib import Path

import numpy as np
import pytest

from isoglot.batches.cells import Cells, Presence
from isoglot.batches.storage import Storage


def written(present: Presence, part: int, storage: Storage) -> Cells:
    """Cells of groups that are written some at a time."""
    cells, total = Cells.empty(*present.shape, storage), 0
    for start in range(0, len(present), part):
        total = cells.number(start, total, present[start : start + part])
    return cells


@pytest.mark.parametrize(
    ("num_languages", "part"), [(1, 5), (8, 1), (21, 7), (21, 1000), (100, 13), (700, 3)]
)
def test_cells_are_numbered_group_by_group_and_language_by_language(num_languages: int, part: int) -> None:
    rng = np.random.default_rng(num_languages)
    present = rng.random((200, num_languages)) < 0.6
    cells = written(present, part, Storage())
    groups, languages = np.nonzero(present)
    order = rng.permutation(len(groups))
    found = cells.of(groups[order])
    assert found.numbers(languages[order]).tolist() == order.tolist()
    assert found.has(languages[order]).all()
    assert cells.total == len(groups)


def test_presence_is_what_was_written(tmp_path: Path) -> None:
    present = np.random.default_rng(0).random((90, 11)) < 0.3
    present[:, 4] = False
    cells = written(present, 32, Storage(tmp_path))
    drawn = np.array([89, 0, 31, 32, 32])
    found = cells.of(drawn)
    assert np.array_equal(found.present(), present[drawn])
    assert np.array_equal(found[np.array([3, 1])].present(), present[[32, 0]])
    assert np.array_equal(found.has(np.array([0, 1, 2, 3, 10])), present[drawn, [0, 1, 2, 3, 10]])
    assert (found.ends() - found.firsts).tolist() == present[drawn].sum(axis=1).tolist()
    assert [cells.occur(code) for code in (3, 4, 10)] == [True, False, True]


def test_all_about_a_group_lies_together() -> None:
    assert Cells.empty(11, 21, Storage()).blocks.nbytes == 64
