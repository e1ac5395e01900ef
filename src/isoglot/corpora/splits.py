"""Choosing among the published splits of a data set by what its files are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isoglot.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from isoglot.corpora.sources import Member


def choose_splits(members: list[Member], splits: Iterable[str] | None, group: str = "split") -> list[Member]:
    """The files of some splits.

    Args:
        members: Files whose pattern names the split's part of the name.
        splits: Splits to keep; None keeps all.
        group: Name of that part.

    Returns:
        The kept files.

    Raises:
        CorpusError: If a split is not there.
    """
    if splits is None:
        return members
    wanted = {splits} if isinstance(splits, str) else set(splits)
    there = sorted({member.match[group] for member in members})
    missing = sorted(wanted.difference(there))
    if missing:
        raise CorpusError(f"no file of split {missing[0]!r}; there is {', '.join(there)}")
    return [member for member in members if member.match[group] in wanted]
