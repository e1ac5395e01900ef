"""The whole experiment with photographs: train every arm over several seeds, then search both ways.

    python configs/photographs/run.py --seeds 0 1 2
    python configs/photographs/run.py --seeds 0 --arms english_only english_plus_text

Reads the published files below ../shared/data, writes models to runs/photographs/ and all results to
runs/photographs/results/. Started again, it goes on where it stopped.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from isoglot.config import read_config
from isoglot.corpora import ParallelCorpus, read_dataset
from isoglot.evaluation import Results, TransferLanguages, compare, evaluate, join_results, read_results
from isoglot.experiments import ExperimentConfig, run_experiment

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
LANGUAGES = ("en", "de", "fr", "cs")
TEST, DEV = "test_2016_flickr", "val"
DEPTHS = (1, 5, 10)
MEASURES = tuple(f"R@{depth}" for depth in DEPTHS)
BASELINE = "english_plus_text"


@dataclass(frozen=True)
class Search:
    """One collection that is searched.

    Attributes:
        name: What results call it.
        options: Of the reader of the data set.
    """

    name: str
    options: dict[str, Any]

    @property
    def direction(self) -> str:
        """What is asked with, and what is searched."""
        return str(self.options["direction"])

    def read(self, data: Path, split: str) -> ParallelCorpus:
        """The corpus; the larger collections hold the photographs of the other split too."""
        splits = [split, *({DEV, TEST} - {split})] if self.name.endswith("larger") else [split]
        corpus = read_dataset("multi30k-photographs", data, splits=splits, **self.options)
        return replace(corpus, info=replace(corpus.info, name=self.name))


SEARCHES = (
    Search("text-to-image", {"direction": "text_to_image"}),
    Search("text-to-image-larger", {"direction": "text_to_image", "distractors": True}),
    Search("image-to-text", {"direction": "image_to_text"}),
    Search("image-to-text-larger", {"direction": "image_to_text"}),
    Search("text-to-text", {"direction": "text_to_text"}),
)

Parts = dict[str, list[Results]]
"""Arm -> results of each seed."""
Column = tuple[str, dict[str, str]]
"""Title, and what is told of the value that stands below it."""


def train_all(seed: int, arms: Iterable[str]) -> dict[str, Path]:
    """Model directory of each arm."""
    models = {}
    for arm in arms:
        config = read_config(FOLDER / f"{arm}.toml", ExperimentConfig, (f"training.seed={seed}",))
        start = time.perf_counter()
        models[arm] = run_experiment(config)
        print(f"seed {seed} {arm}: {time.perf_counter() - start:.0f} s", flush=True)
    return models


def evaluate_once(model: Path, corpus: ParallelCorpus, split: str, name: str, results: Path) -> Results:
    """Results of a model on a corpus, read back where they were written before."""
    folder = results / model.name / f"{corpus.name}-{split}"
    if not (folder / "per_query.parquet").exists():
        asked_with_text = "image" not in corpus.query_modalities[0]
        transfer = TransferLanguages(source="en", unseen=LANGUAGES[1:]) if asked_with_text else None
        found = evaluate(model, corpus, split=split, name=name, measures=MEASURES, transfer=transfer)
        found.write(folder)
    return read_results(folder)


def columns(direction: str, measure: str) -> Iterator[Column]:
    """What a table tells of a search."""
    if direction == "text_to_image":
        for language in LANGUAGES:
            yield language, {"query_language": language, "measure": measure}
        yield "mean of de fr cs", {"measure": f"{measure}_unseen", "query_language": "*"}
        yield "gap to en", {"measure": f"{measure}_transfer_gap", "query_language": "*"}
    elif direction == "image_to_text":
        for language in LANGUAGES:
            yield language, {"setting": "cross_lingual", "document_language": language, "measure": measure}
        yield "pooled", {"setting": "multilingual", "query_language": "*", "measure": measure}
        yield "rank distance", {"measure": "rank_distance", "query_language": "*"}
    else:
        yield "cross-lingual", {"setting": "cross_lingual", "query_language": "*", "measure": measure}
        yield "pooled", {"setting": "multilingual", "query_language": "*", "measure": measure}
        yield "rank distance", {"measure": "rank_distance", "query_language": "*"}


def table(parts: Parts, search: Search, size: str, measure: str) -> str:
    """Markdown: mean and standard deviation over seeds, a line per arm."""
    num_seeds = len(next(iter(parts.values())))
    wanted = list(columns(search.direction, measure))
    lines = [
        f"| {search.direction.replace('_', ' ')}, {size}, {measure}, {num_seeds} seeds | "
        + " | ".join(title for title, _ in wanted)
        + " |",
        "|---|" + "---:|" * len(wanted),
    ]
    for arm, per_seed in parts.items():
        cells = [spread([value(results, told) for results in per_seed]) for _, told in wanted]
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    return "\n".join(lines)


def value(results: Results, told: dict[str, str]) -> float:
    """The one value of which this is told."""
    defaults = {} if "setting" in told else {"setting": "multilingual"}
    if "document_language" not in told:
        defaults["document_language"] = "*"
    if "query_language" not in told:
        defaults["query_language"] = "*" if told.get("document_language") == "*" else "zxx"
    (record,) = results.select(**defaults, **told)
    return record.value


def spread(values: Sequence[float]) -> str:
    """Mean and standard deviation; ranks without decimals."""
    shape = ".1f" if max(values) > 1 else ".3f"
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.mean(values):{shape}} ± {deviation:{shape}}"


def tests(parts: Parts, size: str, measure: str) -> str:
    """Markdown: each arm minus the baseline, seed by seed, with the p of paired randomisation tests.

    Captions of a photograph move together.
    """
    lines = [
        f"| text to image, {size}, {measure}, all languages: minus {BASELINE} | seed by seed |",
        "|---|---|",
    ]
    for arm in [name for name in parts if name != BASELINE]:
        cells = []
        for ours, theirs in zip(parts[arm], parts[BASELINE], strict=True):
            both = compare(join_results([ours, theirs]), theirs.models[0], measures=(measure,))
            (row,) = (each for each in both.comparisons if each.query_language == "*")
            cells.append(f"{row.value:+.3f} (p {row.p_value:.4f})")
        lines.append(f"| {arm} | {', '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Trains, evaluates, prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--arms", nargs="+", default=ARMS, help="Names of configurations beside this file.")
    parser.add_argument("--split", default=TEST, choices=(TEST, DEV), help="What is searched.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("runs/photographs/results"))
    options = parser.parse_args()
    models = {seed: train_all(seed, options.arms) for seed in options.seeds}
    everything = []
    for search in SEARCHES:
        corpus = search.read(options.data, options.split)
        parts: Parts = {}
        for arm in options.arms:
            parts[arm] = [
                evaluate_once(models[seed][arm], corpus, options.split, f"{arm}-{seed}", options.out)
                for seed in options.seeds
            ]
        everything += [results for per_seed in parts.values() for results in per_seed]
        size = f"{corpus.documents.num_rows:,} documents"
        for measure in MEASURES:
            print(f"\n{table(parts, search, size, measure)}\n", flush=True)
        if search.direction == "text_to_image" and BASELINE in parts:
            print(f"\n{tests(parts, size, 'R@10')}\n", flush=True)
    join_results(everything).write(options.out)


if __name__ == "__main__":
    main()
