"""Augmented texts in a batch: other words or subwords in every step, the same whenever it is done again.

What changes texts is passed in (`isoglot.robustness.augmentation`). Words are changed before texts are cut
into subwords: when they are drawn, or in a number of copies that are cut beforehand, as texts are that
nothing changes. Subwords are changed when they are drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from isoglot.corpora.judgements import Rows

if TYPE_CHECKING:
    from isoglot.batches.subwords import Features, SubwordChange

Numbers = npt.NDArray[np.int64]

_DRAWN, _COPIES = 0, 1
"""First number of a key: what is drawn in a step, and what in a copy."""
_SIDES = ("query", "document")


@dataclass(frozen=True, eq=False)
class Place:
    """Where some texts stand: what is drawn for them depends on it and on a seed, and on nothing else.

    Attributes:
        key: Numbers >= 0 that all of them share: step and side, say.
        rows: (n,) number of each among those that share the key, over all processes.
    """

    key: tuple[int, ...]
    rows: Numbers


class Augmentation(Protocol):
    """What changes texts."""

    @property
    def copies(self) -> int:
        """Copies with changed words that are made beforehand; 0 changes them anew in every step."""

    @property
    def changes_words(self) -> bool:
        """Whether words are changed."""

    @property
    def changes_subwords(self) -> bool:
        """Whether subwords are changed."""

    def words(self, texts: Sequence[str], languages: Sequence[str | None], place: Place) -> list[str]:
        """The texts with some words changed; None is no language."""

    def subwords(
        self, ids: npt.NDArray[np.int32], counts: Numbers, place: Place
    ) -> tuple[npt.NDArray[np.int32], Numbers]:
        """Other subwords of the texts, given the ids of all and their number in each."""

    def copy_numbers(self, place: Place) -> Numbers:
        """(n,) which of the copies each text is."""


@dataclass(frozen=True, eq=False)
class Texts:
    """The texts of one side.

    Attributes:
        of: Texts of the given rows.
        languages: Languages of the given rows.
        num_rows: Rows of the table.
    """

    of: Callable[[Rows], list[str]]
    languages: Callable[[Rows], list[str | None]]
    num_rows: int


def words_of_copies(
    texts: Texts, augmentation: Augmentation, side: str, rows: Rows, copies: Numbers
) -> list[str]:
    """Texts with the words of some copies of them.

    Args:
        texts: The texts.
        augmentation: Changes words.
        side: `query` or `document`: the same text has other copies on the other side.
        rows: (n,) rows.
        copies: (n,) number of the copy that is wanted of each.

    Returns:
        (n,) texts.
    """
    found: list[str] = [""] * len(rows)
    for copy in np.unique(copies):
        chosen = np.flatnonzero(copies == copy)
        own = rows[chosen]
        place = Place((_COPIES, int(copy), _SIDES.index(side)), own.astype(np.int64))
        changed = augmentation.words(texts.of(own), texts.languages(own), place)
        for at, text in zip(chosen, changed, strict=True):
            found[at] = text
    return found


def copied(texts: Texts, augmentation: Augmentation, side: str) -> Texts:
    """All copies of the texts of a side, as rows of one table.

    Args:
        texts: The texts.
        augmentation: Changes words, in one copy or more.
        side: `query` or `document`.

    Returns:
        Texts of which row r + c * num_rows is row r in copy c.
    """

    def of(rows: Rows) -> list[str]:
        copies, own = np.divmod(rows, np.int32(texts.num_rows))
        return words_of_copies(texts, augmentation, side, own, copies.astype(np.int64))

    return Texts(
        of, lambda rows: texts.languages(rows % texts.num_rows), texts.num_rows * augmentation.copies
    )


def rows_of_copies(rows: Rows, num_rows: int, copies: int) -> Rows:
    """(copies * rows,) the rows of all copies, copy by copy, as `copied` numbers them."""
    return (rows + num_rows * np.arange(copies, dtype=np.int32)[:, None]).ravel().astype(np.int32)


def drawn_place(step: int, side: str, first_row: int, count: int) -> Place:
    """Where some texts of a batch stand.

    Args:
        step: Number of the batch.
        side: `query` or `document`.
        first_row: Number of the first of them in the whole batch, over all processes.
        count: How many they are.

    Returns:
        Their place.
    """
    return Place((_DRAWN, step, _SIDES.index(side)), np.arange(first_row, first_row + count))


@dataclass(frozen=True, eq=False)
class AugmentedTexts:
    """Model input of the texts of one side, augmented.

    Attributes:
        augmentation: What changes them.
        texts: The texts.
        side: `query` or `document`.
        gather: Model input of rows that were cut beforehand: those of all copies, or, where no word is
            changed, the texts themselves; None where nothing was.
        preprocess: Model input of texts.
        change_subwords: Model input with other subwords; None where subwords stay.
    """

    augmentation: Augmentation
    texts: Texts
    side: str
    gather: Callable[[Rows], Features] | None
    preprocess: Callable[[list[str]], Features]
    change_subwords: Callable[[Features, SubwordChange], Features] | None

    def __call__(self, rows: Rows, place: Place) -> Features:
        """Model input of the rows, in their order, that stand in some place of a batch."""
        features = self._read(rows, place)
        if self.change_subwords is None:
            return features
        return self.change_subwords(
            features, lambda ids, counts: self.augmentation.subwords(ids, counts, place)
        )

    def _read(self, rows: Rows, place: Place) -> Features:
        if not self.augmentation.changes_words:
            return self.preprocess(self.texts.of(rows)) if self.gather is None else self.gather(rows)
        if not self.augmentation.copies:
            told = self.texts.of(rows), self.texts.languages(rows)
            return self.preprocess(self.augmentation.words(*told, place))
        copies = self.augmentation.copy_numbers(place)
        if self.gather is not None:
            return self.gather((rows + self.texts.num_rows * copies).astype(np.int32))
        return self.preprocess(words_of_copies(self.texts, self.augmentation, self.side, rows, copies))
