"""Arms of the study of media and robustness: trained, measured once, and told apart in tables of markdown."""

from __future__ import annotations

import math
import shutil
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scipy.stats import t as student

from isoglot.config import read_config
from isoglot.corpora import ParallelCorpus
from isoglot.corpora.labelled import Task
from isoglot.evaluation import Results, evaluate_pairs, evaluate_robustness, read_results
from isoglot.evaluation.curves import build_curves
from isoglot.evaluation.seeds import spread
from isoglot.experiments import ExperimentConfig, run_experiment

FOLDER = Path(__file__).parent
ROOT = Path("runs/media-robustness")
"""Where the configurations beside this file look for corpora, and leave models."""

STRENGTH = 0.3
NUM_RESAMPLES = 1
"""Intervals here are over seeds, and not over queries or pairs."""
PERTURBATIONS = ("typo", "ocr", "word_order", "code_switch")

Cell = Mapping[str, Results]
"""What one trained arm was measured on -> its results."""
Column = Callable[[Cell], float]
Test = Callable[[Path, str], Results]
"""Takes a model directory and the name that results shall have."""


@dataclass(frozen=True)
class Arm:
    """A configuration beside this file, with robust training or without.

    Attributes:
        config: Name of the configuration.
        epsilon: Radius of FGM; 0 for plain training.
    """

    config: str
    epsilon: float = 0.0

    @property
    def name(self) -> str:
        """What tables and folders call it."""
        return self.config if not self.epsilon else f"{self.config}-fgm-{self.epsilon:g}"

    def changes(self, seed: int) -> tuple[str, ...]:
        """What is set anew in its configuration."""
        seeded = (f"training.seed={seed}",)
        if not self.epsilon:
            return seeded
        robust = ("training.robust.method=adversarial", f"training.robust.epsilon={self.epsilon}")
        return (*seeded, *robust, f"output={ROOT}/models/{self.name}-{{seed}}")


def carry_out(arm: Arm, seed: int, tests: Mapping[str, Test], kind: str) -> Cell:
    """Trains an arm with a seed unless that was done, and measures it likewise.

    Args:
        arm: The arm.
        seed: Seed of weights, batches and dropout.
        tests: What it is measured on, by name.
        kind: Folder of the results; another for other splits.

    Returns:
        Results by name of the test.
    """
    start = time.perf_counter()
    model = run_experiment(read_config(FOLDER / f"{arm.config}.toml", ExperimentConfig, arm.changes(seed)))
    folder = ROOT / "results" / kind / model.name
    found = {name: measured_once(model, folder / name, test) for name, test in tests.items()}
    print(f"{kind}, seed {seed}, {arm.name}: {time.perf_counter() - start:.0f} s", flush=True)
    return found


def measured_once(model: Path, folder: Path, test: Test) -> Results:
    """Results of a test, read back where they were written before; not those of an earlier model.

    Args:
        model: Model directory.
        folder: Where the results lie, or will.
        test: The test.

    Returns:
        The results.
    """
    written, trained = folder / "results.json", model / "isoglot.json"
    if written.exists() and written.stat().st_mtime_ns < trained.stat().st_mtime_ns:
        shutil.rmtree(folder)
    if not written.exists():
        test(model, model.name).write(folder)
    return read_results(folder)


def pairs_test(corpus: ParallelCorpus, split: str, task: Task, measures: Sequence[str]) -> Test:
    """Labelled pairs of a split, thresholds from English dev pairs."""
    options: dict[str, Any] = {"split": split, "task": task, "measures": measures}
    return lambda model, name: evaluate_pairs(
        model, corpus, name=name, num_resamples=NUM_RESAMPLES, **options
    )


def search_test(corpus: ParallelCorpus, split: str) -> Test:
    """Search of texts by texts, the queries as they are and perturbed."""
    return lambda model, name: (
        evaluate_robustness(
            model,
            corpus,
            split=split,
            name=name,
            perturbations=PERTURBATIONS,
            strengths=(STRENGTH,),
            measures=("AP",),
            num_resamples=NUM_RESAMPLES,
            head_depth=0,
            significance=False,
        ).results
    )


def own_languages(test: str, measure: str, languages: Sequence[str]) -> Column:
    """Mean over languages of a measure within each."""
    return lambda cell: statistics.mean(
        cell[test].value("monolingual", measure, query_language=tag) for tag in languages
    )


