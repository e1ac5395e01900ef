"""Measures of a run that is ready, against pytrec_eval, ir_measures and ranx, in the same process.

10,000 queries of 1,000 documents each, with eleven graded judgements a query. Everybody starts from the same
two dictionaries, query -> document -> score and query -> document -> grade, in ranking order for half of the
queries and in any order for the rest; the time is that from there to a value for each query and measure.

    python benchmarks/ready_runs.py              # about 2 minutes on two cores
    python benchmarks/ready_runs.py --small      # 500 queries

Values must be equal, query by query. Scores do not tie, as ranx breaks ties otherwise than trec_eval. ranx
compiles itself on the first call, which is not timed; it is timed once, the others turn by turn.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable

import ir_measures
import numpy as np
import pytrec_eval
from rich.console import Console
from rich.table import Table

from isoglot.evaluation import measure_run
from isoglot.evaluation.trec import Run

NUM_DOCUMENTS = 1_000
COLLECTION = 200_000
NUM_FOUND, NUM_MISSED = 6, 5
MEASURES = {
    "AP": ("map", "map", "AP"),
    "nDCG@10": ("ndcg_cut_10", "ndcg@10", "nDCG@10"),
    "RR": ("recip_rank", "mrr", "RR"),
    "R@100": ("recall_100", "recall@100", "R@100"),
}
"""Name here -> names in pytrec_eval, ranx and ir_measures."""

Scores = dict[str, dict[str, float]]
Grades = dict[str, dict[str, int]]
Values = dict[str, list[float]]


def build_run(num_queries: int) -> tuple[Grades, Scores]:
    """Random rankings, in which about half of the relevant documents are."""
    rng = np.random.default_rng(0)
    doc_ids = np.array([f"doc{number:06d}" for number in range(COLLECTION)], object)
    qrels, run = {}, {}
    for query in range(num_queries):
        rows = rng.integers(0, COLLECTION // NUM_DOCUMENTS, NUM_DOCUMENTS)
        rows += np.arange(NUM_DOCUMENTS) * (COLLECTION // NUM_DOCUMENTS)
        rows = rng.permutation(rows)
        scores = np.arange(NUM_DOCUMENTS, 0, -1) / 16
        if query % 2:
            order = rng.permutation(NUM_DOCUMENTS)
            rows, scores = rows[order], scores[order]
        relevant = np.append(
            rng.choice(rows, NUM_FOUND, replace=False), rng.integers(0, COLLECTION, NUM_MISSED)
        )
        grades = rng.integers(1, 4, len(relevant)).tolist()
        qrels[f"q{query}"] = dict(zip(doc_ids[relevant].tolist(), grades, strict=True))
        run[f"q{query}"] = dict(zip(doc_ids[rows].tolist(), scores.tolist(), strict=True))
    return qrels, run


def measure_here(qrels: Grades, run: Scores) -> Values:
    """Values by this package."""
    measured = measure_run(qrels, Run.from_scores(run), MEASURES)
    return {name: measured.values[name].tolist() for name in MEASURES}


def measure_with_pytrec_eval(qrels: Grades, run: Scores) -> Values:
    """Values by pytrec_eval."""
    found = pytrec_eval.RelevanceEvaluator(qrels, {names[0] for names in MEASURES.values()}).evaluate(run)
    return {name: [found[query][names[0]] for query in qrels] for name, names in MEASURES.items()}


def measure_with_ir_measures(qrels: Grades, run: Scores) -> Values:
    """Values by ir_measures."""
    parsed = {ir_measures.parse_measure(names[2]): name for name, names in MEASURES.items()}
    values: dict[str, dict[str, float]] = {name: {} for name in MEASURES}
    for metric in ir_measures.iter_calc(list(parsed), qrels, run):
        values[parsed[metric.measure]][metric.query_id] = metric.value
    return {name: [values[name][query] for query in qrels] for name in MEASURES}


def measure_with_ranx(qrels: Grades, run: Scores) -> Values:
    """Values by ranx."""
    import ranx

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        judged, ranked = ranx.Qrels(qrels), ranx.Run(run)
        names = [names[1] for names in MEASURES.values()]
        ranx.evaluate(judged, ranked, names)
    return {name: [ranked.scores[names[1]][query] for query in qrels] for name, names in MEASURES.items()}


def check(ours: Values, theirs: Values, peer: str) -> None:
    """Fails if a value differs."""
    for name in MEASURES:
        np.testing.assert_allclose(ours[name], theirs[name], atol=1e-9, err_msg=f"{peer} {name}")


def seconds(job: Callable[[], object]) -> float:
    """Wall-clock time of a job."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--small", action="store_true", help="500 queries")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is timed, but for ranx")
    arguments = parser.parse_args()
    num_queries = 500 if arguments.small else 10_000
    qrels, run = build_run(num_queries)
    jobs = {
        "isoglot": measure_here,
        "pytrec_eval": measure_with_pytrec_eval,
        "ir_measures": measure_with_ir_measures,
    }
    expected = measure_here(qrels, run)
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for peer, job in jobs.items():
        check(expected, job(qrels, run), peer)
    for _ in range(arguments.rounds):
        for name, job in jobs.items():
            times[name].append(seconds(lambda job=job: job(qrels, run)))  # type: ignore[misc]
    few = dict(list(qrels.items())[:20]), dict(list(run.items())[:20])
    measure_with_ranx(*few)  # compiles
    start = time.perf_counter()
    found = measure_with_ranx(qrels, run)
    times["ranx"] = [time.perf_counter() - start] * arguments.rounds
    check(expected, found, "ranx")
    title = f"{num_queries:,} queries x {NUM_DOCUMENTS:,} documents, values equal"
    table = Table("by", "seconds", "x isoglot", "x isoglot, shortest", title=title, title_justify="left")
    ours = np.array(times["isoglot"])
    for name, spent in times.items():
        ratio = np.median(np.array(spent) / ours)
        table.add_row(name, f"{np.median(spent):.2f}", f"{ratio:.2f}", f"{min(spent) / ours.min():.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
