"""TREC runs and qrels: files, and measures of a run that somebody else made."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from isoglot.errors import SearchError
from isoglot.evaluation.measures import (
    NOT_RETRIEVED,
    Floats,
    Integers,
    RelevantRanks,
    is_measure,
    parse_measure,
)
from isoglot.files import whole_file

Qrels = Mapping[str, Mapping[str, int]]
"""query_id -> doc_id -> grade; below 1 is not relevant."""

_MAX_SHOWN = 10
_GRADE = re.compile(r"[+-]?\d{1,9}", re.ASCII)


@dataclass(frozen=True, eq=False)
class Run:
    """A ranking of documents for each of some queries, best first (CSR).

    Build with `from_scores`, or from arrays that are already in the order of `isoglot.retrieval.ties`.

    Attributes:
        query_ids: Queries, without repetition; each has at least one document.
        indptr: (Q + 1,) offsets of each query's documents.
        doc_ids: (J,) ids, as objects.
        scores: (J,) scores in single precision, as in trec_eval.
    """

    query_ids: tuple[str, ...]
    indptr: Integers
    doc_ids: npt.NDArray[np.object_]
    scores: npt.NDArray[np.float32]

    @staticmethod
    def from_scores(scores: Mapping[str, Mapping[str, float]]) -> Run:
        """A run from the scores of each query's documents, in any order.

        Args:
            scores: query_id -> doc_id -> score.

        Returns:
            The run in ranking order; scores equal in single precision tie, as in trec_eval.

        Raises:
            SearchError: If a query has no document, or a score is NaN.
        """
        if not scores or not all(scores.values()):
            empty = next((query for query in scores if not scores[query]), None)
            raise SearchError("the run is empty" if empty is None else f"query {empty!r} has no document")
        sizes = [len(found) for found in scores.values()]
        indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        every = itertools.chain.from_iterable
        doc_ids = np.fromiter(every(scores.values()), object, int(indptr[-1]))
        values = np.fromiter(every(found.values() for found in scores.values()), np.float32, int(indptr[-1]))
        if np.isnan(values).any():
            at = int(np.argmax(np.isnan(values)))
            raise SearchError(f"the score of document {doc_ids[at]!r} is NaN")
        in_place = np.append(values[1:] < values[:-1], True)
        in_place[indptr[1:] - 1] = True
        for number in np.flatnonzero(~np.logical_and.reduceat(in_place, indptr[:-1])):
            part = slice(indptr[number], indptr[number + 1])
            order = _order(doc_ids[part], values[part])
            doc_ids[part], values[part] = doc_ids[part][order], values[part][order]
        return Run(tuple(scores), indptr, doc_ids, values)

    def to_scores(self) -> dict[str, dict[str, float]]:
        """query_id -> doc_id -> score, in ranking order."""
        return {query: dict(zip(docs.tolist(), scores.tolist(), strict=True)) for query, docs, scores in self}

    def __len__(self) -> int:
        return len(self.query_ids)

    def __iter__(self) -> Iterator[tuple[str, npt.NDArray[np.object_], npt.NDArray[np.float32]]]:
        """Each query with its documents and their scores."""
        for number, query in enumerate(self.query_ids):
            part = slice(self.indptr[number], self.indptr[number + 1])
            yield query, self.doc_ids[part], self.scores[part]


def _order(doc_ids: npt.NDArray[np.object_], scores: npt.NDArray[np.float32]) -> Integers:
    """Ranking order: score, highest first; then doc_id, descending (code points sort as UTF-8 bytes do)."""
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    alone = np.concatenate([[True], ranked[1:] != ranked[:-1], [True]])
    starts = np.flatnonzero(alone)
    for group in np.flatnonzero(np.diff(starts) > 1):
        tied = slice(starts[group], starts[group + 1])
        order[tied] = sorted(order[tied].tolist(), key=doc_ids.__getitem__, reverse=True)
    return order


def write_run(run: Run, path: str | Path, *, tag: str = "isoglot") -> None:
    """Writes `query_id Q0 doc_id rank score tag`, ranks from 1.

    Args:
        run: The run.
        path: The file.
        tag: Name of what made the run, without white space.

    Raises:
        SearchError: If the tag is not one word.
    """
    if len(tag.split()) != 1:
        raise SearchError(f"a run's tag must be one word, got {tag!r}")
    sizes = np.diff(run.indptr)
    ranks = np.arange(len(run.doc_ids)) - np.repeat(run.indptr[:-1], sizes) + 1
    lines = pc.binary_join_element_wise(
        pa.array(run.query_ids, pa.large_string()).take(pa.array(np.repeat(np.arange(len(run)), sizes))),
        pa.scalar("Q0", pa.large_string()),
        pa.array(run.doc_ids, pa.large_string()),
        pa.array(ranks).cast(pa.large_string()),
        pa.array(run.scores).cast(pa.large_string()),
        pa.scalar(f"{tag}\n", pa.large_string()),
        pa.scalar(" ", pa.large_string()),
    )
    with whole_file(path) as file:
        file.write(lines.buffers()[2] or b"")


def write_qrels(qrels: Qrels, path: str | Path) -> None:
    """Writes `query_id 0 doc_id grade`."""
    with whole_file(path) as file:
        for query, grades in qrels.items():
            file.writelines(f"{query} 0 {doc} {grade}\n".encode() for doc, grade in grades.items())


def read_run(path: str | Path) -> Run:
    """A run from a TREC file; the rank column is not believed, order follows from the scores.

    Args:
        path: The file.

    Returns:
        The run.

    Raises:
        SearchError: If a line has fewer than six columns, a score is not a number, a query names a document
            twice, or the file is empty; all bad lines at once.
    """
    scores: dict[str, dict[str, float]] = {}
    problems: list[str] = []
    for where, columns in _rows(path, "query_id Q0 doc_id rank score tag", problems, more=True):
        found = scores.setdefault(columns[0], {})
        score = _number(columns[4])
        if math.isnan(score):
            problems.append(f"{where}: score must be a number, got {columns[4]!r}")
        elif columns[2] in found:
            problems.append(f"{where}: document {columns[2]!r} is ranked twice for query {columns[0]!r}")
        found[columns[2]] = score
    _refuse(path, problems, scores)
    return Run.from_scores(scores)


def join_runs(runs: Sequence[Run]) -> Run:
    """Runs of distinct queries as one.

    Args:
        runs: The runs, such as one for each language of the query.

    Returns:
        All their queries, in order.

    Raises:
        SearchError: If there is none, or two hold the same query.
    """
    if not runs:
        raise SearchError("no runs to join")
    query_ids = tuple(query for run in runs for query in run.query_ids)
    if len(set(query_ids)) < len(query_ids):
        twice = next(query for query, number in Counter(query_ids).items() if number > 1)
        raise SearchError(f"two runs hold query {twice!r}; a model has one ranking for each query")
    sizes = np.concatenate([np.diff(run.indptr) for run in runs])
    return Run(
        query_ids,
        np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        np.concatenate([run.doc_ids for run in runs]),
        np.concatenate([run.scores for run in runs]),
    )


def read_qrels(path: str | Path) -> dict[str, dict[str, int]]:
    """Judgements from a TREC file.

    Args:
        path: The file: `query_id 0 doc_id grade`.

    Returns:
        query_id -> doc_id -> grade.

    Raises:
        SearchError: If a line does not have four columns, a grade is not a whole number, a document is judged
            twice for a query, or the file is empty; all bad lines at once.
    """
    qrels: dict[str, dict[str, int]] = {}
    problems: list[str] = []
    for where, columns in _rows(path, "query_id 0 doc_id grade", problems, more=False):
        grades = qrels.setdefault(columns[0], {})
        if columns[2] in grades:
            problems.append(f"{where}: document {columns[2]!r} is judged twice for query {columns[0]!r}")
        try:
            grades[columns[2]] = int(columns[3])
        except ValueError:
            grades[columns[2]] = 0
        if not _GRADE.fullmatch(columns[3]):
            problems.append(f"{where}: grade must be a whole number, got {columns[3]!r}")
    _refuse(path, problems, qrels)
    return qrels


def _rows(
    path: str | Path, columns: str, problems: list[str], *, more: bool
) -> Iterator[tuple[str, list[str]]]:
    """Place and columns of each line; as in trec_eval, blank lines and lines that begin with # are skipped.

    With `more`, further columns are let pass: trec_eval keeps them for other uses.
    """
    num_columns = len(columns.split())
    try:
        text = Path(path).read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SearchError(f"{path}: cannot be read as UTF-8 text: {error}") from error
    for number, line in enumerate(text.split("\n"), 1):
        found = _words(line)
        if len(found) == num_columns or (more and len(found) > num_columns):
            yield f"{path}:{number}", found
        elif found:
            problems.append(f"{path}:{number}: need {num_columns} columns ({columns}), got {len(found)}")


def _words(line: str) -> list[str]:
    """Columns, parted by ASCII white space alone: an id may hold any other kind."""
    if line.startswith("#"):
        return []
    return [word for word in line.replace("\t", " ").rstrip("\r").split(" ") if word]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _refuse(path: str | Path, problems: Sequence[str], content: Mapping[str, object]) -> None:
    if not content and not problems:
        raise SearchError(f"{path}: empty; there is nothing to measure")
    if problems:
        more = len(problems) - _MAX_SHOWN
        rest = [f"... and {more:,} more problems"] if more > 0 else []
        raise SearchError("\n".join([*problems[:_MAX_SHOWN], *rest]))


@dataclass(frozen=True, eq=False)
class RunValues:
    """Values of a run, query by query.

    Attributes:
        query_ids: Queries of the qrels. One that the run does not hold, or that has no relevant document,
            counts with value 0: what trec_eval does with option -c, and ir-measures always.
        values: Measure -> (Q,) values.
        num_unjudged: Queries of the run without judgements; they do not count.
        num_missing: Queries with a relevant document that the run does not hold.
        num_without_relevant: Judged queries that have no relevant document.
    """

    query_ids: tuple[str, ...]
    values: Mapping[str, Floats]
    num_unjudged: int
    num_missing: int
    num_without_relevant: int

    def means(self) -> dict[str, float]:
        """Mean over the queries, by measure."""
        return {name: float(values.mean()) for name, values in self.values.items()}


def measure_run(qrels: Qrels, run: Run, measures: Iterable[str]) -> RunValues:
    """Measures of a run.

    Args:
        qrels: Judgements.
        run: The run.
        measures: Names as in `isoglot.evaluation.measures`, or any other that ir-measures knows, such as
            `ERR@20`; those need the package `ir-measures`.

    Returns:
        Values for each query of the qrels.

    Raises:
        SearchError: If no query of the run is judged: it belongs to another corpus.
    """
    has_relevant = np.array([any(grade > 0 for grade in grades.values()) for grades in qrels.values()], bool)
    answerable = [query for query, keep in zip(qrels, has_relevant, strict=True) if keep]
    held = set(run.query_ids)
    if not held.intersection(answerable):
        raise SearchError(
            f"no query of the run (such as {run.query_ids[0]!r}) has a relevant document in the qrels "
            f"(such as {next(iter(qrels), None)!r}); they belong to different corpora"
        )
    names = list(dict.fromkeys(measures))
    ranked = relevant_ranks(qrels, run, answerable)
    values = {name: np.zeros(len(qrels)) for name in names}
    for name in filter(is_measure, names):
        values[name][has_relevant] = parse_measure(name)(ranked)
    others = [name for name in names if not is_measure(name)]
    if others:
        values.update(measure_run_with_ir_measures(qrels, run, others))
    return RunValues(
        tuple(qrels),
        values,
        len(held - set(qrels)),
        len(set(answerable) - held),
        len(qrels) - len(answerable),
    )


def relevant_ranks(qrels: Qrels, run: Run, query_ids: Sequence[str]) -> RelevantRanks:
    """Ranks of the relevant documents of some queries in a run.

    Args:
        qrels: Judgements.
        run: The run.
        query_ids: Queries of the qrels, each with a relevant document.

    Returns:
        The ranks, query by query; `NOT_RETRIEVED` for a document that the run does not hold.
    """
    number_in_run = {query: number for number, query in enumerate(run.query_ids)}
    queries: list[int] = []
    ranks: list[int] = []
    grades: list[int] = []
    for number, query in enumerate(query_ids):
        relevant = {doc: grade for doc, grade in qrels[query].items() if grade > 0}
        at = number_in_run.get(query)
        found = [] if at is None else run.doc_ids[run.indptr[at] : run.indptr[at + 1]].tolist()
        rank_of = {doc: rank for rank, doc in enumerate(found, 1) if doc in relevant}
        queries += [number] * len(relevant)
        ranks += [rank_of.get(doc, NOT_RETRIEVED) for doc in relevant]
        grades += relevant.values()
    return RelevantRanks.from_pairs(
        np.array(queries, np.int64), np.array(ranks, np.int64), np.array(grades, np.int64), len(query_ids)
    )


def measure_run_with_ir_measures(qrels: Qrels, run: Run, measures: Iterable[str]) -> dict[str, Floats]:
    """The same through the package ir-measures: an independent check, and measures that are not here.

    Args:
        qrels: Judgements.
        run: The run.
        measures: Names in the spelling of ir-measures.

    Returns:
        Measure -> (Q,) values of the queries of the qrels, in their order.

    Raises:
        SearchError: If ir-measures does not know a name, or cannot compute it as installed.
    """
    import ir_measures

    parsed = {}
    for name in measures:
        try:
            measure = ir_measures.parse_measure(name.replace("success@", "Success@"))
            ir_measures.evaluator([measure], {})
            parsed[measure] = name
        except (NameError, ValueError, SyntaxError) as error:
            raise SearchError(f"unknown measure {name!r}, here and in ir-measures: {error}") from error
    place = {query: number for number, query in enumerate(qrels)}
    values = {name: np.zeros(len(qrels)) for name in parsed.values()}
    # A query without relevant documents has value 0; trec_eval's code never ends on one with all grades < 0.
    wanted = {query: dict(grades) for query, grades in qrels.items() if max(grades.values()) > 0}
    for metric in ir_measures.iter_calc(list(parsed), wanted, run.to_scores()):
        if metric.query_id in place:
            values[parsed[metric.measure]][place[metric.query_id]] = metric.value
    return values
