"""Carrying out one cell: train, measure, and write down what came of it, so that no interruption is seen."""

from __future__ import annotations

import json
import shutil
import traceback
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoglot.config import build_config, to_dict, write_config
from isoglot.encoders import load_encoder
from isoglot.evaluation import (
    Results,
    evaluate,
    evaluate_bitext,
    evaluate_pairs,
    evaluate_tagging,
    join_results,
)
from isoglot.experiments.run import Progress, run_experiment, say_nothing
from isoglot.files import locked, write_json
from isoglot.studies.cells import Cell, CellRecord, Failure, Phases, folder_of, read_record, write_record
from isoglot.studies.config import EvaluateConfig, EvaluatedConfig
from isoglot.studies.meters import Metered, metered
from isoglot.studies.phases import Stopwatch, WatchedTraining, time_encoding
from isoglot.studies.shared import Shared
from isoglot.studies.sizes import Parameters
from isoglot.studies.training_cost import CostCounter, TrainingCost
from isoglot.training.artefact import read_record as read_training
from isoglot.versions import installed_versions

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from isoglot.corpora.parallel import ParallelCorpus

_TRAINED, _CONFIG, _RESULTS, _LOCK = "trained.json", "config.json", "results", "lock"
_PACKAGES = ("isoglot", "sentence-transformers", "transformers", "torch", "numpy")


@dataclass(frozen=True)
class Trained:
    """What is known of a cell's training once it is over; lies beside the model until all is measured.

    Attributes:
        seconds: Time by phase, of the steps as if none had been interrupted.
        training: Operations and tokens.
        metered: Memory and energy.
        parameters: Of the encoder.
        losses: Step and training loss.
    """

    seconds: Phases
    training: TrainingCost
    metered: Metered
    parameters: Parameters
    losses: tuple[tuple[int, float | None], ...]


def is_current(record: CellRecord | None, cell: Cell) -> bool:
    """Whether a record is what a cell would come to.

    Args:
        record: The record, if there is one.
        cell: The cell.

    Returns:
        False if the cell is now measured in another way; True of a failed one, too.
    """
    return record is not None and record.evaluation == cell.evaluation


def carry_out(
    cell: Cell, study: Path, shared: Shared, *, again: bool = False, progress: Progress = say_nothing
) -> CellRecord:
    """Trains and measures a cell, unless it has come to its end before; an error ends up in the record.

    A process that finds another one at the same cell waits for it.

    Args:
        cell: The cell.
        study: Folder of the study.
        shared: What cells have in common.
        again: Whether a failed cell is tried again.
        progress: Told what is being done.

    Returns:
        The record, as it was written.
    """
    with locked(folder_of(study, cell.id) / _LOCK):
        record = read_record(study, cell.id)
        if record is not None and is_current(record, cell) and (record.finished or not again):
            return record
        watch = Stopwatch()
        try:
            record = _carry_out(cell, study, shared, watch, progress)
        except Exception as error:  # whatever it is, the other cells go on
            record = failed(cell, error, watch.seconds)
        write_record(study, record)
    return record


def failed(cell: Cell, error: BaseException, seconds: Phases | None = None) -> CellRecord:
    """The record of a cell that came to nothing.

    Args:
        cell: The cell.
        error: Why.
        seconds: What it took until then.

    Returns:
        The record.
    """
    lines = "".join(traceback.format_exception(error)) if error.__traceback__ else ""
    reason = Failure(type(error).__name__, str(error), lines)
    return replace(_begun(cell), seconds=seconds or Phases(), error=reason)


