"""Which columns of a data set say what a row means, and how they are kept from the tokenizer.

sentence-transformers takes every column that is not a label for model input: a column of languages or ids
becomes a text, and shifts what is query, document and negative. The data set's read format hides such columns
from whoever asks for rows, while the table keeps them. Of the ways that were tried with the unmodified
trainer it is the one that asks nothing more of the caller. Columns that are taken out must be kept elsewhere
and found again, and a data set's fingerprint, the natural key, changes when the trainer adds names to its
rows. A transform competes with the trainer's own. A collator would have to be passed besides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from isoglot.corpora.languages import normalize_language
from isoglot.errors import ConfigError, CorpusError

if TYPE_CHECKING:
    from datasets import Dataset

_MAX_ROWS_NAMED = 5


@dataclass(frozen=True)
class PairColumns:
    """The columns that say of which languages a pair is, and what it means.

    Attributes:
        query_language: Column with the language tag of each query.
        document_language: Column with that of each document; `zxx` where it has none, such as a picture.
        groups: Columns whose values say what means the same: rows that share one never meet in a batch. One
            where a query and its documents are of one group; two where several queries have one document
            (`("query_group", "document_group")`).
    """

    query_language: str = "query_language"
    document_language: str = "document_language"
    groups: tuple[str, ...] = ("group_id",)

    def __post_init__(self) -> None:
        if not isinstance(self.groups, tuple) or not self.groups:
            raise ConfigError(
                f"groups must be one column or more, as a tuple, got {self.groups!r}; where no row means "
                "what another does, add a column of row numbers"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (self.query_language, self.document_language, *self.groups)


def require_columns(dataset: Dataset, names: tuple[str, ...]) -> None:
    """Checks that a data set has the columns.

    Args:
        dataset: The data set.
        names: Columns that are needed.

    Raises:
        CorpusError: If some are missing; names them all.
    """
    if missing := [name for name in names if name not in dataset.column_names]:
        raise CorpusError(
            f"the data set has no column {', '.join(map(repr, missing))}, only "
            f"{', '.join(map(repr, dataset.column_names))}; add what is missing, or name the columns with "
            "columns=PairColumns(query_language=..., document_language=..., groups=(...,))"
        )


def value_codes(dataset: Dataset, name: str) -> tuple[list[Any], npt.NDArray[np.int32]]:
    """The values of a column, each written once.

    Args:
        dataset: The data set.
        name: One of its columns.

    Returns:
        Distinct values in order of appearance, and the (rows,) index of each row's value.

    Raises:
        CorpusError: If a row has none; names the first of them.
    """
    column = dataset.with_format("arrow", columns=[name])[:].column(0)
    if column.null_count:
        rows = np.flatnonzero(column.is_null().to_numpy())[:_MAX_ROWS_NAMED]
        raise CorpusError(
            f"{column.null_count:,} rows have no {name!r}, first row {', '.join(map(str, rows))}; fill them "
            "in, or leave these rows out"
        )
    encoded = column.dictionary_encode().unify_dictionaries().combine_chunks()
    codes: npt.NDArray[np.int32] = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32)
    return encoded.dictionary.to_pylist(), codes


def language_codes(dataset: Dataset, name: str) -> tuple[list[str], npt.NDArray[np.int32]]:
    """The languages of a column, in canonical spelling.

    Args:
        dataset: The data set.
        name: A column of language tags in any spelling.

    Returns:
        Sorted tags, and the (rows,) index of each row's tag.

    Raises:
        CorpusError: If a value is missing or no language tag; names all that are not.
    """
    values, codes = value_codes(dataset, name)
    tags, problems = [], []
    for value in values:
        try:
            tags.append(normalize_language(str(value)))
        except CorpusError as error:
            problems.append(f"column {name!r}: {error}")
    if problems:
        raise CorpusError(problems)
    distinct = sorted(set(tags))
    return distinct, np.array([distinct.index(tag) for tag in tags], np.int32)[codes]


def group_codes(dataset: Dataset, names: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """What each row means.

    Args:
        dataset: The data set.
        names: Its columns of group ids, one or more.

    Returns:
        (rows, columns) codes; those of different columns differ.
    """
    columns, offset = [], 0
    for name in names:
        values, codes = value_codes(dataset, name)
        columns.append(codes.astype(np.int64) + offset)
        offset += len(values)
    return np.stack(columns, axis=1)


def hide_columns(dataset: Dataset, names: tuple[str, ...]) -> None:
    """Leaves columns out of the rows that a data set gives; the table keeps them.

    It sets the format of the very data set that the trainer reads from: a copy would not do.

    Args:
        dataset: The data set.
        names: Columns to hide, if they are there.
    """
    read = dataset.format
    shown = dataset.column_names if read["output_all_columns"] else read["columns"]
    kept = [name for name in shown if name not in names]
    if len(kept) < len(shown):
        dataset.set_format(**{**read, "columns": kept, "output_all_columns": False})
