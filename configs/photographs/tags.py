"""Tagging photographs in four languages: words of captions as tags, decided in several ways.

    python configs/photographs/prepare.py --seeds 0
    python configs/photographs/tags.py runs/photographs/hybrid_all-0 --features runs/photographs/features.npz

Reads the published files below ../shared/data. The tags are words that captions of the training photographs
agree on (`isoglot.tagging.build_caption_tags`); thresholds are chosen on `val`. Prints a line for each way of
scoring and of deciding, and one for giving every photograph the tags that are most frequent in `val`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from isoglot.corpora import ParallelCorpus, read_dataset
from isoglot.encoders import load_encoder
from isoglot.evaluation import evaluate_tagging
from isoglot.tagging import Thresholds, build_caption_tags, calibrate, tag, vocabulary_of
from isoglot.tagging.calibrating import corpus_items, judged_tags

TEST, DEV = "test_2016_flickr", "val"
LANGUAGES = ("en", "de", "fr", "cs")
UNTUNED = 0.5
"""The threshold of somebody who has nothing to choose one on."""

Decisions = npt.NDArray[np.bool_]
"""(items, tags) which tags an item has, or is given."""


def photographs_with_tags(data: Path, features: Path | None) -> ParallelCorpus:
    """The corpus: photographs, or their features, judged by their captions.

    Args:
        data: The published files.
        features: Archive of features that stand in for photographs; None for the photographs.

    Returns:
        Photographs as queries, tags as documents.
    """
    options: dict[str, Any] = {} if features is None else {"features": str(features)}
    return build_caption_tags(
        read_dataset("multi30k-photographs", data, direction="image_to_text", captions="all", **options)
    )


def f1s(given: Decisions, right: Decisions) -> tuple[float, float]:
    """Micro F1, and macro F1 over the tags that some item has."""
    given, right = given[:, right.any(axis=0)], right[:, right.any(axis=0)]
    hits, both = (given & right).sum(axis=0), given.sum(axis=0) + right.sum(axis=0)
    return float(2 * hits.sum() / both.sum()), float((2 * hits / both).mean())


def most_frequent(corpus: ParallelCorpus, split: str, dev: str) -> Decisions:
    """The same tags for every item of a split: as many of the most frequent as give the best F1 in dev."""
    vocabulary = vocabulary_of(corpus)
    right = judged_tags(corpus, dev, vocabulary)[2]
    order = np.argsort(-right.sum(axis=0), kind="stable")
    hits, size = np.cumsum(right.sum(axis=0)[order]), np.arange(1, len(order) + 1)
    best = order[: int(np.argmax(2 * hits / (size * len(right) + right.sum()))) + 1]
    given = np.zeros((len(judged_tags(corpus, split, vocabulary)[0]), len(order)), bool)
    given[:, best] = True
    return given


def decisions(
    model: Any, corpus: ParallelCorpus, split: str, language: str | None, bars: float | Thresholds
) -> tuple[Decisions, Decisions]:
    """Tags given to the items of a split and those that they have.

    Args:
        model: The model.
        corpus: The corpus.
        split: Whose items.
        language: The language whose labels score alone, and whose tags alone count; None for all together.
        bars: The thresholds.

    Returns:
        Given, and right.
    """
    vocabulary = vocabulary_of(corpus)
    rows, _, right = judged_tags(corpus, split, vocabulary)
    items = [
        item.content if item.modality == "text" else {item.modality: item.content}
        for item in corpus_items(corpus, rows)
    ]
    found = tag(
        model,
        items,
        vocabulary,
        languages=[language or vocabulary.languages[0]],
        thresholds=bars,
        languages_agree=language is None,
    )
    taken = [{each.tag_id for each in item.tags} for item in found.items]
    given = np.array([[each.tag_id in ids for each in vocabulary.tags] for ids in taken])
    named = np.array([language is None or language in each.labels for each in vocabulary.tags])
    return given[:, named], right[:, named]


def lines(
    model: Any, corpus: ParallelCorpus, languages: Sequence[str], split: str = TEST, dev: str = DEV
) -> Iterator[tuple[str, ...]]:
    """Cells of the table: how tags are scored, and micro and macro F1 by how they are decided on."""
    for language in (None, *languages):
        asked: Iterable[str] | None = None if language is None else [language]
        cells = []
        for per_tag in (None, False, True):
            bars: float | Thresholds = UNTUNED
            if per_tag is not None:
                bars = calibrate(
                    model,
                    corpus,
                    split=dev,
                    languages=asked,
                    languages_agree=language is None,
                    per_tag=per_tag,
                )
            cells.append("{:.3f} / {:.3f}".format(*f1s(*decisions(model, corpus, split, language, bars))))
        yield language or "all together", *cells


def main() -> None:
    """Measures, prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="A model of texts and photographs.")
    parser.add_argument("--features", type=Path, help="Archive of features that stand in for photographs.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    corpus, model = photographs_with_tags(options.data, options.features), load_encoder(options.model)
    right = judged_tags(corpus, TEST, vocabulary_of(corpus))[2]
    print(f"{right.shape[1]} tags, {len(right)} photographs, {right.sum() / len(right):.1f} tags each\n")
    print(f"| scored by | untuned, {UNTUNED} | calibrated, one | calibrated, per tag |\n|---|---:|---:|---:|")
    for cells in lines(model, corpus, LANGUAGES):
        print("| " + " | ".join(cells) + " |", flush=True)
    print(
        "| the most frequent | {:.3f} / {:.3f} | | |\n".format(*f1s(most_frequent(corpus, TEST, DEV), right))
    )
    results = evaluate_tagging(model, corpus, split=TEST, calibration_split=DEV, probe=False)
    for record in results.records:
        if record.measure in ("AP", "mAP"):
            print(f"{record.document_language} {record.measure} {record.value:.3f}")


if __name__ == "__main__":
    main()
