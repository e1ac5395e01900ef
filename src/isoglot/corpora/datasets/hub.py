"""The same data sets by hub name: rows of `datasets.load_dataset`, checked for the columns they are known by.

The layouts are those of the hub's data set cards. A repository that has changed its columns is refused with
the columns it has; nothing is guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from isoglot.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_PARQUET_BRANCH = "refs/convert/parquet"
"""Where the hub keeps Parquet copies of data sets that were published as loading scripts."""


def load_columns(repo: str, config: str | None, split: str, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of one split of a hub data set.

    Args:
        repo: Name on the hub.
        config: Its configuration, or None.
        split: Its split.
        columns: Columns that must be there; no others are read.

    Returns:
        Rows by column.

    Raises:
        CorpusError: If it cannot be loaded, or lacks a column.
    """
    rows = load_rows(repo, config, split)
    where = hub_place(repo, config, split)
    missing = [column for column in columns if column not in rows.column_names]
    if missing:
        raise CorpusError(
            f"{where}: has no column {', '.join(map(repr, missing))}; it has {', '.join(rows.column_names)}. "
            "Its layout has changed: download the published files and give their folder"
        )
    return list(rows.select_columns(list(columns)))


def load_rows(repo: str, config: str | None, split: str) -> Any:
    """All columns of one split of a hub data set.

    Args:
        repo: Name on the hub.
        config: Its configuration, or None.
        split: Its split.

    Returns:
        A `datasets.Dataset`, from the repository itself or, where that is a script, from its Parquet copy.

    Raises:
        CorpusError: If it cannot be loaded from either.
    """
    try:
        import datasets
    except ImportError:
        raise CorpusError(
            "reading from the hub needs the package datasets: pip install 'isoglot[train]'"
        ) from None
    failures: list[Exception] = []
    for revision in (None, _PARQUET_BRANCH):
        try:
            return datasets.load_dataset(repo, config, split=split, revision=revision)
        except Exception as error:
            failures.append(error)
    raise CorpusError(
        f"{hub_place(repo, config, split)}: cannot be loaded from the hub ({failures[0]})"
    ) from failures[0]


def hub_place(repo: str, config: str | None, split: str) -> str:
    """What reports call a split of a hub data set."""
    return "/".join(part for part in (repo, config, split) if part)


def strings(rows: Iterable[Mapping[str, Any]], column: str) -> list[str | None]:
    """A column's texts without white space around them; None where a row holds no text."""
    return [value.strip() if isinstance(value := row[column], str) else None for row in rows]


def choose_hub_splits(splits: Iterable[str] | None, known: Iterable[str]) -> list[str]:
    """The splits to read.

    Args:
        splits: Those that are wanted; None wants all.
        known: Those that there are.

    Returns:
        The wanted ones.

    Raises:
        CorpusError: If one is not known.
    """
    there = list(known)
    wanted = there if splits is None else [splits] if isinstance(splits, str) else list(splits)
    for split in wanted:
        if split not in there:
            raise CorpusError(f"no split {split!r} on the hub; there is {', '.join(there)}")
    return wanted
