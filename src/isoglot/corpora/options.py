"""Options of readers: their keyword arguments, checked by name, and parsed from text."""

from __future__ import annotations

import difflib
import inspect
from typing import TYPE_CHECKING, Any, get_args

from isoglot.corpora.aligned import Duplicates
from isoglot.corpora.media import Captions, Direction
from isoglot.corpora.passages import Passages
from isoglot.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from isoglot.corpora.parallel import ParallelCorpus

    Reader = Callable[..., ParallelCorpus]

_CHOICES: dict[str, tuple[Any, ...]] = {
    "captions": get_args(Captions),
    "direction": get_args(Direction),
    "documents": ("all", "judged"),
    "duplicates": get_args(Duplicates),
    "passages": get_args(Passages),
    "task": (1, 2),
}
"""Options with few values, whichever reader has them."""


def _defaults(read: Reader) -> dict[str, Any]:
    """Options of a reader (its keyword arguments) and their defaults."""
    parameters = inspect.signature(read).parameters.values()
    return {item.name: item.default for item in parameters if item.kind is item.KEYWORD_ONLY}


def option_names(read: Reader) -> frozenset[str]:
    """The options that a reader has."""
    return frozenset(_defaults(read))


def check_options(what: str, read: Reader, options: Mapping[str, Any]) -> None:
    """Refuses options that a reader does not have.

    Args:
        what: What is read, for the report.
        read: The reader.
        options: Option -> value.

    Raises:
        ConfigError: If an option does not exist (the nearest is named), or its value is not among its few.
    """
    allowed = _defaults(read)
    for key, value in options.items():
        if key not in allowed:
            near = difflib.get_close_matches(key, allowed, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there is {', '.join(allowed) or 'none'}"
            raise ConfigError(f"{what} has no option {key!r}; {hint}")
        if value not in _CHOICES.get(key, (value,)):
            choices = ", ".join(map(str, _CHOICES[key]))
            raise ConfigError(f"option {key!r} of {what} must be one of {choices}, got {value!r}")


def parse_options(what: str, read: Reader, pairs: Mapping[str, str]) -> dict[str, Any]:
    """Options given as text, in the types of a reader.

    Args:
        what: What is read, for the report.
        read: The reader.
        pairs: Option -> text; lists have commas between, switches are `true` or `false`.

    Returns:
        Option -> value.

    Raises:
        ConfigError: If an option does not exist, or its text is no value of its type.
    """
    defaults = _defaults(read)
    options = {key: _parse(key, text, defaults.get(key, text)) for key, text in pairs.items()}
    check_options(what, read, options)
    return options


def _parse(key: str, text: str, default: Any) -> Any:
    """A value of the default's type; a default of None stands for text, or for a list in the plural."""
    if default is None:
        parts = [part.strip() for part in text.split(",") if part.strip()]
        return parts if key in _LISTS else text
    if isinstance(default, bool):
        if text.lower() not in ("true", "false"):
            raise ConfigError(f"option {key!r} must be true or false, got {text!r}")
        return text.lower() == "true"
    try:
        return type(default)(text)
    except ValueError:
        raise ConfigError(f"option {key!r} must be a number, got {text!r}") from None


_LISTS = ("languages", "splits")
