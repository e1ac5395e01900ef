"""The grid of a study: its axes multiplied out, duplicates joined, everything checked, in order of cost."""

from __future__ import annotations

import copy
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from isoglot.config import build_config, read_toml, set_key
from isoglot.errors import ConfigError
from isoglot.experiments.config import ExperimentConfig
from isoglot.studies.cells import Cell, folder_of
from isoglot.studies.config import AxisConfig, StudyConfig
from isoglot.studies.content import content_hash, evaluation_hash
from isoglot.studies.cost import estimate_cost
from isoglot.studies.sizes import size_changes

MODEL = "model"
"""Folder of the model within that of a cell."""


@dataclass(frozen=True)
class Point:
    """One point of an axis.

    Attributes:
        label: What tables and curves call it.
        changes: Key of an experiment -> value.
        value: The one value, of an axis with one key; None of others.
    """

    label: str
    changes: Mapping[str, Any]
    value: Any = None


def points_of(axis: AxisConfig) -> tuple[Point, ...]:
    """The points of an axis, in the order in which they are written.

    Args:
        axis: The axis.

    Returns:
        The points; a number is its own label.
    """
    if axis.values:
        return tuple(Point(label_of(value), {axis.key: value}, value) for value in axis.values)
    if axis.sizes:
        return tuple(Point(size, size_changes(size), size) for size in axis.sizes)
    return tuple(Point(point.label, point.changes) for point in axis.points)


