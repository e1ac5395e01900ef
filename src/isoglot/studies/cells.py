"""Cells of a study: what is planned, and the record of what came of it, which lies beside its model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoglot.config import build_config, to_dict
from isoglot.errors import CheckpointError, ConfigError
from isoglot.experiments.config import ExperimentConfig
from isoglot.files import write_json
from isoglot.studies.config import EvaluateConfig, StudyConfig
from isoglot.studies.meters import Metered
from isoglot.studies.sizes import Parameters
from isoglot.studies.training_cost import TrainingCost

if TYPE_CHECKING:
    from isoglot.evaluation.results import Results

STUDY, GRID, CELLS, RECORD = "study.json", "grid.json", "cells", "cell.json"
"""Files of a study, and the one of a cell whose presence says that it has come to its end."""


@dataclass(frozen=True)
class Cell:
    """One training and its evaluation, as planned.

    Attributes:
        id: `<content>-<seed>`; its folder, and what results call the model.
        content: Hash of all that matters but the seed: cells of one arm have it in common.
        seed: Seed of the training.
        points: Grid points that it stands for, axis -> label; several where they come to the same.
        values: Axis -> value at the first of them, of axes with one key.
        config: The experiment.
        evaluate: How it is measured.
        evaluation: Hash of that.
        cost: Estimate of the work, in floating-point operations.
        command: What repeats this cell alone.
    """

    id: str
    content: str
    seed: int
    points: tuple[dict[str, str], ...]
    values: dict[str, Any]
    config: ExperimentConfig
    evaluate: EvaluateConfig
    evaluation: str
    cost: float
    command: str

    @property
    def label(self) -> str:
        """How messages call it."""
        labels = " ".join(self.points[0].values())
        return f"{labels} seed {self.seed}" if labels else f"seed {self.seed}"


@dataclass(frozen=True)
class Phases:
    """Seconds that a cell took, by what was done in them.

    Attributes:
        corpus: Reading corpora.
        tokenise: Training subwords, building the encoder, cutting texts, what frozen modules say.
        train: Steps.
        dev: Dev evaluations.
        save: Writing model and checkpoints.
        load: Loading the trained model.
        encode: Encoding what is searched.
        evaluate: Searching, measuring, bootstraps, writing results.
    """

    corpus: float = 0.0
    tokenise: float = 0.0
    train: float = 0.0
    dev: float = 0.0
    save: float = 0.0
    load: float = 0.0
    encode: float = 0.0
    evaluate: float = 0.0

    @property
    def total(self) -> float:
        """All of them."""
        return float(sum(getattr(self, each.name) for each in fields(self)))

    @property
    def overhead(self) -> float:
        """Share of the time that is neither training with its dev evaluations nor encoding; 0 of no time."""
        total = self.total
        return 1 - (self.train + self.dev + self.encode) / total if total else 0.0


@dataclass(frozen=True)
class Failure:
    """Why a cell came to nothing.

    Attributes:
        type: Kind of the error.
        message: What it says.
        traceback: Where it was raised; empty if the process died.
    """

    type: str
    message: str
    traceback: str = ""


@dataclass(frozen=True)
class CellRecord:
    """What came of a cell: everything that reports and fits need but the results, which lie beside it.

    Attributes:
        id: As planned.
        content: As planned.
        seed: As planned.
        points: As planned, by the study that was run last.
        values: As planned, likewise.
        evaluation: As planned.
        command: What repeats this cell alone.
        config: The experiment as plain values.
        seconds: Time by phase; of phases that an earlier, interrupted attempt finished, the time there.
        results: `results.json`, relative to the folder of the study; None if there is none.
        training: Operations and tokens of the training; None if it was not finished.
        metered: Memory and energy of the training, likewise.
        parameters: Of the encoder, likewise.
        losses: Step and training loss, as logged; None for one that is no number.
        dev: Dev measures by step.
        versions: Of the packages that decide what is computed.
        finished_at: When, in UTC.
        error: Why it failed; None if it did not.
    """

    id: str
    content: str
    seed: int
    points: tuple[dict[str, str], ...]
    values: dict[str, Any]
    evaluation: str
    command: str
    config: dict[str, Any]
    seconds: Phases
    results: str | None = None
    training: TrainingCost | None = None
    metered: Metered | None = None
    parameters: Parameters | None = None
    losses: tuple[tuple[int, float | None], ...] = ()
    dev: tuple[dict[str, Any], ...] = ()
    versions: dict[str, str] = field(default_factory=dict)
    finished_at: str = ""
    error: Failure | None = None

    @property
    def finished(self) -> bool:
        """Whether it came to a good end."""
        return self.error is None

    @property
    def batch_size(self) -> int:
        """Pairs a batch."""
        return int(self.config["training"]["batch_size"])

    @property
    def steps(self) -> int:
        """Steps of the training."""
        return int(self.config["training"]["steps"])

    @property
    def final_loss(self) -> float | None:
        """Mean of the training losses logged in the last tenth of the steps; None if none was."""
        late = [loss for step, loss in self.losses if step > 0.9 * self.steps and loss is not None]
        return sum(late) / len(late) if late else None


def folder_of(study: Path, cell_id: str) -> Path:
    """The folder of a cell.

    Args:
        study: Folder of the study.
        cell_id: The cell.

    Returns:
        Its folder, whether it is there or not.
    """
    return study / CELLS / cell_id


def write_record(study: Path, record: CellRecord) -> None:
    """Writes a record, whole or not at all.

    Args:
        study: Folder of the study.
        record: The record.
    """
    write_json(folder_of(study, record.id) / RECORD, to_dict(record))


def read_record(study: Path, cell_id: str) -> CellRecord | None:
    """The record of a cell.

    Args:
        study: Folder of the study.
        cell_id: The cell.

    Returns:
        The record; None if the cell has not come to its end.

    Raises:
        CheckpointError: If it cannot be read.
    """
    path = folder_of(study, cell_id) / RECORD
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return build_config(values, CellRecord, source=str(path))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, ConfigError) as error:
        raise CheckpointError(f"{path}: cannot be read ({error}); delete it to run the cell again") from error


def read_study(study: Path) -> StudyConfig:
    """The configuration that a study was last run with.

    Args:
        study: Its folder.

    Returns:
        The configuration.

    Raises:
        CheckpointError: If the folder holds none, or it cannot be read.
    """
    path = study / STUDY
    values = _read(path)
    try:
        return build_config(values["config"], StudyConfig, source=str(path))
    except (KeyError, ConfigError) as error:
        raise CheckpointError(f"{path}: {error}; start the study again") from error


def read_records(study: Path) -> tuple[CellRecord, ...]:
    """All cells of a study that have come to an end, in the order in which they are run.

    Args:
        study: Its folder.

    Returns:
        The records, of failed cells too, with the grid points of the study that was run last; not those that
        it does not name.

    Raises:
        CheckpointError: If the folder is none of a study, or a record cannot be read.
    """
    found = []
    for planned in _read(study / GRID)["cells"]:
        record = read_record(study, planned["id"])
        if record is not None and record.evaluation == planned["evaluation"]:
            found.append(with_points(record, planned))
    return tuple(found)


def with_points(record: CellRecord, planned: Mapping[str, Any]) -> CellRecord:
    """The record with the place in the grid that a later study gives it.

    Args:
        record: The record.
        planned: The plan's `points` and `values`.

    Returns:
        The record.
    """
    points = tuple(dict(point) for point in planned["points"])
    return replace(record, points=points, values=dict(planned["values"]))


def results_of(study: Path, record: CellRecord) -> Results:
    """The results of a cell.

    Args:
        study: Folder of the study.
        record: A finished cell.

    Returns:
        Its results; the model is called by the id of the cell.

    Raises:
        CheckpointError: If the cell has none.
    """
    from isoglot.evaluation import read_results

    if record.results is None:
        raise CheckpointError(f"cell {record.id} has no results; run the study again with --retry-failed")
    return read_results((study / record.results).parent)


def _read(path: Path) -> dict[str, Any]:
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path}: cannot be read ({error}); run `isoglot study` first") from error
    return values
