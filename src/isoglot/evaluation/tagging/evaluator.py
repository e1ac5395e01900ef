"""Tagging: an item's tags by similarity alone (zero-shot), and by a probe that was taught in one language.

The queries of a corpus are the items; its documents are the tags, one for each tag and language, one group
for each tag; judgements say which tags an item has. The score of an item and a tag in language L is the
similarity of their vectors, so items of one language are tagged in another without more ado.

`mAP` is macro over tags (each ranks all items), `AP` is macro over items (each ranks all tags). F1 needs a
decision: the threshold is chosen on the calibration split in the source language, where both item and tag are
in it, and used unchanged for all other pairs of languages. What the probe learnt from items of the source
language is used unchanged, too; `_probe` measures stand under the source language as language of the tags.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from isoglot.corpora.parallel import ParallelCorpus
from isoglot.evaluation.averages import write_with_averages
from isoglot.evaluation.cells import Cell, Ledger
from isoglot.evaluation.intervals import GroupBootstrap
from isoglot.evaluation.measures import Floats, Integers
from isoglot.evaluation.per_query import QueryKeys, per_query_table
from isoglot.evaluation.placement import ALL
from isoglot.evaluation.results import Result, Results
from isoglot.evaluation.row_vectors import RowVectors, encode_rows
from isoglot.evaluation.tagging.items import Items, TagNames
from isoglot.evaluation.tagging.multilabel import (
    Labels,
    Resampled,
    Scores,
    average_precision,
    macro_f1,
    mean_average_precision,
    micro_f1,
)
from isoglot.evaluation.tagging.plan import TaggingPlan, TaggingSplits, Thresholds, plan_tagging
from isoglot.evaluation.tagging.probe import TagProbe, fit_probe
from isoglot.retrieval.thresholds import best_f1_threshold
from isoglot.retrieval.ties import tie_ranks

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from isoglot.retrieval.encode import Embeddings


def evaluate_tagging(
    model: SentenceTransformer | Embeddings | str | Path,
    corpus: ParallelCorpus,
    *,
    split: str = "test",
    calibration_split: str = "dev",
    source_language: str = "en",
    languages: Iterable[str] | None = None,
    thresholds: Thresholds = "global",
    probe: bool = True,
    probe_split: str | None = None,
    name: str | None = None,
    seed: int = 0,
    num_resamples: int = 1_000,
    batch_size: int | None = None,
    cache: bool | str | Path = False,
    progress: bool = False,
) -> Results:
    """How well items get their tags, in the language of the item and in others, without and with training.

    Args:
        model: A sentence-transformers model, its path or name; or ready vectors, or their file.
        corpus: Items as queries, tags as documents.
        split: Which items.
        calibration_split: Items that thresholds are chosen on.
        source_language: The language they are chosen in, and that the probe is trained in.
        languages: Tags of the items and of the tags' names to measure; None takes all.
        thresholds: One for all tags (`global`), or one each (`per_tag`; a tag that no item has in the
            calibration split keeps the global one).
        probe: Whether to train and measure a probe.
        probe_split: Items that it is trained on; None takes `train`, or `calibration_split` without it.
        name: What results call the model; None takes it from the model.
        seed: Seed of the bootstrap.
        num_resamples: How many times groups of items are resampled for the intervals.
        batch_size: Texts per batch; None chooses by the kind of model.
        cache: Whether vectors are kept on disk and used again, as in `evaluate`.
        progress: Whether to show a progress bar while encoding.

    Returns:
        Values of each pair of item and tag language, with macro averages; `AP` also item by item.

    Raises:
        ConfigError: If an option is out of its range, or splits are not apart.
        CorpusError: If the corpus is no tagging task, or lacks a split or a language.
        CheckpointError: If the model cannot be loaded.
        SearchError: If vectors are missing or malformed, or a run is given.
    """
    splits = TaggingSplits(split, calibration_split, probe_split, probe)
    plan = plan_tagging(corpus, splits, source_language, languages, thresholds)
    vectors = encode_rows(
        model, corpus, *plan.rows(), name=name, batch_size=batch_size, cache=cache, progress=progress
    )
    bootstrap = GroupBootstrap(plan.groups, seed=seed, num_resamples=num_resamples)
    return _results(plan, vectors, bootstrap, {"seed": seed, "num_resamples": num_resamples})


@dataclass(frozen=True, eq=False)
class _Measured:
    """Values of the items of one language with the tags in one language.

    Attributes:
        pair: The two languages.
        items: (n,) numbers of the items.
        values: Measure -> its value and resamples.
        per_item: (n,) AP of each item, NaN for one without a tag; None for the probe.
        num_tags_without_item: Tags that mAP and macro F1 leave out.
    """

    pair: tuple[str, str]
    items: Integers
    values: dict[str, Resampled]
    per_item: Floats | None
    num_tags_without_item: int

    def cell(self, measure: str) -> Cell:
        """One value, with the number of items behind it."""
        value = self.values[measure]
        num_items = len(self.items)
        if measure == "AP" and self.per_item is not None:
            num_items = int(np.count_nonzero(~np.isnan(self.per_item)))
        return Cell(*self.pair, value.value, num_items, value.resamples)


class _Tagger:
    """Tags the items of a plan, and measures the tags they get."""

    def __init__(self, plan: TaggingPlan, vectors: RowVectors, bootstrap: GroupBootstrap) -> None:
        self.plan = plan
        self.vectors = vectors
        self.bootstrap = bootstrap
        self.item_rows = plan.item_rows

    def zero_shot(self, thresholds: Floats) -> Iterator[_Measured]:
        """Every language of items with every language of tags, where an item has a tag."""
        for items in self.plan.items:
            for names in self.plan.names:
                labels = items.labels[:, names.tags]
                if labels.any():
                    yield self._by_similarity(items, names, labels, thresholds[names.tags])

    def _by_similarity(self, items: Items, names: TagNames, labels: Labels, thresholds: Floats) -> _Measured:
        scores = similarities(self.vectors, items, names)
        numbers, values = self._measure(items, scores, labels, scores >= thresholds)
        tag_ties = tie_ranks(self.plan.corpus.documents["doc_id"].take(pa.array(names.document_rows)))
        per_item = average_precision(scores.T, labels.T, tag_ties)
        tagged = ~np.isnan(per_item)
        at = numbers[tagged]
        resampled = self.bootstrap.means(at, np.zeros_like(at), per_item[tagged, None])[:, 0, 0]
        values["AP"] = Resampled(float(per_item[tagged].mean()), resampled)
        return _Measured(
            (items.language, names.language), numbers, values, per_item, _num_without_item(labels)
        )

    def probed(self, probe: TagProbe, threshold: float) -> Iterator[_Measured]:
        """Every language of items with the tags as the probe learnt them."""
        for items in self.plan.items:
            if items.labels.any():
                scores = probe.scores(self.vectors.of_queries(items.query_rows))
                numbers, values = self._measure(items, scores, items.labels, scores >= threshold)
                yield _Measured(
                    (items.language, ALL if items.language == ALL else self.plan.source_language),
                    numbers,
                    {f"{name}_probe": value for name, value in values.items()},
                    None,
                    _num_without_item(items.labels),
                )

    def _measure(
        self, items: Items, scores: Scores, labels: Labels, taken: Labels
    ) -> tuple[Integers, dict[str, Resampled]]:
        numbers = np.searchsorted(self.item_rows, items.query_rows)
        ties = tie_ranks(self.plan.corpus.queries["query_id"].take(pa.array(items.query_rows)))
        return numbers, {
            "mAP": mean_average_precision(scores, labels, ties, numbers, self.bootstrap),
            "micro_F1": micro_f1(taken, labels, numbers, self.bootstrap),
            "macro_F1": macro_f1(taken, labels, numbers, self.bootstrap),
        }


def similarities(vectors: RowVectors, items: Items, names: TagNames) -> Scores:
    """(n, t) similarity of items and names of tags."""
    return np.asarray(vectors.of_queries(items.query_rows) @ vectors.of_documents(names.document_rows).T)


def _num_without_item(labels: Labels) -> int:
    return int(np.count_nonzero(~labels.any(axis=0)))


def _calibrate(plan: TaggingPlan, vectors: RowVectors) -> tuple[float, Floats]:
    """The threshold with the best F1 over all tags, and (T,) that of each tag, in the source language."""
    tags = plan.source_names.tags
    scores = similarities(vectors, plan.calibration, plan.source_names)
    labels = plan.calibration.labels[:, tags]
    overall, _ = best_f1_threshold(scores.ravel(), labels.ravel())
    by_tag = np.full(plan.tagged.num_tags, overall)
    if plan.thresholds == "per_tag":
        for column in np.flatnonzero(labels.any(axis=0)):
            by_tag[tags[column]], _ = best_f1_threshold(scores[:, column], labels[:, column])
    return overall, by_tag


def _calibrate_probe(plan: TaggingPlan, vectors: RowVectors, probe: TagProbe) -> float:
    """The log odds with the best F1 over all tags; even odds if the probe was trained on those items."""
    if not plan.probe_is_calibrated:
        return 0.0
    scores = probe.scores(vectors.of_queries(plan.calibration.query_rows))
    return best_f1_threshold(scores.ravel(), plan.calibration.labels.ravel())[0]


def _results(
    plan: TaggingPlan, vectors: RowVectors, bootstrap: GroupBootstrap, record: dict[str, Any]
) -> Results:
    tagger = _Tagger(plan, vectors, bootstrap)
    record |= plan.record
    record["threshold"], by_tag = _calibrate(plan, vectors)
    if plan.thresholds == "per_tag":
        record["tag_thresholds"] = plan.by_group_id(by_tag)
    measured = list(tagger.zero_shot(by_tag))
    record["tags_without_item"] = [
        {"query_language": part.pair[0], "document_language": part.pair[1], "num_tags": number}
        for part in measured
        if (number := part.num_tags_without_item)
    ]
    if plan.probe is not None:
        probe = fit_probe(vectors.of_queries(plan.probe.query_rows), plan.probe.labels)
        record["probe_threshold"] = _calibrate_probe(plan, vectors, probe)
        measured += tagger.probed(probe, record["probe_threshold"])
    about: dict[str, Any] = {"model": vectors.model, "corpus": plan.corpus.name, "split": plan.splits.test}
    ledger = Ledger()
    for name in dict.fromkeys(name for part in measured for name in part.values):
        write_with_averages(ledger, name, [part.cell(name) for part in measured if name in part.values])
    return Results(
        tuple(Result(**(about | vectors.media | asdict(value))) for value in ledger.values()),
        (about | record | vectors.provenance,),
        per_query=_per_item(plan, measured, about | vectors.media),
    )


def _per_item(plan: TaggingPlan, measured: Sequence[_Measured], about: dict[str, str]) -> pa.Table:
    """AP item by item."""
    rows = pa.array(plan.item_rows)
    names = (plan.corpus.queries[name].take(rows) for name in ("query_id", "group_id", "language"))
    parts = [
        (part.pair[1], part.items, {"AP": part.per_item}) for part in measured if part.per_item is not None
    ]
    return per_query_table(QueryKeys(*(each.combine_chunks() for each in names)), parts, **about)
