"""Calibrating: choosing thresholds of tags on items whose tags are known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from isoglot.corpora.judgements import Rows
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import CheckpointError, ConfigError, CorpusError
from isoglot.retrieval.adapters import adapt
from isoglot.retrieval.contents import contents_of
from isoglot.retrieval.encode import Vectors
from isoglot.retrieval.thresholds import best_f1_threshold, f1, precise_threshold, share
from isoglot.tagging.calibration import Choice, TagChoice, Thresholds, digest_of
from isoglot.tagging.columns import Column, embed_columns, plan_columns
from isoglot.tagging.items import Item
from isoglot.tagging.loading import load_tagger, resolve_languages
from isoglot.tagging.templates import GivenTemplates, checked_templates
from isoglot.tagging.vectors import check_widths, embed_items
from isoglot.tagging.vocabulary import Vocabulary, vocabulary_of

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Labels = npt.NDArray[np.bool_]

MIN_ITEMS = 10
"""Judged items that must have a tag for it to get a threshold of its own."""


def calibrate(
    model: SentenceTransformer | str | Path,
    corpus: ParallelCorpus,
    vocabulary: Vocabulary | None = None,
    *,
    split: str = "dev",
    languages: Iterable[str] | None = None,
    languages_agree: bool = True,
    templates: GivenTemplates | None = None,
    precision: float | None = None,
    per_tag: bool = True,
    min_items: int = MIN_ITEMS,
    batch_size: int | None = None,
    progress: bool = False,
) -> Thresholds:
    """Chooses from which score on tags are given, on items whose tags are known.

    A tag of the vocabulary is judged if the corpus has a group of documents of its id; it is right for an
    item if one of these documents is relevant for it, in whatever language. An item that is judged at all
    lacks the tags that it is not judged to have.

    Args:
        model: The model, or its path or name.
        corpus: Items as queries, tags as documents, as `evaluate_tagging` takes it.
        vocabulary: The tags, as they will be given; None takes the documents of the corpus.
        split: Whose items decide.
        languages: Languages to calibrate each for itself, where they do not agree; None takes all of the
            vocabulary.
        languages_agree: As of `tag`.
        templates: As of `tag`.
        precision: The share of given tags that must be right, as far as the judged items tell; as many as
            possible are given then. A tag that reaches it nowhere is not given to anything that scores no
            higher than what was judged. None takes the best F1.
        per_tag: Whether tags that `min_items` items have get a threshold each; others share one.
        min_items: How many items must have a tag.
        batch_size: Items per batch; None chooses by the kind of model.
        progress: Whether to show a progress bar.

    Returns:
        The thresholds, for this model alone.

    Raises:
        ConfigError: If an option is out of its range, or the precision is reached nowhere.
        CorpusError: If there is no such split or language, no tag is judged, or no item has one.
        CheckpointError: If the model cannot be loaded, or told from others.
        SearchError: If the model does not encode a medium, or its vectors cannot be compared.
    """
    _check(precision, min_items, apart=languages is not None, agree=languages_agree)
    known = vocabulary_of(corpus) if vocabulary is None else vocabulary
    asked = resolve_languages(known.languages if languages is None else languages)
    columns = plan_columns(known, asked, checked_templates(templates), agree=languages_agree)
    rows, judged, labels = judged_tags(corpus, split, known)
    adapter = adapt(load_tagger(model))
    fingerprint = adapter.identify()
    if fingerprint is None:
        raise CheckpointError(
            "the model cannot be told from others by its weights, so that thresholds could not be told to be "
            "its own; give them as numbers"
        )
    tags = embed_columns(adapter, columns, batch_size=batch_size)
    items = embed_items(adapter, corpus_items(corpus, rows), batch_size=batch_size, progress=progress)
    check_widths({"items": items, "tags": tags})
    choose = _Chooser(columns, items @ tags.T, judged, labels, precision, min_items if per_tag else None)
    overall = {language: choose.overall(language) for language in dict.fromkeys(c.language for c in columns)}
    return Thresholds(
        fingerprint,
        corpus.name,
        split,
        len(rows),
        precision,
        overall,
        tuple(
            TagChoice(known.tags[column.tag].tag_id, column.language, digest_of(column), choose.own(number))
            for number, column in enumerate(columns)
            if judged[column.tag]
        ),
    )


def judged_tags(corpus: ParallelCorpus, split: str, vocabulary: Vocabulary) -> tuple[Rows, Labels, Labels]:
    """Which items of a split have which tags of a vocabulary.

    Args:
        corpus: Items as queries, tags as documents.
        split: The split.
        vocabulary: The tags.

    Returns:
        (n,) rows of the judged items, (T,) which tags are judged, and (n, T) which tags an item has.

    Raises:
        CorpusError: If there is no such split, no tag is judged, or no item has one.
    """
    found = corpus.judgements(split)
    number = {tag.tag_id: place for place, tag in enumerate(vocabulary.tags)}
    of_document = np.array([number.get(g, -1) for g in corpus.documents["group_id"].to_pylist()], np.int64)
    judged = np.zeros(len(vocabulary.tags), bool)
    judged[of_document[of_document >= 0]] = True
    if not judged.any():
        first = corpus.documents["group_id"][0].as_py()
        raise CorpusError(
            f"{corpus.name} judges none of the {len(judged):,} tags of {vocabulary.name}: the groups of its "
            f"documents, such as {first!r}, must be called like tags, such as {vocabulary.tags[0].tag_id!r}"
        )
    labels = np.zeros((len(found), len(judged)), bool)
    tags = of_document[found.document_rows]
    right = (found.grades > 0) & (tags >= 0)
    labels[np.repeat(np.arange(len(found)), np.diff(found.indptr))[right], tags[right]] = True
    if not labels.any():
        raise CorpusError(f"no item in split {split!r} of {corpus.name!r} has a tag; judge some")
    return found.query_rows, judged, labels


def corpus_items(corpus: ParallelCorpus, rows: Rows) -> list[Item]:
    """The queries in some rows of a corpus as items, under their ids.

    Args:
        corpus: The corpus.
        rows: (n,) rows.

    Returns:
        (n,) items.

    Raises:
        CorpusError: If media files are missing; all at once.
    """
    names = corpus.queries["query_id"].take(rows).to_pylist()
    items: dict[int, Item] = {}
    for part in contents_of(corpus, "query", rows):
        for place, number in zip(part.positions.tolist(), part.numbers.tolist(), strict=True):
            items[place] = Item(names[place], part.modality, part.distinct[number])
    return [items[place] for place in range(len(rows))]


class _Chooser:
    """Chooses thresholds on the scores of judged items."""

    def __init__(
        self,
        columns: Sequence[Column],
        scores: Vectors,
        judged: Labels,
        labels: Labels,
        precision: float | None,
        min_items: int | None,
    ) -> None:
        self._scores = scores
        of_column = np.array([column.tag for column in columns])
        self._judged = judged[of_column]
        self._labels = labels[:, of_column]
        self._languages = np.array([column.language for column in columns])
        self._precision = precision
        self._min_items = min_items

    def overall(self, language: str) -> Choice:
        """One threshold for all judged tags in a language."""
        chosen = np.flatnonzero(self._judged & (self._languages == language))
        scores, labels = self._scores[:, chosen].ravel(), self._labels[:, chosen].ravel()
        if self._precision is None:
            return _describe(best_f1_threshold(scores, labels)[0], scores, labels)
        threshold, highest = precise_threshold(scores, labels, self._precision)
        if threshold is None:
            raise ConfigError(
                f"precision {self._precision:g} is reached by no threshold for all tags; the highest is "
                f"{highest:.3f}: ask for less"
            )
        return _describe(threshold, scores, labels)

    def own(self, column: int) -> Choice | None:
        """The threshold of a column; None if too few items have its tag."""
        scores, labels = self._scores[:, column], self._labels[:, column]
        if self._min_items is None or np.count_nonzero(labels) < self._min_items:
            return None
        if self._precision is None:
            return _describe(best_f1_threshold(scores, labels)[0], scores, labels)
        threshold, _ = precise_threshold(scores, labels, self._precision)
        beyond = float(np.nextafter(scores.max(), np.float32(np.inf)))
        return _describe(beyond if threshold is None else threshold, scores, labels)


def _describe(threshold: float, scores: Vectors, labels: Labels) -> Choice:
    taken = scores >= threshold
    hits, num_taken, num_right = ((taken & labels).sum(), taken.sum(), labels.sum())
    return Choice(
        threshold,
        len(labels),
        int(num_right),
        float(share(hits, num_taken)),
        float(share(hits, num_right)),
        float(f1(hits, num_taken, num_right)),
    )


def _check(precision: float | None, min_items: int, *, apart: bool, agree: bool) -> None:
    problems = []
    if apart and agree:
        problems.append(
            "languages to calibrate must go without languages_agree, which takes all of the vocabulary "
            "together; leave them out, or calibrate them apart"
        )
    if precision is not None and not 0 < precision <= 1:
        problems.append(f"precision must be above 0 and at most 1, got {precision}")
    if min_items < 1:
        problems.append(f"min_items must be >= 1, got {min_items}")
    if problems:
        raise ConfigError("\n".join(problems))
