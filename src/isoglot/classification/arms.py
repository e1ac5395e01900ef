"""Arms of an experiment on pairs over seeds: trained, measured once, and set in a table of markdown."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from isoglot.classification.classifier import PairClassifier, load_classifier
from isoglot.classification.examples import pair_texts
from isoglot.classification.experiment import ClassificationConfig, run_classification
from isoglot.classification.measuring import ACCURACY, evaluate_classifier, generalised_mean
from isoglot.classification.smoothed import CertifiedPairs, Smoothing, certify_pairs, noise_deviation
from isoglot.config import read_config
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.evaluation import Results, compare, read_results
from isoglot.evaluation.per_query import KEY_COLUMNS
from isoglot.evaluation.placement import ALL
from isoglot.evaluation.seeds import spread

Parts = dict[str, list[Results]]
"""Arm -> its results, one of each seed."""

COLUMNS = ("source", "other languages", "two languages", "all pairs of languages", "total")
"""Accuracy in the source language; the mean over the others; over pairs of two languages; over all ordered
pairs, those of one among them (the generalised setting); and of all pairs in one pool."""

_FGM = ("robust.method=adversarial", "robust.epsilon=0.1")
METHODS: Mapping[str, tuple[str, ...]] = {
    "plain": (),
    "FGM": _FGM,
    "PGD-3": (*_FGM, "robust.steps=3"),
    "RS-RP": ("robust.method=random", "robust.epsilon=0.1"),
}
"""Perturbations of input embeddings in training -> what they change of a configuration."""

_COPIES = 10


def augmented_methods(*augmentation: str) -> dict[str, tuple[str, ...]]:
    """RS-DA alone and with perturbations of input embeddings.

    Args:
        *augmentation: `key=value` that make RS-DA: a table of neighbours, copies, epochs.

    Returns:
        Arm -> what it changes of a configuration.
    """
    joined = {f"RS-DA and {name}": (*augmentation, *METHODS[name]) for name in ("FGM", "RS-RP")}
    return {"RS-DA": augmentation, **joined}


@dataclass(frozen=True)
class Arms:
    """What is compared.

    Attributes:
        config: TOML file that all arms start from.
        root: Folder that models and results lie below.
        changes: Arm -> `key=value` that make it what it is.
        smoothed: Arms that are also measured with smoothed prediction -> strength of the noise
            (`isoglot.classification.noise_deviation`, set against the dev pairs).
        languages: Tags that are measured; None for all.
    """

    config: Path
    root: Path
    changes: Mapping[str, Sequence[str]]
    smoothed: Mapping[str, float] = field(default_factory=dict)
    languages: tuple[str, ...] | None = None

    def carry_out(
        self, corpus: ParallelCorpus, seeds: Sequence[int], names: Sequence[str], tell: Callable[[str], None]
    ) -> Parts:
        """Trains and measures arms; what is there already is not done again.

        Args:
            corpus: Has labelled pairs in the splits `train`, `dev` and `test`.
            seeds: Seeds of the training.
            names: Which arms.
            tell: Told how long each arm took.

        Returns:
            The results.
        """
        parts: Parts = {}
        for seed in seeds:
            for name in names:
                start = time.perf_counter()
                model = run_classification(self.configured(name, seed), corpus)
                tell(f"seed {seed} {name}: {time.perf_counter() - start:.0f} s")
                parts.setdefault(name, []).append(self._measure(name, seed, model, corpus, 0.0))
                if name in self.smoothed:
                    found = self._measure(name, seed, model, corpus, self.smoothed[name])
                    parts.setdefault(f"{name}, smoothed", []).append(found)
        return parts

    def configured(self, name: str, seed: int) -> ClassificationConfig:
        """The configuration of an arm with a seed."""
        changes = (*self.changes[name], f"training.seed={seed}", f"output={self.root}/{_slug(name)}-{seed}")
        return read_config(self.config, ClassificationConfig, changes)

    def certify(self, name: str, seed: int, corpus: ParallelCorpus, language: str) -> CertifiedPairs:
        """Certified classes of the test pairs in a language, by a trained arm with its strength of noise."""
        classifier = load_classifier(self.root / f"{_slug(name)}-{seed}")
        sigma = _deviation(classifier, corpus, self.smoothed[name])
        pairs = pair_texts(corpus, "test", task=classifier.task, language=language)
        return certify_pairs(classifier, pairs, sigma=sigma)

    def _measure(self, name: str, seed: int, model: Path, corpus: ParallelCorpus, strength: float) -> Results:
        title = f"{name}, smoothed" if strength else name
        out = self.root / "results" / f"{_slug(title)}-{seed}"
        if not (out / "per_query.parquet").exists():
            classifier = load_classifier(model)
            smoothing = Smoothing(_COPIES, _deviation(classifier, corpus, strength)) if strength else None
            options = {"languages": self.languages, "smoothing": smoothing}
            evaluate_classifier(classifier, corpus, name=f"{title}-{seed}", **options).write(out)  # type: ignore[arg-type]
        return read_results(out)


def accuracies(results: Results, source_language: str = "en") -> tuple[float, ...]:
    """Accuracy of a classifier in each of the `COLUMNS`.

    Args:
        results: Of one classifier on one corpus.
        source_language: The language it was trained in.

    Returns:
        The values.
    """
    own = _by_language(results)
    source = own.pop(source_language)
    return (
        source,
        statistics.mean(own.values()),
        results.value("cross_lingual", ACCURACY),
        generalised_mean(results),
        results.value("multilingual", ACCURACY),
    )


def accuracy_table(parts: Mapping[str, Sequence[Results]], title: str, source_language: str = "en") -> str:
    """Mean and standard deviation over seeds, a line per arm, as a table of markdown.

    Args:
        parts: Arm -> its results, one of each seed.
        title: Of the table; the number of seeds is added.
        source_language: The language that was trained in.

    Returns:
        The table. One seed has no deviation: 0.
    """
    num_seeds = len(next(iter(parts.values())))
    lines = [f"| {title}, {num_seeds} seeds | {' | '.join(COLUMNS)} |", "|---|" + "---:|" * len(COLUMNS)]
    for arm, per_seed in parts.items():
        columns = zip(*[accuracies(results, source_language) for results in per_seed], strict=True)
        cells = [spread(values, ".3f") for values in columns]
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    return "\n".join(lines)


def language_table(parts: Mapping[str, Sequence[Results]], title: str, source_language: str = "en") -> str:
    """Accuracy with both sentences in one language, the mean over seeds, as a table of markdown.

    Args:
        parts: Arm -> its results, one of each seed.
        title: Of the table.
        source_language: The language that was trained in, which comes first.

    Returns:
        The table: a line per arm, a column per language.
    """
    own = {arm: [_by_language(results) for results in per_seed] for arm, per_seed in parts.items()}
    languages = sorted(next(iter(own.values()))[0], key=lambda tag: (tag != source_language, tag))
    lines = [f"| {title} | {' | '.join(languages)} |", "|---|" + "---:|" * len(languages)]
    for arm, per_seed in own.items():
        means = (statistics.mean(found[tag] for found in per_seed) for tag in languages)
        lines.append(f"| {arm} | {' | '.join(f'{mean:.3f}' for mean in means)} |")
    return "\n".join(lines)


def difference_table(
    parts: Mapping[str, Sequence[Results]], title: str, baseline: str = "plain", source_language: str = "en"
) -> str:
    """Each arm minus a baseline, with p, as a table of markdown.

    Whether a pair is put into the right class is averaged over the seeds of an arm; differences are tested
    by paired randomisation over clusters of pairs (`isoglot.evaluation.compare`). So p speaks of other pairs,
    and the spread of `accuracy_table` of other seeds.

    Args:
        parts: Arm -> its results, one of each seed.
        title: Of the table.
        baseline: Arm that is subtracted.
        source_language: The language that was trained in.

    Returns:
        The table: both sentences in the source language; both in one language, the mean over all; in two.
    """
    columns = (
        ("monolingual", source_language),
        ("monolingual", ALL),
        ("cross_lingual", ALL),
    )
    lines = [f"| {title}: minus {baseline} | source | one language | two languages |", "|---|---:|---:|---:|"]
    theirs = _over_seeds(parts[baseline], baseline)
    for arm in (name for name in parts if name != baseline):
        both = pa.concat_tables([_over_seeds(parts[arm], arm), theirs])
        found = compare(Results((), per_query=both), baseline, measures=(ACCURACY,)).comparisons
        rows = {
            (row.setting, row.query_language): row
            for row in found
            if row.document_language in (ALL, row.query_language)
        }
        cells = [f"{rows[place].value:+.3f} (p {rows[place].p_value:.3f})" for place in columns]
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _by_language(results: Results) -> dict[str, float]:
    """Accuracy with both sentences in each language."""
    found = results.select(setting="monolingual", measure=ACCURACY)
    return {record.query_language: record.value for record in found if record.query_language != ALL}


def _over_seeds(per_seed: Sequence[Results], name: str) -> pa.Table:
    """Values pair by pair, the mean over seeds, under one name."""
    tables = [results.per_query for results in per_seed if results.per_query is not None]
    keys = [column for column in KEY_COLUMNS if column != "model"]
    every = pa.concat_tables([table.select([*keys, ACCURACY]) for table in tables]).unify_dictionaries()
    means = every.group_by(keys).aggregate([(ACCURACY, "mean")]).rename_columns([*keys, ACCURACY])
    return means.append_column("model", pa.array([name] * len(means)))


def _deviation(classifier: PairClassifier, corpus: ParallelCorpus, strength: float) -> float:
    return noise_deviation(classifier, pair_texts(corpus, "dev", task=classifier.task), strength)


def _slug(name: str) -> str:
    return name.replace(", ", "-").replace(" ", "-")
