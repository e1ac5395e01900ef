"""The whole experiment with photographs: train every arm over several seeds, then search both ways.

    python configs/photographs/run.py --seeds 0 1 2
    python configs/photographs/run.py --seeds 0 --arms english_only english_plus_text --split val

Reads the published files below ../shared/data, writes features, corpora and models to runs/photographs/, and
the results of each arm and seed to runs/photographs/results/. Started again, it goes on where it stopped.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import torch
from prepare import BETWEEN_TEXTS, DEV, ROOT, TEST, TO_IMAGE, TO_TEXT, galleries, prepare

from isoglot.config import read_config
from isoglot.corpora import ParallelCorpus, read_corpus
from isoglot.evaluation import Results, TransferLanguages, compare, join_results, read_results
from isoglot.experiments import ExperimentConfig, run_experiment
from isoglot.experiments.arms import evaluate_once

FOLDER = Path(__file__).parent
ARMS = (
    "english_only",
    "english_plus_text",
    "alignment",
    "repulsion",
    "patr",
    "m3l",
    "monolingual_all",
    "cross_lingual_all",
    "mixed_all",
    "hybrid_all",
    "hybrid_all_plus_text",
)
BASELINE = "english_plus_text"
SOURCE, OTHERS = "en", ("de", "fr", "cs")
ARROWS = {TO_IMAGE: "text → image", TO_TEXT: "image → text"}
DEPTHS = (1, 5, 10)
MEASURES = tuple(f"R@{depth}" for depth in DEPTHS)


Cell = Mapping[str, Results]
"""Results of one arm and seed in one gallery, by direction."""
Cells = Mapping[str, Sequence[Cell]]
"""Arm -> those of each seed."""


@dataclass(frozen=True)
class Place:
    """Where everything lies.

    Attributes:
        root: Folder of corpora, models and results.
        split: What is searched.
    """

    root: Path
    split: str

    def corpus(self, name: str) -> Path:
        """Folder of one way to search a gallery."""
        return self.root / "corpora" / f"{self.split}-{name}"

    def results(self, arm: str, seed: int, name: str) -> Path:
        """Folder of what an arm and seed found in it."""
        return self.root / "results" / f"{arm}-{seed}" / self.corpus(name).name


def carry_out(arm: str, seed: int, place: Place) -> float:
    """Trains one arm with one seed, and measures it in every gallery; seconds it took."""
    start = time.perf_counter()
    model = run_experiment(read_config(FOLDER / f"{arm}.toml", ExperimentConfig, (f"training.seed={seed}",)))
    trained = (model / "isoglot.json").stat().st_mtime_ns
    for name, options in galleries(place.split).items():
        folder = place.results(arm, seed, name)
        if folder.is_dir() and folder.stat().st_mtime_ns < trained:
            shutil.rmtree(folder)  # of an earlier model in this place
        asked_with_text = options["direction"] != TO_TEXT
        evaluate_once(
            model,
            read_searched(place.corpus(name)),
            folder,
            split=place.split,
            name=f"{arm}-{seed}",
            measures=MEASURES,
            transfer=TransferLanguages(source=SOURCE, unseen=OTHERS) if asked_with_text else None,
        )
    return time.perf_counter() - start


@cache
def read_searched(folder: Path) -> ParallelCorpus:
    """A corpus, read once."""
    return read_corpus(folder)


def read_cells(arms: Iterable[str], seeds: Sequence[int], gallery: str, place: Place) -> Cells:
    """What was measured in a gallery, the `small` or the `large` one."""
    names = {
        options["direction"]: name
        for name, options in galleries(place.split).items()
        if name.startswith(gallery)
    }
    return {
        arm: [
            {way: read_results(place.results(arm, seed, name)) for way, name in names.items()}
            for seed in seeds
        ]
        for arm in arms
    }


def recall(cell: Cell, direction: str, languages: Sequence[str], depth: int) -> float:
    """Per cent, mean over languages of captions that ask, or of those that answer, each language alone."""
    found = []
    for language in languages:
        if direction == TO_IMAGE:
            told = {"setting": "multilingual", "query_language": language, "document_language": "*"}
        else:
            told = {"setting": "cross_lingual", "query_language": "zxx", "document_language": language}
        found.append(100 * the_value(cell[direction], **told, measure=f"R@{depth}"))
    return statistics.mean(found)


def recalls(cell: Cell, direction: str, languages: Sequence[str]) -> list[float]:
    """The same at every depth."""
    return [recall(cell, direction, languages, depth) for depth in DEPTHS]


def the_value(results: Results, **told: str) -> float:
    """The one value of which this is told."""
    (record,) = results.select(**told)
    return record.value


def pooled(cell: Cell, direction: str, name: str) -> float:
    """A value over the captions of all languages at once."""
    everywhere = {"query_language": "*", "document_language": "*"}
    return the_value(cell[direction], setting="multilingual", measure=name, **everywhere)


def transfer_gap(cell: Cell, direction: str) -> float:
    """R@10 in English minus its mean over the other languages, in points."""
    return recall(cell, direction, [SOURCE], 10) - recall(cell, direction, OTHERS, 10)


Column = tuple[str, Callable[[Cell], list[float]]]
"""Title, and the values that stand below it, with strokes between."""


def summary() -> Iterator[Column]:
    """English and what is carried over from it, both ways, and language bias."""
    for direction in (TO_IMAGE, TO_TEXT):
        arrow = ARROWS[direction]
        yield f"{arrow} {SOURCE}, R@1 / 5 / 10", lambda cell, way=direction: recalls(cell, way, [SOURCE])
        yield f"{arrow} mean of {' '.join(OTHERS)}", lambda cell, way=direction: recalls(cell, way, OTHERS)
        yield f"{arrow} transfer gap", lambda cell, way=direction: [transfer_gap(cell, way)]
    yield "rank distance", lambda cell: [pooled(cell, TO_TEXT, "rank_distance")]


def by_language() -> Iterator[Column]:
    """R@10 of every language, both ways, and of the captions of all languages at once."""
    for direction in (TO_IMAGE, TO_TEXT):
        for tag in (SOURCE, *OTHERS):
            yield (
                f"{ARROWS[direction]} {tag}",
                lambda cell, way=direction, only=tag: [recall(cell, way, [only], 10)],
            )
    yield f"{ARROWS[TO_TEXT]} pooled", lambda cell: [100 * pooled(cell, TO_TEXT, "R@10")]


def between_texts() -> Iterator[Column]:
    """Captions that look for their translations, no photograph between."""
    everywhere = {"query_language": "*", "document_language": "*"}
    for setting in ("cross_lingual", "multilingual"):
        told = {"setting": setting, "measure": "R@10", **everywhere}
        yield f"{setting} R@10", lambda cell, of=told: [100 * the_value(cell[BETWEEN_TEXTS], **of)]
    yield "rank distance", lambda cell: [pooled(cell, BETWEEN_TEXTS, "rank_distance")]


def table(title: str, columns: Iterable[Column], cells: Cells) -> str:
    """Markdown: mean and standard deviation over seeds, a line per arm."""
    chosen = list(columns)
    lines = [f"| {title} | {' | '.join(name for name, _ in chosen)} |", "|---|" + "---:|" * len(chosen)]
    for arm, of_seeds in cells.items():
        shown = [spread([values(cell) for cell in of_seeds]) for _, values in chosen]
        lines.append(f"| {arm} | {' | '.join(shown)} |")
    return "\n".join(lines)


def spread(of_seeds: Sequence[Sequence[float]]) -> str:
    """Mean and standard deviation over seeds of each of several values; one seed has no deviation."""
    shown = []
    for values in zip(*of_seeds, strict=True):
        deviation = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
        shown.append(f"{statistics.mean(values):.1f}{deviation}")
    return " / ".join(shown)


def tests(title: str, cells: Cells) -> str:
    """Markdown: each arm minus the baseline, seed by seed, with the p of paired randomisation tests.

    Captions of a photograph move together.
    """
    lines = [f"| {title}, text to image, R@10, all languages | minus {BASELINE}, seed by seed |", "|---|---|"]
    for arm in [name for name in cells if name != BASELINE]:
        differences = []
        for ours, theirs in zip(cells[arm], cells[BASELINE], strict=True):
            joined = join_results([ours[TO_IMAGE], theirs[TO_IMAGE]])
            both = compare(joined, theirs[TO_IMAGE].models[0], measures=["R@10"])
            (row,) = (each for each in both.comparisons if each.query_language == "*")
            differences.append(f"{100 * row.value:+.1f} (p {row.p_value:.4f})")
        lines.append(f"| {arm} | {', '.join(differences)} |")
    return "\n".join(lines)


def report(gallery: str, cells: Cells, place: Place) -> Iterator[str]:
    """The tables of a gallery."""
    first = next(iter(cells.values()))
    num_photographs = read_searched(place.corpus(f"{gallery}-{TO_IMAGE}")).documents.num_rows
    title = f"{num_photographs:,} photographs, {len(first)} seed{'s' * (len(first) > 1)}"
    yield table(title, summary(), cells)
    yield table(f"R@10, {title}", by_language(), cells)
    if BETWEEN_TEXTS in first[0]:
        yield table(f"captions alone, {title}", between_texts(), cells)
    if BASELINE in cells and len(cells) > 1:
        yield tests(title, cells)


def main() -> None:
    """Trains, evaluates, prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--arms", nargs="+", default=ARMS, help="Names of configurations beside this file.")
    parser.add_argument("--split", default=TEST, choices=(TEST, DEV), help="What is searched.")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="Trainings at a time.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    prepare(options.data, ROOT, options.split, options.seeds)
    place = Place(ROOT, options.split)
    carry_out_all(options.arms, options.seeds, place, options.jobs)
    for gallery in ("small", "large"):
        for lines in report(gallery, read_cells(options.arms, options.seeds, gallery, place), place):
            print(f"\n{lines}\n", flush=True)


def carry_out_all(arms: Sequence[str], seeds: Sequence[int], place: Place, jobs: int) -> None:
    """Every arm with every seed, several at a time, each in one of as many processes."""
    threads = max(1, (os.cpu_count() or 1) // jobs)
    with ProcessPoolExecutor(jobs, get_context("spawn"), torch.set_num_threads, (threads,)) as processes:
        chosen = [(arm, seed) for seed in seeds for arm in arms]
        running = {processes.submit(carry_out, arm, seed, place): (arm, seed) for arm, seed in chosen}
        for finished in as_completed(running):
            arm, seed = running[finished]
            print(f"seed {seed} {arm}: {finished.result():.0f} s", flush=True)


if __name__ == "__main__":
    main()
