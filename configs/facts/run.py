"""Schemes and objectives on the built-in facts, at an equal number of texts a step.

    python configs/facts/run.py --split dev --seeds 0 --arms all
    python configs/facts/run.py --split test --seeds 0 1 2 3 4

Writes models to runs/facts/ and results to runs/facts/results/. Started again, it goes on where it stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from isoglot.config import read_config
from isoglot.evaluation import Results, join_results
from isoglot.experiments import ExperimentConfig, run_experiment
from isoglot.experiments.arms import differences, evaluate_once, means
from isoglot.world import build_text_corpus

FOLDER = Path(__file__).parent


def pooled(num_answers: int, **objective: str | float) -> dict[str, str | float]:
    """Changes of a pooled arm: with so many answers each, batches have about 320 texts."""
    batch_size = {2: 106, 4: 64, 8: 36}[num_answers]
    named = {f"training.objective.{key}": value for key, value in objective.items()}
    return {
        "scheme.name": "pooled",
        "scheme.num_answers": num_answers,
        "training.batch_size": batch_size,
        **named,
    }


def hybrid(alpha: float, **objective: str) -> dict[str, str | float]:
    """Changes of a hybrid arm."""
    named = {f"training.objective.{key}": value for key, value in objective.items()}
    return {"scheme.name": "hybrid", "scheme.alpha": alpha, **named}


def variance(weight: float) -> dict[str, str | float]:
    """Objective: a query scores translations of an answer alike."""
    return {"consistency": "variance", "consistency_weight": weight}


def scheduled(first: float, last: float) -> dict[str, str | float]:
    """Changes of a hybrid arm whose alpha moves."""
    return {**hybrid(first), "scheme.final_alpha": last, "scheme.alpha_steps": 1500}


ROUND_ROBIN: dict[str, str | float] = {"scheme.name": "round_robin", "training.batch_size": 20}
# A batch of 20 entries: each query comes fifteen times.

ARMS: dict[str, dict[str, str | float]] = {
    "hybrid": hybrid(0.5),
    "cross_lingual": {"scheme.name": "cross_lingual"},
    "pooled_2": pooled(2),
    "pooled_2_variance": pooled(2, **variance(1.0)),
    "pooled_2_alignment": pooled(2, alignment_weight=1.0),
    "hybrid_0.3": hybrid(0.3),
    "hybrid_0.7": hybrid(0.7),
    "hybrid_up": scheduled(0.1, 0.9),
    "hybrid_down": scheduled(0.9, 0.1),
    "hybrid_both_directions": hybrid(0.5, directions="both"),
    "hybrid_translations_positive": hybrid(0.5, translations="positive"),
    "mix_passages": {"scheme.name": "mix_passages"},
    "mix_entries": {"scheme.name": "mix_entries"},
    "round_robin": ROUND_ROBIN,
    "round_robin_consistency": {**ROUND_ROBIN, "training.objective.query_consistency_weight": 1.0},
    "pooled_4": pooled(4),
    "pooled_8": pooled(8),
    "pooled_2_share": pooled(2, several_answers="share"),
    "pooled_4_share": pooled(4, several_answers="share"),
    "pooled_2_divergence": pooled(2, consistency_weight=1.0),
    "pooled_4_divergence": pooled(4, consistency_weight=1.0),
    "pooled_2_variance_0.3": pooled(2, **variance(0.3)),
    "pooled_2_variance_3": pooled(2, **variance(3.0)),
    "pooled_2_variance_10": pooled(2, **variance(10.0)),
    "pooled_4_variance": pooled(4, **variance(1.0)),
    "pooled_4_alignment": pooled(4, alignment_weight=1.0),
    "pooled_2_alignment_3": pooled(2, alignment_weight=3.0),
    "pooled_2_variance_alignment": pooled(2, alignment_weight=1.0, **variance(1.0)),
    "pooled_2_variance_share": pooled(2, several_answers="share", **variance(1.0)),
}
FINAL = ("hybrid", "cross_lingual", "pooled_2", "pooled_2_variance", "pooled_2_alignment")
BASELINE = "hybrid"


def train(arm: str, seed: int) -> Path:
    """Model directory of an arm."""
    changes = {**ARMS[arm], "training.seed": seed, "output": f"runs/facts/{arm}-{seed}"}
    overrides = tuple(f"{key}={value}" for key, value in changes.items())
    return run_experiment(read_config(FOLDER / "facts.toml", ExperimentConfig, overrides))


def main() -> None:
    """Trains, evaluates, prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--split", default="test", choices=("dev", "test"))
    parser.add_argument("--arms", nargs="+", default=FINAL, choices=(*ARMS, "all"))
    parser.add_argument("--out", type=Path, default=Path("runs/facts/results"))
    options = parser.parse_args()
    arms = list(ARMS) if "all" in options.arms else options.arms
    corpus = build_text_corpus()
    parts: dict[str, list[Results]] = {}
    for seed in options.seeds:
        for arm in arms:
            model = train(arm, seed)
            folder = options.out / options.split / model.name
            results = evaluate_once(model, corpus, folder, split=options.split, name=model.name, run_depth=10)
            parts.setdefault(arm, []).append(results)
            print(f"seed {seed} {arm}: {results.value('multilingual'):.4f} pooled", flush=True)
    title = f"built-in facts, {options.split}"
    print(f"\n{means(parts, title)}\n", flush=True)
    if BASELINE in parts:
        others = [arm for arm in arms if arm != BASELINE]
        print(f"{differences(parts, title, BASELINE, others)}\n", flush=True)
    join_results([results for per_seed in parts.values() for results in per_seed]).write(options.out)


if __name__ == "__main__":
    main()
