"""Values of published JSON records, each of the kind it should be or a problem with its place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from isoglot.corpora.languages import normalize_language
from isoglot.errors import CorpusError

if TYPE_CHECKING:
    from isoglot.corpora.building import CorpusBuilder


def load_json(text: str) -> Any:
    """What a JSON text holds; of two values under one key, `json.loads` would lose the first.

    Args:
        text: The JSON text.

    Returns:
        Its content.

    Raises:
        ValueError: If it is not JSON, or an object has a key twice.
        RecursionError: If it is nested too deeply.
    """
    return json.loads(text, object_pairs_hook=_with_unique_keys)


def json_decoder() -> json.JSONDecoder:
    """What decodes a part of a text as `load_json` does the whole."""
    return json.JSONDecoder(object_pairs_hook=_with_unique_keys)


def _with_unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"key {next(name for name in names if names.count(name) > 1)!r} is there twice")
    return found


def text_field(record: Mapping[str, Any], key: str, where: str, builder: CorpusBuilder) -> str | None:
    """A text without white space around it.

    Args:
        record: The record.
        key: The field.
        where: The record's place, for reports.
        builder: Takes the problem of a field that is missing, empty or no text.

    Returns:
        The text; None if there is none.
    """
    value = record.get(key)
    if isinstance(value, str) and value.strip():
        return value.strip()
    builder.problem(where, f"{key!r} must be a text that is not empty, got {_kind(value)}; mend the record")
    return None


def texts_field(record: Mapping[str, Any], key: str, where: str, builder: CorpusBuilder) -> list[str] | None:
    """A list of texts, none of them empty.

    Args:
        record: The record.
        key: The field.
        where: The record's place, for reports.
        builder: Takes the problem of a field that is missing, or no such list.

    Returns:
        The texts without white space around them, perhaps none; None if there is no list of texts.
    """
    value = record.get(key)
    if isinstance(value, list) and all(isinstance(item, str) and item.strip() for item in value):
        return [item.strip() for item in value]
    builder.problem(where, f"{key!r} must be a list of texts that are not empty, got {_kind(value)}; mend it")
    return None


def records_field(
    record: Mapping[str, Any], key: str, where: str, builder: CorpusBuilder
) -> list[Mapping[str, Any]] | None:
    """A list of records.

    Args:
        record: The record.
        key: The field.
        where: The record's place, for reports.
        builder: Takes the problem of a field that is missing, or no such list.

    Returns:
        The records, perhaps none; None if there is no list of records.
    """
    value = record.get(key)
    if isinstance(value, list) and all(isinstance(item, Mapping) for item in value):
        return value
    builder.problem(where, f"{key!r} must be a list of objects, got {_kind(value)}; mend the record")
    return None


def record_field(
    record: Mapping[str, Any], key: str, where: str, builder: CorpusBuilder
) -> Mapping[str, Any] | None:
    """A record inside another.

    Args:
        record: The outer record.
        key: The field.
        where: Its place, for reports.
        builder: Takes the problem of a field that is missing, or no record.

    Returns:
        The inner record; None if there is none.
    """
    value = record.get(key)
    if isinstance(value, Mapping):
        return value
    builder.problem(where, f"{key!r} must be an object, got {_kind(value)}; mend the record")
    return None


def language_field(record: Mapping[str, Any], key: str, where: str, builder: CorpusBuilder) -> str | None:
    """A language's tag in canonical spelling; None, and a problem for the builder, where there is none."""
    code = text_field(record, key, where, builder)
    return None if code is None else language_of(code, where, builder)


def language_of(code: str, where: str, builder: CorpusBuilder) -> str | None:
    """The tag that a published code stands for; None, and a problem, if it stands for none."""
    try:
        return normalize_language(code)
    except CorpusError as error:
        builder.problem(where, str(error))
        return None


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return "an empty text"
    if isinstance(value, list):
        return "a list with something else" if value else "an empty list"
    return type(value).__name__
