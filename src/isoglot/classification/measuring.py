"""Measuring a classifier of pairs: accuracy in each language and in every ordered pair of languages.

Values are named as those of `isoglot.evaluation.paired`, in its settings: monolingual, both sentences in one
language (zero-shot transfer); cross-lingual, in two; multilingual, the pairs of all languages in one pool,
which is the micro total that XTREME's scripts print.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pyarrow as pa

from isoglot.classification.classifier import PairClassifier
from isoglot.classification.examples import check_classes, one_language, sentence_clusters
from isoglot.classification.predicting import BATCH_SIZE, Integers, predict_pairs
from isoglot.classification.smoothed import Smoothing, smooth_pairs
from isoglot.corpora.labelled import find_pairs
from isoglot.corpora.languages import match_languages
from isoglot.corpora.manifest import condense
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError
from isoglot.evaluation.cells import Value
from isoglot.evaluation.paired.cells import ScoredPairs, measure_pairs
from isoglot.evaluation.paired.scores import PairSentences
from isoglot.evaluation.per_query import QueryKeys, per_query_table
from isoglot.evaluation.results import Result, Results
from isoglot.robustness.smoothing import ABSTAINED
from isoglot.versions import installed_versions

ACCURACY, MACRO_F1 = "accuracy_head", "macro_F1_head"
_NAMES = {"accuracy_probe": ACCURACY, "macro_F1_probe": MACRO_F1}
"""Measures of what is said of all classes, under the name they have there and here."""


def evaluate_classifier(
    classifier: PairClassifier,
    corpus: ParallelCorpus,
    *,
    split: str = "test",
    languages: Iterable[str] | None = None,
    source_language: str = "en",
    smoothing: Smoothing | None = None,
    name: str = "classifier",
    seed: int = 0,
    num_resamples: int = 1_000,
    batch_size: int = BATCH_SIZE,
) -> Results:
    """Accuracy and macro F1 over all classes, in every ordered pair of languages.

    Args:
        classifier: The classifier, of a task that the corpus has pairs for.
        corpus: A corpus with labelled pairs.
        split: Which pairs to measure.
        languages: Tags to measure; None takes all.
        source_language: The language it was trained in, whose gap to the others is measured if it is there.
        smoothing: Averages class probabilities over perturbed copies; None predicts from the pairs as they
            are.
        name: What results call the classifier.
        seed: Seed of the bootstrap.
        num_resamples: How many times pairs are resampled for the intervals.
        batch_size: Texts or pairs at a time.

    Returns:
        `accuracy_head` and `macro_F1_head` by language of the first (`query_language`) and of the second
        sentence (`document_language`), and their means; pair by pair, whether the class is right, which
        `isoglot.evaluation.compare` tests classifiers by, pairs that share a sentence swapped together.

    Raises:
        ConfigError: If a number is out of range, or a language names several.
        CorpusError: If the split has no such pairs, or a language is missing.
    """
    if num_resamples < 1 or batch_size < 1:
        raise ConfigError(f"num_resamples and batch_size must be >= 1, got {num_resamples} and {batch_size}")
    check_classes(classifier.task)
    _, pairs = find_pairs(corpus, split, classifier.task)
    tags = corpus.languages if languages is None else match_languages(languages, corpus.languages)
    sentences = PairSentences.of(corpus, pairs, tags)
    source = one_language(source_language, corpus) if source_language in corpus.languages else None
    scored = _score(classifier, corpus, sentences, smoothing, batch_size)
    measures = tuple(_NAMES)
    values = measure_pairs(scored, measures, source=source, seed=seed, num_resamples=num_resamples)
    media = dict.fromkeys(("query_modality", "document_modality"), "text")
    names: dict[str, Any] = {"model": name, "corpus": corpus.name, "split": split, **media}
    config = {
        "model": name,
        "corpus": corpus.name,
        "split": split,
        "task": classifier.task,
        "joint": classifier.joint,
        "languages": list(tags),
        "source_language": source,
        "measures": list(_NAMES.values()),
        "num_pairs": len(pairs),
        "left_out": [{"query_language": a, "document_language": b} for a, b in scored.left_out],
        "smoothing": _described(smoothing),
        "seed": seed,
        "num_resamples": num_resamples,
        "corpus_version": corpus.info.version,
        "corpus_checksums": condense(corpus.checksums),
        "versions": installed_versions("isoglot", "numpy", "torch", "sentence-transformers"),
    }
    return Results(
        tuple(Result(**names, **asdict(_renamed(value))) for value in values),
        (config,),
        per_query=_pair_by_pair(scored, sentence_clusters(corpus, pairs, tags), **names),
    )


def generalised_mean(results: Results, measure: str = ACCURACY) -> float:
    """The mean over all ordered pairs of languages, those of one language among them.

    The generalised setting of arXiv 2104.08645: 49 pairs on PAWS-X, 225 on XNLI.

    Args:
        results: Of one classifier on one corpus.
        measure: Name.

    Returns:
        The mean, each pair of languages with the same weight.

    Raises:
        ConfigError: If there is no such measure, or results are of several classifiers or corpora.
    """
    cells = [
        record
        for record in results.records
        if record.measure == measure
        and record.setting in ("monolingual", "cross_lingual")
        and "*" not in (record.query_language, record.document_language)
    ]
    if not cells or len({(record.model, record.corpus, record.split) for record in cells}) > 1:
        raise ConfigError(
            f"{measure!r} must be there, of one classifier on one split; got {len(cells)} values"
        )
    return float(np.mean([record.value for record in cells]))


def _score(
    classifier: PairClassifier,
    corpus: ParallelCorpus,
    sentences: PairSentences,
    smoothing: Smoothing | None,
    batch_size: int,
) -> ScoredPairs:
    if smoothing is None:
        found = predict_pairs(classifier, corpus, sentences, batch_size=batch_size)
    else:
        smoothed = smooth_pairs(classifier, corpus, sentences, smoothing, batch_size=batch_size)
        found = smoothed.probabilities.astype(np.float32)
    present = sentences.present
    classes = np.where(present, np.nan_to_num(found).argmax(axis=-1), ABSTAINED)
    there = np.where(present, np.float32(0.0), np.float32(np.nan))
    return ScoredPairs(
        classifier.task, sentences.languages, sentences.labels, there, classes=classes.astype(np.int8)
    )


def _pair_by_pair(scored: ScoredPairs, clusters: Integers, **names: str) -> pa.Table:
    """Whether the class is right, of every pair in every two languages; one of the first sentence is a query.

    Args:
        scored: The pairs.
        clusters: (P,) clusters of pairs that share sentences: groups.
        **names: The other columns.

    Returns:
        A table as `isoglot.evaluation.compare` reads it.
    """
    assert scored.classes is not None
    num_pairs, num_languages = len(scored.labels), len(scored.languages)
    numbers = np.tile(np.arange(num_pairs), num_languages)
    spoken = np.repeat(np.asarray(scored.languages), num_pairs)
    ids = [f"{number}.{language}" for number, language in zip(numbers, spoken, strict=True)]
    keys = QueryKeys(
        pa.array(ids), pa.array(clusters[numbers].astype(str)), pa.array(spoken).dictionary_encode()
    )
    right = (scored.classes == scored.labels[:, None, None]).astype(np.float64)
    measured = np.zeros(num_languages**2, bool)
    measured[scored.columns] = True
    there = (scored.present & measured).reshape(scored.classes.shape)
    parts = []
    for number, language in enumerate(scored.languages):
        rows = np.flatnonzero(there[:, :, number].T.ravel())
        parts.append((language, rows, {ACCURACY: right[:, :, number].T.ravel()[rows]}))
    return per_query_table(keys, parts, **names)


def _renamed(value: Value) -> Value:
    """The value under the name of a head, which its averages and gaps bear, too."""
    for theirs, ours in _NAMES.items():
        if value.measure.startswith(theirs):
            return replace(value, measure=ours + value.measure.removeprefix(theirs))
    return value


def _described(smoothing: Smoothing | None) -> dict[str, Any] | None:
    """What can be told of a smoothing in a record."""
    if smoothing is None:
        return None
    plain = {"num_copies": smoothing.num_copies, "sigma": smoothing.sigma, "seed": smoothing.seed}
    return {**plain, "perturbed_texts": smoothing.perturb is not None}
