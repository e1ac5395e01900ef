"""What a study is: a question, a grid of experiments and how each is measured, as read from TOML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from isoglot.errors import ConfigError
from isoglot.evaluation.measures import parse_measure
from isoglot.records import Modality
from isoglot.studies.sizes import size_problem

Task = Literal["retrieval", "bitext", "similarity", "paraphrase", "entailment", "tagging"]
Setting = Literal["monolingual", "cross_lingual", "multilingual"]


@dataclass(frozen=True)
class StudyInfo:
    """What is asked, and where the answer lies.

    Attributes:
        name: Short name; names the folder where no other is given.
        question: What the study shall answer, in words.
        seeds: Every cell is trained with each of these.
        output: Folder of the study; None is `runs/studies/<name>`.
        cpus: Processors that a cell takes on a cluster.
        gpus: Accelerators that it takes there; a part of one, if several cells can share it.
        answer: How the question is answered from the cells; the keys are those of the report.
    """

    name: str
    question: str
    seeds: tuple[int, ...] = (0,)
    output: Path | None = None
    cpus: int = 1
    gpus: float = 0.0
    answer: dict[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where everything is written."""
        return self.output or Path("runs") / "studies" / self.name

    def problems(self) -> list[str]:
        """What cannot be, one line each."""
        found = [f"{key} must not be empty" for key in ("name", "question") if not getattr(self, key).strip()]
        if "/" in self.name or self.name.startswith("."):
            found.append(f"name must be one that a folder can have, got {self.name!r}")
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            found.append(f"seeds must be one or more different numbers, got {list(self.seeds)}")
        if self.cpus < 1:
            found.append(f"cpus must be >= 1, got {self.cpus}")
        if self.gpus < 0:
            found.append(f"gpus must be >= 0, got {self.gpus}")
        return found


@dataclass(frozen=True)
class PointConfig:
    """One point of an axis: several keys that change together.

    Attributes:
        label: What tables and curves call it.
        changes: Key of an experiment -> value; a table as value replaces the whole table.
    """

    label: str
    changes: dict[str, Any]


@dataclass(frozen=True)
class AxisConfig:
    """What changes from cell to cell: one key, the size of the encoder, or several keys together.

    Attributes:
        name: What tables and curves call the axis; left out, the key, or `size`.
        key: A key of an experiment, such as `scheme.alpha`; goes with `values`.
        values: Its values; a table as value replaces the whole table.
        sizes: Encoders: `static-256` is a bag of subwords with vectors of that width, `transformer-4` a
            tower of that depth (`isoglot.studies.sizes`), anything else the name or folder of a model.
        points: Several keys together.
    """

    name: str = ""
    key: str = ""
    values: tuple[Any, ...] = ()
    sizes: tuple[str, ...] = ()
    points: tuple[PointConfig, ...] = ()

    @property
    def title(self) -> str:
        """What the axis is called."""
        return self.name or self.key or "size"

    def problems(self) -> list[str]:
        """What cannot be, one line each."""
        given = [name for name in ("values", "sizes", "points") if getattr(self, name)]
        if len(given) != 1:
            return [f"give one of values, sizes and points, got {' and '.join(given) or 'none'}"]
        found = [problem for size in self.sizes if (problem := size_problem(size))]
        if bool(self.key) != bool(self.values):
            found.append("key goes with values, and only with them")
        if self.points and not self.name:
            found.append("name: missing; points have no other")
        return found


