"""Arms of an experiment over seeds: trained, evaluated once, and compared in tables of markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from isoglot.corpora.parallel import ParallelCorpus
from isoglot.evaluation import Results, compare, evaluate, join_results, read_results
from isoglot.evaluation.seeds import spread

Parts = Mapping[str, Sequence[Results]]
"""Arm -> its results, one of each seed, in the order of the seeds."""

COLUMNS = (
    ("monolingual", "AP"),
    ("cross_lingual", "AP"),
    ("multilingual", "AP"),
    ("multilingual", "rank_distance"),
)
"""Setting and measure of each column."""

_TITLES = "| monolingual | cross-lingual | pooled | rank distance |"


def evaluate_once(model: str | Path, corpus: ParallelCorpus, folder: str | Path, **options: Any) -> Results:
    """Results of a model on a corpus, read back where they were written before.

    Args:
        model: Model directory.
        corpus: What is searched.
        folder: Where the results lie, or will.
        **options: Of `isoglot.evaluate`.

    Returns:
        The results, whether evaluated now or before.
    """
    if not (Path(folder) / "per_query.parquet").exists():
        evaluate(model, corpus, **options).write(folder)
    return read_results(folder)


def means(parts: Parts, title: str) -> str:
    """Mean and standard deviation over seeds, a line per arm, as a table of markdown.

    Args:
        parts: Results of each arm.
        title: Of the table; the number of seeds is added.

    Returns:
        The table. One seed has no deviation: 0.
    """
    num_seeds = len(next(iter(parts.values())))
    lines = [f"| {title}, {num_seeds} seeds {_TITLES}", "|---|---:|---:|---:|---:|"]
    for arm, per_seed in parts.items():
        cells = []
        for setting, measure in COLUMNS:
            values = [results.value(setting, measure) for results in per_seed]
            cells.append(spread(values, ",.0f" if measure == "rank_distance" else ".4f"))
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    return "\n".join(lines)


def differences(parts: Parts, title: str, baseline: str, arms: Sequence[str]) -> str:
    """Each arm minus the baseline, seed by seed, with p, as a table of markdown.

    The p are of paired randomisation tests over groups: translations of a query move together (see
    `isoglot.evaluation.compare`).

    Args:
        parts: Results of each arm, the seeds in the same order.
        title: Of the table.
        baseline: Arm that is subtracted.
        arms: Those it is subtracted from.

    Returns:
        The table.
    """
    lines = [f"| {title}: minus {baseline} {_TITLES}", "|---|---|---|---|---|"]
    for arm in arms:
        cells: list[list[str]] = [[] for _ in COLUMNS]
        for ours, theirs in zip(parts[arm], parts[baseline], strict=True):
            both = compare(join_results([ours, theirs]), theirs.models[0], measures=("AP", "rank_distance"))
            macro = {(row.setting, row.measure): row for row in both.comparisons if row.query_language == "*"}
            for cell, column in zip(cells, COLUMNS, strict=True):
                row = macro[column]
                shape = "+,.0f" if column[1] == "rank_distance" else "+.4f"
                cell.append(f"{row.value:{shape}} (p {row.p_value:.4f})")
        lines.append(f"| {arm} | {' | '.join(', '.join(cell) for cell in cells)} |")
    return "\n".join(lines)
