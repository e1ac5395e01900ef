"""Paraphrases and entailment of the built-in world: pairs without end, trained in English, measured in all.

    python configs/world-pairs/run.py --task paraphrase --seeds 0 1 2
    python configs/world-pairs/run.py --task entailment --seeds 0 1 2

Three classifiers: on a static encoder, on a transformer that reads sentences by themselves, and on one that
reads both in one sequence; encoders are aligned first, on captions of scenes that hold out what the pairs
hold out. Writes corpora, models and results to runs/world-pairs/. Started again, it goes on where it stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from isoglot.classification.arms import METHODS, Arms, accuracy_table, difference_table, language_table
from isoglot.config import read_config
from isoglot.corpora import ParallelCorpus, read_corpus
from isoglot.evaluation import join_results
from isoglot.experiments import ExperimentConfig, run_experiment
from isoglot.world import build_world_corpus

FOLDER = Path(__file__).parent
ROOT = Path("runs/world-pairs")
LANGUAGES = "de,en,es,ru,tr,zh"
GROUPS = 3000

KINDS: dict[str, tuple[str, ...]] = {
    "static": (f"encoder={ROOT}/static-{{seed}}", "training.learning_rate=1e-3"),
    "transformer": (f"encoder={ROOT}/transformer-{{seed}}",),
    "joint": (f"encoder={ROOT}/transformer-{{seed}}", "training.joint=true"),
}
RADII = (0.0, 0.002, 0.005, 0.01)
"""Shares of the mean length of a pair's input embeddings, at which certified accuracy is printed."""


def prepare() -> ParallelCorpus:
    """The pairs, made on first use; and the captions that encoders are aligned on."""
    for name, task in (("captions", "retrieval"), ("pairs", "pairs")):
        if not (ROOT / name / "corpus.json").exists():
            build_world_corpus(ROOT / name, groups=GROUPS, languages=LANGUAGES, modalities="text", task=task)
    return read_corpus(ROOT / "pairs")


def arms(task: str) -> Arms:
    """All kinds with all methods."""
    changes = {
        f"{kind} {method}": (*of_kind, *of_method, f"task={task}")
        for kind, of_kind in KINDS.items()
        for method, of_method in METHODS.items()
    }
    smoothed = {f"{kind} RS-RP": 0.1 for kind in KINDS}
    return Arms(FOLDER / "classifier.toml", ROOT / task, changes, smoothed)


def main() -> None:
    """Trains, measures, prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--task", default="paraphrase", choices=("paraphrase", "entailment"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    options = parser.parse_args()
    corpus = prepare()
    for seed in options.seeds:
        for name in sorted({"static" if kind == "static" else "transformer" for kind in options.kinds}):
            run_experiment(read_config(FOLDER / f"{name}.toml", ExperimentConfig, (f"training.seed={seed}",)))
    compared = arms(options.task)
    names = [f"{kind} {method}" for kind in options.kinds for method in options.methods]
    parts = compared.carry_out(corpus, options.seeds, names, lambda line: print(line, flush=True))
    title = f"world, {options.task}"
    print(f"\n{accuracy_table(parts, title)}\n\n{language_table(parts, title)}\n")
    for kind in (kind for kind in options.kinds if f"{kind} plain" in parts):
        of_kind = {name: found for name, found in parts.items() if name.startswith(kind)}
        print(f"{difference_table(of_kind, title, f'{kind} plain')}\n")
    for name in (name for name in names if name in compared.smoothed):
        found = compared.certify(name, options.seeds[0], corpus, "en")
        shown = ", ".join(f"{radius}: {found.accuracy_at(radius):.3f}" for radius in RADII)
        print(
            f"{name}, certified accuracy in English at {shown}; abstains {found.abstention:.3f}", flush=True
        )
    everything = [results for per_seed in parts.values() for results in per_seed]
    join_results(everything).write(compared.root / "results")


if __name__ == "__main__":
    main()
