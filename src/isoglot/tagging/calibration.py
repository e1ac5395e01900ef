"""Calibrated thresholds: from which score on a tag is given, as chosen where it is known who has it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from isoglot.corpora.fields import load_json
from isoglot.corpora.sources import on_one_line
from isoglot.errors import CheckpointError
from isoglot.files import write_json
from isoglot.tagging.columns import Column
from isoglot.tagging.vocabulary import Vocabulary

_KIND = "isoglot tag thresholds"
_VERSION = 1


@dataclass(frozen=True)
class Choice:
    """A threshold, and how it did on the items that it was chosen on; on others it does less well.

    Attributes:
        threshold: A tag is given from this score on.
        num_judged: Decisions that it was chosen on: items, or for all tags of a language items times tags.
        num_right: Those of them that should be yes.
        precision: Share of right ones among those taken.
        recall: Share of those taken among the right ones.
        f1: Their harmonic mean.
    """

    threshold: float
    num_judged: int
    num_right: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class TagChoice:
    """The threshold of one tag.

    Attributes:
        tag_id: The tag.
        language: The language, or `EVERY_LANGUAGE`.
        words: Digest of what the encoder read for it.
        chosen: Its own threshold; None if too few of the judged items have it, so that it takes that of all
            tags.
    """

    tag_id: str
    language: str
    words: str
    chosen: Choice | None


@dataclass(frozen=True)
class Thresholds:
    """Thresholds of tags for one model.

    Attributes:
        model: Fingerprint of the model.
        corpus: Name of the corpus whose judgements they rest on.
        split: Its split.
        num_items: How many items were judged.
        precision: What was aimed at; None for the best F1.
        overall: Language, or `EVERY_LANGUAGE` -> one threshold for all tags.
        tags: The thresholds of tags, each tag and language once.
    """

    model: str
    corpus: str
    split: str
    num_items: int
    precision: float | None
    overall: Mapping[str, Choice]
    tags: tuple[TagChoice, ...]

    def for_columns(
        self, model: str | None, vocabulary: Vocabulary, columns: Sequence[Column]
    ) -> npt.NDArray[np.float64]:
        """The threshold of each column; a tag that was not calibrated takes that of all tags.

        Args:
            model: Fingerprint of the model that gives the scores.
            vocabulary: The tags.
            columns: What is scored.

        Returns:
            (C,) thresholds.

        Raises:
            CheckpointError: If they are another model's, of none of the tags, of other languages, or of other
                words for the same tags.
        """
        if model != self.model:
            raise CheckpointError(
                f"the thresholds were calibrated on {self.corpus} for model {self.model}, but the model is "
                f"{model}; calibrate it too"
            )
        found = {(each.tag_id, each.language): each for each in self.tags}
        names = [(vocabulary.tags[column.tag].tag_id, column.language) for column in columns]
        missing = sorted({language for _, language in names} - set(self.overall))
        if missing:
            raise CheckpointError(
                f"the thresholds are for {_said(self.overall)}, but the tags are scored in {_said(missing)}; "
                "ask as when they were calibrated, or calibrate again"
            )
        if not any(name in found for name in names):
            raise CheckpointError(
                f"the thresholds were calibrated for none of the tags of {vocabulary.name}, as they stand; "
                "calibrate for these"
            )
        changed = [
            name
            for name, column in zip(names, columns, strict=True)
            if name in found and found[name].words != digest_of(column)
        ]
        if changed:
            raise CheckpointError(
                f"{len(changed):,} tags read otherwise than when the thresholds were calibrated, such as "
                f"{changed[0][0]!r}: take labels, glosses and templates of then, or calibrate again"
            )
        chosen = [found[name].chosen if name in found else None for name in names]
        return np.array(
            [
                (own or self.overall[language]).threshold
                for own, (_, language) in zip(chosen, names, strict=True)
            ]
        )

    def write(self, path: str | Path) -> None:
        """Writes a JSON file that `read_thresholds` reads."""
        write_json(path, {"kind": _KIND, "version": _VERSION} | asdict(self))


def digest_of(column: Column) -> str:
    """A digest of what the encoder reads for a column."""
    text = json.dumps(column.texts, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_thresholds(path: str | Path) -> Thresholds:
    """Thresholds from the file that `Thresholds.write` makes.

    Args:
        path: The file.

    Returns:
        The thresholds.

    Raises:
        CheckpointError: If there is no such file, or it holds something else.
    """
    try:
        record = load_json(Path(path).read_text(encoding="utf-8"))
        return _parse(record)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(
            f"{path}: holds no thresholds of isoglot ({on_one_line(error)}); make them with isoglot tag "
            "--calibrate"
        ) from error


def _parse(record: Mapping[str, Any]) -> Thresholds:
    if record["kind"] != _KIND or record["version"] != _VERSION:
        raise ValueError(f"it is {record['kind']!r}, version {record['version']!r}")
    model, corpus, split = (record[name] for name in ("model", "corpus", "split"))
    if not all(isinstance(each, str) for each in (model, corpus, split)):
        raise ValueError("model, corpus and split must be texts")
    precision = record["precision"]
    found = Thresholds(
        model,
        corpus,
        split,
        num_items=int(record["num_items"]),
        precision=None if precision is None else _finite(precision),
        overall={str(language): _parse_choice(each) for language, each in record["overall"].items()},
        tags=tuple(
            TagChoice(
                str(each["tag_id"]),
                str(each["language"]),
                str(each["words"]),
                None if each["chosen"] is None else _parse_choice(each["chosen"]),
            )
            for each in record["tags"]
        ),
    )
    if not found.overall:
        raise ValueError("it has no threshold")
    return found


def _parse_choice(record: Mapping[str, Any]) -> Choice:
    shares = (_finite(record[name]) for name in ("precision", "recall", "f1"))
    return Choice(_finite(record["threshold"]), int(record["num_judged"]), int(record["num_right"]), *shares)


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise ValueError(f"a threshold and a share must be finite numbers, got {value!r}")
    return float(value)


def _said(languages: Sequence[str] | Mapping[str, Any]) -> str:
    return ", ".join("all languages together" if each == "*" else each for each in sorted(languages))