def label_of(value: Any) -> str:
    """A value as tables call it: a string as it is, anything else as in JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def build_grid(config: StudyConfig, source: str, options: Sequence[str] = ()) -> tuple[Cell, ...]:
    """All cells of a study.

    Args:
        config: The study.
        source: Its file, as the command line names it.
        options: What the command line says beside it and the cells' commands have to repeat.

    Returns:
        The cells, those of equal content and seed as one, the cheapest first.

    Raises:
        ConfigError: If the base cannot be read, an axis has a point twice, an exclusion or the reference
            names none, or the experiment of a cell cannot be; one line per problem, each once.
    """
    axes = {axis.title: points_of(axis) for axis in config.axes}
    base = read_toml(config.base) if isinstance(config.base, Path) else config.base
    problems = [*_axis_problems(axes), *_label_problems(config, axes)]
    cells: dict[str, Cell] = {}
    failures: dict[str, list[str]] = {}
    for combination in _combinations(config, axes):
        for seed in config.study.seeds:
            try:
                cell = _build_cell(config, base, combination, seed, (source, *options))
            except ConfigError as error:
                for line in str(error).split("\n"):
                    failures.setdefault(line, []).append(_name(combination))
            else:
                cells[cell.id] = _joined(cells.get(cell.id), cell)
    problems += [f"{line} ({_where(places)})" for line, places in failures.items()]
    if not problems and not cells:
        problems = ["exclude: nothing is left of the grid"]
    if problems:
        raise ConfigError("\n".join(f"{source}: {problem}" for problem in problems))
    return tuple(sorted(cells.values(), key=lambda cell: (cell.cost, cell.seed, cell.id)))


def only_arms(cells: Sequence[Cell], arms: Sequence[str]) -> tuple[Cell, ...]:
    """Some of the cells.

    Args:
        cells: All of them.
        arms: Each `axis=label`, a label alone, or the id or content of cells; a cell is chosen if it fits
            any of them.

    Returns:
        Those chosen, in their order.

    Raises:
        ConfigError: If one of them fits no cell.
    """
    chosen = {arm: {cell.id for cell in cells if _fits(cell, arm)} for arm in arms}
    idle = [arm for arm, ids in chosen.items() if not ids]
    if idle:
        known = sorted(
            {f"{axis}={label}" for cell in cells for p in cell.points for axis, label in p.items()}
        )
        raise ConfigError(
            "\n".join(f"--only {arm}: there is no such cell; there is {', '.join(known)}" for arm in idle)
        )
    return tuple(cell for cell in cells if any(cell.id in ids for ids in chosen.values()))


def _fits(cell: Cell, arm: str) -> bool:
    if arm in (cell.id, cell.content):
        return True
    places = [item for point in cell.points for item in point.items()]
    return any(arm in (label, f"{axis}={label}") for axis, label in places)


def _combinations(config: StudyConfig, axes: Mapping[str, tuple[Point, ...]]) -> Iterator[dict[str, Point]]:
    for points in product(*axes.values()):
        combination = dict(zip(axes, points, strict=True))
        if not any(_is_excluded(combination, each) for each in config.exclude):
            yield combination


def _is_excluded(combination: Mapping[str, Point], exclusion: Mapping[str, str | tuple[str, ...]]) -> bool:
    return all(combination[axis].label in _labels(wanted) for axis, wanted in exclusion.items())


def _labels(wanted: str | tuple[str, ...]) -> tuple[str, ...]:
    return (wanted,) if isinstance(wanted, str) else wanted


def _build_cell(
    config: StudyConfig,
    base: Mapping[str, Any],
    combination: Mapping[str, Point],
    seed: int,
    arguments: Sequence[str],
) -> Cell:
    experiment = _experiment(base, combination, seed)
    content = content_hash(experiment)
    cell_id = f"{content}-{seed}"
    output = folder_of(config.study.folder, cell_id) / MODEL
    return Cell(
        id=cell_id,
        content=content,
        seed=seed,
        points=({axis: point.label for axis, point in combination.items()},),
        values={axis: point.value for axis, point in combination.items() if point.value is not None},
        config=replace(experiment, output=str(output)),
        evaluate=config.evaluate,
        evaluation=evaluation_hash(config.evaluate),
        cost=estimate_cost(experiment),
        command=shlex.join(["isoglot", "study", *arguments, "--only", cell_id]),
    )


def _experiment(base: Mapping[str, Any], combination: Mapping[str, Point], seed: int) -> ExperimentConfig:
    """The experiment of a cell; says all that cannot be, whatever the cell is called."""
    values = copy.deepcopy(dict(base))
    problems = []
    for point in combination.values():
        for key, value in point.changes.items():
            problem = set_key(values, key, copy.deepcopy(value))
            problems += [f"axes: {key}: {problem}"] if problem else []
    set_key(values, "training.seed", seed)
    values["output"] = "model"
    if problems:
        raise ConfigError("\n".join(problems))
    return build_config(values, ExperimentConfig, source="experiment")


def _joined(first: Cell | None, cell: Cell) -> Cell:
    """A cell with the points of an equal one that came before it."""
    if first is None:
        return cell
    return first if cell.points[0] in first.points else replace(first, points=first.points + cell.points)


def _axis_problems(axes: Mapping[str, tuple[Point, ...]]) -> Iterator[str]:
    """Points of one name, and keys that two axes change."""
    changed: dict[str, str] = {}
    for axis, points in axes.items():
        labels = [point.label for point in points]
        for twice in sorted({label for label in labels if labels.count(label) > 1}):
            yield f"axes: {axis} has {twice!r} twice"
        for key in dict.fromkeys(key for point in points for key in point.changes):
            if key in ("output", "training.seed"):
                yield f"axes: {axis}: {key} is set for every cell; for seeds, there is study.seeds"
            if key in changed:
                yield f"axes: {axis} and {changed[key]} both change {key}; join them into points"
            changed[key] = axis


def _label_problems(config: StudyConfig, axes: Mapping[str, tuple[Point, ...]]) -> Iterator[str]:
    """Labels that no point has."""
    named = [
        (f"exclude.{number}", axis, label)
        for number, each in enumerate(config.exclude)
        for axis, wanted in each.items()
        for label in _labels(wanted)
    ]
    named += [("reference", axis, label) for axis, label in config.reference.items()]
    for key, axis, label in named:
        there = [point.label for point in axes[axis]]
        if label not in there:
            yield f"{key}: {axis} has no point {label!r}; it has {', '.join(there)}"
    if config.reference and not any(
        all(combination[axis].label == label for axis, label in config.reference.items())
        for combination in _combinations(config, axes)
    ):
        yield "reference: every such cell is excluded"


def _name(combination: Mapping[str, Point]) -> str:
    return ", ".join(f"{axis}={point.label}" for axis, point in combination.items()) or "the base"


def _where(places: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(places))
    more = f" and {len(distinct) - 1} more" if len(distinct) > 1 else ""
    return f"at {distinct[0]}{more}"
