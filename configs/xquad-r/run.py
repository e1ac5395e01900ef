"""The whole XQuAD-R experiment: align, fine-tune under several batch schemes, evaluate over several seeds.

    python configs/xquad-r/run.py --seeds 0 1 2
    python configs/xquad-r/run.py --seeds 0 1 2 3 4 --arms hybrid replay

Reads the published files below ../shared/data, writes models to runs/xquad-r/ and all results to
runs/xquad-r/results/. Started again, it goes on where it stopped.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from isoglot.config import read_config
from isoglot.corpora import read_dataset
from isoglot.evaluation import Results, join_results
from isoglot.experiments import ExperimentConfig, run_experiment
from isoglot.experiments.arms import differences, evaluate_once, means

FOLDER = Path(__file__).parent
SCHEMES = ("monolingual", "cross_lingual", "hybrid", "mixed")
MEASURES = ("AP", "R@10", "success@1")


def train_all(seed: int, names: Sequence[str]) -> dict[str, Path]:
    """Model directory of each arm: the aligned encoder, and what each configuration made of it."""
    arms = {}
    for name in ("align", *names):
        config = read_config(FOLDER / f"{name}.toml", ExperimentConfig, (f"training.seed={seed}",))
        start = time.perf_counter()
        arms["aligned only" if name == "align" else name] = run_experiment(config)
        print(f"seed {seed} {name}: {time.perf_counter() - start:.0f} s", flush=True)
    return arms


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
                folder = options.out / model.name / corpus.name.replace(" ", "-")
                results = evaluate_once(model, corpus, folder, name=f"{arm}-{seed}", measures=MEASURES)
                parts.setdefault(arm, []).append(results)
        everything += [results for per_seed in parts.values() for results in per_seed]
        print(f"\n{means(parts, corpus.name)}\n", flush=True)
        if "hybrid" in parts:
            others = [arm for arm in options.arms if arm != "hybrid"]
            print(f"{differences(parts, corpus.name, 'hybrid', others)}\n", flush=True)
    join_results(everything).write(options.out)


if __name__ == "__main__":
    main()