def other_languages(test: str, measure: str, languages: Sequence[str]) -> Column:
    """Mean over languages of a measure against all others."""
    return lambda cell: statistics.mean(
        cell[test].value("cross_lingual", measure, query_language=tag) for tag in languages
    )


def searched(languages: Sequence[str]) -> Column:
    """Mean AP of queries in these languages, in the pool of all languages, nothing perturbed."""
    return lambda cell: _search(cell, PERTURBATIONS[0], languages)[0]


def retained(perturbation: str, languages: Sequence[str]) -> Column:
    """Per cent of the same that are left when the queries are perturbed."""

    def share(cell: Cell) -> float:
        clean, perturbed = _search(cell, perturbation, languages)
        return 100 * perturbed / clean

    return share


def _search(cell: Cell, perturbation: str, languages: Sequence[str]) -> tuple[float, float]:
    """Mean AP over languages without and with a perturbation."""
    points = [
        curve.points
        for curve in build_curves(cell["search"])
        if curve.perturbation == perturbation and curve.query_language in languages
    ]
    return statistics.mean(each[0].value for each in points), statistics.mean(
        each[-1].value for each in points
    )


Cells = Mapping[Arm, Sequence[Cell]]
"""Arm -> what was found with each seed."""
Contrast = Sequence[tuple[Arm, Arm]]
"""Arms, and what is subtracted from each."""


def means(title: str, columns: Mapping[str, Column], cells: Cells) -> str:
    """Mean and standard deviation over seeds, a line per arm, as a table of markdown.

    Args:
        title: Of the table.
        columns: Title of each column, and its value.
        cells: What was found.

    Returns:
        The table; a column whose values exceed 1 is in per cent, and NaN an empty cell.
    """
    lines = [f"| {title} | {' | '.join(columns)} |", "|---|" + "---:|" * len(columns)]
    for arm, per_seed in cells.items():
        shown = []
        for column in columns.values():
            values = [column(cell) for cell in per_seed]
            shape = ".1f" if max(values) > 1 else ".3f"
            shown.append("" if math.isnan(values[0]) else spread(values, shape))
        lines.append(f"| {arm.name} | {' | '.join(shown)} |")
    return "\n".join(lines)


def effects(
    title: str, columns: Mapping[str, Column], contrasts: Mapping[str, Contrast], cells: Cells
) -> str:
    """What a change brings: mean of the differences of pairs of arms seed by seed, as a table of markdown.

    Args:
        title: Of the table.
        columns: Title of each line, and its value.
        contrasts: Title of each column, and the arms that it tells apart.
        cells: What was found.

    Returns:
        The table; each mean has half the width of its 95 % interval (Student's t over arms and seeds), and a
        star where that leaves out 0. One seed has no interval, however many arms.
    """
    lines = [f"| {title} | {' | '.join(contrasts)} |", "|---|" + "---:|" * len(contrasts)]
    for name, column in columns.items():
        found = {arm: [column(cell) for cell in per_seed] for arm, per_seed in cells.items()}
        shape = ".1f" if max(max(values) for values in found.values()) > 1 else ".3f"
        shown = [told_difference(found, pairs, shape) for pairs in contrasts.values()]
        lines.append(f"| {name} | {' | '.join(shown)} |")
    return "\n".join(lines)


def told_difference(found: Mapping[Arm, Sequence[float]], contrast: Contrast, shape: str) -> str:
    """`difference` of a contrast, whose arms have as many seeds."""
    values = paired_differences(found, contrast)
    return difference(values if len(found[contrast[0][0]]) > 1 else [statistics.mean(values)], shape)


def paired_differences(found: Mapping[Arm, Sequence[float]], contrast: Contrast) -> list[float]:
    """The first arm minus the second, seed by seed, of every pair."""
    return [
        ours - theirs
        for first, second in contrast
        for ours, theirs in zip(found[first], found[second], strict=True)
    ]


def difference(values: Sequence[float], shape: str) -> str:
    """Mean and half the width of its 95 % interval, as a cell of a table says them.

    Args:
        values: Differences, which are taken for independent.
        shape: Format of a number, such as `.3f`.

    Returns:
        Such as `+0.012 ± 0.010*`.
    """
    mean = statistics.mean(values)
    if len(values) < 2:
        return f"{mean:+{shape}}"
    half = float(student.ppf(0.975, len(values) - 1)) * statistics.stdev(values) / len(values) ** 0.5
    return f"{mean:+{shape}} ± {half:{shape}}{'*' if abs(mean) > half else ''}"
