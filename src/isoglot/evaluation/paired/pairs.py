"""Sentence pairs: are those alike that people call alike, whatever languages the two are in?

Settings. Monolingual: both sentences in one language. Cross-lingual: in two, every ordered pair of languages
(the generalised setting of arXiv 2104.08645). Multilingual: the pairs of all languages in one pool, where one
order or one threshold must serve all; a model whose similarities lie higher in some languages than in others
loses there what it has in each, and that is language bias.

Measures. Similarity: Spearman and Pearson correlation with the labels. Paraphrase, and entailment against the
other two classes: AP of the positive class, accuracy and F1 at thresholds chosen in the source language and
used unchanged in all; and by a linear probe learnt in the source language
(`isoglot.evaluation.paired.probe`), accuracy and macro F1 over all classes.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from isoglot.corpora.labelled import CLASSES, POSITIVE, LabelledPairs, Task, find_pairs
from isoglot.corpora.languages import match_languages
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError, CorpusError
from isoglot.evaluation.paired.cells import (
    BY_PROBE,
    BY_THRESHOLD,
    PAIR_MEASURES,
    ScoredPairs,
    calibrate,
    measure_pairs,
)
from isoglot.evaluation.paired.probe import PairProbe, fit_pair_probe, predict_pairs
from isoglot.evaluation.paired.scores import PairSentences, components, halves, vectors_of
from isoglot.evaluation.results import Result, Results
from isoglot.evaluation.row_vectors import RowVectors, encode_rows

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from isoglot.corpora.judgements import Rows
    from isoglot.retrieval.encode import Embeddings


def evaluate_pairs(
    model: SentenceTransformer | Embeddings | str | Path,
    corpus: ParallelCorpus,
    *,
    split: str = "test",
    calibration_split: str = "dev",
    task: Task | None = None,
    languages: Iterable[str] | None = None,
    source_language: str = "en",
    measures: Iterable[str] | None = None,
    probe: bool = False,
    probe_split: str | None = None,
    name: str | None = None,
    seed: int = 0,
    num_resamples: int = 1_000,
    batch_size: int | None = None,
    cache: bool | str | Path = False,
    progress: bool = False,
) -> Results:
    """How well similarity agrees with labels, within languages, across them, and with all in one pool.

    Where `calibration_split` or `probe_split` is `split` itself, it is parted by sentences: one half, in the
    source language, serves them, and everything is measured on the other.

    Args:
        model: A sentence-transformers model, its path or name; or ready vectors, or their file.
        corpus: A corpus with labelled pairs.
        split: Which pairs to measure.
        calibration_split: Which pairs thresholds are chosen on; not needed for similarity or AP.
        task: `similarity`, `paraphrase` or `entailment`; None takes the only one that the split has.
        languages: Tags to measure; None takes all.
        source_language: The language of the pairs that thresholds are chosen on and the probe learns from.
        measures: Names, of `PAIR_MEASURES`; None takes all of the task, the probe's if `probe` is set.
        probe: Whether to fit a linear probe, which needs scikit-learn.
        probe_split: Which pairs it learns from; None takes `calibration_split`.
        name: What results call the model; None takes it from the model.
        seed: Seed of the bootstrap, of the parting and of the probe's folds.
        num_resamples: How many times pairs are resampled for the intervals.
        batch_size: Texts per batch; None chooses by the kind of model.
        cache: Whether vectors are kept on disk and used again, as in `evaluate`.
        progress: Whether to show a progress bar while encoding.

    Returns:
        Values by language of the first (`query_language`) and of the second sentence (`document_language`),
        and their means. Pairs of languages without two pairs of different labels are in the config's
        `left_out`.

    Raises:
        ConfigError: If an option or a measure does not fit the task, or the probe lacks scikit-learn.
        CorpusError: If a split has no labelled pairs or too few, a language is missing, or labels are alike.
        CheckpointError: If the model cannot be loaded.
        SearchError: If vectors are missing or malformed, or a run is given.
    """
    found_task, pairs = find_pairs(corpus, split, task)
    wanted = _choose_measures(found_task, measures, probe=probe, num_resamples=num_resamples)
    splits = (split, calibration_split, probe_split or calibration_split)
    plan = _plan(corpus, found_task, pairs, splits, languages, source_language, wanted, seed)
    options: dict[str, Any] = {"name": name, "batch_size": batch_size, "cache": cache, "progress": progress}
    vectors = encode_rows(model, corpus, _one_query(plan), plan.rows, **options)
    scored, fitted = _score(plan, vectors, seed)
    values = measure_pairs(scored, wanted, source=plan.source, seed=seed, num_resamples=num_resamples)
    about = {"model": vectors.model, "corpus": corpus.name, "split": split}
    media = dict.fromkeys(("query_modality", "document_modality"), vectors.media["document_modality"])
    config = about | _config(plan, scored, fitted, splits) | {"seed": seed, "num_resamples": num_resamples}
    names: dict[str, Any] = about | media
    records = tuple(Result(**names, **asdict(value)) for value in values)
    return Results(records, (config | _provenance(vectors),))


@dataclass(frozen=True, eq=False)
class _Plan:
    """What is to be measured, and what thresholds and probe are fitted on.

    Attributes:
        corpus: The corpus.
        task: What the labels say.
        measures: Names.
        measured: The pairs to measure.
        source: Language of the other two; None if there are none and the corpus lacks it.
        calibration: Pairs that thresholds are chosen on, in the source language; None if there are none.
        training: Pairs that the probe learns from, in the source language; None without a probe.
        is_parted: Whether they are a part of the split that is measured.
    """

    corpus: ParallelCorpus
    task: Task
    measures: Sequence[str]
    measured: PairSentences
    source: str | None
    calibration: PairSentences | None
    training: PairSentences | None
    is_parted: bool

    @property
    def rows(self) -> Rows:
        """Document rows of all sentences."""
        parts = (self.measured, self.calibration, self.training)
        return np.unique(np.concatenate([part.rows for part in parts if part is not None]))


def _choose_measures(
    task: Task, measures: Iterable[str] | None, *, probe: bool, num_resamples: int
) -> tuple[str, ...]:
    known = PAIR_MEASURES[task]
    given = known if measures is None else tuple(dict.fromkeys(measures))
    problems = []
    for measure in given:
        if measure not in known:
            near = difflib.get_close_matches(measure, known, 1, 0.0)[0]
            problems.append(
                f"unknown measure {measure!r} of {task}; did you mean {near!r}? There are {', '.join(known)}"
            )
    if not given:
        problems.append(f"no measure given; name at least one of {', '.join(known)}")
    if probe and not CLASSES[task]:
        problems.append(f"probe must be False for {task}, whose labels are no classes")
    if num_resamples < 1:
        problems.append(f"num_resamples must be >= 1, got {num_resamples}")
    if problems:
        raise ConfigError("\n".join(problems))
    if measures is None and not probe:
        return tuple(measure for measure in given if measure not in BY_PROBE)
    return given


def _plan(
    corpus: ParallelCorpus,
    task: Task,
    pairs: LabelledPairs,
    splits: tuple[str, str, str],
    languages: Iterable[str] | None,
    source_language: str,
    measures: Sequence[str],
    seed: int,
) -> _Plan:
    _check_labels(corpus, splits[0], pairs)
    wanted = corpus.languages if languages is None else match_languages(languages, corpus.languages)
    measured = PairSentences.of(corpus, pairs, wanted)
    needed = {
        "calibration": splits[1] if set(measures) & set(BY_THRESHOLD) else None,
        "training": splits[2] if set(measures) & set(BY_PROBE) else None,
    }
    source = _source(corpus, source_language, is_needed=any(needed.values()))
    if source is None:
        return _Plan(corpus, task, measures, measured, None, None, None, False)
    own = PairSentences.of(corpus, pairs, [source])
    is_parted = splits[0] in needed.values()
    fit = np.zeros(len(pairs), bool)
    if is_parted:
        fit = halves(components(corpus, own), seed=seed)
    parts = {
        part: None
        if there is None
        else _in_source(corpus, task, there, source, own.take(fit) if there == splits[0] else None)
        for part, there in needed.items()
    }
    return _Plan(corpus, task, measures, measured.take(~fit), source, **parts, is_parted=is_parted)


def _check_labels(corpus: ParallelCorpus, split: str, pairs: LabelledPairs) -> None:
    if len(np.unique(pairs.labels)) < 2:
        raise CorpusError(
            f"the {len(pairs)} labelled pairs of split {split!r} of {corpus.name!r} all have the label "
            f"{pairs.labels[0]:g}; no measure can tell anything from that"
        )


def _source(corpus: ParallelCorpus, language: str, *, is_needed: bool) -> str | None:
    """The source language as the corpus spells it; None where nothing is fitted and it is not there."""
    if not is_needed and language not in corpus.languages:
        return None
    found = match_languages([language], corpus.languages)
    if len(found) > 1:
        raise ConfigError(f"source_language {language!r} must name one language, not {', '.join(found)}")
    return found[0]


def _in_source(
    corpus: ParallelCorpus, task: Task, split: str, source: str, part: PairSentences | None
) -> PairSentences:
    """The pairs of a split, or the given part of it, that have both sentences in the source language."""
    if part is None:
        part = PairSentences.of(corpus, find_pairs(corpus, split, task)[1], [source])
    part = part.take(part.present[:, 0, 0])
    if not len(part):
        raise CorpusError(
            f"no labelled pair of split {split!r} of {corpus.name!r} has both sentences in {source!r}; name "
            "another source_language"
        )
    return part


def _one_query(plan: _Plan) -> Rows:
    """The row of one query, as vectors are asked for on both sides: a sentence that is encoded anyway."""
    group = plan.corpus.document_groups[plan.rows[0]]
    rows = np.flatnonzero(plan.corpus.query_groups == group)
    return np.array([rows[0] if len(rows) else 0], np.int32)


def _score(plan: _Plan, vectors: RowVectors, seed: int) -> tuple[ScoredPairs, PairProbe | None]:
    thresholds: dict[str, float] = {}
    if plan.calibration is not None:
        similarities = plan.calibration.similarities(vectors)[:, 0, 0]
        thresholds = calibrate(similarities, plan.calibration.labels == POSITIVE[plan.task])
    fitted, classes = None, None
    if plan.training is not None:
        fitted = fit_pair_probe(
            vectors_of(vectors, plan.training.first_rows[:, 0]),
            vectors_of(vectors, plan.training.second_rows[:, 0]),
            plan.training.labels.astype(np.int64),
            components(plan.corpus, plan.training),
            num_classes=len(CLASSES[plan.task]),
            seed=seed,
        )
        classes = predict_pairs(fitted, plan.measured, vectors)
    measured = plan.measured
    similarities = measured.similarities(vectors)
    scored = ScoredPairs(plan.task, measured.languages, measured.labels, similarities, thresholds, classes)
    return scored, fitted


def _config(
    plan: _Plan, scored: ScoredPairs, fitted: PairProbe | None, splits: tuple[str, str, str]
) -> dict[str, Any]:
    """What was measured, and what was fitted on what."""
    config: dict[str, Any] = {
        "task": plan.task,
        "languages": list(scored.languages),
        "source_language": plan.source,
        "measures": list(plan.measures),
        "num_pairs": len(scored.labels),
        "parted": plan.is_parted,
        "left_out": [
            {"query_language": first, "document_language": second} for first, second in scored.left_out
        ],
    }
    if plan.calibration is not None:
        config |= {
            "calibration_split": splits[1],
            "num_calibration_pairs": len(plan.calibration),
            "thresholds": scored.thresholds,
        }
    if fitted is not None:
        config["probe"] = {
            "split": splits[2],
            "num_pairs": fitted.num_pairs,
            "l2": fitted.l2,
            "cross_validated_accuracy": fitted.accuracy,
        }
    return config


def _provenance(vectors: RowVectors) -> dict[str, Any]:
    """As of the vectors; the one query, which no measure looks at, is not told of."""
    return {key: value for key, value in vectors.provenance.items() if key != "num_queries"}
