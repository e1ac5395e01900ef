"""Augmentation of the built-in facts: what each kind gains and costs, also on queries that were changed.

    python configs/augmentation/run.py --seeds 0 1 2 [--split dev] [--steps 1500]

Writes models, induced dictionaries and results to runs/augmentation/. Started again, it goes on where it
stopped. Prints pooled AP on the texts as they are, the same with neighbours in place of words of the English
queries, and the seconds of training.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from isoglot.config import read_config
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.experiments import ExperimentConfig, run_experiment
from isoglot.experiments.arms import evaluate_once
from isoglot.robustness.augmentation import WordChanges, augment
from isoglot.robustness.dictionaries import induce_dictionary, write_dictionary
from isoglot.robustness.synonyms import read_neighbours
from isoglot.world import build_text_corpus

FOLDER = Path(__file__).parent
RUNS = Path("runs/augmentation")
NONE = {"tables": "", "subword_rate": 0.0}
PIVOT = "en"
SPACED = ("de", "es", "ru", "tr")
"""Languages that are switched to and from; they write spaces between words."""


def arms(corpus: ParallelCorpus) -> dict[str, dict[str, object]]:
    """What each arm changes of the configuration; an empty value takes a key out."""
    return {
        "plain": NONE,
        "synonyms": {"subword_rate": 0.0},
        "synonyms_10": {"subword_rate": 0.0, "copies": 10},
        "subwords": {"tables": ""},
        "switching": {**NONE, **induced(corpus), "switch_rate": 0.3},
        "synonyms_subwords": {},
    }


def induced(corpus: ParallelCorpus) -> dict[str, object]:
    """Files of dictionaries between English and others, both ways, from the training texts, by key."""
    trained_on = corpus.select(splits=["train"])
    groups = trained_on.split("train").groups
    assert groups is not None
    trained_on = trained_on.select_groups(groups)
    files: dict[str, object] = {}
    for other in SPACED:
        for source, target in ((PIVOT, other), (other, PIVOT)):
            path = RUNS / "dictionaries" / f"{source}-{target}.tsv"
            if not path.is_file():
                write_dictionary(induce_dictionary(trained_on, source, target), path)
            files[f"dictionaries.{source}.{target}"] = path
    return files


def train(name: str, changes: dict[str, object], seed: int, steps: int) -> Path:
    """Model directory of an arm; a file beside it keeps the seconds that it took."""
    overrides = [
        f"output={RUNS}/{name}-{seed}",
        f"training.seed={seed}",
        f"training.steps={steps}",
        *(f"training.augmentation.{key}={value}" for key, value in changes.items()),
    ]
    config = read_config(FOLDER / "facts.toml", ExperimentConfig, overrides)
    took = RUNS / f"{name}-{seed}.json"
    start = time.perf_counter()
    model = run_experiment(config)
    if not took.is_file():
        took.write_text(json.dumps({"seconds": time.perf_counter() - start}))
    return model


def exchanged(corpus: ParallelCorpus) -> ParallelCorpus:
    """The corpus with neighbours in its English queries."""
    augmentation = read_config(FOLDER / "facts.toml", ExperimentConfig).training.augmentation
    changes = WordChanges.of([read_neighbours(augmentation.tables[PIVOT], PIVOT)])
    names, codes = corpus.query_languages
    rows = np.arange(corpus.queries.num_rows, dtype=np.int32)
    texts = augment(corpus.query_texts(rows), [names[code] for code in codes], changes, seed=1)
    column = corpus.queries.schema.get_field_index("text")
    changed = corpus.queries.set_column(column, "text", pa.array(texts, pa.large_string()))
    return replace(corpus, queries=changed)


def main() -> None:
    """Trains, evaluates, prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--split", default="test", choices=("dev", "test"))
    parser.add_argument("--steps", type=int, default=1500)
    options = parser.parse_args()
    corpus = build_text_corpus()
    sets = {"as they are": corpus, "neighbours": exchanged(corpus)}
    for seed in options.seeds:
        for name, changes in arms(corpus).items():
            model = train(name, changes, seed, options.steps)
            seconds = json.loads((RUNS / f"{model.name}.json").read_text())["seconds"]
            told = [f"{name:18} seed {seed} {seconds:6.1f} s"]
            for label, texts in sets.items():
                folder = RUNS / "results" / options.split / label.replace(" ", "_") / model.name
                results = evaluate_once(
                    model, texts, folder, split=options.split, name=model.name, run_depth=10
                )
                told.append(f"{label} {results.value('multilingual'):.4f}")
            print("  ".join(told), flush=True)


if __name__ == "__main__":
    main()
