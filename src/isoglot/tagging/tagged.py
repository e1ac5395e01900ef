"""Items with the tags they were given, and the files that these are written to."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from isoglot.errors import ConfigError
from isoglot.files import whole_file, write_records

Format = Literal["json", "csv"]
FORMATS: tuple[Format, ...] = get_args(Format)
COLUMNS = (
    "item",
    "tag_id",
    "label",
    "gloss",
    "language",
    "label_language",
    "score",
    "above_threshold",
)
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class GivenTag:
    """A tag of an item, named in a language.

    Attributes:
        tag_id: The tag.
        label: Its name.
        gloss: Which sense of the name is meant; None if it has but one.
        language: The language asked for.
        label_language: The language that the label is in: another one where the tag has no label in the
            language asked for.
        score: Similarity of item and tag.
        above_threshold: Whether the score reaches the tag's threshold; None if there is none.
    """

    tag_id: str
    label: str
    gloss: str | None
    language: str
    label_language: str
    score: float
    above_threshold: bool | None

    def record(self) -> dict[str, Any]:
        """The tag as files have it, the score to six digits."""
        return asdict(self) | {"score": round(self.score, _DIGITS)}


@dataclass(frozen=True, slots=True)
class TaggedItem:
    """An item with its tags.

    Attributes:
        item: Path of a file, a text itself, or `item 3`.
        tags: Language by language in the order asked for, the best first.
    """

    item: str
    tags: tuple[GivenTag, ...]

    def record(self) -> dict[str, Any]:
        """The item as a JSON file has it."""
        return {"item": self.item, "tags": [tag.record() for tag in self.tags]}


@dataclass(frozen=True)
class Tagged:
    """Items with their tags.

    Attributes:
        items: The items, in the order given.
        skipped: What is wrong with files that were left out.
        num_passed: Files of folders that are of no medium that the model encodes.
    """

    items: tuple[TaggedItem, ...]
    skipped: tuple[str, ...] = ()
    num_passed: int = 0

    def records(self) -> list[dict[str, Any]]:
        """The items as a JSON file has them."""
        return [item.record() for item in self.items]

    def rows(self) -> Iterator[Mapping[str, Any]]:
        """One row for each item, tag and language, in `COLUMNS`; an item without a tag has none."""
        for item in self.items:
            for tag in item.tags:
                yield {"item": item.item} | tag.record()

    def csv(self) -> str:
        """The rows as CSV with a header; what is unknown is an empty cell."""
        stream = io.StringIO()
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, "above_threshold": _cell(row["above_threshold"])} for row in self.rows())
        return stream.getvalue()

    def write(self, path: str | Path, form: str | None = None) -> None:
        """Writes a file, whole or not at all.

        Args:
            path: The file.
            form: `json` (a list of items with their tags) or `csv` (a row for each item, tag and language);
                None takes it from the ending.

        Raises:
            ConfigError: If it is neither.
        """
        if resolve_format(path, form) == "json":
            write_records(path, self.records())
        else:
            with whole_file(path) as file:
                file.write(self.csv().encode())


def resolve_format(path: str | Path, form: str | None = None) -> Format:
    """The format of a file: as said, or by its ending.

    Args:
        path: The file.
        form: `json` or `csv`; None takes it from the ending.

    Returns:
        The format.

    Raises:
        ConfigError: If it is neither.
    """
    wanted = Path(path).suffix.lower().removeprefix(".") if form is None else form
    for known in FORMATS:
        if wanted == known:
            return known
    raise ConfigError(
        f"format must be one of {', '.join(FORMATS)}, got {wanted!r} for {path}; give it, or end the name so"
    )


def _cell(value: bool | None) -> str:
    return "" if value is None else str(value).lower()
