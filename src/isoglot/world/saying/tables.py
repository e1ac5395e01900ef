"""Tables of forms: which form a word, or a feature, takes where it has which features."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from isoglot.errors import ConfigError

Features = Mapping[str, str]
PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Table:
    """From features to a text; the first row that fits holds.

    Attributes:
        place: The file and the key it stands under, for errors.
        features: The names of the features that decide, in the order of a row's key.
        rows: (allowed values per feature, text) each; no values: any will do.
        used: The rows that were ever needed; a row that never is, is a mistake.
    """

    place: str
    features: tuple[str, ...]
    rows: tuple[tuple[tuple[frozenset[str], ...], str], ...]
    used: set[int] = field(default_factory=set, compare=False)

    def __call__(self, features: Features) -> str:
        """The text for some features.

        Args:
            features: Name -> value of all that is known; more than the table asks for is welcome.

        Returns:
            The text of the first row that fits.

        Raises:
            ConfigError: If no row fits, or a feature is unknown.
        """
        unknown = [name for name in self.features if name not in features]
        if unknown:
            raise ConfigError(
                f"{self.place}: 'of' names {unknown[0]!r}, which nothing has; known: {sorted(features)}"
            )
        values = [features[name] for name in self.features]
        for number, (allowed, text) in enumerate(self.rows):
            if all(not some or value in some for some, value in zip(allowed, values, strict=True)):
                self.used.add(number)
                return text
        raise ConfigError(f"{self.place}: no row for {' '.join(values)!r}; add one")

    def unused(self) -> list[str]:
        """A line for every row that was never needed."""
        return [
            f"{self.place}: row {number + 1} ({text!r}) is never used; remove it, or mend what hides it"
            for number, (_, text) in enumerate(self.rows)
            if number not in self.used
        ]


def build_table(entry: Mapping[str, object], place: str) -> Table:
    """A table from its entry in a lexicon.

    Args:
        entry: `of` is the list of features; every other key has a value per feature, separated by spaces:
            `*` for any, `a|b` for either.
        place: The file and the key, for errors.

    Returns:
        The table, with rows in the order of the file.

    Raises:
        ConfigError: If `of` is missing, or a key has another number of values.
    """
    features = entry.get("of")
    if not isinstance(features, list):
        raise ConfigError(f"{place}: lacks 'of', the list of features that its keys are made of")
    rows = []
    for key, text in entry.items():
        if key == "of":
            continue
        values = key.split()
        if len(values) != len(features) or not isinstance(text, str):
            raise ConfigError(
                f"{place}: {key!r} must hold {len(features)} values ({' '.join(features)}) and be a text"
            )
        rows.append((tuple(frozenset() if v == "*" else frozenset(v.split("|")) for v in values), text))
    return Table(place, tuple(features), tuple(rows))


@dataclass(frozen=True, slots=True)
class Word:
    """A word, or a group of words that inflects as one.

    Attributes:
        place: The file and the key it stands under, for errors.
        paradigm: Features -> a pattern such as `{stem}er`; None if it never changes.
        parts: The principal parts that patterns name.
        inherent: The features that it gives to what agrees with it, such as its gender.
        used: The parts that were ever needed.
    """

    place: str
    paradigm: Table | None
    parts: Mapping[str, str]
    inherent: Features
    used: set[str] = field(default_factory=set, compare=False)

    def form(self, features: Features) -> str:
        """The word as it stands among some features.

        Args:
            features: Name -> value.

        Returns:
            The form; "" where the language says nothing.

        Raises:
            ConfigError: If its paradigm has no row for the features, or needs a part that the word lacks.
        """
        if self.paradigm is None:
            return self.parts["stem"]
        pattern = self.paradigm(features)
        used = [name for name in PLACEHOLDER.split(pattern)[1::2] if name]
        lacking = [name for name in used if name not in self.parts]
        if lacking:
            raise ConfigError(f"{self.place}: lacks {lacking[0]!r}, which {self.paradigm.place} needs")
        self.used.update(used)
        return pattern.format_map(self.parts)

    def unused(self) -> list[str]:
        """A line for every principal part that was never needed."""
        if self.paradigm is None:
            return []
        return [
            f"{self.place}: {part!r} is never used; remove it" for part in self.parts if part not in self.used
        ]
