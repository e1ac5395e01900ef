"""Filters in the SQL of the embedded store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from isoglot.search.documents import FieldKind
from isoglot.search.filters import Condition, Filter
from isoglot.search.lance_rows import OWN, TEXTS


def condition_of(where: Filter | None, fields: Mapping[str, FieldKind]) -> str | None:
    """A filter as SQL.

    Args:
        where: The filter.
        fields: The store's own fields.

    Returns:
        A condition; None if every document fulfils the filter.

    Raises:
        SearchError: If the filter does not fit the fields.
    """
    if where is None or not where.conditions:
        return None
    return " AND ".join(f"({_one(condition)})" for condition in where.check(fields).conditions)


def _one(condition: Condition) -> str:
    column = condition.field if condition.field in TEXTS else f"{OWN}{condition.field}"
    if condition.comparison == "=":
        sql = among(column, condition.values)
    else:
        sql = f"`{column}` {condition.comparison} {_literal(condition.values[0])}"
    if condition.field == "language":
        varieties = (_literal(f"{tag}-") for tag in condition.values)
        sql = " OR ".join([sql, *(f"starts_with(`{column}`, {tag})" for tag in varieties)])
    return f"{sql} OR `{column}` IS NULL" if condition.or_missing else sql


def among(column: str, values: Sequence[Any]) -> str:
    """The condition that a column holds one of several values."""
    return f"`{column}` IN ({', '.join(map(_literal, values))})"


def _literal(value: Any) -> str:
    """A value as SQL; in a text only the quote has a meaning, and two of them stand for one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)
