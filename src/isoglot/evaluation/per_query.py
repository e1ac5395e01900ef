"""Values query by query, as one table: what models are compared by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from isoglot.evaluation.measures import Floats, Integers

KEY_COLUMNS = (
    "model",
    "corpus",
    "split",
    "query_modality",
    "document_modality",
    "query_language",
    "document_language",
    "group_id",
    "query_id",
)
"""What a row belongs to; the other columns are measures, null where a query has no value."""


@dataclass(frozen=True, eq=False)
class QueryKeys:
    """What the queries of an evaluation are called.

    Attributes:
        query_ids: (Q,) ids.
        group_ids: (Q,) their groups.
        languages: (Q,) their tags.
    """

    query_ids: pa.Array
    group_ids: pa.Array
    languages: pa.Array


def per_query_table(
    keys: QueryKeys, parts: Iterable[tuple[str, Integers, Mapping[str, Floats]]], **constant: str
) -> pa.Table:
    """One row for each query and collection.

    Args:
        keys: Names of all queries.
        parts: Language of the collection (`*` for the union), numbers of queries, and measure -> value of
            each, NaN for none; several parts of one collection become one row per query.
        **constant: The other columns of `KEY_COLUMNS`, alike in every row.

    Returns:
        The table, ordered by collection as given.
    """
    merged: dict[str, dict[str, Floats]] = {}
    present: dict[str, np.ndarray[tuple[int], np.dtype[np.bool_]]] = {}
    for language, queries, values in parts:
        columns = merged.setdefault(language, {})
        present.setdefault(language, np.zeros(len(keys.query_ids), bool))[queries] = True
        for name, of_queries in values.items():
            columns.setdefault(name, np.full(len(keys.query_ids), np.nan))[queries] = of_queries
    tables = []
    for language, columns in merged.items():
        rows = np.flatnonzero(present[language])
        taken = pa.array(rows)
        fixed = {**constant, "document_language": language}
        names = {"query_id": keys.query_ids, "group_id": keys.group_ids, "query_language": keys.languages}
        made = {
            name: names[name].take(taken)
            if name in names
            else pa.array([fixed[name]]).dictionary_encode().take(pa.array(np.zeros(len(rows), np.int32)))
            for name in KEY_COLUMNS
        }
        made |= {name: pa.array(column[rows], from_pandas=True) for name, column in columns.items()}
        tables.append(pa.table(made))
    return pa.concat_tables(tables, promote_options="default").unify_dictionaries()
