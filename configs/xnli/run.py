"""XNLI from nothing: align, classify pairs plainly and robustly, measure in 225 pairs of languages.

    python configs/xnli/run.py --seeds 0 1 2

The published train split is not at hand: part of the published dev pairs is trained on, in English, and
other clusters of them are measured (`isoglot.classification.part_pairs`). Reads the published files below
../shared/data, writes to runs/xnli/. Started again, it goes on where it stopped.
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
ROOT = Path("runs/xnli")
TABLE = "augmentation.tables.en=../shared/data/robust-xlt-synonyms/counterfitted_neighbors.json.xz"
RS_DA = (TABLE, "augmentation.copies=3", "training.epochs=2")
"""Copies in place of each pair, fewer than the ten of the paper, and as many steps as without."""

ARMS = Arms(
    FOLDER / "classifier.toml",
    ROOT,
    {
        **METHODS,
        **augmented_methods(*RS_DA),
        "frozen": ("training.frozen=true",),
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
    corpus = part_pairs(read_dataset("xnli", options.data / "xnli"))
    for seed in options.seeds:
        run_experiment(read_config(FOLDER / "align.toml", ExperimentConfig, (f"training.seed={seed}",)))
    parts = ARMS.carry_out(corpus, options.seeds, options.arms, lambda line: print(line, flush=True))
    print(f"\n{accuracy_table(parts, corpus.name)}\n\n{language_table(parts, corpus.name)}\n")
    if "plain" in parts:
        print(f"{difference_table(parts, corpus.name)}\n")
    join_results([results for per_seed in parts.values() for results in per_seed]).write(ROOT / "results")


if __name__ == "__main__":
    main()
