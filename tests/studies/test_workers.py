"""Workers: several processes, deaths of theirs and of the whole command, and a cluster on this machine."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from isoglot.config import read_config
from isoglot.errors import ConfigError
from isoglot.studies import read_records, results_of
from isoglot.studies.cells import CellRecord
from isoglot.studies.config import StudyConfig
from isoglot.studies.grid import build_grid
from isoglot.studies.runner import Plan, Running, run_study
from isoglot.studies.workers import Event

needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")


def run(path: Path, running: Running, *overrides: str, **options: Any) -> Plan:
    config = read_config(path, StudyConfig, overrides)
    return run_study(config, build_grid(config, str(path)), running=running, **options)


def lasting(study: Path, record: CellRecord) -> dict[str, Any]:
    """What of a record does not change from one time to the next, and what was measured."""
    values = asdict(record)
    for changing in ("seconds", "metered", "finished_at"):
        del values[changing]
    return values | {"values of results": [asdict(row) for row in results_of(study, record).records]}


def assert_same(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Equal but for rounding, as another number of threads adds up in another order."""
    numbers = [row["value"] for row in ours.pop("values of results")]
    others = [row["value"] for row in theirs.pop("values of results")]
    np.testing.assert_allclose(numbers, others, rtol=0.02)
    losses = [[loss for _, loss in record.pop("losses")] for record in (ours, theirs)]
    np.testing.assert_allclose(*losses, rtol=1e-4)
    assert ours == theirs


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_workers_come_to_what_one_process_comes_to(write_study, tmp_path: Path) -> None:
    path = write_study()
    run(path, Running(num_workers=0))
    study = tmp_path / "study"
    alone = [lasting(study, record) for record in read_records(study)]
    study.rename(tmp_path / "alone")
    run(path, Running(num_workers=2))
    together = [lasting(study, record) for record in read_records(study)]
    assert len(together) == len(alone) == 8
    for ours, theirs in zip(together, alone, strict=True):
        assert_same(ours, theirs)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_worker_that_dies_costs_its_cell_alone(write_study) -> None:
    path = write_study(steps=300)
    killed: list[str] = []

    def kill_first(event: Event) -> None:
        if event.line == "training" and not killed:
            killed.append(event.cell.id)
            (worker,) = _children(os.getpid())
            os.kill(worker, signal.SIGKILL)

    plan = run(path, Running(num_workers=1), "study.seeds=[0]", watch=kill_first)
    failed = [record for record in plan.records.values() if record.error is not None]
    assert [record.id for record in failed] == killed
    assert "signal 9 (SIGKILL); a cell that needs too much memory" in str(failed[0].error)
    assert len(plan.records) == 4
    again = run(path, Running(num_workers=1, retry_failed=True), "study.seeds=[0]")
    assert all(record.finished for record in again.records.values())


def _children(pid: int) -> list[int]:
    """Processes that a process has started to work for it."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [
        int(child)
        for child in listed
        if "spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes().decode(errors="replace")
    ]


@pytest.mark.slow
def test_a_study_that_is_killed_again_and_again_ends_like_an_undisturbed_one(
    write_study, tmp_path: Path
) -> None:
    path = write_study(steps=200)
    study = tmp_path / "study"
    command = [sys.executable, "-m", "isoglot.cli", "study", str(path), "--workers", "1"]
    subprocess.run(command, check=True, capture_output=True)
    undisturbed = [lasting(study, record) for record in read_records(study)]
    study.rename(tmp_path / "undisturbed")
    rng = random.Random(0)
    kills = 0
    for _ in range(4):
        before = len(list(study.glob("cells/*/cell.json")))
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < deadline:
            if len(list(study.glob("cells/*/lock"))) > before:
                break
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 1.5))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait()
    assert kills >= 2, "the study was over before it could be killed"
    subprocess.run(command, check=True, capture_output=True)
    again = [lasting(study, record) for record in read_records(study)]
    assert len(again) == 8
    assert again == undisturbed
    for name in ("model.safetensors", "results.json"):
        found = [sorted((tmp_path / run).rglob(name)) for run in ("undisturbed", "study")]
        assert len(found[0]) == len(found[1]) == 8
        for ours, theirs in zip(*found, strict=True):
            assert ours.read_bytes() == theirs.read_bytes()


@pytest.mark.slow
def test_failures_are_told_by_the_exit_code(write_study, tmp_path: Path) -> None:
    path = write_study('[[axes]]\nkey = "encoder.vocabulary_size"\nvalues = [4, 300]\n')
    command = [sys.executable, "-m", "isoglot.cli", "study", str(path), "--json", "--set", "study.seeds=[0]"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    cells = json.loads(done.stdout)["cells"]
    assert sorted(cell["state"] for cell in cells) == ["failed"] * 4 + ["finished"] * 4
    assert "vocabulary_size must be > 5, got 4" in done.stderr
    assert "left" in done.stderr
    for noise in ("leaked", "Warning", "Loading weights"):
        assert noise not in done.stderr


@needs_ray
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_comes_to_what_one_process_comes_to(write_study, tmp_path: Path) -> None:
    path = write_study('[[axes]]\nkey = "encoder.vocabulary_size"\nvalues = [4, 300]\n')
    run(path, Running(num_workers=0), "study.seeds=[0]")
    study = tmp_path / "study"
    alone = [lasting(study, record) for record in read_records(study) if record.finished]
    study.rename(tmp_path / "alone")
    plan = run(path, Running(engine="ray", num_workers=2), "study.seeds=[0]")
    assert len(plan.records) == 8
    records = read_records(study)
    assert sum(not record.finished for record in records) == 4
    finished = [lasting(study, record) for record in records if record.finished]
    for ours, theirs in zip(finished, alone, strict=True):
        assert_same(ours, theirs)


def test_without_ray_the_error_says_what_to_install(write_study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    path = write_study()
    with pytest.raises(ConfigError, match=r"pip install 'isoglot\[cluster\]'"):
        run(path, replace(Running(engine="ray"), num_workers=1), "study.seeds=[0]")
