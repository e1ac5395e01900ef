"""Labelled pairs of groups: how similar two sentences are, whether one says the other, whether it follows.

A pair is one of groups and not of texts, so that its label holds whatever languages its two sentences are
read in: all ordered pairs of languages come for free (the generalised cross-lingual setting).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from isoglot.corpora.judgements import Rows
from isoglot.corpora.sources import decode_lines
from isoglot.errors import CorpusError

if TYPE_CHECKING:
    from isoglot.corpora.parallel import ParallelCorpus

Task = Literal["similarity", "paraphrase", "entailment"]
Key = tuple[str, Task]
"""Split and task: corpora of several tasks can be joined, and keep the pairs of each."""
Line = tuple[str, str, float, str]
"""First group, second group, label, and the place of the line."""

TASKS: tuple[Task, ...] = get_args(Task)
CLASSES: Mapping[Task, tuple[str, ...]] = {
    "similarity": (),
    "paraphrase": ("0", "1"),
    "entailment": ("entailment", "neutral", "contradiction"),
}
"""Names of the classes as they are published; a label is the index of its class. Similarity is a number."""
POSITIVE: Mapping[Task, int] = {"paraphrase": 1, "entailment": 0}
"""The class whose sentences ought to be close to each other."""
HEADER = ("first-group-id", "second-group-id", "label")


@dataclass(frozen=True, eq=False)
class LabelledPairs:
    """Pairs of groups with a label each, in the published order.

    The two groups of a pair may be one and the same, and a pair may be there several times, also with
    different labels: what is published is kept.

    Attributes:
        first_groups: (P,) code of the first sentence's group.
        second_groups: (P,) code of the second's.
        labels: (P,) similarity, the higher the more alike; or the index of the class among `CLASSES`.
    """

    first_groups: Rows
    second_groups: Rows
    labels: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, numbers: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> LabelledPairs:
        """Some of the pairs, by number or by mask."""
        return LabelledPairs(self.first_groups[numbers], self.second_groups[numbers], self.labels[numbers])

    def shifted(self, offset: int) -> LabelledPairs:
        """The same pairs where group codes start at an offset."""
        step = np.int32(offset)
        return LabelledPairs(self.first_groups + step, self.second_groups + step, self.labels)


def join_pairs(parts: Sequence[LabelledPairs]) -> LabelledPairs:
    """Pairs of several corpora, whose groups are in one coding."""
    return LabelledPairs(
        np.concatenate([part.first_groups for part in parts]),
        np.concatenate([part.second_groups for part in parts]),
        np.concatenate([part.labels for part in parts]),
    )


def keep_present(
    labelled: Mapping[Key, LabelledPairs], groups: Iterable[Rows], num_groups: int
) -> dict[Key, LabelledPairs]:
    """The pairs of which both groups are still there; a task that keeps none goes.

    Args:
        labelled: Split and task -> pairs.
        groups: Codes of the groups that are there, in any number of arrays.
        num_groups: How many codes there are.

    Returns:
        The same, or fewer, in the same order.
    """
    if not labelled:
        return {}
    there = np.zeros(num_groups, bool)
    for codes in groups:
        there[codes[codes >= 0]] = True
    kept = {
        key: part.take(there[part.first_groups] & there[part.second_groups]) for key, part in labelled.items()
    }
    return {key: part for key, part in kept.items() if len(part)}


def find_pairs(corpus: ParallelCorpus, split: str, task: Task | None = None) -> tuple[Task, LabelledPairs]:
    """The labelled pairs of a split.

    Args:
        corpus: The corpus.
        split: Its split.
        task: Which task, if the split has pairs of several; None takes the only one.

    Returns:
        The task, and the pairs.

    Raises:
        CorpusError: If there are none, or there are several tasks and none is named.
    """
    if not corpus.labelled:
        raise CorpusError(
            f"corpus {corpus.name!r} has no labelled pairs; read one that has, such as stsb-multi-mt, paws-x "
            "or xnli, or add them with isoglot.corpora.labelled.label_pairs"
        )
    found = [key for key in corpus.labelled if key[0] == split and task in (None, key[1])]
    if not found:
        there = ", ".join(f"{name} ({of_task})" for name, of_task in corpus.labelled)
        wanted = f"split {split!r}" + (f" for {task}" if task else "")
        raise CorpusError(f"{wanted} of {corpus.name!r} has no labelled pairs; there are pairs in {there}")
    if len(found) > 1:
        raise CorpusError(
            f"split {split!r} of {corpus.name!r} has pairs for {', '.join(key[1] for key in found)}; say "
            "for which task"
        )
    return found[0][1], corpus.labelled[found[0]]


def label_pairs(
    corpus: ParallelCorpus, split: str, task: Task, pairs: Iterable[tuple[str, str, float | str]]
) -> ParallelCorpus:
    """A corpus with labels for pairs of its groups; those that the split had for the task are replaced.

    Args:
        corpus: The corpus.
        split: Name of a split, which need not judge any query.
        task: What the labels say.
        pairs: First group, second group, and label: a number, or a class by name or index (`CLASSES`).

    Returns:
        The same corpus, with the pairs.

    Raises:
        CorpusError: If there is no pair, a group does not exist, or a label is none of the task; all problems
            at once.
    """
    problems: list[str] = []
    lines: list[Line] = []
    for number, (first, second, given) in enumerate(pairs, start=1):
        where = f"pair {number} of {split!r}"
        label = parse_label(task, given) if isinstance(given, str) else _checked(task, float(given))
        if label is None:
            problems.append(f"{where}: {label_rule(task)}, got {given!r}")
        else:
            lines.append((first, second, label, where))
    if not lines and not problems:
        problems.append(f"no pair of split {split!r}; give one or leave the split out")
    found = _coded(corpus, lines, problems)
    if problems:
        raise CorpusError(problems)
    return replace(corpus, labelled={**corpus.labelled, (split, task): found})


def parse_label(task: Task, text: str) -> float | None:
    """The label that a text stands for; None if it is none of the task."""
    if CLASSES[task]:
        return float(CLASSES[task].index(text)) if text in CLASSES[task] else None
    if "_" in text:  # Python's way to group digits, nobody else's
        return None
    try:
        return _checked(task, float(text))
    except ValueError:
        return None


def _checked(task: Task, label: float) -> float | None:
    """The label if the task may have it, else None."""
    classes = CLASSES[task]
    return label if (label in range(len(classes)) if classes else math.isfinite(label)) else None


def label_rule(task: Task) -> str:
    """What labels of a task must be."""
    return f"the label must be {', '.join(CLASSES[task]) or 'a finite number'}"


def pair_files(folder: Path) -> dict[Key, Path]:
    """The files below `pairs/`.

    Args:
        folder: The corpus folder.

    Returns:
        Split and task -> its file, in order of the names.

    Raises:
        CorpusError: If a file is not named after a split and a task; all problems at once.
    """
    found: dict[Key, Path] = {}
    problems: list[str] = []
    for path in sorted((folder / "pairs").glob("*.tsv")):
        split, _, name = path.name.removesuffix(".tsv").rpartition(".")
        task = next((task for task in TASKS if task == name), None)
        if task is None or not split:
            problems.append(f"{path}:1: must be named <split>.<task>.tsv, the task one of {', '.join(TASKS)}")
        else:
            found[split, task] = path
    if problems:
        raise CorpusError(problems)
    return found


def parse_pairs(lines: Sequence[str], place: str, task: Task, problems: list[str]) -> list[Line]:
    """Pairs from the lines of a file, below the header `first-group-id second-group-id label`.

    Args:
        lines: The file; cells have tabs between.
        place: Where it lies, for reports.
        task: What the labels say.
        problems: Takes what is wrong, line by line.

    Returns:
        The pairs that can be read, in file order.
    """
    if not lines or tuple(lines[0].split("\t")) != HEADER:
        problems.append(f"{place}:1: must be the header {' '.join(HEADER)}, with tabs between")
        return []
    found: list[Line] = []
    before = len(problems)
    for number, line in enumerate(lines[1:], start=2):
        cells = line.split("\t")
        if len(cells) != len(HEADER):
            problems.append(
                f"{place}:{number}: must be {', '.join(HEADER)} with tabs between, got {len(cells)} cells"
            )
            continue
        label = parse_label(task, cells[2])
        if label is None:
            problems.append(f"{place}:{number}: {label_rule(task)}, got {cells[2]!r}")
            continue
        found.append((cells[0], cells[1], label, f"{place}:{number}"))
    if not found and len(problems) == before:
        problems.append(f"{place}:1: holds no pair; remove the file")
    return found


def read_pairs(corpus: ParallelCorpus, path: Path, task: Task) -> LabelledPairs:
    """Labelled pairs of a corpus from their file.

    Args:
        corpus: The corpus whose groups it names.
        path: The file.
        task: What its labels say.

    Returns:
        The pairs.

    Raises:
        CorpusError: If a line is malformed or names what is not there; all problems at once.
    """
    problems: list[str] = []
    lines = parse_pairs(decode_lines(path.read_bytes(), str(path), problems), str(path), task, problems)
    pairs = _coded(corpus, lines, problems)
    if problems:
        raise CorpusError(problems)
    return pairs


def write_pairs(pairs: LabelledPairs, task: Task, names: Sequence[str | None], path: Path) -> None:
    """Writes the file that `read_pairs` reads.

    Args:
        pairs: The pairs.
        task: What their labels say.
        names: Id of each group code; None for a group without texts, whose pairs are left out.
        path: The file.
    """
    classes = CLASSES[task]
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write("\t".join(HEADER) + "\n")
        rows = zip(
            pairs.first_groups.tolist(), pairs.second_groups.tolist(), pairs.labels.tolist(), strict=True
        )
        for first, second, label in rows:
            if names[first] is not None and names[second] is not None:
                text = classes[int(label)] if classes else repr(label)
                stream.write(f"{names[first]}\t{names[second]}\t{text}\n")


def _coded(corpus: ParallelCorpus, lines: Sequence[Line], problems: list[str]) -> LabelledPairs:
    first = _codes_of(corpus, [line[0] for line in lines])
    second = _codes_of(corpus, [line[1] for line in lines])
    for index in np.flatnonzero((first < 0) | (second < 0)).tolist():
        name = lines[index][0] if first[index] < 0 else lines[index][1]
        problems.append(f"{lines[index][3]}: no query or document is of group {name!r}; remove the line")
    return LabelledPairs(first, second, np.array([line[2] for line in lines], np.float64))


def _codes_of(corpus: ParallelCorpus, names: list[str]) -> Rows:
    """Code of each named group; -1 for one that does not exist."""
    wanted = pa.array(names, pa.large_string())
    codes = np.full(len(names), -1, np.int32)
    for table, groups in ((corpus.documents, corpus.document_groups), (corpus.queries, corpus.query_groups)):
        rows = pc.index_in(wanted, table["group_id"]).fill_null(-1).to_numpy(zero_copy_only=False)
        codes[rows >= 0] = groups[rows[rows >= 0]]
    return codes