def _begun(cell: Cell) -> CellRecord:
    return CellRecord(
        id=cell.id,
        content=cell.content,
        seed=cell.seed,
        points=cell.points,
        values=cell.values,
        evaluation=cell.evaluation,
        command=cell.command,
        config=to_dict(cell.config),
        seconds=Phases(),
        versions=installed_versions(*_PACKAGES),
        finished_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _carry_out(cell: Cell, study: Path, shared: Shared, watch: Stopwatch, progress: Progress) -> CellRecord:
    folder = folder_of(study, cell.id)
    write_config(cell.config, folder / _CONFIG)
    trained = _trained(cell, folder, shared, watch, progress)
    progress("measuring")
    measuring = Stopwatch()
    _measure(cell, folder / _RESULTS, shared, measuring)
    took = measuring.seconds
    own = {name: getattr(took, name) for name in ("load", "encode", "evaluate")}
    return replace(
        _begun(cell),
        seconds=replace(trained.seconds, corpus=trained.seconds.corpus + took.corpus, **own),
        results=str((folder / _RESULTS / "results.json").relative_to(study)),
        training=trained.training,
        metered=trained.metered,
        parameters=trained.parameters,
        losses=trained.losses,
        dev=tuple((read_training(Path(cell.config.output)) or {}).get("dev", ())),
    )


def _trained(cell: Cell, folder: Path, shared: Shared, watch: Stopwatch, progress: Progress) -> Trained:
    """Trains, or takes what an interrupted attempt trained to its end.

    A model whose measurements were lost with the process is trained again.
    """
    kept, model = folder / _TRAINED, Path(cell.config.output)
    finished = bool((read_training(model) or {}).get("finished"))
    if finished and kept.is_file():
        return build_config(json.loads(kept.read_text(encoding="utf-8")), Trained, source=str(kept))
    if finished:
        shutil.rmtree(model)
    trained = _train(cell, shared, watch, progress)
    if not trained.training.num_seen_steps:  # an earlier attempt had left no step to do, and was not measured
        shutil.rmtree(model)
        trained = _train(cell, shared, watch, progress)
    write_json(kept, to_dict(trained))
    return trained


def _train(cell: Cell, shared: Shared, watch: Stopwatch, progress: Progress) -> Trained:
    def tell(line: str) -> None:
        watch.tell(line)
        progress(line)

    watched, counter = WatchedTraining(watch), CostCounter()
    with metered(energy=cell.evaluate.energy) as meter, shared.keeping_tables(cell.config):
        run_experiment(
            cell.config,
            progress=tell,
            callbacks=[watched, counter],
            read=shared.read,
            build=shared.building(cell.config),
        )
        watch.begin("")
    cost, seconds = counter.cost(), watch.seconds
    if cost.num_seen_steps:
        seconds = replace(seconds, train=seconds.train * cost.steps / cost.num_seen_steps)
    assert watched.parameters is not None
    return Trained(seconds, cost, meter, watched.parameters, watched.losses)


def _measure(cell: Cell, target: Path, shared: Shared, watch: Stopwatch) -> None:
    """Measures the trained model, and writes results."""
    watch.begin("load")
    model = load_encoder(cell.config.output, normalize=False)
    time_encoding(model, watch)
    parts = []
    for each in cell.evaluate.corpora:
        watch.begin("corpus")
        corpus = shared.read_evaluated(each, skip_bad=cell.config.skip_bad)
        watch.begin("evaluate")
        parts.append(measure_corpus(model, corpus, each, cell.evaluate, name=cell.id))
    shutil.rmtree(target, ignore_errors=True)
    join_results(parts).write(target)


def measure_corpus(
    model: SentenceTransformer,
    corpus: ParallelCorpus,
    config: EvaluatedConfig,
    how: EvaluateConfig,
    *,
    name: str,
) -> Results:
    """Measures a model on one corpus of a study.

    Args:
        model: The model.
        corpus: The corpus, read.
        config: Its split, task and measures.
        how: What holds for all corpora.
        name: What results call the model.

    Returns:
        The results, in the settings that are asked for.
    """
    common: dict[str, Any] = {
        "split": config.split,
        "name": name,
        "seed": how.seed,
        "num_resamples": how.num_resamples,
    }
    if config.task == "retrieval":
        measures = how.measures_of(config)
        found = evaluate(model, corpus, measures=measures, head_depth=how.head_depth, **common)
    elif config.task == "bitext":
        found = evaluate_bitext(model, corpus, **common)
    elif config.task == "tagging":
        found = evaluate_tagging(model, corpus, **common)
    else:
        found = evaluate_pairs(model, corpus, task=config.task, measures=config.measures or None, **common)
    if not how.settings:
        return found
    return replace(found, records=tuple(row for row in found.records if row.setting in how.settings))
