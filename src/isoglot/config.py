"""Reading a TOML file into frozen dataclasses, strictly, with every problem reported at once.

    @dataclass(frozen=True)
    class Optimiser:
        learning_rate: float = 1e-3

        def problems(self) -> list[str]:
            return [] if self.learning_rate > 0 else [f"learning_rate must be > 0, got {self.learning_rate}"]

The dataclasses are the whole description: fields are the keys, annotations their types, defaults what holds
when a key is left out. A dataclass may add rules of its own in `problems`. TOML arrays become tuples (or
lists), tables nested dataclasses (or dicts). A path stays as written: relative to where the command runs.
"""

from __future__ import annotations

import json
import math
import tomllib
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from isoglot.errors import ConfigError, IsoglotError
from isoglot.files import whole_file

Config = TypeVar("Config")

_INVALID: Any = object()
"""What a conversion returns after it has noted a problem."""


class _NoValue(Enum):
    """What stays itself when tables that hold it are copied."""

    LEFT_OUT = "left out"


LEFT_OUT: Any = _NoValue.LEFT_OUT
"""In place of a value, takes a key out, so that its default holds."""

_SCALARS: dict[Any, tuple[str, Callable[[Any], bool]]] = {
    bool: ("true or false", lambda value: isinstance(value, bool)),
    int: ("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    float: (
        "a number",
        lambda value: (
            isinstance(value, (int, float)) and not isinstance(value, bool) and not math.isnan(value)
        ),
    ),
    str: ("a string", lambda value: isinstance(value, str)),
    Path: ("a path", lambda value: isinstance(value, (str, Path)) and str(value) != ""),
    type(None): ("left out", lambda value: value is None),
}


class _FlagText(str):
    """The text of a `--set` flag that is no string in TOML; still a string where only a string fits."""

    __slots__ = ("parsed",)
    parsed: Any


def read_config(path: str | Path, cls: type[Config], overrides: Sequence[str] = ()) -> Config:
    """Read, override and check a configuration before any work starts.

    Args:
        path: The TOML file.
        cls: A frozen dataclass; its annotations must be resolvable at run time.
        overrides: `key.sub=value`, applied in order. The value is TOML, or else a plain string, so that
            strings need no quotes; an empty value takes the key out, so that its default holds. A number in
            the key selects an item of an array.

    Returns:
        The configuration.

    Raises:
        ConfigError: If the file cannot be read, or anything in it or in the overrides breaks a rule; one line
            per problem.
    """
    values = read_toml(Path(path))
    problems: list[str] = []
    for override in overrides:
        problem = _override(values, override)
        if problem:
            problems.append(f"--set {override}: {problem}")
    return _build(values, cls, str(path), problems)


def build_config(values: Mapping[str, Any], cls: type[Config], *, source: str) -> Config:
    """Build a configuration from plain values, such as `to_dict` made and JSON kept.

    Args:
        values: The keys and values.
        cls: A frozen dataclass; its annotations must be resolvable at run time.
        source: What problems name as the place.

    Returns:
        The configuration.

    Raises:
        ConfigError: If any key or value breaks a rule; one line per problem.
    """
    return _build(values, cls, source, [])


def to_dict(config: Any) -> dict[str, Any]:
    """Turn a configuration into values that JSON can hold; `build_config` is the way back.

    Args:
        config: A dataclass instance.

    Returns:
        Its fields in order; paths as strings, tuples as lists.
    """
    plain = _plain(config)
    assert isinstance(plain, dict)
    return plain


def write_config(config: Any, path: str | Path) -> None:
    """Write a configuration as JSON, for the record beside what it made.

    Args:
        config: A dataclass instance.
        path: The file; replaced whole.
    """
    text = json.dumps(to_dict(config), ensure_ascii=False, indent=2) + "\n"
    with whole_file(path) as file:
        file.write(text.encode())


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file as plain values.

    Args:
        path: The file.

    Returns:
        Its keys and values.

    Raises:
        ConfigError: If it cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; name a TOML file") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); name a TOML file") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None


