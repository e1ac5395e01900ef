"""The whole XQuAD-R experiment: align, fine-tune under several batch schemes, evaluate over several seeds.

    python configs/xquad-r/run.py --seeds 0 1 2
    python configs/xquad-r/run.py --seeds 0 1 2 3 4 --arms hybrid replay

Reads the published files below ../shared/data, writes models to runs/xquad-r/ and all results to
runs/xquad-r/results/. Started again, it goes on where it stopped.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from isoglot.config import read_config
from isoglot.corpora import ParallelCorpus, read_dataset
from isoglot.evaluation import Results, compare, evaluate, join_results, read_results
from isoglot.experiments import ExperimentConfig, run_experiment

FOLDER = Path(__file__).parent
SCHEMES = ("monolingual", "cross_lingual", "hybrid", "mixed")
COLUMNS = (
    ("monolingual", "AP"),
    ("cross_lingual", "AP"),
    ("multilingual", "AP"),
    ("multilingual", "rank_distance"),
)


def train_all(seed: int, names: Sequence[str]) -> dict[str, Path]:
    """Model directory of each arm: the aligned encoder, and what each configuration made of it."""
    arms = {}
    for name in ("align", *names):
        config = read_config(FOLDER / f"{name}.toml", ExperimentConfig, (f"training.seed={seed}",))
        start = time.perf_counter()
        arms["aligned only" if name == "align" else name] = run_experiment(config)
        print(f"seed {seed} {name}: {time.perf_counter() - start:.0f} s", flush=True)
    return arms


def evaluate_once(model: Path, corpus: ParallelCorpus, name: str, results: Path) -> Results:
    """Results of a model on a corpus, read back where they were written before."""
    folder = results / model.name / corpus.name.replace(" ", "-")
    if not (folder / "per_query.parquet").exists():
        evaluate(model, corpus, name=name, measures=("AP", "R@10", "success@1")).write(folder)
    return read_results(folder)


def table(parts: dict[str, list[Results]], corpus: str) -> str:
    """Markdown: mean and standard deviation over seeds, a line per arm."""
    num_seeds = len(next(iter(parts.values())))
    lines = [
        f"| {corpus}, {num_seeds} seeds | monolingual | cross-lingual | pooled | rank distance |",
        "|---|---:|---:|---:|---:|",
    ]
    for arm, per_seed in parts.items():
        cells = []
        for setting, measure in COLUMNS:
            values = [results.value(setting, measure) for results in per_seed]
            spread = statistics.stdev(values) if len(values) > 1 else 0.0
            shape = ",.0f" if measure == "rank_distance" else ".4f"
            cells.append(f"{statistics.mean(values):{shape}} ± {spread:{shape}}")
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    return "\n".join(lines)


def tests(parts: dict[str, list[Results]], corpus: str) -> str:
    """Markdown: hybrid minus each other arm, seed by seed, each difference with its p.

    The p are of paired randomisation tests over the 1,190 questions, whose translations move together.
    """
    lines = [
        f"| {corpus}: hybrid minus | monolingual | cross-lingual | pooled | rank distance |",
        "|---|---|---|---|---|",
    ]
    for arm in [name for name in parts if name not in ("aligned only", "hybrid")]:
        cells: list[list[str]] = [[] for _ in COLUMNS]
        for ours, theirs in zip(parts["hybrid"], parts[arm], strict=True):
            both = compare(join_results([ours, theirs]), theirs.models[0], measures=("AP", "rank_distance"))
            macro = {(row.setting, row.measure): row for row in both.comparisons if row.query_language == "*"}
            for cell, column in zip(cells, COLUMNS, strict=True):
                row = macro[column]
                shape = "+,.0f" if column[1] == "rank_distance" else "+.4f"
                cell.append(f"{row.value:{shape}} (p {row.p_value:.4f})")
        lines.append(f"| {arm} | {' | '.join(', '.join(cell) for cell in cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Trains, evaluates, prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument(
        "--arms", nargs="+", default=SCHEMES, help="Names of configurations beside this file."
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("runs/xquad-r/results"))
    options = parser.parse_args()
    models = {seed: train_all(seed, options.arms) for seed in options.seeds}
    everything = []
    for context in (False, True):
        corpus = read_dataset("xquad-r", options.data / "xquad-r", context=context)
        if context:
            corpus = replace(corpus, info=replace(corpus.info, name="xquad-r with context"))
        parts: dict[str, list[Results]] = {}
        for seed in options.seeds:
            for arm, model in models[seed].items():
                results = evaluate_once(model, corpus, f"{arm}-{seed}", options.out)
                parts.setdefault(arm, []).append(results)
        everything += [results for per_seed in parts.values() for results in per_seed]
        print(f"\n{table(parts, corpus.name)}\n", flush=True)
        if "hybrid" in parts:
            print(f"{tests(parts, corpus.name)}\n", flush=True)
    join_results(everything).write(options.out)


if __name__ == "__main__":
    main()
