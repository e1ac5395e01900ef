"""Tables that trainings have in common: made once, found again, and never those of other contents."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from isoglot.batches.kept import keeping_tables, kept_table
from isoglot.batches.subwords import SubwordTable, subword_table
from isoglot.encoders import build_static_encoder, train_subwords

TEXTS = ["one two", "two three four", "five", "one"]
ROWS = np.array([0, 1, 3], np.int32)


def table(*numbers: int) -> SubwordTable:
    ids = np.array(numbers, np.int32)
    return SubwordTable(np.array([0, len(ids)]), ids, None, ("zeros",), {"modality": "text"})


def test_outside_of_the_context_nothing_is_kept_and_no_content_is_read(tmp_path: Path) -> None:
    def unread() -> list[bytes]:
        raise AssertionError

    made = [kept_table(SubwordTable, unread, lambda: table(1, 2)) for _ in range(2)]
    assert made[0] is not made[1]
    assert not list(tmp_path.iterdir())


def test_within_it_a_table_is_made_once_and_mapped_after_that(tmp_path: Path) -> None:
    with keeping_tables(tmp_path, "words"):
        first = kept_table(SubwordTable, lambda: [b"a"], lambda: table(3, 1, 2))
        again = kept_table(SubwordTable, lambda: [b"a"], lambda: table(9))
    assert first is not None
    assert again is not None
    assert isinstance(again.ids, np.memmap)
    np.testing.assert_array_equal(again.ids, [3, 1, 2])
    assert (again.pad_id, again.zeros, again.rest) == (first.pad_id, first.zeros, first.rest)


@pytest.mark.parametrize(
    ("context", "parts"), [("words", [b"ab"]), ("words", [b"a", b"b"]), ("pieces", [b"a"])]
)
def test_other_contents_and_other_contexts_have_tables_of_their_own(
    tmp_path: Path, context: str, parts: list[bytes]
) -> None:
    with keeping_tables(tmp_path, "words"):
        kept_table(SubwordTable, lambda: [b"a"], lambda: table(1))
        kept_table(SubwordTable, lambda: [b"", b"ab"], lambda: table(2))
    with keeping_tables(tmp_path, context):
        other = kept_table(SubwordTable, lambda: parts, lambda: table(7))
    assert other is not None
    np.testing.assert_array_equal(other.ids, [7])


def test_what_cannot_be_made_or_written_is_not_kept(tmp_path: Path) -> None:
    with keeping_tables(tmp_path, "words"):
        assert kept_table(SubwordTable, lambda: [b"a"], lambda: None) is None
        odd = SubwordTable(np.array([0]), np.array([1]), None, (), {"set": {1}})
        assert kept_table(SubwordTable, lambda: [b"b"], lambda: odd) is odd
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


def test_a_table_that_was_not_written_to_its_end_is_made_anew(tmp_path: Path) -> None:
    with keeping_tables(tmp_path, "words"):
        kept_table(SubwordTable, lambda: [b"a"], lambda: table(1))
        (about,) = tmp_path.glob("*/about.json")
        about.unlink()
        made = kept_table(SubwordTable, lambda: [b"a"], lambda: table(2, 2))
    assert made is not None
    np.testing.assert_array_equal(made.ids, [2, 2])


def test_batches_from_a_kept_table_are_those_from_a_new_one(tmp_path: Path) -> None:
    model = build_static_encoder(train_subwords(TEXTS * 3, 40, model="bpe"), 4)

    def cut() -> SubwordTable | None:
        return subword_table(model, "query", lambda rows: [TEXTS[row] for row in rows], ROWS, len(TEXTS))

    new = cut()
    with keeping_tables(tmp_path, "words"):
        kept = [cut(), cut()][1]
    assert new is not None
    assert kept is not None
    assert isinstance(kept.ids, np.memmap)
    for rows in (ROWS, ROWS[::-1], ROWS[1:2]):
        ours, theirs = kept(rows), new(rows)
        assert ours.keys() == theirs.keys()
        for name in ("input_ids", "offsets"):
            np.testing.assert_array_equal(ours[name].numpy(), theirs[name].numpy())
