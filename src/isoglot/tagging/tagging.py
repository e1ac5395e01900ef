"""Giving tags to items, by the similarity of their vectors alone (zero-shot; after arXiv 2109.07622)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from isoglot.errors import ConfigError
from isoglot.retrieval.adapters import Adapter, adapt
from isoglot.retrieval.encode import Vectors
from isoglot.retrieval.ties import tie_ranks
from isoglot.tagging.calibration import Thresholds
from isoglot.tagging.columns import Column, embed_columns, plan_columns
from isoglot.tagging.items import find_items
from isoglot.tagging.loading import load_tagger, resolve_languages
from isoglot.tagging.reading import read_vocabulary
from isoglot.tagging.tagged import GivenTag, Tagged, TaggedItem
from isoglot.tagging.templates import GivenTemplates, checked_templates
from isoglot.tagging.vectors import check_widths, embed_items
from isoglot.tagging.vocabulary import Vocabulary

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

DEFAULT_TOP = 5
_ITEMS_AT_ONCE = 1_024


def tag(
    model: SentenceTransformer | str | Path,
    items: Sequence[Any] | Path,
    vocabulary: Vocabulary | str | Path,
    *,
    languages: Iterable[str],
    top: int | None = None,
    thresholds: float | Thresholds | None = None,
    templates: GivenTemplates | None = None,
    languages_agree: bool = True,
    skip_bad: bool = False,
    batch_size: int | None = None,
    progress: bool = False,
) -> Tagged:
    """Gives items tags out of a vocabulary, named in some languages.

    The score of an item and a tag is the similarity that the model compares by: the item as a query, the tag
    as a document. Tags of equal score stand in the order of trec_eval (`isoglot.retrieval.ties`).

    Args:
        model: A sentence-transformers model, one that follows MTEB's protocol, or its path or name.
        items: Texts; paths (`pathlib.Path`) of files and folders; pictures, arrays, or files under the name
            of their medium, as `load_encoder`'s models take them. One text or path may be alone.
        vocabulary: The tags, or their file (`read_vocabulary`).
        languages: Languages to name the tags in. A tag that has no label in one is named in another that it
            has (`Tag.nearest`), which is said; nothing is translated.
        top: How many of the best tags an item gets in each language, each with whether it reaches its
            threshold; None for all that reach it, or 5 where there are no thresholds.
        thresholds: One for all tags, or calibrated ones.
        templates: Language -> what labels stand in, such as `a photo of a {label}`; a vector is the mean over
            them. A gloss follows its label in brackets. Without templates, a label stands by itself.
        languages_agree: Whether a tag is one thing in all languages: its vector is the mean over all
            languages in which the vocabulary names it, asked for or not, so that an item gets the same tags
            whatever language they are named in. Otherwise each language asked for scores by its own labels,
            and languages may give an item different tags.
        skip_bad: Whether files that cannot be read are left out; otherwise they are errors.
        batch_size: Items per batch; None chooses by the kind of model.
        progress: Whether to show a progress bar.

    Returns:
        The items with their tags, in the order given.

    Raises:
        ConfigError: If an option is out of its range.
        CorpusError: If an item or the vocabulary cannot be read; all problems at once.
        CheckpointError: If the model cannot be loaded, or the thresholds are not its own.
        SearchError: If the model does not encode a medium, or its vectors cannot be compared.
    """
    asked = _check(languages, top, thresholds)
    known = vocabulary if isinstance(vocabulary, Vocabulary) else read_vocabulary(vocabulary)
    columns = plan_columns(known, asked, checked_templates(templates), agree=languages_agree)
    adapter = adapt(load_tagger(model))
    bars = _bars_of(adapter, known, columns, thresholds)
    found = find_items(items, adapter.modalities, skip_bad=skip_bad)
    tags = embed_columns(adapter, columns, batch_size=batch_size)
    vectors = embed_items(adapter, found.items, batch_size=batch_size, progress=progress)
    check_widths({"items": vectors, "tags": tags})
    naming = _Naming(known, asked, columns, bars, DEFAULT_TOP if top is None and bars is None else top)
    return Tagged(
        tuple(
            TaggedItem(item.name, tuple(naming.tags(scores)))
            for item, scores in zip(found.items, _scores(vectors, tags), strict=True)
        ),
        found.skipped,
        found.num_passed,
    )


@dataclass(frozen=True, eq=False)
class _Naming:
    """How scores become tags with names.

    Attributes:
        vocabulary: The tags.
        languages: Languages to name them in.
        columns: What is scored.
        bars: (C,) thresholds; None for none.
        top: How many tags in each language; None for those that reach their thresholds.
    """

    vocabulary: Vocabulary
    languages: Sequence[str]
    columns: Sequence[Column]
    bars: npt.NDArray[np.float64] | None
    top: int | None

    @cached_property
    def _by_ties(self) -> npt.NDArray[np.int64]:
        """(T,) tags in the order in which they stand where all scores are equal."""
        return np.argsort(tie_ranks([tag.tag_id for tag in self.vocabulary.tags]))

    def tags(self, scores: Vectors) -> Iterator[GivenTag]:
        """The tags of an item, language by language, the best first."""
        by_ties, size = self._by_ties, len(self.vocabulary.tags)
        for language in self.languages:
            # Without a column for the language there are those for every language, which stand alone.
            start = next((n for n, c in enumerate(self.columns) if c.language == language), 0)
            here = scores[start : start + size]
            bars = None if self.bars is None else self.bars[start : start + size]
            order = by_ties[np.argsort(-here[by_ties], kind="stable")]
            if self.top is not None:
                order = order[: self.top]
            elif bars is not None:
                order = order[here[order] >= bars[order]]
            for number in order.tolist():
                reached = None if bars is None else bool(here[number] >= bars[number])
                yield self._named(number, language, float(here[number]), reached)

    def _named(self, number: int, language: str, score: float, reached: bool | None) -> GivenTag:
        known = self.vocabulary.tags[number]
        shown = known.nearest(language)
        label = known.labels[shown]
        return GivenTag(known.tag_id, label.text, label.gloss, language, shown, score, reached)


def _scores(items: Vectors, tags: Vectors) -> Iterator[Vectors]:
    """(C,) scores of one item after another."""
    for start in range(0, len(items), _ITEMS_AT_ONCE):
        yield from items[start : start + _ITEMS_AT_ONCE] @ tags.T


def _bars_of(
    adapter: Adapter, vocabulary: Vocabulary, columns: Sequence[Column], given: float | Thresholds | None
) -> npt.NDArray[np.float64] | None:
    """(C,) threshold of each column; None if none are given."""
    if given is None:
        return None
    if isinstance(given, Thresholds):
        return given.for_columns(adapter.identify(), vocabulary, columns)
    return np.full(len(columns), float(given))


def _check(
    languages: Iterable[str], top: int | None, thresholds: float | Thresholds | None
) -> tuple[str, ...]:
    """The languages, once all options are known to be in range."""
    problems = []
    if top is not None and top < 1:
        problems.append(f"top must be >= 1, got {top}")
    if isinstance(thresholds, int | float) and not math.isfinite(thresholds):
        problems.append(f"a threshold must be finite, got {thresholds}")
    try:
        asked = resolve_languages(languages)
    except ConfigError as error:
        problems.append(str(error))
    if problems:
        raise ConfigError("\n".join(problems))
    return asked
