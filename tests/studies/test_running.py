"""Studies that run: records, failures, resumption, and what cells have in common."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from isoglot.config import read_config
from isoglot.errors import CheckpointError, ConfigError, CorpusError
from isoglot.studies import read_records, read_study, results_of
from isoglot.studies.carrying import carry_out
from isoglot.studies.cells import Cell, CellRecord, Phases, folder_of, read_record
from isoglot.studies.config import StudyConfig
from isoglot.studies.grid import build_grid
from isoglot.studies.questions import AnswerConfig
from isoglot.studies.report import reference_name
from isoglot.studies.runner import Plan, Running, run_study
from isoglot.studies.shared import Shared

HERE = Running(num_workers=0)


def study_of(path: Path, *overrides: str) -> tuple[StudyConfig, tuple[Cell, ...]]:
    config = read_config(path, StudyConfig, overrides)
    return config, build_grid(config, str(path))


def run(path: Path, *overrides: str, running: Running = HERE, **options: Any) -> Plan:
    config, cells = study_of(path, *overrides)
    return run_study(config, cells, running=running, **options)


def lasting(record: CellRecord) -> dict[str, Any]:
    """What of a record does not change from one time to the next."""
    values = asdict(record)
    for changing in ("seconds", "metered", "finished_at"):
        del values[changing]
    return values


SMALL = "study.seeds=[0]"
TWO = (SMALL, 'axes.1.sizes=["static-8"]')
"""One seed and one size: two cells."""


@pytest.fixture(scope="module")
def finished(write_study_to, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Plan]:
    """The path of a study that has come to its end, and what came of it."""
    root = tmp_path_factory.mktemp("finished")
    path = write_study_to(root, '[reference]\nsize = "static-8"\n"scheme.name" = "hybrid"\n')
    return path, run(path, SMALL)


def test_every_cell_leaves_a_model_results_and_a_record(finished) -> None:
    path, plan = finished
    study = path.parent / "study"
    records = read_records(study)
    assert len(records) == 4
    assert [record.id for record in records] == [cell.id for cell in plan.cells]
    assert all(record.finished for record in records)
    record = next(r for r in records if r.points[0] == {"scheme.name": "hybrid", "size": "static-16"})
    assert (folder_of(study, record.id) / "model" / "modules.json").is_file()
    assert record.parameters is not None
    assert record.parameters.total % 16 == 0
    assert record.training is not None
    assert record.training.num_seen_steps == 6
    assert record.training.tokens > 0
    assert record.metered is not None
    assert record.metered.peak_memory_bytes > 10e6
    results = results_of(study, record)
    assert results.models == (record.id,)
    assert 0 < results.value("multilingual") <= 1
    assert {row.measure for row in results.records} >= {"AP", "rank_distance"}
    assert record.seconds.train > 0
    assert record.seconds.encode > 0
    config = read_study(study)
    answer = AnswerConfig(values=(), arms="scheme.name", baseline="monolingual", sizes="size")
    assert reference_name(config, answer, records) == "hybrid, static-8"
    assert reference_name(replace(config, reference={}), answer, records) == "monolingual, static-8"


def test_what_is_finished_is_not_run_again(write_study, tmp_path: Path) -> None:
    path = write_study()
    run(path, *TWO)
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "study").rglob("cell.json")}
    events = []
    plan = run(path, "study.seeds=[0, 1]", TWO[1], watch=events.append)
    assert len(before) == 2
    assert len(plan.records) == 4
    assert {event.cell.seed for event in events} == {1}
    assert all(file.stat().st_mtime_ns == time for file, time in before.items())


def test_a_cell_without_record_is_not_finished_and_is_taken_up(write_study, tmp_path: Path) -> None:
    path, study = write_study(), tmp_path / "study"
    plan = run(path, SMALL)
    whole, cells = [lasting(record) for record in plan.records.values()], plan.cells
    first, second, third, _ = (folder_of(study, cell.id) for cell in cells)
    (first / "cell.json").unlink()  # died while it was measured
    shutil.rmtree(first / "results")
    for name in ("cell.json", "trained.json"):  # died between the model and its measurements
        (second / name).unlink()
    (third / "cell.json").rename(third / ".cell.json.1")  # died while the record was written
    assert len(read_records(study)) == 1
    ids = []
    again = run(path, SMALL, watch=lambda event: ids.append(event.cell.id))
    assert set(ids) == {cell.id for cell in cells[:3]}
    assert [lasting(again.records[cell.id]) for cell in cells] == whole


def test_cells_that_are_measured_otherwise_are_measured_again_but_not_trained(
    write_study, tmp_path: Path
) -> None:
    path = write_study()
    run(path, *TWO)
    study = tmp_path / "study"
    models = {file: file.stat().st_mtime_ns for file in study.rglob("model.safetensors")}
    run(path, *TWO, 'evaluate.measures=["AP", "RR"]')
    assert len(models) == 2
    assert all(file.stat().st_mtime_ns == time for file, time in models.items())
    for record in read_records(study):
        assert results_of(study, record).value("multilingual", "RR") > 0


def test_a_failed_cell_is_kept_and_the_others_go_on(write_study, tmp_path: Path) -> None:
    more = '[[axes]]\nkey = "encoder.vocabulary_size"\nvalues = [4, 300]\n'  # 5 are special
    path = write_study(more)
    plan = run(path, *TWO)
    assert len(plan.records) == 4
    failures = [record for record in read_records(tmp_path / "study") if not record.finished]
    assert len(failures) == 2
    error = failures[0].error
    assert error is not None
    assert (error.type, error.message) == ("ConfigError", "vocabulary_size must be > 5, got 4")
    assert "train_subwords" in error.traceback
    assert failures[0].results is None
    with pytest.raises(CheckpointError, match="has no results"):
        results_of(tmp_path / "study", failures[0])
    events = []
    run(path, *TWO, watch=events.append)
    assert events == []
    run(path, *TWO, running=replace(HERE, retry_failed=True), watch=events.append)
    assert {event.cell.config.encoder.vocabulary_size for event in events} == {4}


def test_corpora_are_read_and_checked_before_the_first_cell(write_study, tmp_path: Path) -> None:
    more = '[[evaluate.corpora]]\ndataset = "no-such-thing"\n'
    path = write_study(more, replaced=('split = "dev"', 'split = "tset"'))
    with pytest.raises(CorpusError, match="tset") as caught:
        run(path, SMALL)
    assert any("no-such-thing" in problem for problem in caught.value.problems)
    assert not list((tmp_path / "study").rglob("model"))


def test_cells_share_corpora_subwords_and_cut_texts(
    write_study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from isoglot.batches import subwords
    from isoglot.experiments import encoders

    counts: dict[str, int] = {}

    def counted(module: Any, name: str) -> None:
        original = getattr(module, name)

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            counts[name] = counts.get(name, 0) + 1
            return original(*args, **kwargs)

        monkeypatch.setattr(module, name, wrapper)

    counted(subwords, "_cut_table")
    counted(encoders, "distinct_texts")
    plan = run(write_study(), SMALL)
    assert all(record.finished for record in plan.records.values())
    assert counts == {"_cut_table": 2, "distinct_texts": 1}  # queries and documents; one vocabulary
    tables = tmp_path / "study" / "shared" / "tables"
    assert len([folder for folder in tables.iterdir() if folder.is_dir()]) == 2


def test_what_is_shared_changes_no_model(finished, tmp_path: Path) -> None:
    from isoglot.experiments import run_experiment

    cell = finished[1].cells[-1]
    alone = run_experiment(replace(cell.config, output=str(tmp_path / "alone")))
    weights = [next(folder.rglob("model.safetensors")) for folder in (alone, Path(cell.config.output))]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_the_built_in_world_is_built_once_in_the_folder_of_the_study(write_study, tmp_path: Path) -> None:
    text = (
        write_study()
        .read_text()
        .replace(f'folder = "{tmp_path}/corpus"', 'dataset = "world-text"\nlanguages = ["de", "en"]')
    )
    path = tmp_path / "world.toml"
    path.write_text(text)
    plan = run(path, *TWO, "base.training.steps=3")
    assert all(record.finished for record in plan.records.values())
    built = list((tmp_path / "study" / "shared" / "corpora").glob("*/corpus.json"))
    assert len(built) == 1


def test_the_world_with_pictures_is_built_there_and_trained_on(write_study, tmp_path: Path) -> None:
    world = (
        'dataset = "world"\nlanguages = ["de", "en"]\nquery_modality = "text"\ndocument_modality = "image"\n'
        'options = { groups = 40, modalities = ["text", "image"], side = 32, near_misses = 0 }'
    )
    text = write_study().read_text().replace(f'folder = "{tmp_path}/corpus"', world)
    path = tmp_path / "world.toml"
    path.write_text(text.replace("[base.encoder]", "[base.encoder]\nimage = { side = 32, widths = [4, 8] }"))
    (cell,) = study_of(path, *TWO, 'axes.0.values=["hybrid"]', "base.training.steps=3")[1]
    shared = Shared(tmp_path / "study" / "shared")
    corpus = shared.read(cell.config.corpora[0])
    assert {*corpus.query_modalities[0], *corpus.document_modalities[0]} == {"text", "image"}
    record = carry_out(cell, tmp_path / "study", shared)
    assert record.error is None
    assert record.training is not None
    assert record.training.items > 0
    assert len(list((tmp_path / "study" / "shared" / "corpora").glob("*/media"))) == 1
    wrong = replace(cell.config.corpora[0], options={"groops": 40})
    with pytest.raises(ConfigError, match="did you mean 'groups'"):
        shared.read(wrong)


def test_records_survive_the_way_to_disk_and_damaged_ones_are_named(finished, tmp_path: Path) -> None:
    path, plan = finished
    study = tmp_path / "study"
    shutil.copytree(path.parent / "study", study)
    cell = plan.cells[0]
    assert read_record(study, cell.id) == plan.records[cell.id]
    (folder_of(study, cell.id) / "cell.json").write_text("{")
    with pytest.raises(
        CheckpointError, match=r"cell.json: cannot be read .* delete it to run the cell again"
    ):
        read_records(study)
    with pytest.raises(CheckpointError, match="run `isoglot study` first"):
        read_records(tmp_path)


def test_the_share_of_time_that_is_no_work() -> None:
    assert Phases(train=90, encode=5, dev=1, corpus=3, evaluate=1).overhead == pytest.approx(0.04)
    assert Phases().overhead == 0


def test_ways_to_run_that_cannot_be_are_refused() -> None:
    with pytest.raises(ConfigError, match="workers must be >= 0, got -1"):
        Running(num_workers=-1)
    with pytest.raises(ConfigError, match="goes with engine 'ray'"):
        Running(ray_address="auto")


def test_plan_and_configuration_lie_beside_the_cells(finished) -> None:
    path, plan = finished
    planned = json.loads((path.parent / "study" / "grid.json").read_text())["cells"]
    assert [cell["id"] for cell in planned] == [cell.id for cell in plan.cells]
    assert read_study(path.parent / "study") == read_config(path, StudyConfig, (SMALL,))
