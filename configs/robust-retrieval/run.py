"""Robust training of a retriever on the built-in facts: what it gains, on perturbed queries and on others.

    python configs/robust-retrieval/run.py --split dev --seeds 0 --arms grid
    python configs/robust-retrieval/run.py --split test --seeds 0 1 2

Writes models, induced tables and results to runs/robust-retrieval/. Started again, it goes on where it
stopped.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pyarrow.compute as pc

from isoglot.config import read_config
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.evaluation import Results, compare, evaluate_robustness, join_results, read_results
from isoglot.evaluation.seeds import spread
from isoglot.experiments import ExperimentConfig, run_experiment
from isoglot.experiments.arms import differences, means
from isoglot.robustness.dictionaries import induce_dictionary, pivoted_neighbours, write_dictionary
from isoglot.robustness.synonyms import write_neighbours
from isoglot.world import build_text_corpus

FOLDER = Path(__file__).parent
RUNS = Path("runs/robust-retrieval")
PERTURBATIONS = ("typo", "ocr", "diacritics", "word_order", "transliteration", "code_switch")
STRENGTH = 0.3
CLEAN = "as they are"
PIVOT = "en"
LANGUAGES = ("ar", "de", "el", "en", "hi", "ru", "th", "tr")
SPACED = ("ar", "de", "el", "hi", "ru", "tr")
"""Languages with spaces between words, beside the pivot; translated into it and out of it."""
PIVOTS_PIVOT = "de"
COPIES = 4
THRESHOLD = 0.7
"""Dice's coefficient of a translation: at less, most of them are other words of the same sentences."""

Changes = dict[str, str | float]


def robust(method: str, epsilon: float, weight: float, **more: float) -> Changes:
    """Changes of an arm with perturbed input."""
    named = {"method": method, "epsilon": epsilon, "weight": weight, **more}
    return {f"training.robust.{key}": value for key, value in named.items()}


def augmented(**named: float) -> Changes:
    """Changes of an arm with other words or subwords."""
    return {f"training.augmentation.{key}": value for key, value in named.items()}


def words(rate: float) -> Changes:
    """Changes of an arm with other words; `changes_of` adds the tables of these."""
    return augmented(rate=rate, switch_rate=rate, copies=COPIES)


PLAIN = robust("none", 0.0, 0.0) | augmented(rate=0.0, switch_rate=0.0, copies=0, subword_rate=0.0)
ARMS: dict[str, Changes] = {
    "plain": {},
    **{f"{steps}_steps": {"training.steps": steps} for steps in (2000, 5000)},  # 2.5 times: FGM's passes
    **{
        f"fgm_{epsilon:g}_{weight:g}": robust("adversarial", epsilon, weight)
        for weight, epsilons in ((0.5, (0.03, 0.1, 0.3, 1.0)), (1.0, (0.3, 1.0)))
        for epsilon in epsilons
    },
    **{
        f"pgd_{epsilon:g}_0.5": robust("adversarial", epsilon, 0.5, steps=3)
        for epsilon in (0.03, 0.1, 0.3, 1.0)
    },
    **{
        f"rs_rp_{epsilon:g}_{weight:g}": robust("random", epsilon, weight)
        for epsilon, weight in ((0.3, 0.5), (1.0, 0.5), (1.0, 1.0))
    },
    **{f"words_{rate:g}": words(rate) for rate in (0.1, 0.3)},
    **{f"subwords_{rate:g}": augmented(subword_rate=rate) for rate in (0.1, 0.3)},
}
"""Arm -> what it changes of `PLAIN`; the numbers are epsilon and weight, or the rate."""

BASELINE = "plain"
FINAL = (
    BASELINE,
    "fgm_0.1_0.5",
    "pgd_0.1_0.5",
    "rs_rp_1_0.5",
    "words_0.1",
    "subwords_0.1",
    "fgm_0.1_0.5+words_0.1",
    "2000_steps",
    "fgm_0.1_0.5+2000_steps",
    "5000_steps",
    "subwords_0.1+2000_steps",
)


@cache
def tables() -> Changes:
    """Files of dictionaries and of the neighbours that they give, by key, from the training texts alone."""
    files: Changes = {}
    corpus = build_text_corpus(languages=LANGUAGES).select(splits=["train"])
    groups = corpus.split("train").groups
    assert groups is not None
    trained_on = corpus.select_groups(groups)
    for other in SPACED:
        pairs = ((PIVOT, other), (other, PIVOT))
        there, back = (induce_dictionary(trained_on, *pair, threshold=THRESHOLD) for pair in pairs)
        near = {other: pivoted_neighbours(back, there)}
        if other == PIVOTS_PIVOT:
            near[PIVOT] = pivoted_neighbours(there, back)
        for (source, target), dictionary in zip(pairs, (there, back), strict=True):
            path = RUNS / "tables" / f"{source}-{target}.tsv"
            write_dictionary(dictionary, path)
            files[f"training.augmentation.dictionaries.{source}.{target}"] = str(path)
        for language, table in near.items():
            path = RUNS / "tables" / f"{language}.tsv"
            write_neighbours(table, path)
            files[f"training.augmentation.tables.{language}"] = str(path)
    return files


def changes_of(arm: str) -> Changes:
    """What an arm, or several joined by `+`, change of the configuration."""
    changes = dict(PLAIN)
    for part in arm.split("+"):
        changes |= ARMS[part]
    return changes | tables() if changes.get("training.augmentation.copies") else changes


