"""Records and results of cells that were never run, with values that are known."""

from __future__ import annotations

from collections.abc import Iterable

from isoglot.evaluation.results import Result, Results
from isoglot.studies.cells import CellRecord, Failure, Phases
from isoglot.studies.meters import Metered
from isoglot.studies.questions import AnswerConfig, ValueConfig
from isoglot.studies.sizes import Parameters
from isoglot.studies.training_cost import TrainingCost

SIZES = {"xs": 1e5, "s": 4e5, "m": 16e5, "l": 64e5, "xl": 256e5}
ANSWER = AnswerConfig(
    values=(
        ValueConfig("AP", "toy", "cross_lingual", title="AP across languages"),
        ValueConfig("rank_distance", "toy"),
        ValueConfig("loss"),
    ),
    arms="scheme",
    baseline="monolingual",
    sizes="size",
)


def build_record(arm: str, size: str, seed: int, *, error: str = "", loss: float = 1.0) -> CellRecord:
    """A cell's record."""
    parameters = int(SIZES[size])
    return CellRecord(
        id=f"{arm}-{size}-{seed}",
        content=f"{arm}-{size}",
        seed=seed,
        points=({"scheme": arm, "size": size},),
        values={"scheme": arm},
        evaluation="e",
        command=f"isoglot study s.toml --only {arm}-{size}-{seed}",
        config={"training": {"steps": 10, "batch_size": 8}, "encoder": {"size": size}},
        seconds=Phases(train=2.0, evaluate=1.0),
        training=TrainingCost(10, 6.0 * parameters, 1000, 0, 10, 10),
        metered=Metered(3.0, 1 << 30, peak_is_own=True),
        parameters=Parameters(parameters, parameters // 2, parameters),
        losses=((10, loss),),
        error=Failure("ConfigError", error) if error else None,
    )


def build_results(record: CellRecord, values: Iterable[tuple[str, str, str, float]]) -> Results:
    """Its results: setting, language of the query, measure and value of each."""
    return Results(
        tuple(
            Result(record.id, "toy", "test", setting, language, "*", "text", "text", measure, value, 10)
            for setting, language, measure, value in values
        )
    )