@dataclass(frozen=True)
class EvaluatedConfig:
    """A corpus that every cell is measured on.

    Attributes:
        folder: A corpus folder.
        dataset: Name of a published data set (`isoglot data list`), or of a built-in one, as for training.
        source: Where its published files lie; None loads it from the hub.
        options: Options of its reader.
        languages: Languages to keep; empty for all.
        split: Which judged queries or labelled pairs.
        query_modality: Medium of the queries to keep; None for all.
        document_modality: Medium of the documents to keep; None for all.
        unseen_documents: Whether documents of training groups are left out of the collection.
        task: What it is measured by.
        measures: In place of those of the study, for rankings and pairs.
        name: What results call the corpus; left out, its own name. Two parts of one corpus need two names.
    """

    folder: Path | None = None
    dataset: str | None = None
    source: Path | None = None
    options: dict[str, Any] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    split: str = "test"
    query_modality: Modality | None = None
    document_modality: Modality | None = None
    unseen_documents: bool = False
    task: Task = "retrieval"
    measures: tuple[str, ...] = ()
    name: str = ""

    def problems(self) -> list[str]:
        """What cannot be, one line each."""
        found = []
        if (self.folder is None) == (self.dataset is None):
            found.append("give either folder or dataset")
        if self.folder is not None and not (self.folder / "corpus.json").is_file():
            found.append(f"folder: {self.folder} holds no corpus.json; build it with `isoglot data build`")
        if self.source is not None and not self.source.exists():
            found.append(f"source: {self.source} does not exist; give the folder of the published files")
        return found


@dataclass(frozen=True)
class EvaluateConfig:
    """How every cell is measured.

    Attributes:
        corpora: On what.
        measures: Of rankings.
        settings: Which settings are kept; empty for all.
        num_resamples: Resamples of the bootstrap behind each interval.
        head_depth: Documents at the head of the pooled ranking that language preference looks at; 0 for none.
        seed: Seed of bootstraps and probes.
        energy: Whether the energy of trainings is metered, where there is a meter.
    """

    corpora: tuple[EvaluatedConfig, ...] = ()
    measures: tuple[str, ...] = ("AP", "RR", "nDCG@10", "R@10")
    settings: tuple[Setting, ...] = ()
    num_resamples: int = 200
    head_depth: int = 0
    seed: int = 0
    energy: bool = False

    def problems(self) -> list[str]:
        """What cannot be, one line each."""
        found = []
        if not self.corpora:
            found.append("corpora: name one or more")
        if not self.measures:
            found.append("measures: name one or more")
        if self.num_resamples < 1:
            found.append(f"num_resamples must be >= 1, got {self.num_resamples}")
        if self.head_depth < 0:
            found.append(f"head_depth must be >= 0, got {self.head_depth}")
        return found + [problem for each in self.corpora for problem in self._measure_problems(each)]

    def measures_of(self, corpus: EvaluatedConfig) -> tuple[str, ...]:
        """What a corpus of rankings is measured by."""
        return corpus.measures or self.measures

    def _measure_problems(self, corpus: EvaluatedConfig) -> Iterator[str]:
        """Measures that there are not."""
        for name in self.measures_of(corpus) if corpus.task == "retrieval" else ():
            try:
                parse_measure(name)
            except ConfigError as error:
                yield f"measures: {error}"


@dataclass(frozen=True)
class StudyConfig:
    """One study.

    Attributes:
        study: What is asked.
        base: The experiment that every cell is a change of: its file, or its keys.
        axes: What changes; the grid is their product.
        exclude: Points that are left out: axis -> label, or several; an axis that is not named may have any.
        evaluate: How cells are measured.
        reference: Axis -> label of the cell that others are compared with; empty for none.
    """

    study: StudyInfo
    base: Path | dict[str, Any]
    axes: tuple[AxisConfig, ...] = ()
    exclude: tuple[dict[str, str | tuple[str, ...]], ...] = ()
    evaluate: EvaluateConfig = field(default_factory=EvaluateConfig)
    reference: dict[str, str] = field(default_factory=dict)

    def problems(self) -> list[str]:
        """What cannot be, one line each."""
        titles = [axis.title for axis in self.axes]
        found = [f"axes: {twice!r} names two of them; give each its own name" for twice in _twice(titles)]
        for number, each in enumerate(self.exclude):
            found += [f"exclude.{number}: {line}" for line in _unknown(each, titles)]
            if not each:
                found.append(f"exclude.{number}: names no axis, and so leaves nothing in")
        return found + [f"reference: {line}" for line in _unknown(self.reference, titles)]


def _twice(names: Iterable[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


def _unknown(named: Iterable[str], titles: list[str]) -> list[str]:
    there = ", ".join(titles) or "none"
    return [f"there is no axis {name!r}; there is {there}" for name in named if name not in titles]