def _override(values: dict[str, Any], override: str) -> str | None:
    """Apply `key.sub=value` to the values in place; return what is wrong with it, if anything."""
    key, equals, text = override.partition("=")
    if not equals:
        return "not of the form key=value"
    return set_key(values, key, _flag_value(text.strip()) if text.strip() else LEFT_OUT)


def set_key(values: dict[str, Any], key: str, value: Any) -> str | None:
    """Set one key of plain values in place.

    Args:
        values: Tables and arrays, as TOML gives them.
        key: Its path, such as `scheme.alpha`; a number selects an item of an array. Missing tables are made.
        value: The value, or `LEFT_OUT` to take the key out.

    Returns:
        What is wrong with the key; None if it is set.
    """
    names = key.strip().split(".")
    if not all(names):
        return "not of the form key=value"
    table: Any = values
    for name in names[:-1]:
        table = _child(table, name)
        if not isinstance(table, (dict, list)):
            return f"{name!r} is not a table here; drop what follows it"
    return _assign(table, names[-1], value)


def _child(table: Any, name: str) -> Any:
    if isinstance(table, dict):
        return table.setdefault(name, {})
    return table[int(name)] if name.isdecimal() and int(name) < len(table) else None


def _assign(table: Any, name: str, value: Any) -> str | None:
    if isinstance(table, list):
        if not name.isdecimal() or int(name) >= len(table):
            return f"{name!r} is not an item of this array, which has {len(table)}; count from 0"
        table[int(name)] = "" if value is LEFT_OUT else value
    elif value is LEFT_OUT:
        table.pop(name, None)
    else:
        table[name] = value
    return None


def _flag_value(text: str) -> Any:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    if list(parsed) != ["value"]:  # a line break in the text began another key
        return text
    if isinstance(parsed["value"], (str, dict, list)):
        return parsed["value"]
    flag = _FlagText(text)
    flag.parsed = parsed["value"]
    return flag


def _build(values: Mapping[str, Any], cls: type[Config], source: str, problems: list[str]) -> Config:
    reading = _Reading()
    config = reading.dataclass(cls, values, "")
    problems += [f"{source}: {problem}" for problem in reading.problems]
    if problems:
        raise ConfigError("\n".join(problems))
    assert isinstance(config, cls)
    return config


