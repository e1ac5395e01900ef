"""What a study shows while it runs, and the time that it says is left."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from isoglot.config import read_config
from isoglot.studies.carrying import failed
from isoglot.studies.cells import Cell, CellRecord, Phases
from isoglot.studies.config import StudyConfig
from isoglot.studies.cost import estimate_cost, seconds_left
from isoglot.studies.grid import build_grid
from isoglot.studies.progress import StudyProgress, time_left
from isoglot.studies.workers import Event


def cells_of(path: Path) -> tuple[Cell, ...]:
    return build_grid(read_config(path, StudyConfig), str(path))


def done(cell: Cell, seconds: float) -> CellRecord:
    return replace(failed(cell, ValueError("no"), Phases(train=seconds)), error=None)


def test_the_time_left_follows_a_fixed_part_and_one_by_cost() -> None:
    costs = [1.0, 2.0, 4.0]
    assert seconds_left(costs, [7.0, 9.0, 13.0], [10.0, 20.0]) == pytest.approx(2 * 5 + 2 * 30)
    assert seconds_left(costs, [7.0, 9.0, 13.0], [10.0, 20.0], 2) == pytest.approx(35)
    assert seconds_left([3.0, 3.0], [4.0, 6.0], [3.0]) == pytest.approx(5)  # no slope to be seen
    assert seconds_left(costs, [9.0, 8.0, 7.0], [100.0]) == pytest.approx(8)  # none below 0 is believed
    assert seconds_left([], [], [1.0]) is None
    assert seconds_left(costs, [7.0, 9.0, 13.0], []) == 0


def test_time_is_said_as_people_say_it() -> None:
    assert time_left(750.2) == "0:12:30 left"
    assert time_left(None) == ""


def test_each_cell_that_ends_is_a_line_with_the_time_left(write_study) -> None:
    cells = cells_of(write_study())
    text = io.StringIO()
    clock = iter(range(0, 1000, 10))
    console = Console(file=text, width=200)
    known = {cells[0].id: done(cells[0], 60.0)}
    with StudyProgress(console, cells, known, clock=lambda: float(next(clock))) as progress:
        progress(Event(cells[1], "training"))
        progress(Event(cells[1], record=done(cells[1], 60.0)))
        progress(Event(cells[2], record=failed(cells[2], ValueError("too wide\nby far"))))
    lines = text.getvalue().split("\n")
    assert lines[0] == f"2/8 {cells[1].label}: 20 s, 0:06:00 left"
    assert lines[1].startswith(f"3/8 {cells[2].label}: failed: ValueError: too wide, 0:05:00 left")


def test_estimates_grow_with_everything_that_costs(write_study) -> None:
    base = cells_of(write_study())[0].config
    encoder, training = base.encoder, base.training
    dearer = [
        replace(base, encoder=replace(encoder, dimension=64)),
        replace(base, encoder=replace(encoder, kind="transformer", dimension=64, layers=2)),
        replace(base, encoder=replace(encoder, kind="transformer", dimension=128, layers=2)),
        replace(base, encoder=replace(encoder, kind="pretrained", path="never-loaded")),
        replace(
            base,
            encoder=replace(encoder, kind="pretrained", path="never-loaded"),
            training=replace(training, steps=60),
        ),
    ]
    costs = [estimate_cost(each) for each in (base, *dearer)]
    assert costs == sorted(costs)
    assert len(set(costs)) == len(costs)


def test_a_saved_model_costs_by_its_weights_without_its_table(write_study, tmp_path: Path) -> None:
    base = cells_of(write_study())[0].config
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(bytes(4 * 3_000))
    saved = replace(base, encoder=replace(base.encoder, kind="pretrained", path=str(folder)))
    whole = estimate_cost(saved)
    (folder / "config.json").write_text('{"vocab_size": 100, "hidden_size": 20}')
    assert estimate_cost(saved) < whole
