"""What a tagging evaluation compares: which items, which names of tags, and where decisions are learnt."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar, get_args

import numpy as np
import numpy.typing as npt

from isoglot.corpora.judgements import Rows
from isoglot.corpora.languages import match_languages, normalize_language
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError, CorpusError
from isoglot.evaluation.measures import Floats
from isoglot.evaluation.placement import ALL
from isoglot.evaluation.tagging.items import Items, TaggedItems, TagNames

Thresholds = Literal["global", "per_tag"]
_Part = TypeVar("_Part", Items, TagNames)


@dataclass(frozen=True)
class TaggingSplits:
    """Names of the splits that a tagging evaluation uses.

    Attributes:
        test: Measured.
        calibration: Thresholds are chosen on it.
        probe: The probe is trained on it; None takes `train`, or `calibration` where there is none.
        with_probe: Whether there is a probe at all.
    """

    test: str
    calibration: str
    probe: str | None
    with_probe: bool

    def resolve_probe(self, corpus: ParallelCorpus) -> str | None:
        """The split that the probe is trained on; None for no probe."""
        if not self.with_probe:
            return None
        default = "train" if "train" in corpus.splits and self.test != "train" else self.calibration
        return self.probe or default


@dataclass(frozen=True, eq=False)
class TaggingPlan:
    """Everything a tagging evaluation compares.

    Attributes:
        corpus: The corpus.
        tagged: The same as items and tags.
        splits: The splits, that of the probe resolved.
        source_language: Where decisions are learnt.
        thresholds: One for all tags, or one each.
        items: Items to measure, by language.
        names: Names of the tags to measure with, by language.
        calibration: Items of the source language that thresholds are chosen on.
        source_names: Names of the tags in the source language.
        probe: Items of the source language that the probe is trained on; None for no probe.
    """

    corpus: ParallelCorpus
    tagged: TaggedItems
    splits: TaggingSplits
    source_language: str
    thresholds: Thresholds
    items: Sequence[Items]
    names: Sequence[TagNames]
    calibration: Items
    source_names: TagNames
    probe: Items | None

    @property
    def item_rows(self) -> Rows:
        """(Q,) rows of all items to measure, ascending."""
        return np.sort(np.concatenate([items.query_rows for items in self.items]))

    @property
    def groups(self) -> npt.NDArray[np.int32]:
        """(Q,) their groups."""
        return self.corpus.query_groups[self.item_rows]

    @property
    def probe_is_calibrated(self) -> bool:
        """Whether the probe has seen none of the items that thresholds are chosen on."""
        return self.splits.probe != self.splits.calibration

    def rows(self) -> tuple[Rows, Rows]:
        """Rows of all items and names that are needed, some of them twice."""
        learnt = [self.calibration] if self.probe is None else [self.calibration, self.probe]
        return (
            np.concatenate([items.query_rows for items in [*self.items, *learnt]]),
            np.concatenate([names.document_rows for names in [*self.names, self.source_names]]),
        )

    def by_group_id(self, values: Floats) -> dict[str, float]:
        """(T,) values of the tags by their group ids."""
        return {self.tagged.group_id(tag): float(value) for tag, value in enumerate(values)}

    @property
    def record(self) -> dict[str, Any]:
        """What the configuration of the results says of it."""
        return {
            "task": "tagging",
            "languages": sorted(
                ({part.language for part in self.items} | {part.language for part in self.names}) - {ALL}
            ),
            "source_language": self.source_language,
            "calibration_split": self.splits.calibration,
            "probe_split": self.splits.probe,
            "thresholds": self.thresholds,
            "num_tags": self.tagged.num_tags,
            "items_without_tag": [
                {"query_language": part.language, "num_queries": number}
                for part in self.items
                if (number := int((~part.labels.any(axis=1)).sum()))
            ],
            "tags_without_name": [
                {"document_language": part.language, "num_tags": number}
                for part in self.names
                if (number := self.tagged.num_tags - len(part.tags))
            ],
        }


def plan_tagging(
    corpus: ParallelCorpus,
    splits: TaggingSplits,
    source_language: str,
    languages: Iterable[str] | None,
    thresholds: Thresholds,
) -> TaggingPlan:
    """Reads a corpus as a tagging task, and checks all that is asked of it.

    Args:
        corpus: The corpus.
        splits: Its splits.
        source_language: Where decisions are learnt.
        languages: Tags of items and names to measure; None takes all.
        thresholds: One for all tags, or one each.

    Returns:
        The plan.

    Raises:
        ConfigError: If an option is out of its range, or the test split is learnt on.
        CorpusError: If the corpus is no tagging task, or lacks a split, a language or tagged items.
    """
    _check_options(splits, thresholds)
    if splits.calibration not in corpus.splits:
        raise CorpusError(
            f"corpus {corpus.name!r} has no split {splits.calibration!r} to calibrate thresholds on; it has "
            f"{', '.join(corpus.splits)}: name one of them as calibration_split, other than {splits.test!r}"
        )
    probe_split = splits.resolve_probe(corpus)
    tagged = TaggedItems(corpus)
    source = normalize_language(source_language)
    wanted = {*(corpus.languages if languages is None else match_languages(languages, corpus.languages)), ALL}
    return TaggingPlan(
        corpus,
        tagged,
        replace(splits, probe=probe_split),
        source,
        thresholds,
        _of_languages(tagged.items(splits.test), wanted, f"item of split {splits.test!r}"),
        _of_languages(tagged.names, wanted, "tag"),
        _source_items(tagged, splits.calibration, source),
        _of_source(tagged.names, source, "tag"),
        None if probe_split is None else _source_items(tagged, probe_split, source),
    )


def _of_languages(parts: Mapping[str, _Part], wanted: Container[str], what: str) -> list[_Part]:
    """The parts in the wanted languages, in order of their tags."""
    kept = [part for language, part in sorted(parts.items()) if language in wanted]
    if not kept:
        raise CorpusError(f"no {what} is in a language to measure; there is {', '.join(sorted(parts))}")
    return kept


def _of_source(parts: Mapping[str, _Part], source: str, what: str) -> _Part:
    """The part in the source language, or the only part if it has no language."""
    found = parts.get(ALL) or parts.get(source)
    if found is None:
        raise CorpusError(
            f"no {what} is in the source language {source!r}; there is {', '.join(sorted(parts))}"
        )
    return found


def _source_items(tagged: TaggedItems, split: str, source: str) -> Items:
    items = _of_source(tagged.items(split), source, f"item of split {split!r}")
    if not items.labels.any():
        raise CorpusError(
            f"no item of split {split!r} in the source language {source!r} has a tag; judge some"
        )
    return items


def _check_options(splits: TaggingSplits, thresholds: Thresholds) -> None:
    problems = []
    if thresholds not in get_args(Thresholds):
        problems.append(f"thresholds must be one of {', '.join(get_args(Thresholds))}, got {thresholds!r}")
    for name, value in (("calibration_split", splits.calibration), ("probe_split", splits.probe)):
        if value == splits.test:
            problems.append(f"{name} is {value!r}, which is measured; name another split")
    if problems:
        raise ConfigError("\n".join(problems))
