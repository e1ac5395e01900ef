"""Results from their files."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from isoglot.errors import SearchError
from isoglot.evaluation.examples import read_examples
from isoglot.evaluation.results import Comparison, Result, Results, row_key


def read_results(path: str | Path) -> Results:
    """Results from a folder that `Results.write` wrote, or from its `results.json`; runs stay on disk.

    Of the other files, those that stand beside it are read.

    Args:
        path: The folder or file.

    Returns:
        The results.

    Raises:
        SearchError: If the file is missing, is not a list of records, or a record lacks a field or has one
            too many.
    """
    file = Path(path) / "results.json" if Path(path).is_dir() else Path(path)
    content = _read_json(file)
    if not isinstance(content, list):
        raise SearchError(f"{file}: must hold a list of records, got {type(content).__name__}")
    rows = [_read_row(entry, f"{file}: record {number}") for number, entry in enumerate(content, 1)]
    _refuse_repetition(file, rows)
    config = file.with_name("config.json")
    examples, per_query = file.with_name("examples.json"), file.with_name("per_query.parquet")
    return Results(
        tuple(row for row in rows if isinstance(row, Result)),
        tuple(_read_evaluations(config)) if config.is_file() else (),
        {},
        tuple(row for row in rows if isinstance(row, Comparison)),
        read_examples(examples) if examples.is_file() else (),
        _read_per_query(per_query) if per_query.is_file() else None,
    )


def _read_row(entry: Any, where: str) -> Result | Comparison:
    kind = Comparison if isinstance(entry, dict) and "baseline" in entry else Result
    known = {name.name for name in fields(kind)}
    if not isinstance(entry, dict) or entry.keys() != known:
        odd = sorted(known ^ entry.keys()) if isinstance(entry, dict) else [type(entry).__name__]
        raise SearchError(f"{where} must have exactly {sorted(known)}; see {odd}")
    wrong = [
        name
        for name, value in entry.items()
        if not isinstance(value, _types(kind, name)) or isinstance(value, bool) or not _is_finite(value)
    ]
    if wrong:
        raise SearchError(f"{where}: {wrong[0]} is {entry[wrong[0]]!r}, which has the wrong type")
    row: Result | Comparison = kind(**entry)
    return row


def _refuse_repetition(file: Path, rows: Sequence[Result | Comparison]) -> None:
    seen: dict[Any, int] = {}
    for number, row in enumerate(rows, 1):
        if (first := seen.setdefault(row_key(row), number)) != number:
            raise SearchError(
                f"{file}: records {first} and {number} are of the same value; there must be one"
            )


def _is_finite(value: Any) -> bool:
    try:
        return not isinstance(value, int | float) or math.isfinite(value)
    except OverflowError:
        return False


def _types(kind: type[Result | Comparison], name: str) -> tuple[type, ...]:
    """Types that a field may have in JSON."""
    if name in ("low", "high") and kind is Result:
        return (float, int, type(None))
    if name in ("value", "low", "high", "p_value", "adjusted_p_value"):
        return (float, int)
    return (int,) if name == "num_queries" else (str,)


def _read_evaluations(file: Path) -> list[Mapping[str, Any]]:
    content = _read_json(file)
    entries = content.get("evaluations", []) if isinstance(content, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SearchError(f"{file}: must hold an object with a list of objects, 'evaluations'")
    return entries


def _read_per_query(file: Path) -> pa.Table:
    try:
        table = pq.read_table(file)
        table.validate(full=True)
        return table.select(table.column_names)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise SearchError(f"{file}: cannot be read as Parquet: {error}") from error


def _read_json(file: Path) -> Any:
    try:
        return json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SearchError(f"{file}: cannot be read as JSON: {error}") from error
