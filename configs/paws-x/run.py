"""PAWS-X from nothing: align, classify pairs plainly and robustly, measure in 49 pairs of languages.

    python configs/paws-x/run.py --seeds 0 1 2

The published train split is not at hand: part of the published dev pairs is trained on, in English, and
other clusters of them are measured (`isoglot.classification.part_pairs`). Reads the published files below
../shared/data, writes to runs/paws-x/. Started again, it goes on where it stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from isoglot.classification import part_pairs
from isoglot.classification.arms import (
    METHODS,
    Arms,
    accuracy_table,
    augmented_methods,
    difference_table,
    language_table,
)
from isoglot.config import read_config
from isoglot.corpora import read_dataset
from isoglot.evaluation import join_results
from isoglot.experiments import ExperimentConfig, run_experiment

FOLDER = Path(__file__).parent
ROOT = Path("runs/paws-x")
TABLE = "augmentation.tables.en=../shared/data/robust-xlt-synonyms/counterfitted_neighbors.json.xz"
RS_DA = (TABLE, "augmentation.copies=10", "training.epochs=1")
"""Copies in place of each pair, as many as in the paper, and about as many steps as without."""
JOINT = (f"encoder={ROOT}/transformer-{{seed}}", "training.joint=true", "training.epochs=4")
"""A small transformer that reads both sentences in one sequence, and so can compare their order."""

ARMS = Arms(
    FOLDER / "classifier.toml",
    ROOT,
    {
        **METHODS,
        **augmented_methods(*RS_DA),
        "frozen": ("training.frozen=true",),
        "joint": JOINT,
    },
    smoothed={"RS-RP": 0.1},
)


def main() -> None:
    """Trains, measures, prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--arms", nargs="+", default=list(ARMS.changes), choices=list(ARMS.changes))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    corpus = part_pairs(read_dataset("paws-x", options.data / "paws-x"))
    encoders = sorted({"transformer" if name == "joint" else "align" for name in options.arms})
    for seed in options.seeds:
        for name in encoders:
            run_experiment(read_config(FOLDER / f"{name}.toml", ExperimentConfig, (f"training.seed={seed}",)))
    parts = ARMS.carry_out(corpus, options.seeds, options.arms, lambda line: print(line, flush=True))
    print(f"\n{accuracy_table(parts, corpus.name)}\n\n{language_table(parts, corpus.name)}\n")
    if "plain" in parts:
        print(f"{difference_table(parts, corpus.name)}\n")
    join_results([results for per_seed in parts.values() for results in per_seed]).write(ROOT / "results")


if __name__ == "__main__":
    main()
