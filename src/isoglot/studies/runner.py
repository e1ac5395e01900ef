"""Running a study: plan, check, carry out what is not done yet, and keep everything on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from isoglot.config import to_dict
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError, CorpusError, IsoglotError
from isoglot.experiments.config import CorpusConfig
from isoglot.files import locked, write_json
from isoglot.studies.carrying import is_current
from isoglot.studies.cells import GRID, STUDY, Cell, CellRecord, read_record, with_points
from isoglot.studies.config import EvaluatedConfig, StudyConfig
from isoglot.studies.shared import Shared
from isoglot.studies.workers import SHARED, Event, run_here, run_in_workers

Engine = Literal["local", "ray"]
Watch = Callable[[Event], None]
"""Told what happens to cells."""
_LOCK = "lock"


@dataclass(frozen=True)
class Running:
    """How cells are carried out; none of it changes what they come to, but for rounding.

    Attributes:
        engine: On this machine, or on a cluster.
        num_workers: Cells at a time; 0 carries them out in this process. On a cluster, 0 leaves it to Ray.
        ray_address: Of a running cluster, or `auto`; None starts one on this machine.
        retry_failed: Whether cells that failed are tried again.
    """

    engine: Engine = "local"
    num_workers: int = 1
    ray_address: str | None = None
    retry_failed: bool = False

    def __post_init__(self) -> None:
        if self.num_workers < 0:
            raise ConfigError(f"workers must be >= 0, got {self.num_workers}")
        if self.ray_address is not None and self.engine != "ray":
            raise ConfigError("a Ray address goes with engine 'ray', and only with it")


@dataclass(frozen=True)
class Plan:
    """Cells, and what is known of them.

    Attributes:
        cells: The cells, the cheapest first.
        records: What came of some of them.
    """

    cells: tuple[Cell, ...]
    records: dict[str, CellRecord]

    def to_do(self, *, retry_failed: bool = False) -> tuple[Cell, ...]:
        """The cells that are to be carried out.

        Args:
            retry_failed: Whether those that failed are among them.

        Returns:
            The cells, in order.
        """
        return tuple(
            cell
            for cell in self.cells
            if cell.id not in self.records or (retry_failed and not self.records[cell.id].finished)
        )


def make_plan(config: StudyConfig, cells: Iterable[Cell]) -> Plan:
    """What of a study is done already.

    Args:
        config: The study.
        cells: Its cells, or some of them.

    Returns:
        The cells with their records; one that was measured in another way has none.

    Raises:
        CheckpointError: If a record cannot be read.
    """
    chosen = tuple(cells)
    found = {cell.id: (cell, read_record(config.study.folder, cell.id)) for cell in chosen}
    records = {
        name: with_points(record, {"points": cell.points, "values": cell.values})
        for name, (cell, record) in found.items()
        if record is not None and is_current(record, cell)
    }
    return Plan(chosen, records)


def run_study(
    config: StudyConfig,
    cells: Sequence[Cell],
    *,
    chosen: Sequence[Cell] | None = None,
    running: Running | None = None,
    watch: Watch | None = None,
) -> Plan:
    """Carries out the cells of a study that are not done; stopped at any point, the same call goes on there.

    Args:
        config: The study.
        cells: All of its cells (`isoglot.studies.grid.build_grid`).
        chosen: Those that are carried out now; None for all.
        running: How.
        watch: Told what happens.

    Returns:
        The chosen cells with their records, those that were there before among them.

    Raises:
        CorpusError: If a corpus cannot be read, or lacks a split that a cell needs; all problems at once,
            before the first cell.
        ConfigError: If the engine is not installed.
        CheckpointError: If a record cannot be read.
    """
    how = running or Running()
    study = config.study.folder
    write_plan(config, cells)
    plan = make_plan(config, cells if chosen is None else chosen)
    to_do = plan.to_do(retry_failed=how.retry_failed)
    if to_do:
        check_corpora(to_do, study)
    records = dict(plan.records)
    for event in _carry_out_all(to_do, config, how):
        if event.record is not None:
            records[event.cell.id] = event.record
        if watch is not None:
            watch(event)
    return Plan(plan.cells, records)


def _carry_out_all(cells: Sequence[Cell], config: StudyConfig, how: Running) -> Iterator[Event]:
    study, again = config.study.folder, how.retry_failed
    if not cells:
        return iter(())
    if how.engine == "ray":
        from isoglot.studies.cluster import run_on_ray

        return run_on_ray(
            cells,
            study,
            address=how.ray_address,
            num_workers=how.num_workers or None,
            num_cpus=config.study.cpus,
            num_gpus=config.study.gpus,
            again=again,
        )
    if how.num_workers:
        return run_in_workers(cells, study, num_workers=how.num_workers, again=again)
    return run_here(cells, study, again=again)


def write_plan(config: StudyConfig, cells: Sequence[Cell]) -> None:
    """Writes what the study is and which cells it has.

    Args:
        config: The study.
        cells: All of its cells, in order.
    """
    study = config.study.folder
    planned: list[dict[str, Any]] = [
        {
            "id": cell.id,
            "content": cell.content,
            "seed": cell.seed,
            "points": [dict(point) for point in cell.points],
            "values": cell.values,
            "evaluation": cell.evaluation,
            "cost": cell.cost,
            "command": cell.command,
        }
        for cell in cells
    ]
    with locked(study / _LOCK):
        write_json(study / STUDY, {"config": to_dict(config)})
        write_json(study / GRID, {"cells": planned})


def check_corpora(cells: Sequence[Cell], study: Path) -> None:
    """Reads every corpus that cells need, so that what is wrong is known before the first of them.

    What has to be built or converted is so once, for all workers.

    Args:
        cells: The cells.
        study: Folder of the study.

    Raises:
        CorpusError: If a corpus cannot be read, or lacks a split; all problems at once.
    """
    shared = Shared(study / SHARED)
    problems: list[str] = []
    for config, skip_bad in _distinct(cells):
        try:
            if isinstance(config, EvaluatedConfig):
                _check_split(shared.read_evaluated(config, skip_bad=skip_bad), config.split)
            else:
                corpus = shared.read(config, skip_bad=skip_bad)
                for split in config.splits:
                    corpus.split(split)
        except IsoglotError as error:
            problems += [f"{config.folder or config.dataset}: {line}" for line in str(error).split("\n")]
    if problems:
        raise CorpusError(list(dict.fromkeys(problems)))


def _check_split(corpus: ParallelCorpus, split: str) -> None:
    """Refuses a split of neither judged queries nor labelled pairs."""
    if all(name != split for name, _ in corpus.labelled):
        corpus.split(split)


def _distinct(cells: Sequence[Cell]) -> list[tuple[CorpusConfig | EvaluatedConfig, bool]]:
    """Every corpus of some cells once, and whether its bad media are passed over."""
    found: dict[str, tuple[CorpusConfig | EvaluatedConfig, bool]] = {}
    for cell in cells:
        experiment = cell.config
        needed: list[CorpusConfig | EvaluatedConfig] = [*experiment.corpora, *cell.evaluate.corpora]
        needed += [experiment.dev] if experiment.dev is not None else []
        needed += [replace(each, splits=()) for each in experiment.encoder.vocabulary_corpora]
        for each in needed:
            found.setdefault(repr((each, experiment.skip_bad)), (each, experiment.skip_bad))
    return list(found.values())
