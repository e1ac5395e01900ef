"""Which documents a search is among: conditions on language, medium, source and the user's own fields."""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from isoglot.corpora.languages import normalize_language
from isoglot.errors import CorpusError, SearchError
from isoglot.records import MODALITIES
from isoglot.search.documents import BUILT_IN, FieldKind, StoredDocument, Value, fits

Comparison = Literal["=", "<", "<=", ">", ">="]
_COMPARISONS: tuple[Comparison, ...] = get_args(Comparison)
_WRITTEN = re.compile(
    r"(?P<field>[A-Za-z][A-Za-z0-9_]*)\s*(?P<comparison><=|>=|=|<|>)(?P<value>.*)", re.DOTALL
)
MAX_VALUES = 1_000
_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True)
class Condition:
    """What one field must be; a document without a value of it does not fulfil it.

    Attributes:
        field: `language`, `modality`, `source`, or one of the user's own.
        comparison: How the field's value is compared; `=` is fulfilled by any of several values.
        values: One value, or several for `=`. Of `language`, each also stands for its varieties: `pt` for
            `pt-BR` too.
        or_missing: Whether documents without a value fulfil it as well.
    """

    field: str
    comparison: Comparison
    values: tuple[Value, ...]
    or_missing: bool = False


@dataclass(frozen=True)
class Filter:
    """Conditions that all must be fulfilled; without one, every document does.

    Attributes:
        conditions: The conditions.
    """

    conditions: tuple[Condition, ...] = ()

    @staticmethod
    def of(
        *,
        language: Iterable[str] = (),
        modality: Iterable[str] = (),
        source: Iterable[str] = (),
        where: Iterable[str] = (),
        fields: Mapping[str, Value | Sequence[Value]] | None = None,
    ) -> Filter:
        """A filter out of what users give.

        Args:
            language: Tags in any spelling, of which a document has one; none asks for nothing.
            modality: Media, likewise.
            source: Sources, likewise.
            where: Conditions as `field=value`, `field<value`, `field<=value`, `field>value`, `field>=value`;
                several with `=` on one field: any of them.
            fields: The user's own fields -> a value, or several of which one must be there.

        Returns:
            The filter; `check` says whether it fits a store.

        Raises:
            SearchError: If a condition is malformed or a language unknown; all problems at once.
        """
        given = [
            ("language", _as_list(language)),
            ("modality", _as_list(modality)),
            ("source", _as_list(source)),
        ]
        given += [(name, _as_list(values)) for name, values in (fields or {}).items()]
        conditions = [Condition(name, "=", tuple(values)) for name, values in given if values]
        equal: dict[str, list[Value]] = {}
        problems = []
        for text in _as_list(where):
            match = _WRITTEN.fullmatch(str(text).strip())
            if match is None:
                problems.append(f"a condition must read field=value, with = < <= > or >=, got {text!r}")
            elif match["comparison"] == "=":
                equal.setdefault(match["field"], []).append(match["value"].strip())
            else:
                comparison: Comparison = match["comparison"]  # type: ignore[assignment]
                conditions.append(Condition(match["field"], comparison, (match["value"].strip(),)))
        if problems:
            raise SearchError("\n".join(problems))
        conditions += [Condition(name, "=", tuple(values)) for name, values in equal.items()]
        return Filter(tuple(conditions))

    def __and__(self, other: Filter) -> Filter:
        return Filter(self.conditions + other.conditions)

    def check(self, fields: Mapping[str, FieldKind]) -> Filter:
        """The same filter with every value of the kind that the field has in a store.

        Texts that read like numbers or truth values become such where the field holds these.

        Args:
            fields: The store's own fields.

        Returns:
            The filter, with languages in canonical spelling.

        Raises:
            SearchError: If there is no such field, or a value is not of its kind; all problems at once.
        """
        problems: list[str] = []
        checked = [_check(condition, fields, problems) for condition in self.conditions]
        if problems:
            raise SearchError("\n".join(problems))
        return Filter(tuple(checked))

    def holds(self, document: StoredDocument) -> bool:
        """Whether a document fulfils the filter, which has been checked: what stores answer, said plainly."""
        return all(_holds(condition, document) for condition in self.conditions)


EVERYTHING = Filter()
"""The filter that every document fulfils."""


def _as_list(given: object) -> list[Value]:
    if isinstance(given, str | int | float | bool):
        return [given]
    return list(given)  # type: ignore[call-overload, no-any-return]


def _check(condition: Condition, fields: Mapping[str, FieldKind], problems: list[str]) -> Condition:
    name, kind = condition.field, fields.get(condition.field, "text")
    if name not in fields and name not in BUILT_IN:
        problems.append(_unknown(name, fields))
        return condition
    if condition.comparison not in _COMPARISONS:
        problems.append(f"a comparison must be one of {' '.join(_COMPARISONS)}, got {condition.comparison!r}")
    if not 0 < len(condition.values) <= (MAX_VALUES if condition.comparison == "=" else 1):
        problems.append(
            f"{name}{condition.comparison} takes one value ({MAX_VALUES} for =), got {len(condition.values)}"
        )
    if condition.comparison != "=" and (name in BUILT_IN or kind == "boolean"):
        problems.append(f"{name!r} has no order; compare it by =")
    values = tuple(_convert(name, value, kind, problems) for value in condition.values)
    return replace(condition, values=values)


def _unknown(name: str, fields: Mapping[str, FieldKind]) -> str:
    known = [*BUILT_IN, *fields]
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"no field {name!r}; {hint}there is {', '.join(known)}"


def _convert(name: str, value: Value, kind: FieldKind, problems: list[str]) -> Value:
    """The value in the field's kind; itself, and a problem, if it is of another."""
    converted: Value | None = value
    if isinstance(value, str) and kind != "text":
        converted = _read(value, kind)
    if converted is None or not fits(converted, kind):
        problems.append(f"{name!r} is {kind}, got {value!r}")
        return value
    if name in BUILT_IN and not str(converted).strip():
        problems.append(f"{name!r} must not be empty")
    elif name == "language":
        try:
            return normalize_language(str(converted))
        except CorpusError as error:
            problems.append(str(error))
    elif name == "modality" and converted not in MODALITIES:
        problems.append(f"modality must be one of {', '.join(MODALITIES)}, got {value!r}")
    return converted


def _read(text: str, kind: FieldKind) -> Value | None:
    if kind == "boolean":
        return _TRUTHS.get(text.lower())
    try:
        return int(text) if kind == "integer" else float(text)
    except ValueError:
        return None


def _holds(condition: Condition, document: StoredDocument) -> bool:
    built_in = condition.field in BUILT_IN
    value = getattr(document, condition.field) if built_in else document.fields.get(condition.field)
    if value is None:
        return condition.or_missing
    if condition.field == "language":
        return any(value == tag or str(value).startswith(f"{tag}-") for tag in condition.values)
    if condition.comparison == "=":
        return value in condition.values
    return _ORDERED[condition.comparison](value, condition.values[0])


_ORDERED: Mapping[Comparison, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