class _Reading:
    """Converts values to annotated types and notes all that does not fit."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def reject(self, key: str, what: str) -> Any:
        self.problems.append(f"{key}: {what}" if key else what)
        return _INVALID

    def convert(self, annotation: Any, value: Any, key: str) -> Any:
        if isinstance(value, _FlagText):
            return self.flag(annotation, value, key)
        if annotation is Any:
            return value
        if is_dataclass(annotation):
            return self.dataclass(annotation, value, key)
        converters = {
            Literal: self.literal,
            Union: self.union,
            types.UnionType: self.union,
            tuple: self.sequence,
            list: self.sequence,
            dict: self.mapping,
            Mapping: self.mapping,
        }
        return converters.get(get_origin(annotation), self.scalar)(annotation, value, key)

    def flag(self, annotation: Any, flag: _FlagText, key: str) -> Any:
        """The flag's value as TOML reads it; where that does not fit, its text."""
        as_toml = self.attempt(annotation, flag.parsed, key)
        as_text = self.attempt(annotation, str(flag), key)
        for result in (as_toml, as_text):
            if isinstance(result, tuple):
                return result[0]
        assert isinstance(as_toml, list)
        self.problems += as_toml
        return _INVALID

    def attempt(self, annotation: Any, value: Any, key: str) -> tuple[Any] | list[str]:
        """Convert without noting: the value in a tuple, or the problems."""
        trial = _Reading()
        converted = trial.convert(annotation, value, key)
        return trial.problems or (converted,)

    def scalar(self, annotation: Any, value: Any, key: str) -> Any:
        if annotation not in _SCALARS:
            raise TypeError(f"configurations cannot hold {annotation!r} ({key})")
        name, fits = _SCALARS[annotation]
        if not fits(value):
            return self.reject(key, f"must be {name}, got {_shown(value)}")
        return None if annotation is type(None) else annotation(value)

    def literal(self, annotation: Any, value: Any, key: str) -> Any:
        choices = get_args(annotation)
        for choice in choices:
            if type(choice) is type(value) and choice == value:
                return choice
        one_of = ", ".join(map(_shown, choices))
        return self.reject(key, f"must be one of {one_of}, got {_shown(value)}{_nearest(value, choices)}")

    def union(self, annotation: Any, value: Any, key: str) -> Any:
        """The first member that fits; where none does, the problems of the one that fits best."""
        members = [member for member in get_args(annotation) if member is not type(None) or value is None]
        failures: list[list[str]] = []
        for member in members:
            result = self.attempt(member, value, key)
            if isinstance(result, tuple):
                return result[0]
            failures.append(result)
        if all(member in _SCALARS for member in members):
            names = " or ".join(_SCALARS[member][0] for member in members)
            return self.reject(key, f"must be {names}, got {_shown(value)}")
        closest = min(failures, key=len)
        self.problems += closest
        return _INVALID

    def sequence(self, annotation: Any, value: Any, key: str) -> Any:
        if not isinstance(value, (list, tuple)):
            return self.reject(key, f"must be an array, got {_shown(value)}; put it in [ ]")
        members = get_args(annotation)
        if get_origin(annotation) is list or members[-1] is Ellipsis:
            members = (members[0],) * len(value)
        elif len(members) != len(value):
            return self.reject(key, f"must have {len(members)} items, got {len(value)}")
        items = [
            self.convert(member, item, f"{key}.{number}")
            for number, (member, item) in enumerate(zip(members, value, strict=True))
        ]
        return _INVALID if any(item is _INVALID for item in items) else get_origin(annotation)(items)

    def mapping(self, annotation: Any, value: Any, key: str) -> Any:
        if not isinstance(value, Mapping):
            return self.reject(key, f"must be a table, got {_shown(value)}; write [{key}] above its keys")
        _, member = get_args(annotation)
        items = {name: self.convert(member, item, f"{key}.{name}") for name, item in value.items()}
        return _INVALID if any(item is _INVALID for item in items.values()) else items

    def dataclass(self, cls: Any, value: Any, key: str) -> Any:
        if not isinstance(value, Mapping):
            return self.reject(key, f"must be a table, got {_shown(value)}; write [{key}] above its keys")
        declared = {field.name: field for field in fields(cls) if field.init}
        prefix = f"{key}." if key else ""
        for name in value:
            if name not in declared:
                self.reject(
                    prefix + name, f"unknown key{_nearest(name, tuple(declared)) or _listed(declared)}"
                )
        hints = get_type_hints(cls)
        given = {}
        for name, field in declared.items():
            if name in value:
                given[name] = self.convert(hints[name], value[name], prefix + name)
            elif field.default is MISSING and field.default_factory is MISSING:
                given[name] = self.reject(prefix + name, f"missing; add {name} = ...")
        return (
            _INVALID
            if any(value is _INVALID for value in given.values())
            else self.construct(cls, given, key)
        )

    def construct(self, cls: Any, given: dict[str, Any], key: str) -> Any:
        """Make the instance, and note what its own rules say."""
        try:
            config = cls(**given)
        except (ValueError, IsoglotError) as error:
            return self.reject(key, str(error))
        rules = getattr(config, "problems", None)
        for problem in rules() if rules else []:
            self.reject(key, problem)
        return config


def _shown(value: Any) -> str:
    """The value as TOML would write it, or nearly."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a table"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _nearest(value: Any, choices: tuple[Any, ...]) -> str:
    close = get_close_matches(str(value), [str(choice) for choice in choices], n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _listed(declared: Mapping[str, Field[Any]]) -> str:
    return f"; known here: {', '.join(declared)}" if declared else "; this table has no keys"