def train(arm: str, seed: int) -> Path:
    """Model directory of an arm."""
    changes = {**changes_of(arm), "training.seed": seed, "output": f"{RUNS}/{arm}-{seed}"}
    overrides = tuple(f"{key}={value}" for key, value in changes.items())
    return run_experiment(read_config(FOLDER / "facts.toml", ExperimentConfig, overrides))


def measure(model: Path, corpus: ParallelCorpus, split: str) -> dict[str, Results]:
    """Condition -> results of a model, the clean one first; read back where they were written before."""
    folder = RUNS / "results" / split / model.name
    if not (folder / "per_query.parquet").exists():
        evaluate_robustness(
            model,
            corpus,
            perturbations=PERTURBATIONS,
            strengths=(STRENGTH,),
            split=split,
            name=model.name,
            measures=("AP",),
            num_resamples=200,
            significance=False,
        ).write(folder)
    results = read_results(folder)
    names = {(entry.get("perturbation") or {}).get("name", CLEAN): entry["model"] for entry in results.config}
    return {condition: only(results, names[condition]) for condition in (CLEAN, *PERTURBATIONS)}


def only(results: Results, model: str) -> Results:
    """What was measured of one model."""
    assert results.per_query is not None
    return replace(
        results,
        records=tuple(record for record in results.records if record.model == model),
        config=tuple(entry for entry in results.config if entry["model"] == model),
        per_query=results.per_query.filter(pc.equal(results.per_query["model"], model)),
    )


Measured = Mapping[str, Sequence[Mapping[str, Results]]]
"""Arm -> condition -> results, one of each seed."""


def pooled(per_seed: Sequence[Mapping[str, Results]], condition: str) -> list[float]:
    """AP in the pool, of each seed."""
    return [results[condition].value("multilingual") for results in per_seed]


def survival(measured: Measured, title: str) -> str:
    """AP in the pool under each perturbation, and its share of the clean one, as a table of markdown."""
    lines = [f"| {title} | {CLEAN} | {' | '.join(PERTURBATIONS)} | mean of all seven |", "|---" * 9 + "|"]
    for arm, per_seed in measured.items():
        clean = pooled(per_seed, CLEAN)
        cells = [spread(clean, ".3f")]
        for condition in PERTURBATIONS:
            values = pooled(per_seed, condition)
            kept = statistics.mean(value / whole for value, whole in zip(values, clean, strict=True))
            cells.append(f"{spread(values, '.3f')} ({kept:.0%})")
        every = zip(*(pooled(per_seed, condition) for condition in (CLEAN, *PERTURBATIONS)), strict=True)
        cells.append(spread([statistics.mean(values) for values in every], ".3f"))
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    return "\n".join(lines)


def gains(measured: Measured, title: str) -> str:
    """AP in the pool minus the baseline's, the mean of the seeds and the largest p of theirs."""
    lines = [f"| {title}: minus {BASELINE} | {' | '.join((CLEAN, *PERTURBATIONS))} |", "|---" * 8 + "|"]
    for arm in (arm for arm in measured if arm != BASELINE):
        cells = []
        for condition in (CLEAN, *PERTURBATIONS):
            found = [
                gain(ours[condition], theirs[condition])
                for ours, theirs in zip(measured[arm], measured[BASELINE], strict=True)
            ]
            cells.append(
                f"{statistics.mean(value for value, _ in found):+.3f} (p {max(p for _, p in found):.4f})"
            )
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    return "\n".join(lines)


def gain(ours: Results, theirs: Results) -> tuple[float, float]:
    """Difference of AP in the pool, and its p."""
    both = join_results([pool_only(ours), pool_only(theirs)])
    found = compare(both, theirs.models[0], measures=("AP",), num_resamples=1)
    (row,) = (
        row
        for row in found.comparisons
        if (row.setting, row.query_language, row.document_language) == ("multilingual", "*", "*")
    )
    return row.value, row.p_value


def pool_only(results: Results) -> Results:
    """What was measured in the pool."""
    assert results.per_query is not None
    pool = pc.equal(results.per_query["document_language"], "*")
    return replace(results, per_query=results.per_query.filter(pool))


def main() -> None:
    """Trains, measures, prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--split", default="test", choices=("dev", "test"))
    parser.add_argument(
        "--arms", nargs="+", default=FINAL, help="names, joined by + for several at once; or grid"
    )
    options = parser.parse_args()
    chosen = list(ARMS) if "grid" in options.arms else options.arms
    if unknown := [arm for arm in chosen if not {*arm.split("+")} <= ARMS.keys()]:
        parser.error(f"unknown arms {', '.join(unknown)}; there is {', '.join(ARMS)}")
    corpus = build_text_corpus(languages=LANGUAGES)
    measured: dict[str, list[dict[str, Results]]] = {}
    for seed in options.seeds:
        for arm in chosen:
            found = measure(train(arm, seed), corpus, options.split)
            measured.setdefault(arm, []).append(found)
            told = " ".join(f"{statistics.mean(pooled([found], each)):.3f}" for each in found)
            print(f"seed {seed} {arm}: {told}", flush=True)
    title = f"built-in facts, {options.split}"
    clean = {arm: [results[CLEAN] for results in per_seed] for arm, per_seed in measured.items()}
    print(f"\n{means(clean, title)}\n\n{survival(measured, title)}\n", flush=True)
    if BASELINE in measured and len(measured) > 1:
        others = [arm for arm in chosen if arm != BASELINE]
        print(f"{differences(clean, title, BASELINE, others)}\n\n{gains(measured, title)}\n", flush=True)


if __name__ == "__main__":
    main()
